"""EG 2: hold, attack, decay, sustain, release, in RC-shaped segments, one step a tick.

An RC segment moves the same fraction of the remaining way in every tick:

    level += (target - level) * rate

With 80 000 ticks in the longest segment the fraction gets as small as 1/17 000, so it is kept as a mantissa
and a shift: rate = mantissa / 2^(12 + shift), mantissa 8192..16383. Worked example, release 1 s: it falls to
1 % in 8000 ticks, time constant 1737 ticks, rate 5.755e-4 = 9655 / 2^24: mantissa 9655, shift 12.
A level is Q28: (target - level) >> 12 fits 17 bits, times the mantissa 31 bits.

Attack aims at 1.5 and stops at 1.0, as an RC charged from a rail above the comparator's threshold does.
A new trigger starts from the level of the moment. HOLD keeps the gate on after the key is up (facts 6.3:
it stretches the trigger, it is not a hold at the peak).
"""

# link: constants

import micropython
from state import (
    EG2_ATTACK_RATE,
    EG2_ATTACK_SHIFT,
    EG2_DECAY_RATE,
    EG2_DECAY_SHIFT,
    EG2_HOLD_LEFT_TICKS,
    EG2_HOLD_TICKS,
    EG2_LEVEL_Q28,
    EG2_RELEASE_RATE,
    EG2_RELEASE_SHIFT,
    EG2_STAGE,
    EG2_SUSTAIN_U16,
    EG_GATE,
    EG_RESTART,
    STATE,
)

FULL_Q28 = 1 << 28
ATTACK_AIM_Q28 = 3 << 27
RELEASED = 0
ATTACK = 1
DECAY = 2


@micropython.viper
def step_eg2():
    """Advance EG 2 by one tick."""
    s = ptr32(STATE)
    level = s[EG2_LEVEL_Q28]
    stage = s[EG2_STAGE]
    if s[EG_GATE]:
        s[EG2_HOLD_LEFT_TICKS] = s[EG2_HOLD_TICKS]
        if s[EG_RESTART] or stage == RELEASED:
            stage = ATTACK
    elif s[EG2_HOLD_LEFT_TICKS] > 0:
        s[EG2_HOLD_LEFT_TICKS] -= 1
    else:
        stage = RELEASED
    if stage == ATTACK:
        level += (((ATTACK_AIM_Q28 - level) >> 12) * s[EG2_ATTACK_RATE]) >> s[EG2_ATTACK_SHIFT]
        if level >= FULL_Q28:
            level = FULL_Q28
            stage = DECAY
    elif stage == DECAY:
        level += ((((s[EG2_SUSTAIN_U16] << 12) - level) >> 12) * s[EG2_DECAY_RATE]) >> s[EG2_DECAY_SHIFT]
    else:
        level -= ((level >> 12) * s[EG2_RELEASE_RATE]) >> s[EG2_RELEASE_SHIFT]
        # The last 1/4000 of the way is below the DAC's step per tick: finish it at a steady crawl.
        if level > 0:
            level -= 1
    s[EG2_LEVEL_Q28] = level
    s[EG2_STAGE] = stage
