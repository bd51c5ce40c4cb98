"""The panel's voltages: three samples a tick, filtered so that a still knob is silent and a turned one is quick.

Each tick converts the commons of the three multiplexers at one address. The 13 addresses with knobs come in turn,
then one of the three with monitors alone: 14 ticks a round, every knob at TICK_HZ / 14 = 571 Hz. Of an input's last
three samples the middle one counts, so that a spike that hits one sample (a cable being plugged) is not there.

    at rest    The middle one goes through a one-pole filter (a quarter of the way each time). What the main loop sees
               stands still until the filtered value is more than 8 codes from where the input came to rest, or the
               middle one more than 24: then somebody turns.
    moving     The middle one is followed as it comes, in steps of more than one code, for as long as the knob travels
               8 codes within a fifth of a second.

Worked example, a step from 1000 to 3000: the first new sample is a spike as far as anyone knows; with the second, at
most 3.5 ms after the step, the middle one is 3000, and that is reported. Worked example, a cable's burst of 300 codes
for 1.2 ms: no input is sampled twice in it, no middle one moves. Codes are kept times 16 (q4).
"""

# link: constants

import micropython
from board import MUX_ADDRESSES, MUX_COUNT, TICK_HZ
from state import (
    MONITOR_PLACE,
    MUX_ADDRESS,
    PANEL_ANCHOR_Q4,
    PANEL_CHANGED,
    PANEL_CHANGES,
    PANEL_FILTERED_Q4,
    PANEL_LAST,
    PANEL_MOVING,
    PANEL_REPORTED_Q4,
    PANEL_SAMPLE,
    SCAN_PLACE,
    STATE,
)

KNOB_ADDRESSES = 13
"""Addresses 0..12 hold all knobs (tests/unit/test_panel_scan.py checks); the others are monitors and spares."""
SCAN_TICKS = KNOB_ADDRESSES + 1
SCAN_HZ = TICK_HZ // SCAN_TICKS
CODE_BITS = 12
CODE_MASK = (1 << CODE_BITS) - 1
FILTER_SHIFT = 2
NEAR_Q4 = 8 << 4
FAR_Q4 = 24 << 4
STEP_Q4 = 1 << 4
MOVING_SCANS = SCAN_HZ // 5


# link: inline
@micropython.viper
def take():
    """Take the three 12-bit samples of the present multiplexer address (PANEL_SAMPLE, one a multiplexer)."""
    s = ptr32(STATE)
    address = s[MUX_ADDRESS]
    p = ptr32(STATE + (address << 2))
    mux = 0
    while mux < MUX_COUNT:
        newest = s[PANEL_SAMPLE + mux]
        last = p[PANEL_LAST]
        oldest = last >> CODE_BITS
        last = last & CODE_MASK
        p[PANEL_LAST] = last << CODE_BITS | newest
        # The middle one of three.
        if oldest > last:
            low = last
            high = oldest
        else:
            low = oldest
            high = last
        middle = newest
        if newest < low:
            middle = low
        elif newest > high:
            middle = high
        middle <<= 4
        if p[PANEL_MOVING] == 0:
            away = middle - p[PANEL_FILTERED_Q4]
            if away:
                filtered = p[PANEL_FILTERED_Q4] + (away >> FILTER_SHIFT)
                p[PANEL_FILTERED_Q4] = filtered
                away = filtered - p[PANEL_ANCHOR_Q4]
                far = middle - p[PANEL_ANCHOR_Q4]
                if away > NEAR_Q4 or away < 0 - NEAR_Q4 or far > FAR_Q4 or far < 0 - FAR_Q4:
                    p[PANEL_MOVING] = MOVING_SCANS
                    p[PANEL_ANCHOR_Q4] = middle
        if p[PANEL_MOVING]:
            follow(int(p), middle)
        p = ptr32(int(p) + (MUX_ADDRESSES << 2))
        mux += 1
    place = s[SCAN_PLACE] + 1
    address = place
    if place == KNOB_ADDRESSES:
        address += s[MONITOR_PLACE]
        s[MONITOR_PLACE] += 1
        if s[MONITOR_PLACE] == MUX_ADDRESSES - KNOB_ADDRESSES:
            s[MONITOR_PLACE] = 0
    elif place > KNOB_ADDRESSES:
        place = 0
        address = 0
    s[SCAN_PLACE] = place
    s[MUX_ADDRESS] = address


# link: inline
@micropython.viper
def follow(place: int, middle: int):
    """Follow a moving input; `place` is the address of its words (STATE + channel * 4)."""
    p = ptr32(place)
    p[PANEL_FILTERED_Q4] = middle
    travel = middle - p[PANEL_ANCHOR_Q4]
    if travel > NEAR_Q4 or travel < 0 - NEAR_Q4:
        p[PANEL_MOVING] = MOVING_SCANS
        p[PANEL_ANCHOR_Q4] = middle
    else:
        p[PANEL_MOVING] -= 1
        if p[PANEL_MOVING] == 0:
            p[PANEL_ANCHOR_Q4] = middle
    away = middle - p[PANEL_REPORTED_Q4]
    if away > STEP_Q4 or away < 0 - STEP_Q4:
        p[PANEL_REPORTED_Q4] = middle
        p[PANEL_CHANGED] = 1
        s = ptr32(STATE)
        s[PANEL_CHANGES] += 1
