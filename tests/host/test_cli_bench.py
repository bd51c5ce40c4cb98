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
from ms20.bench_table import BEGIN, END, ROWS, rewrite_table, table_of
from ms20.cli import app
from ms20.errors import ExitCode, Ms20Error
from ms20.midi_notes import count_note_ons, note_ons
from typer.testing import CliRunner

KEYS = {
    *("frame_rate_hz", "late_frames", "tick_us_max", "tick_us_mean", "tick_us_min", "tick_load_percent"),
    *("din_latency_us_p50", "din_latency_us_max", "trigger_delay_ticks", "dac_jitter_ns", "boot_to_note_ms"),
    *("emulator_speed_ratio", "render_speed_ratio"),
}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run `ms20 bench` with the toy server and a silent analog model, in a folder with a README."""

    def silence(timeline, *, sample_rate=48_000, oversample=2, progress=None):
        return np.zeros(round(timeline.duration_s * sample_rate), np.float32)

    (tmp_path / "build").mkdir()
    write_image(tmp_path / "build")
    (tmp_path / "README.md").write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(node_process, "server_command", lambda: FAKE_SERVER)
    monkeypatch.setattr("ms20.analog.render", silence)
    monkeypatch.setattr(bench, "README", tmp_path / "README.md")
    return lambda *arguments: CliRunner().invoke(app, ["bench", "--seconds", "1", *arguments])


def test_numbers_and_table(run, tmp_path):
    result = run()
    assert result.exit_code == 0, result.output
    numbers = json.loads((tmp_path / "build" / "bench.json").read_text())
    assert set(numbers) >= KEYS
    assert all(isinstance(value, int | float) for value in numbers.values())
    assert numbers["frame_rate_hz"] == pytest.approx(8000.0)
    assert (numbers["late_frames"], numbers["dac_jitter_ns"], numbers["trigger_delay_ticks"]) == (0, 0.0, 1.0)
    assert 125.0 <= numbers["din_latency_us_p50"] <= numbers["din_latency_us_max"] <= 250.0
    assert numbers["din_notes"] > 100
    assert numbers["din_notes_unanswered"] == 0
    assert 300.0 < numbers["boot_to_note_ms"] < 306.0
    assert numbers["tick_us_mean"] == 30.0
    assert numbers["tick_load_percent"] == pytest.approx(20.0, abs=0.1)
    page = (tmp_path / "README.md").read_text()
    assert page.startswith("before\n" + BEGIN)
    assert page.endswith(END + "\nafter\n")
    assert "| tick load | 20 % | <= 45 % |" in page
    assert "old" not in page
    assert table_of(numbers) in result.stdout


def test_a_page_without_its_marks_is_told(run, tmp_path):
    (tmp_path / "README.md").write_text("no table here")
    result = run("--out", "numbers")
    assert result.exit_code == ExitCode.NOT_WRITABLE
    assert "bench:begin" in result.stderr
    assert (tmp_path / "numbers" / "bench.json").is_file()
    with pytest.raises(Ms20Error, match=r"none\.md"):
        rewrite_table(tmp_path / "none.md", {})


def test_counters_that_cannot_be_read_are_left_out(run, tmp_path, monkeypatch):
    monkeypatch.setattr(bench, "COUNTERS", "import broken")
    result = run()
    assert result.exit_code == 0
    assert "could not be read" in result.stderr
    assert "tick_us_mean" not in json.loads((tmp_path / "build" / "bench.json").read_text())
    assert "| tick, mean | - |" in (tmp_path / "README.md").read_text()


def test_every_row_of_the_table_has_a_key_of_its_own():
    keys = [key for _, key, _, _ in ROWS]
    assert len(set(keys)) == len(keys)
    assert set(keys) <= KEYS | {"din_notes", "din_notes_unanswered", "trigger_delay_us_max"}


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


def test_numbers_that_are_not_published(run, tmp_path):
    before = (tmp_path / "README.md").read_text()
    assert run("--no-publish").exit_code == 0
    assert (tmp_path / "README.md").read_text() == before
