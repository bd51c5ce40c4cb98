"""MG: one phase, two outputs that are always in step; one knob turns the shapes of both.

A rises for a share of the period and falls for the rest; B is low while A rises and high while it falls:

    WAVE FORM 0     A falls all the time but for 1/64: falling saw      B high but for 1/64: wide pulse
    WAVE FORM 5     half and half: triangle                             B square
    WAVE FORM 10    A rises all the time but for 1/64: rising saw       B high for 1/64: narrow pulse

The 1/64 keeps the steep side of a saw a ramp (of six frames at the highest rate) and the pulse a pulse at both ends
of the knob; facts 6.2 know that on the MS-50 it disappears there, and nothing about the Mini. Which end is which saw
is uncertain too (two sources against one).

Worked example, triangle: `rise` is 131 072 of 262 144, both slopes 2^30 / 131 072 = 8192. At a quarter of the period
the place is 65 536: 65 536 * 8192 / 2^14 = 32 768 above the bottom: A stands at 0 V. A slope has eight more bits, the
256ths: without them a gentle side would end up to 1.2 mV short of where the next one begins.
"""

# link: constants

import micropython
from memory import state
from state import (
    MG_INCREMENT,
    MG_LEVEL_S16,
    MG_PHASE_Q30,
    MG_PULSE,
    MG_SHAPE,
    MG_SHAPE_IN_USE,
    MG_SHAPE_WORDS,
    STATE,
)

PERIOD_Q30 = 1 << 30
PHASE_MASK = PERIOD_Q30 - 1
PLACE_BITS = 18
PLACE_SHIFT = 30 - PLACE_BITS
SLOPE_SHIFT = 14
SLOPE_REST_BITS = 8
SLOPE_REST_MASK = (1 << SLOPE_REST_BITS) - 1
PLACES = 1 << PLACE_BITS
STEEPEST = PLACES // 64
TOP_S16 = 32_767
BOTTOM_S16 = -32_768
SHAPE_RISE = 0
SHAPE_UP = 1
SHAPE_DOWN = 2
FRACTION_BITS = 15
HALF_FRACTION_BITS = 8
"""The travel of `rise` is 31 * 2^13 places: nothing is lost by this shift."""


# link: inline
@micropython.viper
def step_mg():
    """Advance MG by one tick."""
    s = ptr32(STATE)
    phase = (s[MG_PHASE_Q30] + s[MG_INCREMENT]) & PHASE_MASK
    s[MG_PHASE_Q30] = phase
    place = phase >> PLACE_SHIFT
    shape = s[MG_SHAPE_IN_USE] + MG_SHAPE
    place -= s[shape + SHAPE_RISE]
    if place < 0:
        place += s[shape + SHAPE_RISE]
        slope = s[shape + SHAPE_UP]
        above = place * (slope >> SLOPE_REST_BITS) + ((place * (slope & SLOPE_REST_MASK)) >> SLOPE_REST_BITS)
        s[MG_LEVEL_S16] = (above >> SLOPE_SHIFT) + BOTTOM_S16
        s[MG_PULSE] = 0
    else:
        slope = s[shape + SHAPE_DOWN]
        below = place * (slope >> SLOPE_REST_BITS) + ((place * (slope & SLOPE_REST_MASK)) >> SLOPE_REST_BITS)
        s[MG_LEVEL_S16] = TOP_S16 - (below >> SLOPE_SHIFT)
        s[MG_PULSE] = 1


def set_wave_form(x15):
    """Turn WAVE FORM to 0..32768; the set of numbers that is not in use is written, then taken."""
    # In two shifts: the whole product has 33 bits and would be an object on the heap.
    rise = STEEPEST + (
        x15 * (PLACES - 2 * STEEPEST >> HALF_FRACTION_BITS) >> FRACTION_BITS - HALF_FRACTION_BITS
    )
    other = MG_SHAPE_WORDS - state[MG_SHAPE_IN_USE]
    state[MG_SHAPE + other + SHAPE_RISE] = rise
    state[MG_SHAPE + other + SHAPE_UP] = _slope(rise)
    state[MG_SHAPE + other + SHAPE_DOWN] = _slope(PLACES - rise)
    state[MG_SHAPE_IN_USE] = other


def _slope(places):
    """The slope of a side so many places long, times 256."""
    # PHASE_MASK, not 1 << 30, which would be an object on the heap.
    whole = PHASE_MASK // places
    rest = PHASE_MASK - whole * places
    return whole << SLOPE_REST_BITS | (rest << SLOPE_REST_BITS) // places
