"""Plugs and normals: what a plug breaks, the firmware fades out, and in again when the plug is pulled.

    TOTAL              MG to the pitch and to both cutoffs (three depth knobs)
    FREQ               EG 1 to the pitch
    HPF CUTOFF FREQ    EG 2 to the HPF        LPF CUTOFF FREQ    EG 2 to the LPF

A switch of a jack counts when it has kept still for half a millisecond. Then the normal's gain walks 32 steps, a tick
each, along two parabolas: it starts and ends at rest, so that nothing clicks, and is through after 4 ms.
Worked example: at step 8 of 32 the gain is 2 * 8 * 8 / 1024 = 1/8, at step 16 one half, at step 24 seven eighths.
The sums use DEPTH_NOW, depth times gain; it is worked out anew only when a knob, a plug or a step asks for it.
"""

# link: constants

import micropython
from board import IN_PLUG_TOTAL, TICK_HZ
from state import (
    DEPTH,
    DEPTH_NOW,
    EG1_TO_PITCH,
    EG2_TO_HPF,
    EG2_TO_LPF,
    MG_TO_HPF,
    MG_TO_LPF,
    MG_TO_PITCH,
    NORMAL_COUNT,
    NORMAL_FREQ,
    NORMAL_HPF,
    NORMAL_LPF,
    NORMAL_STEP,
    NORMAL_TOTAL,
    NORMALS_DUE,
    PLUGS_IN,
    PLUGS_SEEN,
    PLUGS_STEADY_TICKS,
    STATE,
)

PLUG_STEADY_TICKS = TICK_HZ // 2000
FADE_STEPS = 32
GAIN_SHIFT = 10
GAIN_FULL = 1 << GAIN_SHIFT
GAIN_STEP = 2 * GAIN_FULL // (FADE_STEPS * FADE_STEPS)
"""The two parabolas meet half way: GAIN_STEP * (FADE_STEPS / 2)^2 is half of GAIN_FULL."""


@micropython.viper
def plugs_moved(plugs: int):
    """Take the switches as just read, when they differ from what was accepted or are being timed."""
    s = ptr32(STATE)
    if plugs == s[PLUGS_IN] or plugs != s[PLUGS_SEEN]:
        s[PLUGS_SEEN] = plugs
        s[PLUGS_STEADY_TICKS] = 0
        if plugs == s[PLUGS_IN]:
            return
    s[PLUGS_STEADY_TICKS] += 1
    if s[PLUGS_STEADY_TICKS] >= PLUG_STEADY_TICKS:
        s[PLUGS_IN] = plugs
        s[PLUGS_STEADY_TICKS] = 0
        s[NORMALS_DUE] = 1


@micropython.viper
def fade():
    """Let every normal take a step towards where its plug wants it, and work all depths out."""
    s = ptr32(STATE)
    s[NORMALS_DUE] = 0
    normal = 0
    while normal < NORMAL_COUNT:
        step = s[NORMAL_STEP + normal]
        if (s[PLUGS_IN] >> (IN_PLUG_TOTAL + normal)) & 1:
            if step > 0:
                step -= 1
                s[NORMALS_DUE] = 1
        elif step < FADE_STEPS:
            step += 1
            s[NORMALS_DUE] = 1
        s[NORMAL_STEP + normal] = step
        normal += 1
    gain = int(gain_of(NORMAL_TOTAL))
    s[DEPTH_NOW + MG_TO_PITCH] = (s[DEPTH + MG_TO_PITCH] * gain) >> GAIN_SHIFT
    s[DEPTH_NOW + MG_TO_HPF] = (s[DEPTH + MG_TO_HPF] * gain) >> GAIN_SHIFT
    s[DEPTH_NOW + MG_TO_LPF] = (s[DEPTH + MG_TO_LPF] * gain) >> GAIN_SHIFT
    s[DEPTH_NOW + EG1_TO_PITCH] = (s[DEPTH + EG1_TO_PITCH] * int(gain_of(NORMAL_FREQ))) >> GAIN_SHIFT
    s[DEPTH_NOW + EG2_TO_HPF] = (s[DEPTH + EG2_TO_HPF] * int(gain_of(NORMAL_HPF))) >> GAIN_SHIFT
    s[DEPTH_NOW + EG2_TO_LPF] = (s[DEPTH + EG2_TO_LPF] * int(gain_of(NORMAL_LPF))) >> GAIN_SHIFT


@micropython.viper
def gain_of(normal: int) -> int:
    """Gain of a normal, 0..GAIN_FULL."""
    s = ptr32(STATE)
    step = s[NORMAL_STEP + normal]
    if step + step <= FADE_STEPS:
        return GAIN_STEP * step * step
    left = FADE_STEPS - step
    return GAIN_FULL - GAIN_STEP * left * left
