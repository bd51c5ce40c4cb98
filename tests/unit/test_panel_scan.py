"""Knobs at rest stay silent; knobs that turn are followed."""

import itertools

import memory
import numpy as np
import panel_inputs
import pytest
from board import ADC_FULL, KIND_MONITOR, KIND_SPARE, MUX_ADDRESSES, MUX_COUNT, PANEL, PANEL_COUNT, TICK_HZ
from hypothesis import given
from hypothesis import strategies as st
from laws import ONE_X15, position_of
from panel_inputs import turned
from panel_scan import KNOB_ADDRESSES, SCAN_HZ, SCAN_TICKS, take
from state import MUX_ADDRESS, PANEL_CHANGED, PANEL_REPORTED_Q4, PANEL_SAMPLE
from viper_numba import WORDS

SEEN_TICKS = 2 * SCAN_TICKS
"""Two samples of an input: 3.5 ms."""
REST_TICKS = TICK_HZ // 2
LEAST_TRAVEL = 8
"""Codes (0.2 %) that a knob must travel to be noticed when it has been at rest."""
QUICK_CODES_PER_S = 60
"""A turn that is faster (a whole turn in 70 s) is followed code by code."""

codes = st.integers(0, ADC_FULL)
knobs = st.sampled_from(
    [channel for channel in range(PANEL_COUNT) if channel % MUX_ADDRESSES < KNOB_ADDRESSES]
)
phases = st.integers(0, SCAN_TICKS - 1)


def follow(channel, heights, phase=0):
    """Let a knob stand at heights[0] until it rests, then at one after the other; the reports in codes, a tick each."""
    memory.clear()
    rest = np.full(REST_TICKS + phase, heights[0])
    told = np.concatenate([rest, heights]).round().astype(np.int32)
    reports = np.zeros(told.size, np.int32)
    turned(WORDS, channel, told, reports)
    return reports[rest.size :] / 16


# --- At rest ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("quarter", range(4))
def test_no_phantom_edit_in_an_hour_of_noise_wander_and_cables(words, quarter):
    """In quarters: 0 and 2 as the instrument was switched on, 1 and 3 after hands have turned everything."""
    edits, bursts_heard = panel_inputs.quarter_of_an_hour(WORDS, quarter)
    assert edits == 0
    assert bursts_heard == pytest.approx(900, abs=120)


@given(knobs, codes, codes, phases)
def test_a_spike_in_one_sample_never_shows(channel, still, spike, phase):
    heights = np.full(6 * SCAN_TICKS, still)
    heights[SCAN_TICKS : 2 * SCAN_TICKS] = spike
    reports = follow(channel, heights, phase)
    assert set(reports) == {reports[0]}


# --- Turned -------------------------------------------------------------------------------------------------


@given(knobs, codes, codes, phases)
def test_a_step_is_seen_within_four_milliseconds_from_any_phase_of_the_scan(channel, before, after, phase):
    if abs(after - before) <= 24:
        return
    heights = np.full(REST_TICKS, after)
    heights[0] = before
    reports = follow(channel, heights, phase)
    assert np.abs(reports[SEEN_TICKS:] - after).max() <= 1


@given(knobs, codes, st.integers(LEAST_TRAVEL + 2, 24), st.sampled_from([-1, 1]), phases)
def test_a_tiny_step_is_seen_within_a_fiftieth_of_a_second(channel, before, travel, direction, phase):
    after = before + direction * travel
    if not 0 <= after <= ADC_FULL:
        return
    heights = np.full(REST_TICKS, after)
    heights[0] = before
    reports = follow(channel, heights, phase)
    assert np.abs(reports[TICK_HZ // 50 :] - after).max() <= 1


@given(knobs, codes, codes, st.floats(0.5, 5.5), phases)
def test_a_turn_of_any_speed_is_followed(channel, before, after, log_speed, phase):
    """At every moment the report is where the knob stood in the last 3.5 ms, or as near as a knob at rest may be."""
    codes_per_s = max(10**log_speed, abs(after - before) / 20)
    ticks = round(abs(after - before) / codes_per_s * TICK_HZ)
    heights = np.concatenate([np.linspace(before, after, ticks + 2), np.full(REST_TICKS, after)])
    reports = follow(channel, heights, phase)
    earlier = np.lib.stride_tricks.sliding_window_view(heights, SEEN_TICKS + 1)
    late = reports[SEEN_TICKS:]
    off = np.maximum(earlier.min(axis=1) - late, late - earlier.max(axis=1))
    # On its way to being noticed the filter is three scans behind.
    assert off.max() <= min(24, LEAST_TRAVEL + 3 * codes_per_s / SCAN_HZ) + 2
    noticed = np.flatnonzero(reports[SEEN_TICKS:] != reports[0])
    if codes_per_s > QUICK_CODES_PER_S and noticed.size:
        assert off[noticed[0] :].max() <= 1.5
    assert abs(reports[-1] - after) <= LEAST_TRAVEL + 1


@given(knobs, codes, st.sampled_from([0, ADC_FULL]), st.floats(1, 5.5), phases)
def test_a_knob_that_is_turned_to_its_end_reaches_it(channel, before, end, log_speed, phase):
    ticks = round(max(abs(end - before) / 10**log_speed, 0.001) * TICK_HZ)
    heights = np.concatenate([np.linspace(before, end, min(ticks, 20 * TICK_HZ)), np.full(REST_TICKS, end)])
    reports = follow(channel, heights, phase)
    assert position_of(round(reports[-1] * 16)) == (ONE_X15 if end else 0)


def test_a_slow_turn_is_followed_finely(words):
    """Two codes a scan, as of a knob that takes three and a half seconds for its travel: no report jumps."""
    heights = 1000 + np.arange(2 * TICK_HZ) / SCAN_TICKS * 2
    reports = follow(0, heights)
    steps = [b - a for a, b in itertools.pairwise(reports[TICK_HZ // 10 :])]
    assert 0 < max(steps) <= 4
    assert min(steps) >= 0


# --- The scan -----------------------------------------------------------------------------------------------


def test_a_scan_visits_every_knob_once_and_three_scans_all_else(words):
    rarely = MUX_ADDRESSES - KNOB_ADDRESSES
    addresses = panel_inputs.addresses_of(words, rarely * SCAN_TICKS)
    for scan in range(rarely):
        visited = addresses[scan * SCAN_TICKS :][:SCAN_TICKS]
        assert visited == [*range(KNOB_ADDRESSES), KNOB_ADDRESSES + scan]
    assert SCAN_HZ >= 500


def test_every_control_of_the_board_is_at_an_address_of_every_scan():
    controls = [channel for channel, (_, kind) in enumerate(PANEL) if kind not in (KIND_SPARE, KIND_MONITOR)]
    assert len(controls) == 37
    assert max(channel % MUX_ADDRESSES for channel in controls) < KNOB_ADDRESSES


def test_inputs_do_not_mix(words):
    words[PANEL_SAMPLE], words[PANEL_SAMPLE + 1], words[PANEL_SAMPLE + 2] = 4000, 0, 2000
    for _ in range(SCAN_HZ):
        words[MUX_ADDRESS] = 5
        take()
    changed = [channel for channel in range(MUX_COUNT * MUX_ADDRESSES) if words[PANEL_CHANGED + channel]]
    assert changed == [5, 37]
    assert [words[PANEL_REPORTED_Q4 + channel] // 16 for channel in changed] == [4000, 2000]
