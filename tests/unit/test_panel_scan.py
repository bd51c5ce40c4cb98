"""Knobs at rest stay silent; knobs that turn are followed."""

import itertools
import random

import pytest
from panel_scan import SCAN_HZ, take
from state import MUX_ADDRESS, PANEL_CHANGED, PANEL_CHANGES, PANEL_REPORTED_Q4, PANEL_SAMPLE


def turn_to(words, codes, address=0, mux=0):
    """Let one input see these conversions; return the reports after each."""
    reports = []
    for code in codes:
        words[PANEL_SAMPLE + mux] = code
        words[MUX_ADDRESS] = address
        take()
        reports.append(words[PANEL_REPORTED_Q4 + mux * 16 + address] / 16)
    return reports


def test_a_step_is_seen_within_five_milliseconds_and_settles_on_the_value(words):
    reports = turn_to(words, [3000] * SCAN_HZ)
    assert reports[0] == 0, "one sample may be a spike"
    assert reports[1] == 3000
    assert reports[-1] == pytest.approx(3000, abs=2)


def test_a_still_knob_reports_nothing_in_a_minute_of_noise(words):
    noise = random.Random(20)
    turn_to(words, [2000] * SCAN_HZ)
    before = words[PANEL_CHANGES]
    turn_to(words, [2000 + round(noise.gauss(0, 2)) for _ in range(60 * SCAN_HZ)])
    assert words[PANEL_CHANGES] == before


def test_a_slow_turn_is_followed_finely(words):
    turn_to(words, [1000] * SCAN_HZ)
    ramp = [1000 + i // 5 for i in range(2000)]
    reports = turn_to(words, ramp)
    steps = [b - a for a, b in itertools.pairwise(reports[200:])]
    assert max(steps) <= 2
    assert reports[-1] == pytest.approx(ramp[-1], abs=3)


def test_inputs_do_not_mix(words):
    words[PANEL_SAMPLE], words[PANEL_SAMPLE + 1], words[PANEL_SAMPLE + 2] = 4000, 0, 2000
    for _ in range(SCAN_HZ):
        words[MUX_ADDRESS] = 5
        take()
    changed = [channel for channel in range(48) if words[PANEL_CHANGED + channel]]
    assert changed == [5, 37]
