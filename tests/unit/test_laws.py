"""The panel's laws: ends, middles and units."""

import laws
import pytest
from hypothesis import given
from hypothesis import strategies as st

FULL = laws.FULL_Q4


def hz(code):
    return 1330 * 2 ** ((code - 32768) / 6553.6 * 0.96)


def test_both_ends_of_the_travel_are_reached():
    assert laws.fraction(FULL * 0.003) == 0
    assert laws.fraction(FULL * 0.997) == 1
    assert laws.fraction(FULL / 2) == pytest.approx(0.5, abs=0.001)


@given(st.floats(0, FULL), st.floats(0, FULL))
def test_turning_up_never_turns_down(a, b):
    low, high = sorted((a, b))
    assert laws.fraction(low) <= laws.fraction(high)
    assert laws.centred(low) <= laws.centred(high)
    assert laws.cutoff_code(laws.fraction(low)) <= laws.cutoff_code(laws.fraction(high))


def test_centre_pots_have_a_dead_middle_and_full_ends():
    assert laws.centred(FULL / 2) == 0
    assert laws.centred(FULL * 0.507) == 0
    assert laws.centred(FULL) == 1
    assert laws.centred(0) == -1


def test_cutoff_runs_from_50_hz_to_15_khz():
    assert hz(laws.cutoff_code(0)) == pytest.approx(50, rel=0.001)
    assert hz(laws.cutoff_code(1)) == pytest.approx(15000, rel=0.001)
    assert hz(laws.cutoff_code(0.5)) == pytest.approx((50 * 15000) ** 0.5, rel=0.001)


@pytest.mark.parametrize(("eighths", "position"), [(1, 0), (3, 1), (5, 2), (7, 3)])
def test_rotary_positions(eighths, position):
    assert laws.rotary(FULL * eighths / 8) == position
    assert laws.rotary(FULL * (eighths + 0.3) / 8) == position


@pytest.mark.parametrize("eighths", [0, 0.3, 2, 4, 6, 7.8])
def test_a_broken_ladder_is_no_position(eighths):
    assert laws.rotary(FULL * eighths / 8) == -1


@given(st.floats(0.0005, 10), st.sampled_from([laws.ATTACK_TIME_CONSTANTS, laws.FALL_TIME_CONSTANTS]))
def test_rates_have_a_full_mantissa(time_s, constants):
    mantissa, shift = laws.rate(time_s, constants)
    assert 1 << 13 <= mantissa < 1 << 14
    assert 0 <= shift < 31


def test_times_run_from_half_a_millisecond_to_ten_seconds():
    assert laws.seconds(0) == 0.0005
    assert laws.seconds(1) == pytest.approx(10)
    assert laws.hold_ticks(0) == 0
    assert laws.hold_ticks(1) == 20 * 8000
