"""MG: both outputs at every wave form and rate, in Hz, volts and shares of a period."""

import math

import memory
import mg
import numpy as np
import pytest
from board import TICK_HZ
from hypothesis import given
from hypothesis import strategies as st
from laws import ONE_X15
from mg import set_wave_form, step_mg
from state import MG_INCREMENT, MG_LEVEL_S16, MG_PHASE_Q30, MG_PULSE
from viper_numba import WORDS, compiled, driver

PERIOD_Q30 = 1 << 30
TOP, BOTTOM = 32_767, -32_768
SPAN = TOP - BOTTOM
ROUNDING = 20
"""Of 65 535: the slopes are whole numbers of at least 4096."""
STEEPEST_SHARE = 1 / 64

step = compiled("mg", "step_mg", exact=True)

wave_forms = st.integers(0, ONE_X15)
rates_hz = st.floats(math.log(0.1), math.log(20)).map(math.exp)


@driver
def run(words, levels, pulses):
    for tick in range(levels.size):
        step()
        levels[tick] = words[MG_LEVEL_S16]
        pulses[tick] = words[MG_PULSE]


def outputs(wave_form, rate_hz, seconds):
    """A and B tick by tick, the shares of the period that A rises and falls, and the rate as a whole increment."""
    memory.clear()
    set_wave_form(wave_form)
    increment = round(rate_hz * PERIOD_Q30 / TICK_HZ)
    memory.state[MG_INCREMENT] = increment
    levels, pulses = np.zeros((2, round(seconds * TICK_HZ)), np.int32)
    run(WORDS, levels, pulses)
    rise = STEEPEST_SHARE + wave_form / ONE_X15 * (1 - 2 * STEEPEST_SHARE)
    return levels, pulses, rise, increment / PERIOD_Q30


@given(wave_forms, rates_hz)
def test_a_is_continuous(wave_form, rate_hz):
    levels, _, rise, share_a_tick = outputs(wave_form, rate_hz, 2 / rate_hz)
    steepest = SPAN * share_a_tick / min(rise, 1 - rise)
    assert np.abs(np.diff(levels)).max() <= 2 * steepest + ROUNDING


@given(wave_forms, st.floats(0.1, 0.5))
def test_a_spans_minus_to_plus_two_and_a_half_volts(wave_form, rate_hz):
    """Within a thousandth, as far as the frames of a steep side can show it."""
    levels, _, rise, share_a_tick = outputs(wave_form, rate_hz, 1.1 / rate_hz)
    missed = SPAN * share_a_tick / max(rise, 1 - rise) / 2
    assert TOP - SPAN / 1000 - missed <= levels.max() <= TOP
    assert BOTTOM <= levels.min() <= BOTTOM + SPAN / 1000 + missed


@given(wave_forms, rates_hz)
def test_b_is_low_exactly_while_a_rises(wave_form, rate_hz):
    """A tick in which A turns may show either way; everywhere else both agree."""
    levels, pulses, rise, _ = outputs(wave_form, rate_hz, 3 / rate_hz)
    steps = np.diff(levels)
    turns = np.diff(pulses) != 0
    high = pulses[1:] == 1
    assert (steps[~high & ~turns] >= 0).all()
    assert (steps[high & ~turns] <= 0).all()
    assert np.count_nonzero(turns) == pytest.approx(6, abs=1)
    assert pulses.mean() == pytest.approx(1 - rise, abs=0.02)


@pytest.mark.parametrize("wave_form", [0, ONE_X15 // 2, ONE_X15])
@pytest.mark.parametrize("rate_hz", [0.1, 1.0, 19.3])
def test_the_period_is_right_to_a_ten_thousandth(wave_form, rate_hz):
    periods = 40
    _, pulses, _, _ = outputs(wave_form, rate_hz, (periods + 1.5) / rate_hz)
    rising = np.flatnonzero(np.diff(pulses) > 0)
    seconds = (rising[periods] - rising[0]) / TICK_HZ
    assert seconds * rate_hz / periods == pytest.approx(1, abs=1e-4 + rate_hz / TICK_HZ / periods)


@pytest.mark.parametrize(
    ("wave_form", "volts_at_quarter", "volts_per_s", "pulse_share"),
    [
        (0, 2.5 - 5 * 15 / 63, -5 * 64 / 63, 63 / 64),
        (ONE_X15 // 2, 0.0, 10.0, 1 / 2),
        (ONE_X15, -2.5 + 5 * 16 / 63, 5 * 64 / 63, 1 / 64),
    ],
    ids=["falling saw, wide pulse", "triangle, square", "rising saw, narrow pulse"],
)
def test_the_knobs_ends_are_the_saws_and_its_middle_is_the_triangle(
    wave_form, volts_at_quarter, volts_per_s, pulse_share
):
    """At 1 Hz."""
    levels, pulses, _, _ = outputs(wave_form, 1.0, 1.0)
    volts = levels * 2.5 / 32768
    quarter = TICK_HZ // 4
    assert volts[quarter] == pytest.approx(volts_at_quarter, abs=0.005)
    assert (volts[quarter + 800] - volts[quarter]) / 0.1 == pytest.approx(volts_per_s, abs=0.02)
    assert pulses.mean() == pytest.approx(pulse_share, abs=0.001)


class Watched:
    """The tick's words, with something that happens after each word that is written."""

    def __init__(self, words, happens):
        self.words, self.happens = words, happens

    def __getitem__(self, index):
        return self.words[index]

    def __setitem__(self, index, value):
        self.words[index] = value
        self.happens()


@given(wave_forms, wave_forms, wave_forms, st.integers(0, PERIOD_Q30 - 1))
def test_a_tick_in_the_middle_of_a_change_sees_one_whole_shape(before, other, after, phase):
    """A tick after every single word that is written shows the old shape or the new one, never a mixture."""

    def shown():
        memory.state[MG_PHASE_Q30] = phase
        step_mg()
        return memory.state[MG_LEVEL_S16], memory.state[MG_PULSE]

    memory.clear()
    set_wave_form(after)
    new = shown()
    set_wave_form(other)  # what an unused set may still hold
    set_wave_form(before)
    old = shown()
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mg, "state", Watched(memory.state, lambda: seen.append(shown())))
        set_wave_form(after)
    assert seen[-1] == new
    assert set(seen[:-1]) == {old}
