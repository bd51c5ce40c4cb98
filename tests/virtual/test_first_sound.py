"""From a MIDI file to a sound, through the shipped firmware: what a newcomer's `make run` does, and measures."""

import io
import json

import mido
import numpy as np
import pytest
from ms20.demo import PANELS, TUNE
from ms20.play import PlayRequest, play
from ms20.wav import read_wav
from rich.console import Console

NOTES = (45, 57, 64, 69)
NOTE_S = 0.5
REST_S = 0.1


@pytest.fixture(scope="module")
def scale_tune(tmp_path_factory):
    """Four notes on channel 1, with a pause after each; another part on channel 10 that must stay silent."""
    tune = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(125))])
    tune.tracks.append(track)
    for note in NOTES:
        track.append(mido.Message("note_on", channel=9, note=36, time=100 if note != NOTES[0] else 0))
        track.append(mido.Message("note_on", note=note))
        track.append(mido.Message("note_off", note=note, time=500))
    path = tmp_path_factory.mktemp("tune") / "scale.mid"
    tune.save(path)
    return path


def hz(note):
    return 440 * 2 ** ((note - 69) / 12)


def strongest_hz(sound, rate, low=30.0):
    """The strongest partial above `low`, by a parabola through the peak of a windowed spectrum."""
    spectrum = np.abs(np.fft.rfft(sound * np.blackman(len(sound)), 1 << 19))
    start = int(low * (1 << 19) / rate)
    peak = start + int(spectrum[start:].argmax())
    a, b, c = np.log(spectrum[peak - 1 : peak + 2])
    return (peak + 0.5 * (a - c) / (a - 2 * b + c)) * rate / (1 << 19)


def run(tune, out, image, *, panel=None, usb=False):
    request = PlayRequest(tune=tune, out=out, image=image, panel=panel, usb=usb)
    report = play(request, Console(file=io.StringIO()))
    sound, rate = read_wav(out / "sound.wav")
    return report, sound, rate


@pytest.mark.parametrize("usb", [False, True], ids=["din", "usb"])
def test_every_note_of_a_file_is_heard_at_its_pitch(scale_tune, tmp_path, image_path, usb):
    report, sound, rate = run(scale_tune, tmp_path, image_path, usb=usb)
    assert rate == 48_000
    assert np.isfinite(sound).all()
    assert 0.1 < np.abs(sound).max() < 0.99
    assert report["notes_sent"] == len(NOTES)
    assert report["notes_played"] == len(NOTES)
    assert report["late_frames"] == 0
    assert report["misuse"] == []
    onsets = onset_seconds(sound, rate)
    assert len(onsets) == len(NOTES)
    for onset_s, note in zip(onsets, NOTES, strict=True):
        held = sound[int((onset_s + 0.05) * rate) : int((onset_s + NOTE_S - 0.05) * rate)]
        cents = 1200 * np.log2(strongest_hz(held, rate) / hz(note))
        assert abs(cents) < 3, f"note {note} is {cents:.1f} cents off"
    silence = sound[int((onsets[0] + NOTE_S + 0.05) * rate) : int((onsets[1] - 0.01) * rate)]
    assert np.abs(silence).max() < 0.01


def onset_seconds(sound, rate):
    """Where sound begins after at least 20 ms of quiet."""
    window = rate // 100
    level = np.abs(sound[: len(sound) // window * window]).reshape(-1, window).max(axis=1)
    loud = level > 0.05
    return [i * window / rate for i in range(2, len(loud)) if loud[i] and not loud[i - 1] and not loud[i - 2]]


@pytest.mark.timeout(600)
def test_the_demonstration_on_both_panels(tmp_path, image_path):
    """At least 12 s of music, whole, and two sounds that nobody would confuse."""
    brightness = {}
    for name, panel in PANELS.items():
        report, sound, rate = run(TUNE, tmp_path / name, image_path, panel=panel)
        assert len(sound) / rate >= 12
        assert np.isfinite(sound).all()
        assert np.abs(sound).max() < 0.99
        assert report["notes_played"] == report["notes_sent"] > 40
        for picture in ("traces.png", "spectrogram.png"):
            assert (tmp_path / name / picture).read_bytes().startswith(b"\x89PNG")
        assert json.loads((tmp_path / name / "report.json").read_text()) == report
        power = np.abs(np.fft.rfft(sound)) ** 2
        brightness[name] = (np.fft.rfftfreq(len(sound), 1 / rate) * power).sum() / power.sum()
    low, high = sorted(brightness.values())
    assert high > 1.5 * low, brightness
