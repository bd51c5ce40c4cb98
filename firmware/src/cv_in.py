"""VCO 1+2 CV IN and VCO 2 CV IN: from Hz/V to pitch, the logarithm of a voltage, once a tick.

The pitch of a Hz/V voltage is 12 * log2(V) semitones above note 48 (1 V). Worked example, 3 V: the jack ADC's code
is 19 200 (0.15625 mV a step), in q4 307 200. Doubled until it fills 20 bits: once, 614 400, so the octave is one
below the top; the six bits after the leading one pick 11 of 64 in a table of log2(1 + i/64), the bits after them go
on between two entries: 1.5850 octaves above 1 V, note 67.02.

Small moves are smoothed over 16 ticks (the converter's noise, 0.15 mV, is a cent at 0.25 V), large ones taken
at once: a sequencer's step does not glide. Below 20 mV nothing can be meant: the pitch holds.
"""

# link: constants

import micropython
from board import JACK_ADC_FULL_MILLIVOLTS, KBD_CV_ONE_VOLT_NOTE, PITCH_ZERO_VOLT_NOTE
from state import CV_CODE_Q4, CV_GAIN_Q9, CV_PITCH_Q9, CV_ZERO_Q4, LOG2_TABLE, STATE

FULL_BITS_Q4 = 20
FULL_Q4 = 1 << FULL_BITS_Q4
TOP_BIT_Q4 = FULL_Q4 >> 1
QUIET_BELOW_MILLIVOLTS = 20
QUIET_BELOW_Q4 = QUIET_BELOW_MILLIVOLTS * FULL_Q4 // JACK_ADC_FULL_MILLIVOLTS
SMOOTH_SHIFT = 4
SMOOTH_ROUND = 1 << SMOOTH_SHIFT >> 1
JUMP_Q4 = 24 << 4
"""A difference of 24 codes (4 mV) is no noise."""
OCTAVE_Q12 = 12 * 4096
TABLE_BITS = 6
REST_BITS = FULL_BITS_Q4 - 1 - TABLE_BITS
TABLE_MASK = (1 << TABLE_BITS) - 1
REST_MASK = (1 << REST_BITS) - 1
ONE_VOLT_Q9 = (KBD_CV_ONE_VOLT_NOTE - PITCH_ZERO_VOLT_NOTE) * 512
Q12_TO_Q9 = 3
"""The sum is made in 1/4096 semitone and rounded at its end: all in all it is within 0.2 cents."""
HALF_SCALE_Q12 = 115_809
"""log2 of half of the ADC's span, 5.12 V, in 1/4096 semitone; tests/unit/test_cv_in.py holds it to the volts."""
FIRST_Q12 = (ONE_VOLT_Q9 << Q12_TO_Q9) + HALF_SCALE_Q12 + (1 << Q12_TO_Q9 >> 1)


# link: inline
@micropython.viper
def take_cv(which: int, code: int, first: int):
    """Take a conversion, 0..65535, of input `which`; `first` = 1 when there is none before it to smooth with."""
    s = ptr32(STATE)
    code_q4 = code << 4
    away = code_q4 - s[CV_CODE_Q4 + which]
    if first == 0 and away < JUMP_Q4 and away > 0 - JUMP_Q4:
        code_q4 = s[CV_CODE_Q4 + which] + ((away + SMOOTH_ROUND) >> SMOOTH_SHIFT)
    s[CV_CODE_Q4 + which] = code_q4
    code_q4 -= s[CV_ZERO_Q4 + which]
    if code_q4 >= QUIET_BELOW_Q4:
        if code_q4 >= FULL_Q4:
            code_q4 = FULL_Q4 - 1
        pitch = FIRST_Q12
        while code_q4 < TOP_BIT_Q4:
            code_q4 <<= 1
            pitch -= OCTAVE_Q12
        log2 = ptr16(LOG2_TABLE)
        place = (code_q4 >> REST_BITS) & TABLE_MASK
        below = log2[place]
        pitch += below + (((log2[place + 1] - below) * (code_q4 & REST_MASK)) >> REST_BITS)
        s[CV_PITCH_Q9 + which] = (pitch >> Q12_TO_Q9) + s[CV_GAIN_Q9 + which]
