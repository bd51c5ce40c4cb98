"""One sample of the MS-20 filter core: two saturating OTA integrators in a loop with the resonance amplifier.

States are the capacitors' voltages s1, s2; y1 and y2 are the two buffers' outputs, fb the resonance amplifier's:

    y2 = s2 + x_hp                  fb = feedback(peak * y2)        y1 = s1 + fb
    s1' = -slew * tanh(k1 * (x_lp + s1 + fb))                       (the first OTA inverts)
    s2' = +slew * tanh(k2 * (s1 + fb - y2))

With x_hp = 0 the core is the low-pass, w^2 / (s^2 + (2-K) w s + w^2); with x_lp = 0 and the signal at the second
capacitor's foot it is the high-pass, s (s+w) / (s^2 + (2-K) w s + w^2), which falls at 6 dB/oct only.
Trapezoidal rule; the implicit equations are solved by Newton's method, starting from a linear prediction.
"""

import math

from ms20.analog.circuit import OTA1_PER_VOLT, OTA2_PER_VOLT
from ms20.analog.diode_table import Floats, feedback
from ms20.analog.jit import compiled

MOST_ITERATIONS = 8
TOLERANCE_VOLTS = 1e-6
_OTA_PER_VOLT = math.sqrt(OTA1_PER_VOLT * OTA2_PER_VOLT)


@compiled
def soft(x: float) -> float:
    """Return tanh(x) as a Pade fraction; the error stays below 1e-4."""
    if x > 4.97:
        return 1.0
    if x < -4.97:
        return -1.0
    x2 = x * x
    above = x * (135135.0 + x2 * (17325.0 + x2 * (378.0 + x2)))
    return above / (135135.0 + x2 * (62370.0 + x2 * (3150.0 + x2 * 28.0)))


@compiled
def slew_of_cutoff(cutoff_hz: float, rate_hz: float) -> float:
    """Greatest slew of an integrator in V/s (Iabc / C) that puts the linear cutoff at `cutoff_hz`.

    Pre-warped: the trapezoidal rule at `rate_hz` samples a second bends frequencies, and this bends them back.
    """
    return 2.0 * rate_hz * math.tan(math.pi * cutoff_hz / rate_hz) / _OTA_PER_VOLT


@compiled
def core_step(
    x_lp: float,
    x_hp: float,
    slew: float,
    peak: float,
    step_s: float,
    s1: float,
    s2: float,
    d1: float,
    d2: float,
    table: Floats,
) -> tuple[float, float, float, float, float]:
    """Advance the core by one sample of `step_s` seconds.

    `x_lp` and `x_hp` are the two inputs in volts, `slew` comes from `slew_of_cutoff`, `peak` is 0..1;
    `s1`, `s2` are the capacitors' volts and `d1`, `d2` their slopes in V/s. Returns (y2, s1, s2, d1, d2).
    An OTA cannot slew faster than `slew`: every iterate is held to that, so the solution stays bounded
    even where peak and cutoff are so high that the rule has several solutions.
    """
    half = 0.5 * step_s
    reach = half * slew
    middle1 = s1 + half * d1
    middle2 = s2 + half * d2
    n1 = middle1 + half * d1
    n2 = middle2 + half * d2
    for _ in range(MOST_ITERATIONS):
        y2 = n2 + x_hp
        fb, slope = feedback(peak * y2, table)
        slope *= peak
        t1 = soft(OTA1_PER_VOLT * (x_lp + n1 + fb))
        t2 = soft(OTA2_PER_VOLT * (n1 + fb - y2))
        error1 = n1 - middle1 + reach * t1
        error2 = n2 - middle2 - reach * t2
        c1 = reach * OTA1_PER_VOLT * (1.0 - t1 * t1)
        c2 = reach * OTA2_PER_VOLT * (1.0 - t2 * t2)
        a = 1.0 + c1
        b = c1 * slope
        d = 1.0 - c2 * (slope - 1.0)
        determinant = a * d + b * c2
        if determinant == 0.0:
            determinant = 1e-12
        new1 = n1 - (d * error1 - b * error2) / determinant
        new2 = n2 - (a * error2 + c2 * error1) / determinant
        new1 = min(max(new1, middle1 - reach), middle1 + reach)
        new2 = min(max(new2, middle2 - reach), middle2 + reach)
        moved = abs(new1 - n1) + abs(new2 - n2)
        n1 = new1
        n2 = new2
        if moved < TOLERANCE_VOLTS:
            break
    y2 = n2 + x_hp
    fb, slope = feedback(peak * y2, table)
    d1 = -slew * soft(OTA1_PER_VOLT * (x_lp + n1 + fb))
    d2 = slew * soft(OTA2_PER_VOLT * (n1 + fb - y2))
    return y2, n1, n2, d1, d2
