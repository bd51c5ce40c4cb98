"""Measures that the tests of the analog model share: pitch, aliasing, filter responses."""

import numpy as np
import numpy.typing as npt
from ms20.analog.diode_table import feedback_table
from ms20.analog.filter_core import core_step, slew_of_cutoff
from ms20.analog.jit import compiled

Floats = npt.NDArray[np.float64]

INTERNAL_RATE_HZ = 96_000.0
"""Rate of the filters at 48 kHz and 2 x oversampling."""
TABLE = feedback_table()


def cents_off(audio: npt.NDArray[np.float32], sample_rate: int, expected_hz: float) -> float:
    """How far a tone's fundamental is from `expected_hz`, in cents: the turn of its phase between two halves."""
    half = len(audio) // 2
    time_s = np.arange(2 * half) / sample_rate
    mixed = np.asarray(audio[: 2 * half], np.float64) * np.exp(-2j * np.pi * expected_hz * time_s)
    window = np.hanning(half)
    turn = np.angle((mixed[half:] * window).sum() / (mixed[:half] * window).sum())
    off_hz = turn / (2 * np.pi) * sample_rate / half
    return float(1200 * np.log2((expected_hz + off_hz) / expected_hz))


def harmonic_to_alias_db(audio: Floats, sample_rate: int, fundamental_hz: float) -> float:
    """Power of a tone's harmonics over that of everything else, 20 Hz to 16 kHz, in dB."""
    count = 1 << 16
    spectrum = np.abs(np.fft.rfft(audio[-count:] * np.kaiser(count, 62.0))) ** 2
    hz = np.fft.rfftfreq(count, 1 / sample_rate)
    band = (hz > 20) & (hz < 16_000)
    distance = np.abs(hz - fundamental_hz * np.maximum(np.round(hz / fundamental_hz), 1))
    harmonic = distance < 12
    return float(10 * np.log10(spectrum[band & harmonic].sum() / spectrum[band & ~harmonic].sum()))


def harmonics(audio: npt.NDArray[np.float32], sample_rate: int, fundamental_hz: float, count: int) -> Floats:
    """Amplitudes of the first `count` harmonics."""
    samples = np.asarray(audio, np.float64)
    window = np.hanning(len(samples))
    time_s = np.arange(len(samples)) / sample_rate
    return np.array(
        [
            2
            * abs((samples * window * np.exp(-2j * np.pi * fundamental_hz * n * time_s)).sum())
            / window.sum()
            for n in range(1, count + 1)
        ]
    )


@compiled
def run_core(
    x_lp: Floats,
    x_hp: Floats,
    cutoff_hz: float,
    peak: float,
    rate_hz: float,
    kick_volts: float,
    table: Floats,
) -> Floats:
    """Run one filter core over two inputs, from a capacitor charged to `kick_volts`."""
    slew = slew_of_cutoff(cutoff_hz, rate_hz)
    s1, s2, d1, d2 = 0.0, kick_volts, 0.0, 0.0
    out = np.empty(x_lp.size)
    for i in range(x_lp.size):
        out[i], s1, s2, d1, d2 = core_step(x_lp[i], x_hp[i], slew, peak, 1.0 / rate_hz, s1, s2, d1, d2, table)
    return out


def response_db(
    kind: str, cutoff_hz: float, peak: float, at_hz: Floats, rate_hz: float = INTERNAL_RATE_HZ
) -> Floats:
    """Small-signal response of the LPF or the HPF at the given frequencies, from an impulse of 10 mV."""
    count = 1 << 17
    impulse, silence = np.zeros(count), np.zeros(count)
    impulse[0] = 0.01
    inputs = (impulse, silence) if kind == "LPF" else (silence, impulse)
    out = run_core(*inputs, cutoff_hz, peak, rate_hz, 0.0, TABLE)
    spectrum = np.abs(np.fft.rfft(out)) / 0.01
    return np.asarray(20 * np.log10(np.interp(at_hz, np.fft.rfftfreq(count, 1 / rate_hz), spectrum)))


def oscillation(cutoff_hz: float, peak: float, rate_hz: float = INTERNAL_RATE_HZ) -> tuple[float, float]:
    """Frequency (Hz) and size (V peak to peak) that a filter with no input settles on; (0, size) if it falls silent."""
    silence = np.zeros(round(rate_hz * max(0.4, 200 / cutoff_hz)))
    out = run_core(silence, silence, cutoff_hz, peak, rate_hz, 0.02, TABLE)
    late = out[len(out) // 2 :]
    size = float(np.ptp(late))
    rises = np.flatnonzero((late[:-1] < 0) & (late[1:] >= 0))
    if size < 0.01 or len(rises) < 3:
        return 0.0, size
    exact = rises - late[rises] / (late[rises + 1] - late[rises])
    return float((len(exact) - 1) / (exact[-1] - exact[0]) * rate_hz), size
