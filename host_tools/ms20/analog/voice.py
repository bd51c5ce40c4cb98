"""The whole voice, sample by sample: VCO 1, VCO 2 and ring, mixer, HPF, LPF and VCA, at the oversampled rate."""

import math

import numpy as np
import numpy.typing as npt

from ms20.analog.circuit import (
    HISS_VOLTS,
    MIXER_GAIN,
    NARROW_DUTY,
    NOISE_RMS_VOLTS,
    VCA_LIMIT_VOLTS,
    VCA_LINEAR_VOLTS,
    VCO_PEAK_VOLTS,
    WIDEST_DUTY,
)
from ms20.analog.control import (
    HPF_PEAK,
    HPF_SLEW,
    LPF_PEAK,
    LPF_SLEW,
    VCA_GAIN,
    VCO1_DUTY,
    VCO1_GAIN,
    VCO1_HZ,
    VCO2_GAIN,
    VCO2_HZ,
    Bytes,
)
from ms20.analog.diode_table import Floats
from ms20.analog.filter_core import core_step, soft
from ms20.analog.jit import compiled
from ms20.analog.oscillators import (
    VCO1_NOISE,
    VCO1_PULSE,
    VCO1_SAW,
    VCO2_NARROW_PULSE,
    VCO2_RING,
    VCO2_SAW,
    pulse,
    pulse_edges,
    ring,
    saw,
    triangle,
    white,
)

# Places in the voice's memory between two blocks.
(
    PHASE1, PHASE2, HIGH1, HIGH2, KEPT1, KEPT2,
    HPF_S1, HPF_S2, HPF_D1, HPF_D2, LPF_S1, LPF_S2, LPF_D1, LPF_D2,
    MEMORY_SIZE,
) = range(15)  # fmt: skip

_CHANNEL_VOLTS = VCO_PEAK_VOLTS * MIXER_GAIN
_UNIFORM_RMS = 1.0 / math.sqrt(3.0)
PHASE2_AT_START = 0.3
"""The VCOs run freely; a fixed first phase makes every render of a timeline the same."""


def new_memory() -> Floats:
    """Return the voice's memory before its first sample, shape (MEMORY_SIZE,)."""
    memory = np.zeros(MEMORY_SIZE)
    memory[PHASE2] = PHASE2_AT_START
    memory[HIGH1] = memory[HIGH2] = 1.0
    return memory


@compiled
def vca_input(volts: float) -> float:
    """Bend what exceeds the VCA's linear range; within it the voltage passes unchanged."""
    above = abs(volts) - VCA_LINEAR_VOLTS
    if above <= 0.0:
        return volts
    room = VCA_LIMIT_VOLTS - VCA_LINEAR_VOLTS
    return math.copysign(VCA_LINEAR_VOLTS + room * soft(above / room), volts)


@compiled
def voice_block(
    controls: Floats,
    previous: Floats,
    waves: Bytes,
    oversample: int,
    rate_hz: float,
    memory: Floats,
    generator: npt.NDArray[np.uint64],
    table: Floats,
    out: Floats,
) -> None:
    """Play one block: volts behind the VCA into `out`, shape (n * oversample,), at rate_hz * oversample.

    `controls` has shape (10, n): the rows of `ms20.analog.control` in their units; between two samples they move in
    straight lines, from `previous`, shape (10,), on. `waves` has shape (2, n). `previous`, `memory` and `generator`
    are left ready for the next block.
    """
    step_s = 1.0 / (rate_hz * oversample)
    noise_volts = NOISE_RMS_VOLTS / VCO_PEAK_VOLTS / _UNIFORM_RMS * math.sqrt(oversample)
    phase1 = memory[PHASE1]
    phase2 = memory[PHASE2]
    high1 = memory[HIGH1] > 0.5
    high2 = memory[HIGH2] > 0.5
    kept1 = memory[KEPT1]
    kept2 = memory[KEPT2]
    hs1, hs2, hd1, hd2 = memory[HPF_S1], memory[HPF_S2], memory[HPF_D1], memory[HPF_D2]
    ls1, ls2, ld1, ld2 = memory[LPF_S1], memory[LPF_S2], memory[LPF_D1], memory[LPF_D2]
    now = previous.copy()
    change = np.empty_like(now)
    for i in range(controls.shape[1]):
        for row in range(now.size):
            change[row] = (controls[row, i] - previous[row]) / oversample
        wave1 = waves[0, i]
        wave2 = waves[1, i]
        duty2 = NARROW_DUTY if wave2 == VCO2_NARROW_PULSE else WIDEST_DUTY
        for k in range(oversample):
            for row in range(now.size):
                now[row] += change[row]
            # VCO 1. Its pulse always runs: the ring listens to it.
            increment = now[VCO1_HZ] * step_s
            phase1 += increment
            wrapped = phase1 >= 1.0
            if wrapped:
                phase1 -= 1.0
            was_high1 = high1
            high1, rise1, fall1 = pulse_edges(phase1, increment, wrapped, now[VCO1_DUTY], was_high1)
            if wave1 == VCO1_SAW:
                before, value = saw(phase1, increment, wrapped)
            elif wave1 == VCO1_PULSE:
                before, value = pulse(high1, rise1, fall1)
            elif wave1 == VCO1_NOISE:
                before, value = 0.0, noise_volts * white(generator)
            else:
                before, value = triangle(phase1, increment, wrapped)
            vco1 = kept1 + before
            kept1 = value
            # VCO 2.
            increment = now[VCO2_HZ] * step_s
            phase2 += increment
            wrapped = phase2 >= 1.0
            if wrapped:
                phase2 -= 1.0
            was_high2 = high2
            high2, rise2, fall2 = pulse_edges(phase2, increment, wrapped, duty2, was_high2)
            if wave2 == VCO2_SAW:
                before, value = saw(phase2, increment, wrapped)
            elif wave2 == VCO2_RING:
                before, value = ring(was_high1 != was_high2, high1 != high2, rise1, fall1, rise2, fall2)
            else:
                before, value = pulse(high2, rise2, fall2)
            vco2 = kept2 + before
            kept2 = value

            mix = _CHANNEL_VOLTS * (now[VCO1_GAIN] * vco1 + now[VCO2_GAIN] * vco2) + HISS_VOLTS * white(
                generator
            )
            y, hs1, hs2, hd1, hd2 = core_step(
                0.0, mix, now[HPF_SLEW], now[HPF_PEAK], step_s, hs1, hs2, hd1, hd2, table
            )
            y, ls1, ls2, ld1, ld2 = core_step(
                y, 0.0, now[LPF_SLEW], now[LPF_PEAK], step_s, ls1, ls2, ld1, ld2, table
            )
            out[i * oversample + k] = vca_input(y) * now[VCA_GAIN]
        for row in range(now.size):
            previous[row] = controls[row, i]
            now[row] = controls[row, i]
    memory[PHASE1] = phase1
    memory[PHASE2] = phase2
    memory[HIGH1] = 1.0 if high1 else 0.0
    memory[HIGH2] = 1.0 if high2 else 0.0
    memory[KEPT1] = kept1
    memory[KEPT2] = kept2
    memory[HPF_S1], memory[HPF_S2], memory[HPF_D1], memory[HPF_D2] = hs1, hs2, hd1, hd2
    memory[LPF_S1], memory[LPF_S2], memory[LPF_D1], memory[LPF_D2] = ls1, ls2, ld1, ld2
