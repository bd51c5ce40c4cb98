"""The report of a play: everything needed to judge a render and to make it again."""

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ms20 import __version__, analysis
from ms20.files import sha256_of
from ms20.midi_file import MidiTune
from ms20.midi_notes import count_note_ons
from ms20.panel import Panel
from ms20.recording import Recording
from ms20.wav import Levels


@dataclass(frozen=True)
class Played:
    """What went into a play and what came out."""

    image: Path
    image_version: str
    tune: MidiTune
    panel: Panel
    panel_path: Path | None
    usb: bool
    recording: Recording
    sample_rate: int
    levels: Levels
    render_speed: float


def report_of(played: Played) -> dict[str, Any]:
    """Turn a play into the report's keys; times, rates and levels carry their units in their names."""
    timeline = played.recording.timeline
    frames = analysis.frame_stats(timeline)
    notes = analysis.usb_notes(timeline) if played.usb else analysis.din_notes(timeline)
    answers = analysis.responses(timeline, notes)
    latencies_us = analysis.latencies_us(answers)
    delays = analysis.trigger_delays_ticks(answers)
    return {
        "ms20_version": __version__,
        "image": {
            "file": played.image.name,
            "sha256": sha256_of(played.image),
            "version": played.image_version,
        },
        "tune": {
            "file": played.tune.path.name,
            "sha256": sha256_of(played.tune.path),
            "duration_s": round(played.tune.duration_s, 6),
            "channels_with_notes": list(played.tune.channels_with_notes),
        },
        "panel": {
            "name": played.panel.name,
            "file": played.panel_path.name if played.panel_path else None,
            "knobs": dict(played.panel.knobs),
        },
        "input": "USB" if played.usb else "DIN",
        "notes_sent": count_note_ons(played.tune.messages),
        "notes_played": sum(each.answered for each in answers),
        "boot_s": round(played.recording.boot_s, 6),
        "tail_s": round(played.recording.tail_s, 6),
        "frame_rate_hz": round(frames.rate_hz, 3),
        "late_frames": frames.late,
        "dac_jitter_ns": frames.jitter_ns,
        "latency_us_p50": rounded(np.median(latencies_us)) if len(latencies_us) else None,
        "latency_us_max": rounded(latencies_us.max()) if len(latencies_us) else None,
        "trigger_delay_ticks_min": rounded(delays.min()) if len(delays) else None,
        "trigger_delay_ticks_max": rounded(delays.max()) if len(delays) else None,
        "audio": {
            "sample_rate_hz": played.sample_rate,
            "duration_s": round(played.levels.seconds, 6),
            "peak": round(played.levels.peak, 6),
            "peak_dbfs": decibels(played.levels.peak),
            "rms": round(played.levels.rms, 6),
            "rms_dbfs": decibels(played.levels.rms),
        },
        "emulator_speed_ratio": round(played.recording.speed, 3),
        "render_speed_ratio": round(played.render_speed, 3),
        "misuse": played.recording.misuse,
        "python": platform.python_version(),
        "numpy": version("numpy"),
    }


def decibels(level: float) -> float | None:
    """Level against full scale (1.0) in decibels; None for silence."""
    return round(20.0 * float(np.log10(level)), 2) if level > 0.0 else None


def rounded(value: Any) -> float:
    """A measured number to a thousandth of its unit, as plain Python float."""
    return round(float(value), 3)
