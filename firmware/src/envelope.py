"""EG 1 (delay, attack, hold while gated, release) and EG 2 (hold, attack, decay, sustain, release), one step a tick.

All segments are RC-shaped: in every tick a segment goes the same fraction of the way that is left:

    level += (target - level) * rate

With 80 000 ticks in the longest segment the fraction gets as small as 1/17 000, so it is kept as a mantissa
and a shift in one word: rate = mantissa / 2^(12 + shift), mantissa 8192..16383. Worked example, release 1 s: it falls to
1 % in 8000 ticks, time constant 1737 ticks, rate 5.755e-4 = 9655 / 2^24: mantissa 9655, shift 12.
A level is Q28: (target - level) >> 12 fits 17 bits, times the mantissa 31 bits.

Attack aims at 1.5 and stops at 1.0, as an RC charged from a rail above the comparator's threshold does.
A new trigger starts from the level of the moment. EG 1's DELAY lets the level go on falling until it is over, and a
gate that ends before leads to no attack. EG 2's HOLD keeps the gate on after it has ended (facts 6.3: it stretches
the trigger, it is not a hold at the peak).
"""

# link: constants

import micropython
from state import (
    EG1_ATTACK_RATE,
    EG1_DELAY_LEFT_TICKS,
    EG1_DELAY_TICKS,
    EG1_GATE,
    EG1_LEVEL_Q28,
    EG1_RELEASE_RATE,
    EG1_RESTART,
    EG1_STAGE,
    EG2_ATTACK_RATE,
    EG2_DECAY_RATE,
    EG2_GATE,
    EG2_HOLD_LEFT_TICKS,
    EG2_HOLD_TICKS,
    EG2_LEVEL_Q28,
    EG2_RELEASE_RATE,
    EG2_RESTART,
    EG2_STAGE,
    EG2_SUSTAIN_U16,
    RATE_BITS,
    RATE_MASK,
    STATE,
)

FULL_Q28 = 1 << 28
ATTACK_AIM_Q28 = 3 << 27
LEVEL_SHIFT = 12
RELEASED = 0
ATTACK = 1
DECAY = 2  # EG 2
DELAY = 3  # EG 1
TOP = 4  # EG 1


# link: inline
@micropython.viper
def step_eg1():
    """Advance EG 1 by one tick."""
    s = ptr32(STATE)
    level = s[EG1_LEVEL_Q28]
    stage = s[EG1_STAGE]
    if s[EG1_GATE]:
        if s[EG1_RESTART] or stage == RELEASED:
            s[EG1_DELAY_LEFT_TICKS] = s[EG1_DELAY_TICKS]
            stage = DELAY
        if stage == DELAY:
            s[EG1_DELAY_LEFT_TICKS] -= 1
            if s[EG1_DELAY_LEFT_TICKS] < 0:
                stage = ATTACK
        if stage == ATTACK:
            rate = s[EG1_ATTACK_RATE]
            level += (((ATTACK_AIM_Q28 - level) >> LEVEL_SHIFT) * (rate & RATE_MASK)) >> (rate >> RATE_BITS)
            if level >= FULL_Q28:
                level = FULL_Q28
                stage = TOP
    else:
        stage = RELEASED
    if level and (stage == RELEASED or stage == DELAY):
        # The last 1/4000 of the way is below the DAC's step per tick: finish it at a steady crawl.
        rate = s[EG1_RELEASE_RATE]
        level -= (((level >> LEVEL_SHIFT) * (rate & RATE_MASK)) >> (rate >> RATE_BITS)) + 1
    s[EG1_LEVEL_Q28] = level
    s[EG1_STAGE] = stage


# link: inline
@micropython.viper
def step_eg2():
    """Advance EG 2 by one tick."""
    s = ptr32(STATE)
    level = s[EG2_LEVEL_Q28]
    stage = s[EG2_STAGE]
    if s[EG2_GATE]:
        s[EG2_HOLD_LEFT_TICKS] = s[EG2_HOLD_TICKS]
        if s[EG2_RESTART] or stage == RELEASED:
            stage = ATTACK
    elif s[EG2_HOLD_LEFT_TICKS] > 0:
        s[EG2_HOLD_LEFT_TICKS] -= 1
    else:
        stage = RELEASED
    if stage == ATTACK:
        rate = s[EG2_ATTACK_RATE]
        level += (((ATTACK_AIM_Q28 - level) >> LEVEL_SHIFT) * (rate & RATE_MASK)) >> (rate >> RATE_BITS)
        if level >= FULL_Q28:
            level = FULL_Q28
            stage = DECAY
    elif stage == DECAY:
        rate = s[EG2_DECAY_RATE]
        way = (s[EG2_SUSTAIN_U16] << LEVEL_SHIFT) - level
        level += ((way >> LEVEL_SHIFT) * (rate & RATE_MASK)) >> (rate >> RATE_BITS)
        # Both shifts round down, so the way down can end one step below nothing.
        if level < 0:
            level = 0
    elif level:
        rate = s[EG2_RELEASE_RATE]
        level -= (((level >> LEVEL_SHIFT) * (rate & RATE_MASK)) >> (rate >> RATE_BITS)) + 1
    s[EG2_LEVEL_Q28] = level
    s[EG2_STAGE] = stage
