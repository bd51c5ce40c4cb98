"""`ms20 play` from a MIDI file to its results, with a toy instrument in place of the emulated one."""

import json
import signal
import subprocess
import time
import wave

import numpy as np
import pytest
from fakes import FAKE_SERVER, MS20_WITH_FAKE_SERVER, write_image, write_tune
from ms20 import node_process, recording
from ms20.cli import app
from ms20.errors import ExitCode
from ms20.image.uf2 import read_uf2
from typer.testing import CliRunner

RESULTS = ["report.json", "sound.wav", "spectrogram.png", "traces.png"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "build").mkdir()
    write_image(tmp_path / "build")
    write_tune(tmp_path / "song.mid")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def quick(monkeypatch):
    """The toy server, and a tone instead of the analog model."""

    def tone(timeline, *, sample_rate=48_000, oversample=2, progress=None):
        progress(1.0)
        t_s = np.arange(round(timeline.duration_s * sample_rate)) / sample_rate
        return (0.5 * np.sin(2 * np.pi * 440 * t_s)).astype(np.float32)

    monkeypatch.setattr(node_process, "server_command", lambda: FAKE_SERVER)
    monkeypatch.setattr("ms20.analog.render", tone)
    return lambda *arguments: CliRunner().invoke(app, ["play", "song.mid", *arguments])


def test_everything_is_written_and_told(folder, quick):
    result = quick("--out", "out/first")
    assert result.exit_code == 0, result.output
    assert "aplay out/first/sound.wav" in result.stdout
    assert "3 played of 3 sent by DIN" in result.stdout
    assert sorted(path.name for path in (folder / "out" / "first").iterdir()) == RESULTS
    with wave.open(str(folder / "out" / "first" / "sound.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels()) == (48_000, 1)
        assert 0.4 < sound.getnframes() / 48_000 < 1.0
    for picture in ("traces.png", "spectrogram.png"):
        assert (folder / "out" / "first" / picture).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("option", "name"), [("--din", "DIN"), ("--usb", "USB")])
def test_report(folder, quick, option, name):
    assert quick(option).exit_code == 0
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["input"] == name
    assert (report["notes_sent"], report["notes_played"]) == (3, 3)
    assert report["frame_rate_hz"] == pytest.approx(8000.0)
    assert (report["late_frames"], report["dac_jitter_ns"], report["misuse"]) == (0, 0.0, [])
    assert 125.0 <= report["latency_us_p50"] <= report["latency_us_max"] <= 250.0
    assert report["trigger_delay_ticks_max"] == pytest.approx(1.0)
    assert report["image"]["version"] == "9.9"
    assert len(report["image"]["sha256"]) == len(report["tune"]["sha256"]) == 64
    assert report["tune"]["duration_s"] == pytest.approx(0.3, abs=0.01)
    assert report["panel"]["name"] == "Basic patch"
    assert report["audio"]["peak"] == pytest.approx(0.5, abs=0.001)
    assert report["audio"]["peak_dbfs"] == pytest.approx(-6.02, abs=0.05)
    assert report["boot_s"] == pytest.approx(0.3, abs=0.02)
    assert report["emulator_speed_ratio"] > 0
    assert report["python"].startswith("3.")


def test_a_panel_is_set_before_power_and_named(folder, quick):
    (folder / "bright.toml").write_text('[panel]\nname = "Bright"\n[knobs]\n"LPF CUTOFF FREQUENCY" = 9')
    assert quick("--panel", "bright.toml").exit_code == 0
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["panel"]["name"] == "Bright"
    assert report["panel"]["file"] == "bright.toml"
    assert report["panel"]["knobs"]["LPF CUTOFF FREQUENCY"] == 9.0


def test_older_results_are_replaced_only_by_whole_ones(folder, quick, monkeypatch):
    assert quick().exit_code == 0
    before = {path.name: path.read_bytes() for path in (folder / "out").iterdir()}

    def broken(*_arguments, **_named):
        raise KeyboardInterrupt

    monkeypatch.setattr("ms20.plots.draw_spectrogram", broken)
    result = quick()
    assert result.exit_code == ExitCode.INTERRUPTED
    assert "nterrupted" in result.stderr
    assert {path.name: path.read_bytes() for path in (folder / "out").iterdir()} == before


def test_the_tail_ends_when_the_vca_has_closed(folder, monkeypatch, quick):
    held = write_tune(folder / "song.mid", notes=(60,))
    held.write_bytes(held.read_bytes().replace(b"\x80\x3c\x40", b"\xb0\x07\x40"))  # the note never ends
    monkeypatch.setattr(recording, "LONGEST_TAIL_S", 0.4)
    assert quick().exit_code == 0
    report = json.loads((folder / "out" / "report.json").read_text())
    assert report["tail_s"] == pytest.approx(0.4, abs=0.001)


def test_a_crowded_line_is_waited_for():
    messages = [(0.0, bytes([0x90, 60, 1])), (0.0, bytes([0x80, 60, 1])), (1.0, bytes([0xF8]))]
    assert recording.line_free_s(messages[:2]) == pytest.approx(6 * 320e-6)
    assert recording.line_free_s(messages) == pytest.approx(1.0 + 320e-6)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_ctrl_c_while_playing(folder, number, code):
    """A real process: what was there stays, the server ends, nothing is half-written."""
    write_tune(folder / "song.mid", notes=(60, 62) * 200, seconds=1.0)
    (folder / "out").mkdir()
    (folder / "out" / "sound.wav").write_text("old")
    command = [*MS20_WITH_FAKE_SERVER, "play", "song.mid"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        end_s = time.monotonic() + 60
        while not list((folder / "out").glob(".unfinished-*")) and time.monotonic() < end_s:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in errors
    assert [path.name for path in (folder / "out").iterdir()] == ["sound.wav"]
    assert (folder / "out" / "sound.wav").read_text() == "old"


def test_the_test_image_is_whole(folder):
    assert len(read_uf2((folder / "build" / "ms20.uf2").read_bytes())) == 1
