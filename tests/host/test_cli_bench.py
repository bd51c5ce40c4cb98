"""`ms20 bench`: its load, its numbers and its table, with a toy instrument in place of the emulated one."""

import json
from itertools import pairwise

import numpy as np
import pytest
from fakes import FAKE_SERVER, write_image
from hypothesis import given
from hypothesis import strategies as st
from ms20 import bench, node_process
from ms20.bench_load import din_load
from ms20.bench_table import BEGIN, END, ROWS, missed, rewrite_table, table_of
from ms20.cli import app
from ms20.errors import ExitCode, Ms20Error
from ms20.midi_notes import count_note_ons, note_ons
from typer.testing import CliRunner

TOY = {"frame_rate_hz": 8000.0, "late_frames": 0, "din_notes": 3, "dac_jitter_ns": 0.0}


def toy_scene(image, seconds, show):
    assert image.is_file()
    show(seconds, seconds)
    return {**TOY, "load_seconds": seconds}


def quiet_scene(image, seconds, show):
    show(1, 1)
    return {"usb_notes": seconds}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `ms20 bench` with two toy scenes and a toy board, in a folder with a README."""

    def silence(timeline, *, sample_rate=48_000, oversample=2, progress=None):
        return np.zeros(round(timeline.duration_s * sample_rate), np.float32)

    (tmp_path / "build").mkdir()
    write_image(tmp_path / "build")
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(node_process, "server_command", lambda: FAKE_SERVER)
    monkeypatch.setattr("ms20.analog.render", silence)
    monkeypatch.setattr(bench, "README", tmp_path / "README.md")
    monkeypatch.setattr(bench, "SCENES", {"everything": toy_scene, "usb": quiet_scene})
    return lambda *arguments: CliRunner().invoke(app, ["bench", "--seconds", "6", *arguments])


def test_numbers_and_table(run, tmp_path):
    result = run()
    assert result.exit_code == 0, result.output
    numbers = json.loads((tmp_path / "build" / "bench.json").read_text())
    speed = numbers.pop("render_speed_ratio")
    assert speed > 0
    assert numbers == {**TOY, "load_seconds": 6.0, "usb_notes": 1.0}
    page = (tmp_path / "README.md").read_text()
    assert page.startswith("before\n" + BEGIN)
    assert page.endswith(END + "\nafter\n")
    assert "| late frames, everything played at once | 0 | 0 |" in page
    assert "| DIN last stop bit to pitch latched, median | - | <= 200 us |" in page
    assert "old" not in page
    assert table_of({**numbers, "render_speed_ratio": speed}) in result.stdout


def test_one_scene_alone_leaves_the_page(run, tmp_path):
    before = (tmp_path / "README.md").read_text()
    assert run("--scene", "usb").exit_code == 0
    assert json.loads((tmp_path / "build" / "bench.json").read_text()) == {"usb_notes": 1.0}
    assert (tmp_path / "README.md").read_text() == before


def test_a_scene_that_is_not_there_is_told(run):
    result = run("--scene", "brass")
    assert result.exit_code == ExitCode.USAGE
    assert "brass" in result.stderr
    assert "everything, usb" in result.stderr


def test_a_page_without_its_marks_is_told(run, tmp_path):
    (tmp_path / "README.md").write_text("no table here")
    result = run("--out", "numbers")
    assert result.exit_code == ExitCode.NOT_WRITABLE
    assert "bench:begin" in result.stderr
    assert (tmp_path / "numbers" / "bench.json").is_file()
    with pytest.raises(Ms20Error, match=r"none\.md"):
        rewrite_table(tmp_path / "none.md", {})


def test_numbers_that_are_not_published(run, tmp_path):
    before = (tmp_path / "README.md").read_text()
    assert run("--no-publish").exit_code == 0
    assert (tmp_path / "README.md").read_text() == before


def test_what_is_not_met_is_said():
    assert missed({"late_frames": 0, "tick_us_max": 125.0, "knob_scan_hz": 500.0, "usb_notes": 7}) == []
    assert missed({"late_frames": 1}) == ["late frames, everything played at once: 1, to meet 0"]
    assert missed({"tick_us_max": 125.1}) == ["tick, longest: 125.1 us, to meet <= 125"]
    assert missed({"knob_scan_hz": 499.0}) == ["each control read: 499 Hz, to meet >= 500"]


def test_every_row_of_the_table_has_a_key_of_its_own():
    keys = [key for _, key, _, _ in ROWS]
    assert len(set(keys)) == len(keys)


@given(st.integers(0, 1000))
def test_the_load_keeps_its_promises(seed):
    bursts = din_load(2.0, seed)
    stream = [(t_s, byte) for t_s, data in bursts for byte in data]
    notes = [each.note for each in note_ons(stream)]
    assert count_note_ons(bursts) == len(notes) >= 100
    assert all(before != after for before, after in pairwise(notes))
    assert 0xF8 in [byte for _, byte in stream]
    ends_s = [t_s + len(data) * 320e-6 for t_s, data in bursts]
    begins_s = [t_s for t_s, _ in bursts[1:]]
    assert all(end_s <= next_s + 1e-9 for end_s, next_s in zip(ends_s, begins_s, strict=False))
    held: set[int] = set()
    for message in pairs(byte for _, byte in stream if byte < 0x80):
        (held.add if message[1] else held.discard)(message[0])
        assert len(held) <= 2
    assert held == set()


def pairs(values):
    each = iter(values)
    return zip(each, each, strict=True)


def test_the_load_is_the_same_every_time():
    assert din_load(1.0) == din_load(1.0)
    assert count_note_ons(din_load(10.0)) >= 500
