"""Control voltages on their way into the voice: DAC steps smoothed by each output's RC, then turned into units."""

import math
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ms20.analog import circuit
from ms20.analog.filter_core import slew_of_cutoff
from ms20.analog.jit import compiled
from ms20.board import BOARD

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


class ControlVoltages(Protocol):
    """What the renderer needs of a timeline; `ms20.timeline.Timeline` is one."""

    @property
    def start_s(self) -> float:
        """Time of the first sample, in seconds."""

    @property
    def end_s(self) -> float:
        """Time after the last sample, in seconds."""

    def cv(self, name: str) -> tuple[Floats, Floats]:
        """Times (s) and new volts of a control voltage of the board, each shape (n,), in time order."""

    def shift_out(self) -> tuple[Floats, Integers]:
        """Times (s) and new words of the shift registers, which select the wave forms."""

    def power(self) -> tuple[Floats, Integers]:
        """Times (s) and new states of the supply, 1 = on."""


# Rows of a block of controls, in the voice's own units.
VCO1_HZ, VCO2_HZ, VCO1_DUTY, HPF_SLEW, LPF_SLEW, HPF_PEAK, LPF_PEAK, VCO1_GAIN, VCO2_GAIN, VCA_GAIN = range(
    10
)
ROWS = (
    "VCO 1 PITCH",
    "VCO 2 PITCH",
    "VCO 1 PW",
    "HPF CUTOFF",
    "LPF CUTOFF",
    "HPF PEAK",
    "LPF PEAK",
    "VCO 1 LEVEL",
    "VCO 2 LEVEL",
    "VCA",
)
"""The control voltage behind each row."""

_TIME_CONSTANT_S = 1.0 / (2.0 * math.pi * circuit.CV_SMOOTHING_HZ)


@compiled
def smooth(
    times_s: Floats,
    volts: Floats,
    cursor: int,
    target: float,
    now: float,
    start_s: float,
    rate_hz: float,
    first: int,
    out: Floats,
) -> tuple[int, float, float]:
    """Follow a stepped voltage through a one-pole RC, exactly, whatever the moment of each step.

    Writes out[i], the voltage at start_s + (first + i) / rate_hz; `cursor` is the next step, `target` the voltage
    before it and `now` the capacitor's voltage one sample before out[0]. Returns the three for the next block.
    """
    whole = math.exp(-1.0 / (rate_hz * _TIME_CONSTANT_S))
    for i in range(out.size):
        sample_s = start_s + (first + i) / rate_hz
        if cursor < times_s.size and times_s[cursor] <= sample_s:
            last_s = sample_s - 1.0 / rate_hz
            while cursor < times_s.size and times_s[cursor] <= sample_s:
                step_s = max(times_s[cursor], last_s)
                now = target + (now - target) * math.exp((last_s - step_s) / _TIME_CONSTANT_S)
                last_s = step_s
                target = volts[cursor]
                cursor += 1
            now = target + (now - target) * math.exp((last_s - sample_s) / _TIME_CONSTANT_S)
        else:
            now = target + (now - target) * whole
        out[i] = now
    return cursor, target, now


@compiled
def to_units(rows: Floats, internal_rate_hz: float) -> None:
    """Turn a block's volts, shape (10, n), in place into hertz, duty, slew and gains of 0..1."""
    highest_cutoff_hz = min(circuit.CUTOFF_HIGHEST_HZ, circuit.CUTOFF_HIGHEST_OF_RATE * internal_rate_hz)
    for i in range(rows.shape[1]):
        for row in (VCO1_HZ, VCO2_HZ):
            hz = circuit.PITCH_ZERO_VOLT_HZ * 2.0 ** (circuit.PITCH_OCTAVES_PER_VOLT * rows[row, i])
            rows[row, i] = min(max(hz, circuit.VCO_LOWEST_HZ), circuit.VCO_HIGHEST_HZ)
        for row in (HPF_SLEW, LPF_SLEW):
            hz = circuit.CUTOFF_ZERO_VOLT_HZ * 2.0 ** (circuit.CUTOFF_OCTAVES_PER_VOLT * rows[row, i])
            rows[row, i] = slew_of_cutoff(
                min(max(hz, circuit.CUTOFF_LOWEST_HZ), highest_cutoff_hz), internal_rate_hz
            )
        for row in (VCO1_DUTY, HPF_PEAK, LPF_PEAK, VCO1_GAIN, VCO2_GAIN, VCA_GAIN):
            rows[row, i] = min(max(rows[row, i] / circuit.FULL_SCALE_VOLTS, 0.0), 1.0)
        rows[VCO1_DUTY, i] = circuit.WIDEST_DUTY * (1.0 - rows[VCO1_DUTY, i])


class _Course:
    """One smoothed control voltage, read block by block. Before its first step the DAC's output is grounded."""

    def __init__(self, times_s: Floats, volts: Floats, start_s: float) -> None:
        self.times_s = np.ascontiguousarray(times_s, np.float64)
        self.volts = np.ascontiguousarray(volts, np.float64)
        self.cursor = int(np.searchsorted(self.times_s, start_s, side="right"))
        self.target = float(self.volts[self.cursor - 1]) if self.cursor else 0.0
        self.now = self.target
        self.start_s = start_s

    def read(self, first: int, rate_hz: float, out: Floats) -> None:
        self.cursor, self.target, self.now = smooth(
            self.times_s, self.volts, self.cursor, self.target, self.now, self.start_s, rate_hz, first, out
        )


def _held(times_s: Floats, values: Integers, at_s: Floats, before: int) -> Integers:
    """Value in force at each time; `before` is what held before the first change."""
    place = np.searchsorted(times_s, at_s, side="right")
    return np.concatenate([[before], np.asarray(values, np.int64)])[place]


class ControlBlocks:
    """Reads a timeline block by block, in the voice's units, at `sample_rate` samples a second."""

    def __init__(self, timeline: ControlVoltages, sample_rate: int, oversample: int) -> None:
        self.start_s = timeline.start_s
        self.rate_hz = float(sample_rate)
        self.internal_rate_hz = float(sample_rate * oversample)
        power_s, power = timeline.power()
        self._courses = [_Course(*timeline.cv(name), self.start_s) for name in ROWS]
        self._words = timeline.shift_out()
        self._power = power_s, power
        self._powered_before = 0 if len(power) and power[0] == 1 else 1

    def read(self, first: int, count: int) -> tuple[Floats, Bytes]:
        """Return samples first .. first+count-1: controls, shape (10, count), and the two wave forms, (2, count).

        While the supply is off the VCA's row is 0.
        """
        at_s = self.start_s + (first + np.arange(count)) / self.rate_hz
        rows = np.empty((len(ROWS), count))
        for row, course in enumerate(self._courses):
            course.read(first, self.rate_hz, rows[row])
        to_units(rows, self.internal_rate_hz)
        rows[VCA_GAIN] *= _held(*self._power, at_s, self._powered_before)
        words = _held(*self._words, at_s, 0)
        waves = np.stack([words >> BOARD.OUT_VCO1_WAVE & 3, words >> BOARD.OUT_VCO2_WAVE & 3]).astype(
            np.uint8
        )
        return rows, waves
