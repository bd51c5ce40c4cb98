"""The renderer as a whole: lengths, silence, determinism, control voltages' course, and no sample out of bounds."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from analog_measures import cents_off
from hypothesis import given, settings
from hypothesis import strategies as st
from ms20 import board
from ms20.analog import render, renderer
from ms20.analog.control import ROWS, VCA_GAIN, ControlBlocks
from ms20.board import BOARD
from ms20.errors import Ms20Error
from ms20.timeline import Kind, Timeline
from synthetic_timeline import OPEN, steady, stepped

RATE = 48_000


@pytest.mark.parametrize("seconds", [0.0, 1e-5, 0.00123, 0.1, 0.25])
@pytest.mark.parametrize("oversample", [1, 2, 4])
def test_as_many_samples_as_the_timeline_lasts(seconds: float, oversample: int) -> None:
    audio = render(steady({}, seconds), oversample=oversample)
    assert audio.dtype == np.float32
    assert audio.shape == (round(seconds * RATE),)


def test_other_sample_rates_keep_the_pitch() -> None:
    audio = render(steady({"VCO 1 PITCH": 0.75}, 1.0), sample_rate=44_100)
    assert abs(cents_off(audio[8820:], 44_100, 440.0)) < 1.0


def test_a_closed_vca_is_silent() -> None:
    loud = dict.fromkeys(("LPF PEAK", "HPF PEAK", "VCO 1 LEVEL", "VCO 2 LEVEL"), 5.0)
    assert not render(steady({**loud, "VCA": 0.0}, 0.3)).any()


def test_nothing_recorded_is_silence() -> None:
    assert not render(Timeline(start_s=2.0, end_s=2.3)).any()


def test_the_same_timeline_gives_the_same_samples() -> None:
    timeline = steady({"LPF PEAK": 2.0, "VCO 2 LEVEL": 3.0}, 0.5, "NOISE", "RING")
    assert render(timeline).tobytes() == render(timeline).tobytes()


def test_the_blocks_length_does_not_change_the_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = [(0.0, {**OPEN, "LPF PEAK": 2.0}), (0.0213, {"VCO 1 PITCH": 1.0}), (0.0931, {"VCA": 2.0})]
    timeline = stepped(steps, 0.3)
    whole = render(timeline)
    monkeypatch.setattr(renderer, "BLOCK_SAMPLES", 37)
    assert np.array_equal(whole, render(timeline))


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    render(steady({}, 0.55), progress=seen.append)
    assert len(seen) >= 5
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_piece_cut_out_of_a_timeline_starts_with_what_held() -> None:
    whole = steady({"VCO 1 PITCH": 0.75}, 2.0)
    audio = render(whole.between(1.0, 2.0))
    assert len(audio) == RATE
    assert abs(cents_off(audio, RATE, 440.0)) < 1.0


def test_an_unpowered_instrument_is_silent() -> None:
    records = [*steady({}, 1.0).records.tolist(), (0.5e9, int(Kind.POWER), 0, 0)]
    audio = render(Timeline.from_records(records, 0.0, 1.0))
    assert audio[: RATE // 2].std() > 0.05
    assert np.abs(audio[RATE // 2 + RATE // 4 :]).max() < 1e-3


def test_a_dac_step_passes_the_rc_at_2_khz() -> None:
    blocks = ControlBlocks(stepped([(0.0, {"VCA": 0.0}), (0.0100003, {"VCA": 5.0})], 0.02), RATE, 2)
    rows, _ = blocks.read(0, 960)
    time_s = np.arange(960) / RATE - 0.0100003
    wanted = np.where(time_s < 0, 0.0, 1 - np.exp(-np.maximum(time_s, 0) * 2 * np.pi * 2000))
    assert rows[VCA_GAIN] == pytest.approx(wanted, abs=1e-4)


def test_wave_forms_switch_when_the_shift_registers_do() -> None:
    word = 2 << BOARD.OUT_VCO1_WAVE | 3 << BOARD.OUT_VCO2_WAVE
    timeline = Timeline.from_records([(0.0, 3, 0, 0), (0.01e9, 3, 0, word)], 0.0, 0.02)
    _, waves = ControlBlocks(timeline, RATE, 2).read(0, 960)
    assert waves[:, 479].tolist() == [0, 0]
    assert waves[:, 481].tolist() == [2, 3]


def test_every_row_is_a_control_voltage_of_the_board() -> None:
    assert set(ROWS) <= set(board.cv_names())


@pytest.mark.parametrize("oversample", [0, 3, 16])
def test_an_odd_oversampling_is_refused(oversample: int) -> None:
    with pytest.raises(Ms20Error, match="oversample"):
        render(steady({}, 0.1), oversample=oversample)


@pytest.mark.parametrize("sample_rate", [8000, 400_000])
def test_an_odd_sample_rate_is_refused(sample_rate: int) -> None:
    with pytest.raises(Ms20Error, match="Hz"):
        render(steady({}, 0.1), sample_rate=sample_rate)


def in_bounds(audio: np.ndarray) -> bool:  # type: ignore[type-arg]
    return bool(np.isfinite(audio).all() and np.abs(audio).max(initial=0.0) <= 0.99)


@pytest.mark.parametrize("vco1", ["SAW", "NOISE", "PULSE"])
@pytest.mark.parametrize("pitch", [-5.0, 5.0])
@pytest.mark.parametrize("cutoff", [-5.0, 5.0])
@pytest.mark.parametrize("peak", [0.0, 5.0])
@pytest.mark.parametrize("oversample", [1, 2])
def test_control_voltages_at_their_ends_stay_in_bounds(
    vco1: str, pitch: float, cutoff: float, peak: float, oversample: int
) -> None:
    full = {name: board.cv_range(board.cv_channel(name))[1] for name in ("VCO 1 LEVEL", "VCO 2 LEVEL", "VCA")}
    filters = {"HPF CUTOFF": cutoff, "LPF CUTOFF": cutoff, "HPF PEAK": peak, "LPF PEAK": peak}
    timeline = steady({**full, **filters, "VCO 1 PITCH": pitch, "VCO 2 PITCH": -pitch}, 0.3, vco1, "RING")
    assert in_bounds(render(timeline, oversample=oversample))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), oversample=st.sampled_from([1, 2, 4]))
def test_random_jumps_at_8_khz_stay_in_bounds(seed: int, oversample: int) -> None:
    chance = np.random.default_rng(seed)
    channels = [board.cv_channel(name) for name in ROWS]
    records = [
        (tick * 125_000.0, int(Kind.DAC), channel, int(chance.integers(0, 65_536)))
        for tick in range(800)
        for channel in channels
        if chance.random() < 0.7
    ]
    words = [
        (tick * 125_000.0 + 1, int(Kind.SHIFT_OUT), 0, int(chance.integers(0, 1 << 24)))
        for tick in range(0, 800, 40)
    ]
    timeline = Timeline.from_records(sorted(records + words), 0.0, 0.1)
    assert in_bounds(render(timeline, oversample=oversample))


def test_an_ordinary_patch_is_neither_faint_nor_near_full_scale() -> None:
    levels = {"VCO 1 LEVEL": 4.0, "VCO 2 LEVEL": 4.0, "HPF CUTOFF": -5.0}
    audio = render(
        steady({"VCO 1 PITCH": -1.0, "VCO 2 PITCH": -0.99, "LPF CUTOFF": 1.0, "LPF PEAK": 1.0, **levels}, 1.0)
    )
    assert 0.25 < np.abs(audio).max() < 0.9
    assert abs(audio[RATE // 2 :].mean()) < 0.01


def test_compiled_code_is_kept_in_the_users_cache(tmp_path: Path) -> None:
    script = "import ms20.analog.jit, numba, os; print(numba.config.CACHE_DIR)"
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    environment.pop("NUMBA_CACHE_DIR", None)
    run = [sys.executable, "-c", script]
    found = subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    assert Path(found).is_relative_to(tmp_path)
    elsewhere = str(tmp_path / "elsewhere")
    environment["NUMBA_CACHE_DIR"] = elsewhere
    found = subprocess.run(run, env=environment, capture_output=True, text=True, check=True).stdout.strip()
    assert found == elsewhere
