"""The pictures: they are written, the same every time, and show what they should where they should."""

import struct
from pathlib import Path

import numpy as np
import pytest
from ms20 import plots
from ms20.demo import PANELS, TUNE
from ms20.errors import ExitCode, Ms20Error
from ms20.midi_file import NoteSpan, load_notes
from ms20.panel import load_panel
from ms20.timeline import Timeline
from synthetic_timeline import played, stepped

RATE = 48_000


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">LL", data[16:24])
    return width, height


@pytest.fixture
def timeline() -> Timeline:
    return stepped([(0.0, {"VCO 1 PITCH": 0.0}), (0.5, {"VCO 1 PITCH": 1.0, "VCA": 5.0})], 1.0)


def test_traces_of_the_demonstration(tmp_path: Path) -> None:
    tune = load_notes(TUNE)
    path = tmp_path / "traces.png"
    plots.draw_traces(played(tune, load_panel(PANELS["bass"])), path, "First sound", tune.notes())
    assert png_size(path)[0] == 1600


def test_the_same_traces_give_the_same_file(tmp_path: Path, timeline: Timeline) -> None:
    for name in ("a.png", "b.png"):
        plots.draw_traces(timeline, tmp_path / name, "Twice", [NoteSpan(0.5, 0.9, 60)])
    data = (tmp_path / "a.png").read_bytes()
    assert data == (tmp_path / "b.png").read_bytes()
    assert b"matplotlib" not in data.lower()


@pytest.mark.parametrize("empty", [Timeline(), Timeline(start_s=1.0, end_s=2.0)])
def test_traces_of_nothing(tmp_path: Path, empty: Timeline) -> None:
    plots.draw_traces(empty, tmp_path / "traces.png", "Nothing", [])
    assert png_size(tmp_path / "traces.png")[0] == 1600


def test_spectrogram_file(tmp_path: Path) -> None:
    audio = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32)
    plots.draw_spectrogram(audio, tmp_path / "spectrogram.png", "A sine")
    assert png_size(tmp_path / "spectrogram.png")[0] == 1600


def test_spectrogram_of_nothing(tmp_path: Path) -> None:
    plots.draw_spectrogram(np.zeros(0, np.float32), tmp_path / "spectrogram.png", "Nothing")
    assert png_size(tmp_path / "spectrogram.png")[0] == 1600


@pytest.mark.parametrize("hz", [60.0, 261.6, 1000.0, 7000.0])
@pytest.mark.parametrize("amplitude", [1.0, 0.01])
def test_a_sine_shows_at_its_frequency_with_its_level(hz: float, amplitude: float) -> None:
    audio = (amplitude * np.sin(2 * np.pi * hz * np.arange(RATE) / RATE)).astype(np.float32)
    at_hz = np.geomspace(30, 16_000, 480)
    _, level_db = plots.spectrogram_db(audio, RATE, at_hz)
    middle = level_db[:, 700]
    assert at_hz[middle.argmax()] == pytest.approx(hz, rel=0.06)
    # Between two bins of its windows a sine shows up to 3 dB lower.
    assert -3 < middle.max() - 20 * np.log10(amplitude) < 0.1


def test_a_burst_shows_at_its_time() -> None:
    audio = np.zeros(2 * RATE, np.float32)
    audio[RATE : RATE + 480] = np.sin(2 * np.pi * 5000 * np.arange(480) / RATE)
    times_s, level_db = plots.spectrogram_db(audio, RATE, np.array([5000.0]))
    assert times_s[level_db[0].argmax()] == pytest.approx(1.005, abs=0.005)


@pytest.mark.parametrize(("note", "name"), [(60, "C4"), (69, "A4"), (0, "C-1"), (127, "G9"), (58, "A#3")])
def test_note_names(note: int, name: str) -> None:
    assert plots.note_name(note) == name


def test_a_folder_that_is_not_there(tmp_path: Path, timeline: Timeline) -> None:
    with pytest.raises(Ms20Error) as caught:
        plots.draw_traces(timeline, tmp_path / "none" / "x.png", "Nowhere")
    assert caught.value.exit_code == ExitCode.NOT_WRITABLE
