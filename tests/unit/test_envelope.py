"""EG 2's shape, in simulated ticks."""

import math

import pytest
from envelope import FULL_Q28, step_eg2
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import ATTACK_TIME_CONSTANTS, FALL_TIME_CONSTANTS, rate
from state import (
    EG2_ATTACK_RATE,
    EG2_ATTACK_SHIFT,
    EG2_DECAY_RATE,
    EG2_DECAY_SHIFT,
    EG2_HOLD_TICKS,
    EG2_LEVEL_Q28,
    EG2_RELEASE_RATE,
    EG2_RELEASE_SHIFT,
    EG2_SUSTAIN_U16,
    EG_GATE,
    EG_RESTART,
)

TICK_HZ = 8000


def set_times(words, attack_s=0.01, decay_s=0.1, sustain=0.5, release_s=0.1, hold_s=0.0):
    words[EG2_ATTACK_RATE], words[EG2_ATTACK_SHIFT] = rate(attack_s, ATTACK_TIME_CONSTANTS)
    words[EG2_DECAY_RATE], words[EG2_DECAY_SHIFT] = rate(decay_s, FALL_TIME_CONSTANTS)
    words[EG2_RELEASE_RATE], words[EG2_RELEASE_SHIFT] = rate(release_s, FALL_TIME_CONSTANTS)
    words[EG2_SUSTAIN_U16] = round(sustain * 65535)
    words[EG2_HOLD_TICKS] = round(hold_s * TICK_HZ)


def run(words, seconds, gate):
    """Run with the gate as given; return the levels 0..1 of every tick."""
    levels = []
    for _ in range(round(seconds * TICK_HZ)):
        words[EG_RESTART] = 1 if gate and not words[EG_GATE] else 0
        words[EG_GATE] = gate
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
