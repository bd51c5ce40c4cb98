"""The two envelopes' shapes, in simulated ticks."""

import math

import pytest
from envelope import FULL_Q28, step_eg1, step_eg2
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import ATTACK_TIME_CONSTANTS, FALL_TIME_CONSTANTS, rate
from state import (
    EG1_ATTACK_RATE,
    EG1_DELAY_TICKS,
    EG1_GATE,
    EG1_LEVEL_Q28,
    EG1_RELEASE_RATE,
    EG1_RESTART,
    EG2_ATTACK_RATE,
    EG2_DECAY_RATE,
    EG2_GATE,
    EG2_HOLD_TICKS,
    EG2_LEVEL_Q28,
    EG2_RELEASE_RATE,
    EG2_RESTART,
    EG2_SUSTAIN_U16,
)

TICK_HZ = 8000


def set_times(words, attack_s=0.01, decay_s=0.1, sustain=0.5, release_s=0.1, hold_s=0.0):
    words[EG2_ATTACK_RATE] = rate(attack_s, ATTACK_TIME_CONSTANTS)
    words[EG2_DECAY_RATE] = rate(decay_s, FALL_TIME_CONSTANTS)
    words[EG2_RELEASE_RATE] = rate(release_s, FALL_TIME_CONSTANTS)
    words[EG2_SUSTAIN_U16] = round(sustain * 65535)
    words[EG2_HOLD_TICKS] = round(hold_s * TICK_HZ)


def run(words, seconds, gate):
    """Run with the gate as given; return the levels 0..1 of every tick."""
    levels = []
    for _ in range(round(seconds * TICK_HZ)):
        words[EG2_RESTART] = 1 if gate and not words[EG2_GATE] else 0
        words[EG2_GATE] = gate
        step_eg2()
        levels.append(words[EG2_LEVEL_Q28] / FULL_Q28)
    return levels


@pytest.mark.parametrize("attack_s", [0.0005, 0.001, 0.01, 0.3, 2.0])
def test_attack_takes_its_time(words, attack_s):
    set_times(words, attack_s=attack_s, sustain=1.0)
    levels = run(words, attack_s * 1.2 + 0.001, gate=1)
    reached = next(i for i, level in enumerate(levels) if level >= 1.0) + 1
    assert reached / TICK_HZ == pytest.approx(attack_s, rel=0.02, abs=1.01 / TICK_HZ)


@pytest.mark.parametrize("decay_s", [0.01, 0.1, 1.0])
def test_decay_is_exponential_towards_sustain(words, decay_s):
    set_times(words, attack_s=0.0005, decay_s=decay_s, sustain=0.3)
    levels = run(words, 0.002 + 2 * decay_s, gate=1)
    peak = levels.index(max(levels))
    half = levels[peak + round(decay_s * TICK_HZ / FALL_TIME_CONSTANTS)]
    assert half == pytest.approx(0.3 + 0.7 * math.exp(-1), abs=0.01)
    assert levels[-1] == pytest.approx(0.3, abs=0.001)


@pytest.mark.parametrize("release_s", [0.01, 0.2, 3.0])
def test_release_falls_to_one_percent_in_its_time_and_then_to_nothing(words, release_s):
    set_times(words, sustain=1.0, release_s=release_s)
    run(words, 0.05, gate=1)
    levels = run(words, release_s * 5 + 1, gate=0)
    crossed = next(i for i, level in enumerate(levels) if level <= 0.01)
    assert crossed / TICK_HZ == pytest.approx(release_s, rel=0.02, abs=2 / TICK_HZ)
    assert levels[-1] == 0


def test_retrigger_starts_from_the_present_level(words):
    set_times(words, attack_s=0.1, sustain=1.0, release_s=1.0)
    run(words, 0.2, gate=1)
    fallen = run(words, 0.2, gate=0)[-1]
    assert 0.2 < fallen < 0.7
    again = run(words, 0.01, gate=1)
    assert again[0] >= fallen
    assert again[0] - fallen < 0.01


def test_hold_stretches_a_short_trigger(words):
    set_times(words, attack_s=0.01, sustain=0.8, release_s=0.05, hold_s=0.5)
    run(words, 0.005, gate=1)
    levels = run(words, 0.8, gate=0)
    assert levels[round(0.45 * TICK_HZ)] == pytest.approx(0.8, abs=0.01)
    assert levels[-1] < 0.01


@pytest.mark.parametrize("decay_s", [0.0005, 0.003, 0.1])
def test_decay_to_nothing_stops_at_nothing(words, decay_s):
    """Found on the virtual board: with SUSTAIN at 0 the level went one step below and the VCA stood wide open."""
    set_times(words, attack_s=0.0005, decay_s=decay_s, sustain=0)
    levels = run(words, 0.01 + 3 * decay_s, gate=1)
    assert min(levels) >= 0
    assert levels[-1] < 1e-4


@settings(max_examples=30)
@given(
    st.floats(0.0005, 10),
    st.floats(0.0005, 10),
    st.floats(0, 1),
    st.floats(0.0005, 10),
    st.lists(st.tuples(st.booleans(), st.integers(1, 300)), min_size=1, max_size=8),
)
def test_any_setting_stays_in_range(attack_s, decay_s, sustain, release_s, gates):
    """No knob position and no gate pattern leaves 0..1 or 32 bits (the stand-in raises on overflow)."""
    import memory

    set_times(memory.state, attack_s, decay_s, sustain, release_s)
    for gate, ticks in gates:
        for level in run(memory.state, ticks / TICK_HZ, int(gate)):
            assert 0 <= level <= 1


# --- EG 1 ---------------------------------------------------------------------------------------------------


def set_eg1(words, delay_s=0.0, attack_s=0.01, release_s=0.1):
    words[EG1_DELAY_TICKS] = round(delay_s * TICK_HZ)
    words[EG1_ATTACK_RATE] = rate(attack_s, ATTACK_TIME_CONSTANTS)
    words[EG1_RELEASE_RATE] = rate(release_s, FALL_TIME_CONSTANTS)


def run_eg1(words, seconds, gate, restart=False):
    """Run with the gate as given; return the levels 0..1 of every tick."""
    levels = []
    for tick in range(round(seconds * TICK_HZ)):
        words[EG1_RESTART] = 1 if gate and (not words[EG1_GATE] or (restart and tick == 0)) else 0
        words[EG1_GATE] = gate
        step_eg1()
        levels.append(words[EG1_LEVEL_Q28] / FULL_Q28)
    return levels


@pytest.mark.parametrize("delay_s", [0, 0.001, 0.05, 1.0])
def test_eg1_waits_for_its_delay_to_the_tick(words, delay_s):
    set_eg1(words, delay_s=delay_s)
    levels = run_eg1(words, delay_s + 0.01, gate=1)
    assert next(i for i, level in enumerate(levels) if level > 0) == round(delay_s * TICK_HZ)


@pytest.mark.parametrize("attack_s", [0.0005, 0.01, 0.3, 2.0])
def test_eg1_rises_in_its_time_and_stays_at_the_top_while_gated(words, attack_s):
    set_eg1(words, attack_s=attack_s)
    levels = run_eg1(words, attack_s * 1.2 + 0.1, gate=1)
    reached = next(i for i, level in enumerate(levels) if level >= 1.0) + 1
    assert reached / TICK_HZ == pytest.approx(attack_s, rel=0.02, abs=1.01 / TICK_HZ)
    assert set(levels[reached:]) == {1.0}


@pytest.mark.parametrize("release_s", [0.0005, 0.01, 0.2, 3.0])
def test_eg1_falls_to_one_percent_in_its_time_and_then_to_nothing(words, release_s):
    set_eg1(words, release_s=release_s)
    run_eg1(words, 0.05, gate=1)
    levels = run_eg1(words, release_s * 5 + 1, gate=0)
    crossed = next(i for i, level in enumerate(levels) if level <= 0.01)
    assert crossed / TICK_HZ == pytest.approx(release_s, rel=0.02, abs=2 / TICK_HZ)
    assert levels[-1] == 0


def test_a_gate_shorter_than_the_delay_leads_to_nothing(words):
    set_eg1(words, delay_s=0.1)
    assert max(run_eg1(words, 0.05, gate=1) + run_eg1(words, 0.3, gate=0)) == 0


def test_eg1_restarts_from_the_present_level_which_falls_through_the_delay(words):
    set_eg1(words, delay_s=0.02, attack_s=0.1, release_s=0.2)
    run_eg1(words, 0.2, gate=1)
    before = words[EG1_LEVEL_Q28] / FULL_Q28
    levels = run_eg1(words, 0.1, gate=1, restart=True)
    lowest = min(levels)
    assert before > levels[0] > lowest
    assert levels.index(lowest) == pytest.approx(0.02 * TICK_HZ, abs=1)
    assert lowest == pytest.approx(math.exp(-0.02 * FALL_TIME_CONSTANTS / 0.2), abs=0.01)


@settings(max_examples=30)
@given(
    st.floats(0, 1),
    st.floats(0.0005, 10),
    st.floats(0.0005, 10),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, 300)), min_size=1, max_size=8),
)
def test_any_setting_of_eg1_stays_in_range_and_steps_no_more_than_its_rates(
    delay_s, attack_s, release_s, gates
):
    import memory

    set_eg1(memory.state, delay_s, attack_s, release_s)
    for gate, restart, ticks in gates:
        for level in run_eg1(memory.state, ticks / TICK_HZ, int(gate), restart):
            assert 0 <= level <= 1
