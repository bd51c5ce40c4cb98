"""Portamento, in notes and seconds."""

import math

import memory
import numpy as np
from board import TICK_HZ
from hypothesis import given
from hypothesis import strategies as st
from laws import FALL_TIME_CONSTANTS, rate
from state import GLIDE_Q20, GLIDE_RATE, TARGET_Q20
from viper_numba import WORDS, compiled, driver

SEMITONE_Q20 = 1 << 20
CENT_Q20 = SEMITONE_Q20 / 100
LONGEST_S = 10
ARRIVED_SHARE = 0.99

step_glide = compiled("glide", "step_glide", exact=True)

notes = st.integers(0, 127)
times_s = st.floats(math.log(0.001), math.log(LONGEST_S)).map(math.exp)
"""PORTAMENTO TIME above 0; short ones as likely as long ones."""


@driver
def glide(words, pitches):
    for tick in range(pitches.size):
        step_glide()
        pitches[tick] = words[GLIDE_Q20]


def at(note):
    return (note - 60) * SEMITONE_Q20


def run(seconds):
    """Let it glide; the pitch after each tick, in 1/2^20 semitone."""
    pitches = np.zeros(max(round(seconds * TICK_HZ), 1), np.int32)
    glide(WORDS, pitches)
    return pitches


def start(words, time_s, pitch):
    """Let it rest at a pitch."""
    memory.clear()
    words[GLIDE_RATE] = rate(time_s, FALL_TIME_CONSTANTS) if time_s else 0
    words[GLIDE_Q20] = pitch


def ticks_for(pitches, start_q20, target_q20):
    """Ticks until 99 % of the way are done."""
    way = np.abs(target_q20 - pitches) / abs(target_q20 - start_q20)
    return int(np.argmax(way <= 1 - ARRIVED_SHARE)) + 1


@given(notes, notes, times_s)
def test_any_interval_is_done_to_99_percent_in_the_set_time(first, second, time_s):
    if first == second:
        return
    start(memory.state, time_s, at(first))
    memory.state[TARGET_Q20] = at(second)
    ticks = ticks_for(run(time_s * 1.1 + 0.001), at(first), at(second))
    assert abs(ticks / TICK_HZ - time_s) <= 0.02 * time_s + 1 / TICK_HZ


@given(notes, notes, times_s)
def test_it_never_turns_back_never_overshoots_and_arrives_exactly(first, second, time_s):
    start(memory.state, time_s, at(first))
    memory.state[TARGET_Q20] = at(second)
    pitches = run(time_s * 4 + 0.01)
    steps = np.diff(pitches, prepend=at(first))
    assert (steps >= 0).all() if second > first else (steps <= 0).all()
    assert pitches[-1] == at(second)


@given(notes, notes, times_s)
def test_down_is_up_in_a_mirror(first, second, time_s):
    ways = []
    for one, other in ((first, second), (second, first)):
        start(memory.state, time_s, at(one))
        memory.state[TARGET_Q20] = at(other)
        ways.append(np.abs(run(time_s) - at(one)))
    assert abs(ways[0] - ways[1]).max() < CENT_Q20 / 1000


@given(notes, notes, notes, times_s, st.floats(0, 1))
def test_a_new_note_on_the_way_starts_from_where_the_pitch_is(first, second, third, time_s, share):
    start(memory.state, time_s, at(first))
    memory.state[TARGET_Q20] = at(second)
    before = run(time_s * share)[-1]
    memory.state[TARGET_Q20] = at(third)
    after = run(time_s * 1.1 + 0.01)
    first_step = abs(at(third) - before) * -math.expm1(-FALL_TIME_CONSTANTS / time_s / TICK_HZ)
    assert abs(after[0] - before) <= first_step * 1.01 + CENT_Q20 / 100
    assert abs(at(third) - after[-1]) <= abs(at(third) - before) / 50 + CENT_Q20


@given(notes, notes)
def test_without_portamento_the_pitch_is_there_at_once(first, second):
    start(memory.state, 0, at(first))
    memory.state[TARGET_Q20] = at(second)
    assert run(1 / TICK_HZ)[-1] == at(second)


def test_the_longest_glide_of_a_semitone_has_no_audible_step(words):
    start(words, LONGEST_S, at(60))
    words[TARGET_Q20] = at(61)
    assert np.abs(np.diff(run(LONGEST_S))).max() < CENT_Q20 / 50
