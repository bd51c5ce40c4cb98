"""The panel's laws: ends, middles, units and words, and the table that names them."""

import math
from array import array

import laws
import panel_table as table
import pytest
from board import KIND_MONITOR, KIND_ROTARY, KIND_SPARE, PANEL
from hypothesis import given
from hypothesis import strategies as st
from laws import FULL_Q4, ONE_X15, exp2, position_of, rate_of, value_of, words_of

TICK_HZ = 8000
ROWS = {PANEL[row[0]][0]: row for row in table.CONTROLS}


def numbers(law, lowest, highest, kind, where=0):
    """A function of a position 0..1 that gives the row's value."""
    words = array("i", words_of(law, lowest, highest, kind, where))
    return lambda x: value_of(words, 0, round(x * ONE_X15))


def hz(code):
    return 1330 * 2 ** ((code - 32768) / 6553.6 * 0.96)


def share_of(rate):
    """The share of its way that a rate word goes in a tick."""
    return (rate & 0x3FFF) / 2 ** (12 + (rate >> 14))


def test_the_table_has_every_control_of_the_board_once():
    named = [PANEL[row[0]][0] for row in table.CONTROLS]
    assert sorted(named) == sorted(n for n, kind in PANEL if kind not in (KIND_SPARE, KIND_MONITOR))
    assert len(named) == len(set(named)) == 37
    for row in table.CONTROLS:
        assert (row[1] == table.FOUR_WAY) == (PANEL[row[0]][1] == KIND_ROTARY)


def test_both_ends_of_the_travel_are_reached():
    assert position_of(round(FULL_Q4 * 0.003)) == 0
    assert position_of(round(FULL_Q4 * 0.997)) == ONE_X15
    assert position_of(0) == 0
    assert position_of(FULL_Q4) == ONE_X15
    assert position_of(FULL_Q4 // 2) == pytest.approx(ONE_X15 // 2, abs=16)


@given(st.sampled_from(sorted(ROWS)), st.integers(0, FULL_Q4), st.integers(0, FULL_Q4))
def test_turning_up_never_turns_down(name, a, b):
    """Every law is monotonous, and no product leaves 32 bits: the stand-in would raise."""
    _, law, lowest, highest, _, kind, where, _, _ = ROWS[name]
    if law in (table.FOUR_WAY, table.ANALOG):
        return
    words = array("i", words_of(law, lowest, highest, kind, where))
    low, high = (value_of(words, 0, position_of(code)) for code in sorted((a, b)))
    assert low <= high


def test_a_centre_control_is_dead_in_the_middle_and_full_at_its_ends():
    value = numbers(table.CENTRED, -12, 12, table.TO_PITCH)
    assert value(0.5) == value(0.494) == value(0.506) == 0
    assert (value(0), value(1)) == (-12 * 512, 12 * 512)
    assert value(0.75) == pytest.approx(6 * 512, rel=0.02)
    assert value(0.25) == -value(0.75)


def test_a_square_is_fine_near_zero():
    value = numbers(table.SQUARE, 0, 5, table.TO_PITCH_DEPTH)
    assert (value(0), value(1)) == (0, 5 * 6144)
    assert value(0.1) == pytest.approx(0.01 * 5 * 6144, rel=0.01)


def test_a_linear_cv_reaches_both_ends_of_its_range():
    value = numbers(table.LINEAR, 0, 5, table.TO_CV, 5)
    assert (value(0), value(0.5), value(1)) == (0, pytest.approx(32768, abs=1), 65535)


def test_cutoff_runs_from_50_hz_to_15_khz():
    value = numbers(table.EXPONENTIAL, 50, 15000, table.TO_CUTOFF)
    assert hz(value(0)) == pytest.approx(50, rel=0.001)
    assert hz(value(1)) == pytest.approx(15000, rel=0.001)
    assert hz(value(0.5)) == pytest.approx((50 * 15000) ** 0.5, rel=0.001)


@pytest.mark.parametrize("x", [0, 0.1, 0.5, 0.9, 1])
def test_mg_runs_from_a_tenth_to_twenty_hertz(x):
    value = numbers(table.EXPONENTIAL, 0.1, 20, table.TO_RATE)
    assert int(exp2(value(x))) * TICK_HZ / 2**30 == pytest.approx(0.1 * 200**x, rel=0.001)


@pytest.mark.parametrize(
    ("kind", "constants"),
    [(table.TO_ATTACK, laws.ATTACK_TIME_CONSTANTS), (table.TO_FALL, laws.FALL_TIME_CONSTANTS)],
)
@pytest.mark.parametrize("x", [0, 0.3, 0.5, 0.8, 1])
def test_times_run_from_half_a_millisecond_to_ten_seconds(kind, constants, x):
    value = numbers(table.EXPONENTIAL, 0.0005, 10, kind)
    share = share_of(rate_of(value(x)))
    time_s = -constants / math.log(1 - share) / TICK_HZ
    assert time_s == pytest.approx(0.0005 * (10 / 0.0005) ** x, rel=0.005)


def test_hold_runs_from_a_millisecond_to_twenty_seconds():
    value = numbers(table.FROM_ZERO, 0.001, 20, table.TO_TICKS)
    assert exp2(value(0)) == 8
    assert exp2(value(1)) == pytest.approx(160_000, rel=0.001)


@pytest.mark.parametrize(("x", "scale"), [(0, 0.5), (0.5, 1), (1, 2)])
def test_cv_adjust_scales_around_the_keyboards_one_volt(x, scale):
    value = numbers(table.EXPONENTIAL, 0.5, 2, table.TO_F_V)
    one_volt_us = 1e6 / (440 * 2 ** ((48 - 69) / 12))
    assert exp2(value(x)) / one_volt_us == pytest.approx(scale * 6553.6, rel=0.001)


@pytest.mark.parametrize("octaves", [0, 0.25, 5.999, 13, 13.5, 28.9])
def test_exp2_is_a_power_of_two(octaves):
    assert exp2(round(octaves * 2048)) == pytest.approx(2**octaves, rel=0.001, abs=1)


@given(st.floats(0.0005, 10), st.sampled_from([laws.ATTACK_TIME_CONSTANTS, laws.FALL_TIME_CONSTANTS]))
def test_rates_are_right_and_have_a_full_mantissa(time_s, constants):
    rate = laws.rate(time_s, constants)
    assert 1 << 13 <= rate & 0x3FFF < 1 << 14
    assert share_of(rate) == pytest.approx(-math.expm1(-constants / time_s / TICK_HZ), rel=0.004)


@pytest.mark.parametrize(("eighths", "position"), [(1, 0), (3, 1), (5, 2), (7, 3)])
def test_rotary_positions(eighths, position):
    assert laws.rotary(FULL_Q4 * eighths // 8) == position
    assert laws.rotary(round(FULL_Q4 * (eighths + 0.29) / 8)) == position


@pytest.mark.parametrize("eighths", [0, 0.3, 2, 4, 6, 7.8, 8])
def test_a_broken_ladder_is_no_position(eighths):
    assert laws.rotary(round(FULL_Q4 * eighths / 8)) == -1


LADDER = (1, 2, 2, 2, 1)


def taps(resistors):
    """Where a ladder's four taps stand, as shares of the span; an open resistor is None."""
    if None in resistors:
        gap = resistors.index(None)
        return [0.0 if tap < gap else 1.0 for tap in range(4)]
    total = sum(resistors)
    return [sum(resistors[: tap + 1]) / total for tap in range(4)]


@pytest.mark.parametrize("broken", range(5))
def test_every_position_of_a_ladder_with_a_missing_resistor_is_told_from_a_good_one(broken):
    resistors = [None if i == broken else r for i, r in enumerate(LADDER)]
    assert {laws.rotary(round(FULL_Q4 * tap)) for tap in taps(resistors)} == {-1}


@pytest.mark.parametrize("broken", range(1, 4))
def test_a_shorted_resistor_shows_in_at_least_one_position(broken):
    resistors = [0 if i == broken else r for i, r in enumerate(LADDER)]
    assert -1 in {laws.rotary(round(FULL_Q4 * tap)) for tap in taps(resistors)}
