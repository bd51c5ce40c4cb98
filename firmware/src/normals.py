"""Plugs and normals: what a plug breaks, the firmware fades out, and in again when the plug is pulled.

    TOTAL              MG to the pitch and to both cutoffs (three depth knobs)
    FREQ               EG 1 to the pitch
    HPF CUTOFF FREQ    EG 2 to the HPF        LPF CUTOFF FREQ    EG 2 to the LPF

A switch of a jack counts when it has kept still for half a millisecond. Then the normal's gain walks 36 steps, a tick
each, 306 units along two parabolas: 0, 1, 2 .. 16, 17, 17, 16 .. 1, 0 a tick. It starts and ends at rest, so that nothing
clicks, and is through within 5 ms. A way that has begun is gone to its end: a contact that bounces for longer than that
half millisecond turns no gain round in the middle, and at the end a way back, too, begins at rest. Worked example: after
12 of 36 steps the gain is 12 * 11 / 2 = 66 of 306, after 18 it is 153, a half.
The sums use DEPTH_NOW, depth times gain; it is worked out only when a knob or a step asks for it, at most every
fourth tick for a knob.
"""

# link: constants

import micropython
from board import IN_PLUG_TOTAL, TICK_HZ
from state import (
    DEPTH,
    DEPTH_NOW,
    DEPTHS_DUE,
    EG1_TO_PITCH,
    EG2_TO_HPF,
    EG2_TO_LPF,
    MG_TO_HPF,
    MG_TO_LPF,
    MG_TO_PITCH,
    NORMAL_COUNT,
    NORMAL_FREQ,
    NORMAL_GAIN,
    NORMAL_HPF,
    NORMAL_LPF,
    NORMAL_STEP,
    NORMAL_TOTAL,
    NORMALS_FADING,
    PLUGS_IN,
    PLUGS_SEEN,
    PLUGS_STEADY_TICKS,
    STATE,
)

PLUG_STEADY_TICKS = TICK_HZ // 2000
FADE_STEPS = 36
ROUND_STEPS = 2 * FADE_STEPS
"""NORMAL_STEP goes round: 0 = a plug broke the normal .. FADE_STEPS = it is whole .. ROUND_STEPS = 0 = broken again."""
UP_STEPS = FADE_STEPS // 2
FADE_UNITS = UP_STEPS * (UP_STEPS - 1)
GAIN_SHIFT = 14
GAIN_FULL = 1 << GAIN_SHIFT
UNIT_SHIFT = 10
UNIT_GAIN = (GAIN_FULL << UNIT_SHIFT) // FADE_UNITS + 1
"""Gain of a unit in 1/2^UNIT_SHIFT; rounded up, so that all units together make GAIN_FULL and nothing more."""


# link: inline
@micropython.viper
def plugs_moved(plugs: int):
    """Take the switches as just read, when they differ from what was accepted or are being timed."""
    s = ptr32(STATE)
    steady_ticks = s[PLUGS_STEADY_TICKS] + 1
    if plugs == s[PLUGS_IN]:
        steady_ticks = 0
    elif plugs != s[PLUGS_SEEN]:
        steady_ticks = 1
    s[PLUGS_SEEN] = plugs
    s[PLUGS_STEADY_TICKS] = steady_ticks
    if steady_ticks >= PLUG_STEADY_TICKS:
        s[PLUGS_IN] = plugs
        s[PLUGS_STEADY_TICKS] = 0
        s[NORMALS_FADING] = 1


# link: inline
@micropython.viper
def fade():
    """Let every normal take a step towards where its plug wants it; called in each tick while one is on its way."""
    s = ptr32(STATE)
    s[NORMALS_FADING] = 0
    normal = 0
    while normal < NORMAL_COUNT:
        step = s[NORMAL_STEP + normal]
        rest = FADE_STEPS
        if (s[PLUGS_IN] >> (IN_PLUG_TOTAL + normal)) & 1:
            rest = 0
        if step != rest:
            step += 1
            if step == ROUND_STEPS:
                step = 0
            s[NORMAL_STEP + normal] = step
            s[NORMALS_FADING] = 1
        if step > FADE_STEPS:
            step = ROUND_STEPS - step
        units = (step * (step - 1)) >> 1
        if step > UP_STEPS:
            units = FADE_UNITS - (((FADE_STEPS - step) * (FADE_STEPS - 1 - step)) >> 1)
        s[NORMAL_GAIN + normal] = (units * UNIT_GAIN) >> UNIT_SHIFT
        normal += 1
    s[DEPTHS_DUE] = 1


# link: inline
@micropython.viper
def weigh_depths():
    """Work all depths out, each times its normal's gain."""
    s = ptr32(STATE)
    # Cleared first: a depth that the main loop changes meanwhile is worked out again.
    s[DEPTHS_DUE] = 0
    gain = s[NORMAL_GAIN + NORMAL_TOTAL]
    s[DEPTH_NOW + MG_TO_PITCH] = (s[DEPTH + MG_TO_PITCH] * gain) >> GAIN_SHIFT
    s[DEPTH_NOW + MG_TO_HPF] = (s[DEPTH + MG_TO_HPF] * gain) >> GAIN_SHIFT
    s[DEPTH_NOW + MG_TO_LPF] = (s[DEPTH + MG_TO_LPF] * gain) >> GAIN_SHIFT
    s[DEPTH_NOW + EG1_TO_PITCH] = (s[DEPTH + EG1_TO_PITCH] * s[NORMAL_GAIN + NORMAL_FREQ]) >> GAIN_SHIFT
    s[DEPTH_NOW + EG2_TO_HPF] = (s[DEPTH + EG2_TO_HPF] * s[NORMAL_GAIN + NORMAL_HPF]) >> GAIN_SHIFT
    s[DEPTH_NOW + EG2_TO_LPF] = (s[DEPTH + EG2_TO_LPF] * s[NORMAL_GAIN + NORMAL_LPF]) >> GAIN_SHIFT
