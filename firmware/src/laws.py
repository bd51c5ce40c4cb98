"""The panel's laws: from where a control stands to what it means, in integers, so that turning allocates nothing.

At start-up each row of panel_table.py becomes five whole numbers (`words_of`, with logarithms, once); from then on a
turn is worked out from them by `value_of`. A position is x15: 0..32768 for 0..10 on the panel. Worked example, EG 2
RELEASE at 5: the time to 1 % runs from 0.5 ms to 10 s, its time constant from 0.869 to 17 370 ticks, log2 -0.203 to
14.084, in 1/2048 octave -416 and 28 845; half way 14 214 is 6.940 octaves or 122.8 ticks: 1 % after 70.7 ms, the
geometric mean. The rate of such an RC is 1 - exp(-1 / 122.8) = 0.00811: mantissa 8502 and shift 8.
"""

# link: constants
# declares: constants

import math
from array import array

import micropython
from board import (
    ADC_FULL,
    CUTOFF_OCTAVES_PER_VOLT,
    CUTOFF_ZERO_VOLT_HZ,
    CV,
    DAC_BITS,
    DAC_FULL,
    DAC_MIDDLE,
    DAC_RANGE_VOLTS,
    KBD_CV_ONE_VOLT_NOTE,
    ROTARY_LADDER_EIGHTHS,
    TICK_HZ,
)
from panel_table import (
    CENTRED,
    EXPONENTIAL,
    FROM_ZERO,
    SQUARE,
    TO_ATTACK,
    TO_CUTOFF,
    TO_CUTOFF_DEPTH,
    TO_CV,
    TO_F_V,
    TO_FALL,
    TO_MG_SHAPE,
    TO_PITCH,
    TO_PITCH_DEPTH,
    TO_RATE,
    TO_SHARE,
    TO_SWING_DEPTH,
    TO_TICKS,
)
from state import RATE_BITS
from tables import EXP2, RC_CORRECTION

FULL_Q4 = ADC_FULL << 4
ONE_X15 = 32_768
HALF_X15 = ONE_X15 // 2
X15_BITS = 15
END_Q4 = FULL_Q4 // 250
"""This much of the travel at each end counts as the end: a worn pot, or a poor ADC, still reaches 0 and 10."""
TRAVEL_SCALE = (ONE_X15 << X15_BITS) // (FULL_Q4 - 2 * END_Q4) + 1
CENTRE_X15 = ONE_X15 // 64
"""Half width of the dead zone around a centre pot's middle, of the whole way from end to end: 1.5 %."""
LADDER_TOLERANCE_Q4 = FULL_Q4 * 3 // 80
"""A rotary counts within 0.3 of an eighth of its place: wider than any good ladder needs, and narrow enough to tell
a shorted resistor. Between two places the last one stays: that is its hysteresis."""

SEMITONE_Q9 = 512
OCTAVE_Q9 = 12 * SEMITONE_Q9
CODES_PER_VOLT_PM5 = (1 << DAC_BITS) / 10
SWING_Q13 = 1 << 13
U16_FULL = 65_536
PHASE_Q30 = 1 << 29
"""Half a period: 1 << 30 would be an object on the heap."""
CONCERT_A_HZ = 440.0
CONCERT_A_NOTE = 69

ATTACK_TIME_CONSTANTS = 1.0986
"""ln 3: an RC segment that aims at 1.5 passes 1.0 after this many time constants."""
FALL_TIME_CONSTANTS = 4.605
"""ln 100: DECAY, RELEASE and PORTAMENTO TIME are the times for 99 % of the way."""

OCTAVE_Q11_BITS = 11
OCTAVE_Q11 = 1 << OCTAVE_Q11_BITS
EXP2_BITS = 6
EXP2_REST_BITS = OCTAVE_Q11_BITS - EXP2_BITS
EXP2_ONE_BITS = 13
"""The table holds 8192 * 2^(i/64)."""
RC_REST_BITS = OCTAVE_Q11_BITS - 2
RC_REST_MASK = (1 << RC_REST_BITS) - 1
RC_STEPS = 40
# In arrays, because a frozen bytes object may stand at an odd address, where half words cannot be read.
exp2_steps = array("H", EXP2)
rc_corrections = array("H", RC_CORRECTION)

# A row in whole numbers.
ROW_LAW = 0
ROW_FROM = 1
ROW_SPAN = 2
ROW_STORE = 3
ROW_WHERE = 4
ROW_WORDS = 5

LAW_NONE = 0
LAW_LINEAR = 1
LAW_SQUARE = 2
LAW_CENTRED = 3
LAW_EXPONENTIAL = 4
LAW_FROM_ZERO = 5

STORE_WORD = 0
STORE_SUM = 1  # a word from which others are worked out: controls.combine follows
STORE_CV = 2
STORE_RATE = 3
STORE_PYTHON = 4  # what the law says goes to Python


def words_of(law, lowest, highest, kind, where):
    """A row of panel_table.py as ROW_WORDS whole numbers."""
    first, last = _in_words(lowest, kind, where), _in_words(highest, kind, where)
    if kind == TO_CUTOFF or law not in (SQUARE, CENTRED, EXPONENTIAL, FROM_ZERO):
        numbers = (LAW_LINEAR, round(first), round(last - first))
    elif law == SQUARE:
        numbers = (LAW_SQUARE, round(first), round(last - first))
    elif law == CENTRED:
        numbers = (LAW_CENTRED, 0, round(last * ONE_X15 / (ONE_X15 - CENTRE_X15)))
    else:
        first, last = _log2_q11(first), _log2_q11(last)
        code = LAW_EXPONENTIAL if law == EXPONENTIAL else LAW_FROM_ZERO
        numbers = (code, first, last - first)
    return numbers + (_store(kind), where)


def _store(kind):
    if kind == TO_CV:
        return STORE_CV
    if kind in (TO_ATTACK, TO_FALL):
        return STORE_RATE
    if kind in (TO_PITCH, TO_RATE, TO_CUTOFF_DEPTH, TO_SWING_DEPTH, TO_PITCH_DEPTH):
        return STORE_SUM
    return STORE_PYTHON if kind == TO_MG_SHAPE else STORE_WORD


def _in_words(value, kind, where):
    """A value in a destination's own unit."""
    if kind == TO_CV:
        lowest, highest = next((low, high) for code, low, high in DAC_RANGE_VOLTS if code == CV[where][1])
        return min((value - lowest) / (highest - lowest) * U16_FULL, DAC_FULL)
    if kind == TO_CUTOFF:
        octaves = math.log(value / CUTOFF_ZERO_VOLT_HZ) / math.log(2)
        return DAC_MIDDLE + octaves / CUTOFF_OCTAVES_PER_VOLT * CODES_PER_VOLT_PM5
    if kind == TO_F_V:
        one_volt_hz = CONCERT_A_HZ * 2 ** ((KBD_CV_ONE_VOLT_NOTE - CONCERT_A_NOTE) / 12)
        return value * U16_FULL / 10 * 1e6 / one_volt_hz
    return value * {
        TO_TICKS: TICK_HZ,
        TO_ATTACK: TICK_HZ / ATTACK_TIME_CONSTANTS,
        TO_FALL: TICK_HZ / FALL_TIME_CONSTANTS,
        TO_SHARE: DAC_FULL / 100,
        TO_PITCH: SEMITONE_Q9,
        TO_PITCH_DEPTH: OCTAVE_Q9,
        TO_CUTOFF_DEPTH: CODES_PER_VOLT_PM5 / CUTOFF_OCTAVES_PER_VOLT,
        TO_SWING_DEPTH: CODES_PER_VOLT_PM5 / CUTOFF_OCTAVES_PER_VOLT / U16_FULL * SWING_Q13,
        TO_RATE: PHASE_Q30 / TICK_HZ * 2,
        TO_MG_SHAPE: ONE_X15 / 100,
    }.get(kind, 1)


def _log2_q11(value):
    return round(math.log(value) / math.log(2) * OCTAVE_Q11)


def rate(time_s, time_constants):
    """The rate word (state.py) of an RC segment that takes `time_s` for so many time constants; see envelope.py."""
    return rate_of(_log2_q11(time_s * TICK_HZ / time_constants))


def rotary(reported_q4):
    """Position 0..3 of a four-way rotary, or -1 where the ladder cannot stand (open wiper, missing resistor)."""
    for position, eighths in enumerate(ROTARY_LADDER_EIGHTHS):
        if abs(reported_q4 - FULL_Q4 * eighths // 8) <= LADDER_TOLERANCE_Q4:
            return position
    return -1


@micropython.viper
def position_of(reported_q4: int) -> int:
    """Position x15 of a pot from its filtered code: both ends reached, nothing beyond them."""
    x15 = ((reported_q4 - END_Q4) * TRAVEL_SCALE) >> X15_BITS
    if x15 < 0:
        return 0
    if x15 > ONE_X15:
        return ONE_X15
    return x15


@micropython.viper
def value_of(rows, row: int, x15: int) -> int:
    """What the ROW_WORDS numbers from `rows[row]` on say for a position; exponential laws give log2 in 1/2048 octave."""
    r = ptr32(rows)
    law = r[row + ROW_LAW]
    span = r[row + ROW_SPAN]
    if law == LAW_CENTRED:
        y = x15 + x15 - ONE_X15
        if y > CENTRE_X15:
            return ((y - CENTRE_X15) * span + HALF_X15) >> X15_BITS
        if y < 0 - CENTRE_X15:
            return 0 - (((0 - CENTRE_X15 - y) * span + HALF_X15) >> X15_BITS)
        return 0
    if law == LAW_SQUARE:
        x15 = (x15 * x15) >> X15_BITS
    return r[row + ROW_FROM] + ((x15 * span + HALF_X15) >> X15_BITS)


@micropython.viper
def exp2(log2_q11: int) -> int:
    """2^(log2_q11 / 2048) as a whole number, for 0..29 octaves."""
    octaves = log2_q11 >> OCTAVE_Q11_BITS
    mantissa = int(mantissa_of(log2_q11))
    if octaves < EXP2_ONE_BITS:
        return mantissa >> (EXP2_ONE_BITS - octaves)
    return mantissa << (octaves - EXP2_ONE_BITS)


@micropython.viper
def rate_of(log2_q11: int) -> int:
    """The rate word of an RC whose time constant is 2^(log2_q11 / 2048) ticks, half a tick or more.

    The rate 1 - exp(-1/ticks) is 1/ticks less a correction, which the table gives in quarter octaves. As a word it is
    mantissa / 2^(12 + shift) = 2^(whole octaves) * mantissa / 8192.
    """
    correction = ptr16(rc_corrections)
    place = (log2_q11 + OCTAVE_Q11) >> RC_REST_BITS
    rest = (log2_q11 + OCTAVE_Q11) & RC_REST_MASK
    log2_q11 = 0 - log2_q11
    if place < RC_STEPS:
        left = correction[place] - correction[place + 1]
        log2_q11 -= correction[place] - ((left * rest) >> RC_REST_BITS)
    return (1 - (log2_q11 >> OCTAVE_Q11_BITS)) << RATE_BITS | int(mantissa_of(log2_q11))


@micropython.viper
def mantissa_of(log2_q11: int) -> int:
    """8192 * 2^(the part of log2_q11 after the whole octaves): 8192..16383."""
    table = ptr16(exp2_steps)
    place = (log2_q11 & (OCTAVE_Q11 - 1)) >> EXP2_REST_BITS
    rest = log2_q11 & ((1 << EXP2_REST_BITS) - 1)
    return table[place] + (((table[place + 1] - table[place]) * rest) >> EXP2_REST_BITS)
