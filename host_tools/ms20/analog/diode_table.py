"""The resonance amplifier with its two antiparallel diodes, solved once into a table."""

import numpy as np
import numpy.typing as npt

from ms20.analog.circuit import (
    DIODE_EMISSION,
    DIODE_SATURATION_AMPERES,
    FEEDBACK_GROUND_OHMS,
    FEEDBACK_OHMS,
    FEEDBACK_RAIL_VOLTS,
    THERMAL_VOLTS,
)
from ms20.analog.jit import compiled

Floats = npt.NDArray[np.float64]

TABLE_POINTS = 4096
TABLE_VOLTS = 12.0
"""The table spans -12..+12 V at the amplifier's input; far beyond what clips it."""
_POINTS_PER_VOLT = (TABLE_POINTS - 1) / (2 * TABLE_VOLTS)


def feedback_table() -> Floats:
    """Tabulate the amplifier's output volts over its input volts; shape (TABLE_POINTS,).

    Solves vf/Rf + 2 Is sinh(vf/(n VT)) = w/Rg for the diode voltage vf by bisection; the output is w + vf. Small
    signals meet a gain of 6.56, clipped ones a slope of 1: the diodes round the resonance, they do not cut it off.
    Only the amplifier's supply does, at +-10.5 V.
    """
    w = np.linspace(-TABLE_VOLTS, TABLE_VOLTS, TABLE_POINTS)
    low, high = np.full_like(w, -6.0), np.full_like(w, 6.0)
    for _ in range(60):
        vf = (low + high) / 2
        diode_amperes = (
            2 * DIODE_SATURATION_AMPERES * np.sinh(np.clip(vf / (DIODE_EMISSION * THERMAL_VOLTS), -200, 200))
        )
        too_high = vf / FEEDBACK_OHMS + diode_amperes > w / FEEDBACK_GROUND_OHMS
        high = np.where(too_high, vf, high)
        low = np.where(too_high, low, vf)
    output = np.clip(w + (low + high) / 2, -FEEDBACK_RAIL_VOLTS, FEEDBACK_RAIL_VOLTS)
    return np.asarray(output, np.float64)


@compiled
def feedback(w: float, table: Floats) -> tuple[float, float]:
    """Look up the amplifier's output volts at input `w` (V), and the slope there."""
    place = (min(max(w, -TABLE_VOLTS), TABLE_VOLTS) + TABLE_VOLTS) * _POINTS_PER_VOLT
    index = min(int(place), TABLE_POINTS - 2)
    rise = table[index + 1] - table[index]
    return table[index] + rise * (place - index), rise * _POINTS_PER_VOLT
