"""The panel's voltages: three samples a tick, filtered so that a still knob is silent and a turned one is quick.

Each tick converts the commons of the three multiplexers at one address: all 48 inputs at TICK_HZ / 16 = 500 Hz.
A sample goes through a one-pole filter (a quarter of the way each time: 99 % after 16 scans, 32 ms; the step
that counts, half way, after 3) into 1/16 code steps. What the main loop sees stands still until the filtered
value has left a wide band around its anchor (the ADC wanders by several codes at its bad spots, E11); from then on
it follows in fine steps, for as long as the knob travels that far again within a fifth of a second.
"""

# link: constants

import micropython
from board import MUX_ADDRESSES, MUX_COUNT, TICK_HZ
from state import (
    MUX_ADDRESS,
    PANEL_ANCHOR_Q4,
    PANEL_CHANGED,
    PANEL_CHANGES,
    PANEL_FILTERED_Q4,
    PANEL_MOVING,
    PANEL_REPORTED_Q4,
    PANEL_SAMPLE,
    STATE,
)

SCAN_HZ = TICK_HZ // MUX_ADDRESSES
FILTER_SHIFT = 2
REST_BAND_Q4 = 12 << 4
MOVING_BAND_Q4 = 1 << 4
MOVING_SCANS = SCAN_HZ // 5
"""A fifth of a second of fine resolution after the last wide move."""


@micropython.viper
def take():
    """Take the three 12-bit samples of the present multiplexer address (PANEL_SAMPLE, one a multiplexer)."""
    s = ptr32(STATE)
    address = s[MUX_ADDRESS]
    mux = 0
    while mux < MUX_COUNT:
        p = ptr32(STATE + (mux * MUX_ADDRESSES + address) * 4)
        filtered = p[PANEL_FILTERED_Q4]
        filtered += ((s[PANEL_SAMPLE + mux] << 4) - filtered) >> FILTER_SHIFT
        p[PANEL_FILTERED_Q4] = filtered
        travel = filtered - p[PANEL_ANCHOR_Q4]
        if travel < 0:
            travel = 0 - travel
        moving = p[PANEL_MOVING]
        if travel > REST_BAND_Q4:
            moving = MOVING_SCANS + 1
            p[PANEL_ANCHOR_Q4] = filtered
        if moving:
            moving -= 1
            p[PANEL_MOVING] = moving
            if moving == 0:
                p[PANEL_ANCHOR_Q4] = filtered
            away = filtered - p[PANEL_REPORTED_Q4]
            if away > MOVING_BAND_Q4 or away < 0 - MOVING_BAND_Q4:
                p[PANEL_REPORTED_Q4] = filtered
                p[PANEL_CHANGED] = 1
                s[PANEL_CHANGES] += 1
        mux += 1
