"""`ms20 play`: a MIDI file played on the virtual instrument, into a sound, two pictures and a report."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from ms20 import node_process
from ms20.files import OutputFolder, write_json
from ms20.image import verify_image
from ms20.midi_file import MidiTune, load_notes
from ms20.panel import Panel, basic_panel, load_panel
from ms20.recording import Recording, record
from ms20.report import Played, report_of
from ms20.timeline import Timeline
from ms20.virtual_board import VirtualBoard

SAMPLE_RATE_HZ = 48_000
SOUND, TRACES, SPECTROGRAM, REPORT = "sound.wav", "traces.png", "spectrogram.png", "report.json"


@dataclass(frozen=True)
class PlayRequest:
    """What to play and where to put the results; `panel` None means the basic patch."""

    tune: Path
    out: Path
    image: Path
    panel: Path | None = None
    usb: bool = False


def play(request: PlayRequest, console: Console) -> dict[str, Any]:
    """Play a tune and publish its results; returns the report.

    All input is checked before any work starts. `console` shows progress.
    """
    tune = load_notes(request.tune)
    panel = load_panel(request.panel) if request.panel is not None else basic_panel()
    image_version = verify_image(request.image).version
    node_process.server_command()
    with OutputFolder(request.out) as folder:
        with VirtualBoard(request.image, panel=panel) as bench:
            recording = _record(bench, tune, request.usb, console)
        audio, render_speed = _render(recording.timeline, console)
        played = _write(folder, request, tune, panel, image_version, recording, audio, render_speed, console)
        report = report_of(played)
        write_json(folder.partial / REPORT, report)
        folder.publish()
    return report


def _record(bench: VirtualBoard, tune: MidiTune, usb: bool, console: Console) -> Recording:
    with progress_bar("playing", console) as show:
        return record(bench, tune, usb=usb, progress=show)


def _render(timeline: Timeline, console: Console) -> tuple[Any, float]:
    from ms20.analog import render  # numba takes a while to load

    started_s = time.monotonic()
    with progress_bar("rendering", console) as show:
        audio = render(
            timeline,
            sample_rate=SAMPLE_RATE_HZ,
            progress=lambda share: show(share * timeline.duration_s, timeline.duration_s),
        )
    return audio, timeline.duration_s / max(time.monotonic() - started_s, 1e-9)


def _write(
    folder: OutputFolder,
    request: PlayRequest,
    tune: MidiTune,
    panel: Panel,
    image_version: str,
    recording: Recording,
    audio: Any,
    render_speed: float,
    console: Console,
) -> Played:
    """Write the sound and the pictures; returns what the report needs."""
    from ms20.plots import draw_spectrogram, draw_traces  # so does matplotlib
    from ms20.wav import measure_levels, write_wav

    title = f"{tune.path.stem}, {panel.name}"
    with console.status("writing the sound and the pictures"):
        write_wav(folder.partial / SOUND, audio, SAMPLE_RATE_HZ)
        draw_traces(recording.timeline, folder.partial / TRACES, title, recording.heard_at(tune.notes()))
        draw_spectrogram(audio, folder.partial / SPECTROGRAM, title, SAMPLE_RATE_HZ)
    return Played(
        image=request.image,
        image_version=image_version,
        tune=tune,
        panel=panel,
        panel_path=request.panel,
        usb=request.usb,
        recording=recording,
        sample_rate=SAMPLE_RATE_HZ,
        levels=measure_levels(audio, SAMPLE_RATE_HZ),
        render_speed=render_speed,
    )


@contextmanager
def progress_bar(what: str, console: Console) -> Iterator[Callable[[float, float], None]]:
    """Show how far a job has come: simulated seconds done and in all, and the speed against real time."""
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        TextColumn("{task.completed:6.1f} / {task.total:.1f} s"),
        TextColumn("{task.fields[speed]:5.2f} x real time"),
    )
    started_s = time.monotonic()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=0.0, speed=0.0)

        def show(done_s: float, total_s: float) -> None:
            speed = done_s / max(time.monotonic() - started_s, 1e-9)
            progress.update(task, completed=done_s, total=total_s, speed=speed)

        yield show


def summary(report: dict[str, Any], out: Path) -> Table:
    """A short table of what was played and written, for the terminal."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    audio = report["audio"]
    peak = "silent" if audio["peak_dbfs"] is None else f"{audio['peak_dbfs']} dBFS"
    rows = {
        "written": f"{out}/: " + ", ".join((SOUND, TRACES, SPECTROGRAM, REPORT)),
        "notes": f"{report['notes_played']} played of {report['notes_sent']} sent by {report['input']}",
        "sound": f"{audio['duration_s']:.1f} s, peak {peak}",
        "frames": f"{report['frame_rate_hz']:.1f} Hz, {report['late_frames']} late",
        "speed": f"playing {report['emulator_speed_ratio']:.2f} x, "
        f"rendering {report['render_speed_ratio']:.2f} x real time",
    }
    if report["misuse"]:
        rows["misuse"] = "; ".join(report["misuse"][:3])
    rows["listen"] = f"aplay {out / SOUND}"
    for name, text in rows.items():
        table.add_row(name, text)
    return table
