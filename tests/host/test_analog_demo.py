"""The demonstration: the committed tune is what its script writes, and its two panels sound clearly different."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ms20.analog import render
from ms20.demo import PANELS, TUNE, make_demo
from ms20.midi_file import MidiTune, load_notes
from ms20.panel import Panel, load_panel
from ms20.wav import Audio, measure_levels, read_wav, write_wav
from synthetic_timeline import played

RATE = 48_000


@pytest.fixture(scope="module")
def tune() -> MidiTune:
    return load_notes(TUNE)


@pytest.fixture(scope="module")
def panels() -> dict[str, Panel]:
    return {name: load_panel(path) for name, path in PANELS.items()}


@pytest.fixture(scope="module")
def sounds(tune: MidiTune, panels: dict[str, Panel]) -> dict[str, Audio]:
    return {name: render(played(tune, panel)) for name, panel in panels.items()}


def test_the_committed_tune_is_what_the_script_writes(tmp_path: Path) -> None:
    make_demo.write(tmp_path / "again.mid")
    assert (tmp_path / "again.mid").read_bytes() == TUNE.read_bytes()


def test_the_tune_shows_what_it_should(tune: MidiTune) -> None:
    notes = tune.notes()
    assert 12 <= tune.duration_s <= 16
    assert tune.channels_with_notes == (1,)
    jumps = [abs(after.note - before.note) for before, after in pairwise(notes)]
    slides = [after.start_s < before.end_s for before, after in pairwise(notes)]
    assert jumps.count(12) >= 8
    assert sum(slides) >= 8
    assert max(span.end_s - span.start_s for span in notes) > 0.5
    assert tune.duration_s - max(span.end_s for span in notes) > 1


def test_both_panels_have_a_name_and_say_what_they_are(panels: dict[str, Panel]) -> None:
    assert {panel.name for panel in panels.values()} == {"Bass", "Lead"}
    assert all(panel.description for panel in panels.values())


def centroid_hz(audio: Audio) -> float:
    power = np.abs(np.fft.rfft(audio)) ** 2
    return float((np.fft.rfftfreq(len(audio), 1 / RATE) * power).sum() / power.sum())


def share_below(audio: Audio, hz: float) -> float:
    power = np.abs(np.fft.rfft(audio)) ** 2
    return float(power[np.fft.rfftfreq(len(audio), 1 / RATE) < hz].sum() / power.sum())


def test_bass_and_lead_differ_in_colour(sounds: dict[str, Audio]) -> None:
    assert centroid_hz(sounds["bass"]) < 500
    assert centroid_hz(sounds["lead"]) > 2 * centroid_hz(sounds["bass"])
    assert share_below(sounds["bass"], 200) > 0.4
    assert share_below(sounds["lead"], 200) < 0.1


def test_lead_rings_on_where_bass_has_stopped(sounds: dict[str, Audio], tune: MidiTune) -> None:
    last = round(max(span.end_s for span in tune.notes()) * RATE)

    def fall_db(audio: Audio) -> float:
        held, after = audio[last - RATE // 5 : last], audio[last + RATE // 10 : last + RATE * 3 // 10]
        return float(20 * np.log10(after.std() / held.std()))

    assert fall_db(sounds["bass"]) < -25
    assert fall_db(sounds["lead"]) > -20


@pytest.mark.parametrize("name", list(PANELS))
def test_levels_are_good_to_listen_to(sounds: dict[str, Audio], name: str) -> None:
    levels = measure_levels(sounds[name], RATE)
    assert 0.4 < levels.peak < 0.9
    assert levels.rms > 0.05


def test_the_sound_survives_a_wav_file(sounds: dict[str, Audio], tmp_path: Path) -> None:
    path = tmp_path / "bass.wav"
    write_wav(path, sounds["bass"], RATE)
    audio, rate = read_wav(path)
    assert rate == RATE
    assert np.abs(audio - sounds["bass"]).max() <= 0.5 / 32_767 + 1e-7
