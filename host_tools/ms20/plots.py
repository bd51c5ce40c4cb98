"""Draws what an instrument did: its control voltages over time, and the spectrogram of its sound."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from ms20.analog import circuit
from ms20.errors import ExitCode, Ms20Error
from ms20.midi_file import NoteSpan
from ms20.timeline import Timeline

Floats = npt.NDArray[np.float64]
Audio = npt.NDArray[np.float32]

DOTS_PER_INCH = 100
WIDTH_DOTS = 1600
NOTE_NAMES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

LOWEST_HZ, HIGHEST_HZ = 30.0, 16_000.0
RANGE_DB = 80.0
"""Span of the spectrogram's colours below full scale."""
WINDOWS = ((90.0, 0.18), (450.0, 0.09), (3000.0, 0.045))
"""Length (s) of the spectrogram's window at three frequencies (Hz)."""

_VCO1, _VCO2, _HPF, _LPF, _VCA, _TRIGGER, _NOTES, _MARK = (
    "#0057b8", "#d1495b", "#7a5195", "#e07b00", "#1b7f4d", "#555555", "#c9d5e2", "#8a1538",
)  # fmt: skip
_MORE = ("#00798c", "#b08900", "#6a4c93", "#3f3f3f")


def note_name(note: int) -> str:
    """Name of a MIDI note: 60 is C4."""
    return f"{NOTE_NAMES[note % 12]}{note // 12 - 1}"


def draw_traces(
    timeline: Timeline,
    path: Path,
    title: str,
    notes: Sequence[NoteSpan] | None = None,
    *,
    marks: Sequence[tuple[float, str]] = (),
    more: Sequence[str] = (),
) -> None:
    """Draw the pitches, cutoffs, VCA and trigger of a timeline into a PNG file, 1600 dots wide.

    `notes`, in the timeline's seconds, are drawn as pale bars behind the pitches; `marks`, (seconds, words), as lines
    through all traces with their words beside them; `more` names other CVs to draw. Time 0 is the timeline's start.
    """
    heights = (4, 3.2, 2.2, 0.7) if not more else (4, 3.2, 2.2, 2.2, 0.7)
    figure = Figure(
        figsize=(WIDTH_DOTS / DOTS_PER_INCH, sum(heights) + 0.4), dpi=DOTS_PER_INCH, layout="constrained"
    )
    pitch, cutoff, vca, *others, trigger = figure.subplots(
        len(heights), 1, sharex=True, height_ratios=heights
    )
    _title(figure, title)
    start_s = timeline.start_s

    low, high = np.inf, -np.inf
    for name, colour, width in (("VCO 1", _VCO1, 1.6), ("VCO 2", _VCO2, 3.4)):
        t_s, volts = _steps(timeline, f"{name} PITCH")
        hz = circuit.PITCH_ZERO_VOLT_HZ * 2.0 ** (circuit.PITCH_OCTAVES_PER_VOLT * volts)
        # VCO 2 is the broader line, underneath: both stay visible where they play in unison.
        pitch.step(
            t_s, hz, where="post", color=colour, linewidth=width, label=f"{name} pitch", zorder=6 - width
        )
        low, high = min(low, float(hz.min())), max(high, float(hz.max()))
    for place, span in enumerate(notes or ()):
        hz_low, hz_high = (440 * 2 ** ((span.note + half - 69) / 12) for half in (-0.5, 0.5))
        low, high = min(low, hz_low), max(high, hz_high)
        times_s = [span.start_s - start_s, span.end_s - start_s]
        label = "" if place else "key played (at 8')"
        pitch.fill_between(times_s, hz_low, hz_high, color=_NOTES, linewidth=0, zorder=1, label=label)
    _pitch_axis(pitch, low, high)

    lowest, highest = 40.0, 12_000.0
    for name, colour in (("HPF", _HPF), ("LPF", _LPF)):
        t_s, volts = _steps(timeline, f"{name} CUTOFF")
        hz = circuit.CUTOFF_ZERO_VOLT_HZ * 2.0 ** (circuit.CUTOFF_OCTAVES_PER_VOLT * volts)
        cutoff.step(t_s, hz, where="post", color=colour, linewidth=1.6, label=f"{name} cutoff")
        lowest, highest = min(lowest, float(hz.min())), max(highest, float(hz.max()))
    _frequency_axis(cutoff, lowest / 1.3, highest * 1.3)
    cutoff.set_ylabel("filter cutoff (Hz)")

    t_s, volts = _steps(timeline, "VCA")
    vca.fill_between(t_s, volts, step="post", color=_VCA, alpha=0.18, linewidth=0)
    vca.step(t_s, volts, where="post", color=_VCA, linewidth=1.6, label="VCA control voltage (EG 2)")
    vca.set_ylim(-0.2, 5.4)
    vca.set_ylabel("VCA (V)")

    trigger_s, states = timeline.trigger()
    t_s, levels = _held_to_the_end(timeline, trigger_s, states.astype(np.float64), 0.0)
    trigger.fill_between(t_s, levels, step="post", color=_TRIGGER, linewidth=0)
    trigger.set_ylim(0, 1.1)
    trigger.yaxis.set_major_locator(NullLocator())
    trigger.set_ylabel("trigger", rotation=0, ha="right", va="center")
    trigger.set_xlabel("time (s); trigger: dark = KBD TRIG OUT shorted to ground")

    for place, name in enumerate(more):
        t_s, volts = _steps(timeline, name)
        others[0].step(t_s, volts, where="post", color=_MORE[place % len(_MORE)], linewidth=1.3, label=name)
        others[0].set_ylabel("other CVs (V)")

    for time_s, words in marks:
        for axes in (pitch, cutoff, vca, *others, trigger):
            axes.axvline(time_s - start_s, color=_MARK, linewidth=1, linestyle=(0, (4, 3)), zorder=0.5)
        pitch.annotate(
            words, (time_s - start_s, 1), (4, -4), xycoords=("data", "axes fraction"),
            textcoords="offset points", rotation=90, va="top", fontsize=9, color=_MARK,
        )  # fmt: skip

    for axes in (pitch, cutoff, vca, *others):
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.1, ncols=3, frameon=False)
        axes.grid(True, color="#e3e3e3", linewidth=0.7)
        axes.set_axisbelow(True)
    trigger.grid(True, axis="x", color="#e3e3e3", linewidth=0.7)
    trigger.set_axisbelow(True)
    _time_axis(trigger, timeline.duration_s)
    _save(figure, path)


def draw_spectrogram(audio: Audio, path: Path, title: str, sample_rate: int = 48_000) -> None:
    """Draw mono audio, shape (n,), full scale +-1.0, as a spectrogram into a PNG file, 1600 dots wide.

    The frequency axis is logarithmic, 30 Hz to 16 kHz. Colours are the level of a sine in dB below full scale.
    """
    figure = Figure(figsize=(WIDTH_DOTS / DOTS_PER_INCH, 8), dpi=DOTS_PER_INCH, layout="constrained")
    _title(figure, title)
    axes = figure.subplots()
    seconds = max(len(audio) / sample_rate, 1e-3)
    edges_hz = np.geomspace(LOWEST_HZ, HIGHEST_HZ, 481)
    times_s, level_db = spectrogram_db(audio, sample_rate, np.sqrt(edges_hz[1:] * edges_hz[:-1]))
    step_s = seconds / len(times_s)
    image = axes.pcolormesh(
        np.append(times_s - step_s / 2, times_s[-1] + step_s / 2), edges_hz, level_db,
        cmap="magma_r", vmin=-RANGE_DB, vmax=0, rasterized=True,
    )  # fmt: skip
    _frequency_axis(axes, LOWEST_HZ, HIGHEST_HZ)
    _time_axis(axes, seconds)
    axes.set_xlabel("time (s)")
    axes.set_ylabel("frequency (Hz)")
    figure.colorbar(image, ax=axes, pad=0.01, label="level (dB below full scale)")
    _save(figure, path)


def spectrogram_db(
    audio: Audio, sample_rate: int, at_hz: Floats, columns: int = 1400
) -> tuple[Floats, Floats]:
    """Measure levels at the given rising frequencies (Hz): times (s), shape (m,), and dB, shape (len(at_hz), m).

    Low frequencies are seen through a long window, high ones through a short one, as the ear does: WINDOWS says how
    long; between two of them the levels are blended.
    """
    samples = np.asarray(audio, np.float64)
    seconds = max(len(samples) / sample_rate, 1e-3)
    times_s = (np.arange(columns) + 0.5) * seconds / columns
    level_db = np.zeros((len(at_hz), columns))
    # 0 = the first window, 1 = the second, and so on; a fraction blends neighbours.
    choice = np.interp(np.log(at_hz), np.log([hz for hz, _ in WINDOWS]), np.arange(len(WINDOWS)))
    for number, (_, window_s) in enumerate(WINDOWS):
        share = np.maximum(1 - np.abs(choice - number), 0.0)
        rows = share > 0
        if rows.any():
            measured = _levels_db(samples, sample_rate, times_s, at_hz[rows], window_s)
            level_db[rows] += share[rows, np.newaxis] * measured
    return times_s, level_db


def _levels_db(samples: Floats, sample_rate: int, times_s: Floats, at_hz: Floats, window_s: float) -> Floats:
    """Levels in dB through Hann windows of one length around each time; shape (len(at_hz), len(times_s))."""
    size = 2 * round(window_s * sample_rate / 2)
    window = np.hanning(size + 1)[:-1]
    padded = np.concatenate([np.zeros(size // 2), samples, np.zeros(size)])
    starts = np.round(times_s * sample_rate).astype(np.int64)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[starts] * window
    bins_db = 20 * np.log10(np.maximum(np.abs(np.fft.rfft(frames, axis=1)).T * 2 / window.sum(), 1e-9))
    place = at_hz * size / sample_rate
    below = np.minimum(np.floor(place).astype(np.int64), len(bins_db) - 2)
    share = (place - below)[:, np.newaxis]
    mixed: Floats = bins_db[below] * (1 - share) + bins_db[below + 1] * share
    return mixed


def _title(figure: Figure, title: str) -> None:
    figure.suptitle(title, fontsize=15, fontweight="bold", x=0.01, ha="left")


def _steps(timeline: Timeline, name: str) -> tuple[Floats, Floats]:
    """Course of a control voltage in seconds from the timeline's start, to its very end; 0 V before its first step."""
    return _held_to_the_end(timeline, *timeline.cv(name), 0.0)


def _held_to_the_end(timeline: Timeline, t_s: Floats, values: Floats, before: float) -> tuple[Floats, Floats]:
    times_s = np.concatenate([[timeline.start_s], t_s, [timeline.end_s]]) - timeline.start_s
    held = np.concatenate([[before], values])
    if len(t_s) and t_s[0] <= timeline.start_s:
        times_s, held = times_s[1:], held[1:]
    return times_s, np.append(held, held[-1])


def _time_axis(axes: Axes, seconds: float) -> None:
    axes.set_xlim(0, max(seconds, 1e-3))
    axes.xaxis.set_major_locator(MaxNLocator(16, steps=[1, 2, 5, 10]))


def _pitch_axis(axes: Axes, low_hz: float, high_hz: float) -> None:
    axes.set_yscale("log")
    low, high = (69 + 12 * np.log2(hz / 440) for hz in (low_hz, high_hz))
    low, high = np.floor(low) - 2, np.ceil(high) + 3
    notes = np.arange(low, high + 1).astype(int)
    labelled = [note for note in notes if note % 12 == 0 or (high - low < 30 and note % 12 in (4, 7))]
    axes.yaxis.set_major_locator(FixedLocator([440 * 2 ** ((note - 69) / 12) for note in labelled]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda hz, _: f"{note_name(round(69 + 12 * np.log2(hz / 440)))}  {hz:.0f} Hz")
    )
    axes.set_ylim(440 * 2 ** ((low - 69) / 12), 440 * 2 ** ((high - 69) / 12))
    axes.set_ylabel("pitch")


def _frequency_axis(axes: Axes, low_hz: float, high_hz: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(low_hz, high_hz)
    marks = [hz for decade in (10, 100, 1000, 10_000) for hz in (decade, 2 * decade, 5 * decade)]
    axes.yaxis.set_major_locator(FixedLocator([hz for hz in marks if low_hz <= hz <= high_hz]))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda hz, _: f"{hz / 1000:g} k" if hz >= 1000 else f"{hz:g}")
    )


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    try:
        figure.savefig(path, format="png", metadata={"Software": None})
    except OSError as error:
        raise Ms20Error(
            f"The picture {path} cannot be written: {error.strerror}.",
            "another --out folder",
            ExitCode.NOT_WRITABLE,
        ) from error
