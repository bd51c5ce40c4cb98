"""The VCOs' wave forms, every corner and edge of them band-limited by two-point polynomial residuals.

An edge that fell `t` samples ago (0 <= t <= 1) is corrected in the sample before it and in the sample after it, so
each wave form comes out one sample late: a function here returns (correction of the sample before, new sample), and
the caller adds the first to the sample it has kept. A time below 0 means "no such edge".
"""

import numpy as np
import numpy.typing as npt

from ms20.analog.jit import compiled

NO_EDGE = -1.0

VCO1_TRIANGLE, VCO1_SAW, VCO1_PULSE, VCO1_NOISE = 0, 1, 2, 3
VCO2_SAW, VCO2_SQUARE, VCO2_NARROW_PULSE, VCO2_RING = 0, 1, 2, 3


@compiled
def step_before(t: float) -> float:
    """Correction before a step of height 1 (polyBLEP)."""
    return 0.5 * t * t


@compiled
def step_after(t: float) -> float:
    """Correction after a step of height 1 (polyBLEP)."""
    return -0.5 * (1.0 - t) * (1.0 - t)


@compiled
def corner_before(t: float) -> float:
    """Correction before a bend whose slope changes by 1 a sample (polyBLAMP)."""
    return t * t * t / 6.0


@compiled
def corner_after(t: float) -> float:
    """Correction after a bend whose slope changes by 1 a sample (polyBLAMP)."""
    return (1.0 - t) * (1.0 - t) * (1.0 - t) / 6.0


@compiled
def saw(phase: float, increment: float, wrapped: bool) -> tuple[float, float]:
    """Rising saw, -1..1, at `phase` (cycles, 0..1) that moved on by `increment` cycles."""
    value = 2.0 * phase - 1.0
    if not wrapped:
        return 0.0, value
    t = phase / increment
    return -2.0 * step_before(t), value - 2.0 * step_after(t)


@compiled
def triangle(phase: float, increment: float, wrapped: bool) -> tuple[float, float]:
    """Triangle, -1 at phase 0 and 1 at phase 0.5."""
    value = 1.0 - 4.0 * abs(phase - 0.5)
    bend = 8.0 * increment
    if wrapped:
        t = phase / increment
        return bend * corner_before(t), value + bend * corner_after(t)
    if phase >= 0.5 and phase - increment < 0.5:
        t = (phase - 0.5) / increment
        return -bend * corner_before(t), value - bend * corner_after(t)
    return 0.0, value


@compiled
def pulse_edges(
    phase: float, increment: float, wrapped: bool, duty: float, was_high: bool
) -> tuple[bool, float, float]:
    """Find the edges of a pulse that is high while the phase is below `duty` (0..0.5).

    Returns (is high now, time since it rose, time since it fell). At a duty of 0 both edges fall together and
    cancel. A change of the duty itself moves an edge to the present sample at the latest.
    """
    high = phase < duty
    if wrapped:
        rise = NO_EDGE if was_high else phase / increment
        fall = NO_EDGE if high else min((phase - duty) / increment, 1.0)
        return high, rise, fall
    if was_high and not high:
        return high, NO_EDGE, min((phase - duty) / increment, 1.0)
    if high and not was_high:
        return high, 0.0, NO_EDGE
    return high, NO_EDGE, NO_EDGE


@compiled
def pulse(high: bool, rise: float, fall: float) -> tuple[float, float]:
    """Pulse, -1 or 1, with the edges that `pulse_edges` found."""
    before = 0.0
    value = 1.0 if high else -1.0
    if rise >= 0.0:
        before += 2.0 * step_before(rise)
        value += 2.0 * step_after(rise)
    if fall >= 0.0:
        before -= 2.0 * step_before(fall)
        value -= 2.0 * step_after(fall)
    return before, value


@compiled
def ring(
    were_different: bool, different: bool, rise1: float, fall1: float, rise2: float, fall2: float
) -> tuple[float, float]:
    """Exclusive-or of two pulses, -1 or 1: each edge of either pulse turns it over, the oldest edge first."""
    before = 0.0
    value = 1.0 if different else -1.0
    level = 1.0 if were_different else -1.0
    while True:
        t = max(rise1, fall1, rise2, fall2)
        if t < 0.0:
            return before, value
        level = -level
        before += 2.0 * level * step_before(t)
        value += 2.0 * level * step_after(t)
        if rise1 == t:
            rise1 = NO_EDGE
        elif fall1 == t:
            fall1 = NO_EDGE
        elif rise2 == t:
            rise2 = NO_EDGE
        else:
            fall2 = NO_EDGE


@compiled
def white(generator: npt.NDArray[np.uint64]) -> float:
    """Next value, -1..1, of the xorshift64* generator whose state (shape (1,), not 0) is moved on."""
    x = generator[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    generator[0] = x
    return float((x * np.uint64(2685821657736338717)) >> np.uint64(11)) * (2.0 / 9007199254740992.0) - 1.0
