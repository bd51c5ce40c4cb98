"""What a plug does to the normalled modulation: which, how soon, and without a click."""

import memory
import numpy as np
import pytest
from board import IN_PLUG_FREQ, IN_PLUG_HPF_CUTOFF, IN_PLUG_LPF_CUTOFF, IN_PLUG_TOTAL, IN_PLUG_TRIG, TICK_HZ
from controls import combine
from hypothesis import given
from hypothesis import strategies as st
from normals import fade, plugs_moved, weigh_depths
from state import (
    DEPTH,
    DEPTH_COUNT,
    DEPTH_NOW,
    DEPTHS_DUE,
    EG1_TO_PITCH,
    EG2_TO_HPF,
    EG2_TO_LPF,
    MG_TO_HPF,
    MG_TO_LPF,
    MG_TO_PITCH,
    NORMALS_FADING,
    PLUGS_IN,
    PLUGS_STEADY_TICKS,
    TICKS,
)

TOTAL, FREQ, HPF, LPF = (
    1 << bit for bit in (IN_PLUG_TOTAL, IN_PLUG_FREQ, IN_PLUG_HPF_CUTOFF, IN_PLUG_LPF_CUTOFF)
)
BROKEN_BY = {
    TOTAL: {MG_TO_PITCH, MG_TO_HPF, MG_TO_LPF},
    FREQ: {EG1_TO_PITCH},
    HPF: {EG2_TO_HPF},
    LPF: {EG2_TO_LPF},
}
FULL_DEPTHS = {
    MG_TO_PITCH: 15_360,
    EG1_TO_PITCH: 30_720,
    MG_TO_HPF: 34_133,
    EG2_TO_HPF: 8_533,
    MG_TO_LPF: 34_133,
    EG2_TO_LPF: 8_533,
}
"""As the panel's knobs at 10 make them: panel_table.py."""
STEADY_MS = 0.5
FADE_MS = 5
NO_CLICK = 4 / 32**2
"""The largest second difference, from tick to tick, of a depth's course, as a share of the depth."""
ROUNDING = 2


def ticks(ms):
    return round(ms * TICK_HZ / 1000)


def run(words, switches, count):
    """Do what the tick does with the plug switches as read; the depths in use after each tick."""
    course = []
    for _ in range(count):
        if switches != words[PLUGS_IN] or words[PLUGS_STEADY_TICKS]:
            plugs_moved(switches)
        if words[NORMALS_FADING]:
            fade()
        if words[DEPTHS_DUE] and (words[TICKS] & 3 == 0 or words[NORMALS_FADING]):
            weigh_depths()
        words[TICKS] += 1
        course.append([int(words[DEPTH_NOW + depth]) for depth in range(DEPTH_COUNT)])
    return np.array(course)


def switch_on(words, depths=FULL_DEPTHS, switches=0):
    """Start the instrument with the knobs and plugs as given, and wait."""
    memory.clear()
    for depth, value in depths.items():
        words[DEPTH + depth] = value
    words[NORMALS_FADING] = 1
    return run(words, switches, ticks(20))[-1]


def test_without_plugs_every_depth_is_its_knobs(words):
    assert list(switch_on(words)) == [FULL_DEPTHS[depth] for depth in range(DEPTH_COUNT)]


@pytest.mark.parametrize("switches", BROKEN_BY, ids=["TOTAL", "FREQ", "HPF CUTOFF", "LPF CUTOFF"])
def test_a_plug_breaks_its_own_normals_and_its_pull_restores_them(words, switches):
    whole = switch_on(words)
    broken = run(words, switches, ticks(STEADY_MS + FADE_MS))[-1]
    for depth in range(DEPTH_COUNT):
        assert broken[depth] == (0 if depth in BROKEN_BY[switches] else whole[depth])
    assert list(run(words, 0, ticks(STEADY_MS + FADE_MS))[-1]) == list(whole)


@pytest.mark.parametrize("switches", BROKEN_BY, ids=["TOTAL", "FREQ", "HPF CUTOFF", "LPF CUTOFF"])
def test_a_plug_that_is_in_at_power_on_has_broken_its_normals(words, switches):
    started = switch_on(words, switches=switches)
    assert {depth for depth in range(DEPTH_COUNT) if started[depth] == 0} == BROKEN_BY[switches]


def test_other_jacks_break_nothing(words):
    whole = switch_on(words)
    assert (run(words, 1 << IN_PLUG_TRIG, ticks(10)) == whole).all()


def test_a_switch_counts_when_it_has_kept_still_for_half_a_millisecond(words):
    switch_on(words)
    for _ in range(20):
        run(words, TOTAL, ticks(STEADY_MS) - 1)
        assert words[PLUGS_IN] == 0
        run(words, 0, 1)
    run(words, TOTAL, ticks(STEADY_MS))
    assert words[PLUGS_IN] == TOTAL


def test_two_switches_that_take_turns_do_not_count_as_still(words):
    switch_on(words)
    for switches in [TOTAL, TOTAL | FREQ, FREQ] * 8:
        run(words, switches, ticks(STEADY_MS) - 1)
        assert words[PLUGS_IN] == 0


readings = st.lists(
    st.tuples(st.lists(st.sampled_from(list(BROKEN_BY)), max_size=4), st.integers(1, 60)), max_size=12
)
"""Switches that are read for so many ticks: plugs that come and go, and bounce."""


@given(readings, st.lists(st.integers(0, 34_133), min_size=DEPTH_COUNT, max_size=DEPTH_COUNT))
def test_no_plugging_or_bouncing_clicks(sequence, depths):
    words = memory.state
    start = switch_on(words, dict(enumerate(depths)))
    courses = [[start, start]]
    for plugs, count in sequence:
        courses.append(run(words, sum(set(plugs)), count))
    courses.append(run(words, 0, ticks(30)))
    course = np.concatenate(courses)
    bends = np.abs(np.diff(course, 2, axis=0)).max(axis=0)
    assert (bends <= np.array(depths) * NO_CLICK + ROUNDING).all()
    assert (course >= 0).all()
    assert (course <= depths).all()
    assert list(course[-1]) == depths, "what has come back has come back whole"


@pytest.mark.parametrize("faded", [0, 1, 2, 3])
def test_a_knob_turned_while_its_normal_fades_acts_with_the_gain_of_the_moment(words, faded):
    """In any of the four ticks of the knobs' turn; out of the fade a knob waits for at most that."""
    whole = switch_on(words)
    course = run(words, FREQ, ticks(STEADY_MS + 2) + faded)
    share = course[-1][EG1_TO_PITCH] / whole[EG1_TO_PITCH]
    assert 0.05 < share < 0.95
    words[DEPTH + EG1_TO_PITCH] = 10_000
    combine()
    after = run(words, FREQ, 1)[-1][EG1_TO_PITCH] / 10_000
    assert share - 0.06 < after < share
    assert run(words, FREQ, ticks(FADE_MS))[-1][EG1_TO_PITCH] == 0


def test_a_knob_turned_under_a_plug_comes_with_the_pull(words):
    switch_on(words, switches=LPF)
    words[DEPTH + EG2_TO_LPF] = 4_000
    combine()
    assert run(words, LPF, 8)[-1][EG2_TO_LPF] == 0
    assert run(words, 0, ticks(STEADY_MS + FADE_MS))[-1][EG2_TO_LPF] == 4_000


def test_a_knob_turned_without_plugs_acts_within_half_a_millisecond(words):
    for phase in range(8):
        switch_on(words)
        run(words, 0, phase)
        words[DEPTH + EG2_TO_LPF] = 1_234
        combine()
        assert run(words, 0, 4)[-1][EG2_TO_LPF] == 1_234
