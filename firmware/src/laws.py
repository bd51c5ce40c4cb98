"""The laws of the panel: from where a control stands to what it means, in plain functions of a fraction 0..1.

No hardware and no state: this file runs unchanged under CPython. Ranges and their sources: facts 5 (ms20-mini).
"""

import math

from board import (
    ADC_FULL,
    CUTOFF_OCTAVES_PER_VOLT,
    CUTOFF_ZERO_VOLT_HZ,
    DAC_FULL,
    DAC_MIDDLE,
    ROTARY_LADDER_EIGHTHS,
    TICK_HZ,
)

FULL_Q4 = ADC_FULL << 4
END_ZONE = 0.004
"""This much of the travel at each end counts as the end: a worn pot still reaches 0 and 10."""
CENTRE_ZONE = 0.015
"""Half width of the dead zone around a centre pot's middle."""

SEMITONE_Q8 = 256
OCTAVE_Q8 = 12 * SEMITONE_Q8
VCO1_SCALE_OCTAVES = (-2, -1, 0, 1)  # 32', 16', 8', 4'
VCO2_SCALE_OCTAVES = (-1, 0, 1, 2)  # 16', 8', 4', 2'
MASTER_TUNE_SEMITONES = 1
VCO2_PITCH_SEMITONES = 12

CUTOFF_LOWEST_HZ = 50
CUTOFF_HIGHEST_HZ = 15_000
CODES_PER_VOLT_PM5 = 65_536 / 10
EG2_FULL_OCTAVES = 10
"""A full EG 2 at full depth: 5 V through a 2 oct/V input (facts 6.4)."""
DEPTH_ONE_Q13 = 1 << 13
EG_FULL_U16 = 65_536

SHORTEST_S = 0.0005
LONGEST_S = 10.0
LONGEST_HOLD_S = 20.0
ATTACK_TIME_CONSTANTS = 1.0986
"""ln 3: an RC segment that aims at 1.5 passes 1.0 after this many time constants."""
FALL_TIME_CONSTANTS = 4.605
"""ln 100: DECAY and RELEASE TIME are the times to fall to 1 %."""
MANTISSA_LOW = 1 << 13
MANTISSA_HIGH = 1 << 14
RATE_BITS = 12


def fraction(reported_q4):
    """Position 0..1 of a pot from its filtered code: both ends reached, nothing beyond them."""
    x = (reported_q4 / FULL_Q4 - END_ZONE) / (1 - 2 * END_ZONE)
    return min(max(x, 0.0), 1.0)


def centred(reported_q4):
    """Position -1..1 of a pot with its zero in the middle, flat over the dead zone."""
    x = 2 * fraction(reported_q4) - 1
    if -CENTRE_ZONE < x < CENTRE_ZONE:
        return 0.0
    edge = CENTRE_ZONE if x > 0 else -CENTRE_ZONE
    return (x - edge) / (1 - CENTRE_ZONE)


def rotary(reported_q4):
    """Position 0..3 of a four-way rotary, or -1 where the ladder cannot stand (open wiper, missing resistor)."""
    eighths = reported_q4 * 8 / FULL_Q4
    for position, wanted in enumerate(ROTARY_LADDER_EIGHTHS):
        if wanted - 0.5 < eighths < wanted + 0.5:
            return position
    return -1


def level_code(x):
    """DAC code of a linear control 0..1 over the whole range."""
    return round(x * DAC_FULL)


def cutoff_code(x):
    """DAC code of a cutoff frequency, exponential from 50 Hz to 15 kHz."""
    octaves = math.log(CUTOFF_LOWEST_HZ / CUTOFF_ZERO_VOLT_HZ, 2) + x * math.log(
        CUTOFF_HIGHEST_HZ / CUTOFF_LOWEST_HZ, 2
    )
    return round(DAC_MIDDLE + octaves / CUTOFF_OCTAVES_PER_VOLT * CODES_PER_VOLT_PM5)


def eg2_depth_q13(x):
    """Codes of cutoff per 1/65536 of EG 2, in Q13, for a depth knob at 0..1."""
    full_codes = EG2_FULL_OCTAVES / CUTOFF_OCTAVES_PER_VOLT * CODES_PER_VOLT_PM5
    return round(x * full_codes / EG_FULL_U16 * DEPTH_ONE_Q13)


def seconds(x):
    """Time of an envelope knob: 0.5 ms at 0, 10 s at 10, exponential between."""
    return SHORTEST_S * (LONGEST_S / SHORTEST_S) ** x


def hold_ticks(x):
    """Ticks of EG 2 HOLD TIME: none at 0, then 1 ms to 20 s."""
    if x == 0:
        return 0
    return round(0.001 * (LONGEST_HOLD_S / 0.001) ** x * TICK_HZ)


def rate(time_s, time_constants):
    """(mantissa, shift) of an RC segment that takes `time_s` for `time_constants` time constants; see envelope.py."""
    ticks = max(time_s * TICK_HZ / time_constants, 1.0)
    # 1 - exp(-1/ticks); the series keeps its precision in 32-bit floats where the difference would not.
    per_tick = 1 - math.exp(-1 / ticks) if ticks < 64 else 1 / ticks - 0.5 / (ticks * ticks)
    shift = 0
    mantissa = per_tick * (1 << RATE_BITS)
    while mantissa < MANTISSA_LOW:
        mantissa *= 2
        shift += 1
    return min(round(mantissa), MANTISSA_HIGH - 1), shift
