"""Portamento: the keyboard's pitch on its way from note to note, one step a tick.

Like the RC circuit of the original, each tick goes the same fraction of the way that is left: fast at first, then
slower, and a far note takes as long as a near one. PORTAMENTO TIME is the time in which 99 % of the way is done.
Pitch is in q20 (1/2^20 semitone); the fraction is a mantissa and a shift as in envelope.py. What a step has less than
1/2^20 semitone waits for the next one, so that even the steps of 10 s for a semitone, which end below that, take their
time. Worked example, 1 s and an octave up: rate 9655 / 2^24; the first tick moves 12 * 5.755e-4 semitones = 0.7 cents,
after 1737 ticks 63 % are done. The last 0.2 cents go at a steady pace, so that it arrives.
"""

# link: constants

import micropython
from state import GLIDE_Q20, GLIDE_RATE, GLIDE_REST, RATE_BITS, RATE_MASK, STATE, TARGET_Q20

WAY_SHIFT = 12
"""A way of 127 semitones less these bits, times a mantissa of 14, fits 31 bits."""
WAY_ROUND = 1 << WAY_SHIFT >> 1


# link: inline
@micropython.viper
def step_glide():
    """Advance the glide by one tick."""
    s = ptr32(STATE)
    way = s[TARGET_Q20] - s[GLIDE_Q20]
    if way:
        rate = s[GLIDE_RATE]
        if rate:
            left = way
            if left < 0:
                left = 0 - left
            part = (left + WAY_ROUND) >> WAY_SHIFT
            if part == 0:
                part = 1
            part = part * (rate & RATE_MASK) + s[GLIDE_REST]
            rate = rate >> RATE_BITS
            step = part >> rate
            if step < left:
                left = step
                s[GLIDE_REST] = part - (step << rate)
            else:
                s[GLIDE_REST] = 0
            if way < 0:
                left = 0 - left
            way = left
        s[GLIDE_Q20] += way
