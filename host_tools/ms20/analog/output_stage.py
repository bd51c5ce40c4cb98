"""From the voice's oversampled volts to audio samples: decimation, the coupling capacitor, a safety limit."""

import math

import numpy as np

from ms20.analog.circuit import DC_BLOCKER_HZ, OUTPUT_VOLTS_AT_FULL_SCALE, SAFETY_FROM, SAFETY_TO
from ms20.analog.diode_table import Floats
from ms20.analog.filter_core import soft
from ms20.analog.jit import compiled

TAPS_PER_SIDE = 16
"""Half the decimator's length, in samples of the audio rate: also its delay, which the renderer takes out again."""
KAISER_BETA = 8.0
"""Stop band about 80 dB down from 0.58 of the audio rate on."""


def decimator(oversample: int) -> Floats:
    """Taps of the linear-phase low-pass (Kaiser window) in front of the decimation; shape (32 * oversample + 1,)."""
    if oversample == 1:
        return np.ones(1)
    side = TAPS_PER_SIDE * oversample
    taps = np.sinc(np.arange(-side, side + 1) / oversample) * np.kaiser(2 * side + 1, KAISER_BETA)
    return np.asarray(taps / taps.sum(), np.float64)


@compiled
def decimate(volts: Floats, taps: Floats, oversample: int, out: Floats) -> None:
    """Filter and thin out: out[i] needs volts[i * oversample : i * oversample + taps.size]."""
    for i in range(out.size):
        first = i * oversample
        a = b = c = d = 0.0
        j = 0
        while j + 3 < taps.size:
            a += taps[j] * volts[first + j]
            b += taps[j + 1] * volts[first + j + 1]
            c += taps[j + 2] * volts[first + j + 2]
            d += taps[j + 3] * volts[first + j + 3]
            j += 4
        while j < taps.size:
            a += taps[j] * volts[first + j]
            j += 1
        out[i] = (a + b) + (c + d)


@compiled
def couple(samples: Floats, rate_hz: float, memory: Floats) -> None:
    """Pass a block in place through the coupling capacitor, from volts to full scale 1.0, never beyond it.

    `memory`, shape (1,), is the capacitor's voltage and is moved on.
    """
    share = 1.0 - math.exp(-2.0 * math.pi * DC_BLOCKER_HZ / rate_hz)
    held = memory[0]
    for i in range(samples.size):
        held += share * (samples[i] - held)
        if abs(held) < 1e-15:
            held = 0.0
        sample = (samples[i] - held) / OUTPUT_VOLTS_AT_FULL_SCALE
        above = (abs(sample) - SAFETY_FROM) / (SAFETY_TO - SAFETY_FROM)
        if above > 0.0:
            sample = math.copysign(SAFETY_FROM + (SAFETY_TO - SAFETY_FROM) * soft(above), sample)
        samples[i] = sample
    memory[0] = held
