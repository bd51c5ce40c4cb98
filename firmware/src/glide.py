"""Portamento: the keyboard's pitch on its way from note to note, one step a tick.

Like the RC circuit of the original, each tick goes the same fraction of the way that is left: fast at first, then
slower, and a far note takes as long as a near one. PORTAMENTO TIME is the time in which 99 % of the way is done.
Pitch is in q20 (1/2^20 semitone), so that even 10 s for a semitone moves in every tick; the fraction is a mantissa
and a shift as in envelope.py. Worked example, 1 s and an octave up: rate 9655 / 2^24; the first tick moves
12 * 5.755e-4 semitones = 0.7 cents, after 1737 ticks 63 % are done.
"""

# link: constants

import micropython
from state import GLIDE_Q20, GLIDE_RATE, RATE_BITS, RATE_MASK, STATE, TARGET_Q20

WAY_SHIFT = 12
"""A way of 127 semitones less these bits, times a mantissa of 14, fits 31 bits."""


# link: inline
@micropython.viper
def step_glide():
    """Advance the glide by one tick."""
    s = ptr32(STATE)
    way = s[TARGET_Q20] - s[GLIDE_Q20]
    if way:
        rate = s[GLIDE_RATE]
        if rate == 0:
            s[GLIDE_Q20] += way
        elif way > 0:
            # One more than the fraction, so that the last 1/256 semitone does not take for ever.
            step = (((way >> WAY_SHIFT) * (rate & RATE_MASK)) >> (rate >> RATE_BITS)) + 1
            if step < way:
                way = step
            s[GLIDE_Q20] += way
        else:
            way = 0 - way
            step = (((way >> WAY_SHIFT) * (rate & RATE_MASK)) >> (rate >> RATE_BITS)) + 1
            if step < way:
                way = step
            s[GLIDE_Q20] -= way
