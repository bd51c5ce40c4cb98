"""The filters against the linear theory, and against the ngspice runs of the same circuit."""

import numpy as np
import pytest
from analog_measures import oscillation, response_db
from ms20.analog.circuit import FEEDBACK_GAIN, OTA1_ATTENUATION, OTA2_ATTENUATION

CUTOFFS_HZ = [60.0, 350.0, 1330.0, 5000.0, 12_000.0]


@pytest.mark.parametrize("cutoff_hz", CUTOFFS_HZ)
def test_lpf_is_6_02_db_down_at_its_cutoff(cutoff_hz: float) -> None:
    assert response_db("LPF", cutoff_hz, 0.0, np.array([cutoff_hz]))[0] == pytest.approx(-6.02, abs=0.05)


@pytest.mark.parametrize("cutoff_hz", [60.0, 350.0, 900.0])
def test_lpf_falls_12_db_an_octave_and_hpf_6(cutoff_hz: float) -> None:
    low = response_db("LPF", cutoff_hz, 0.0, cutoff_hz * np.array([5.0, 10.0]))
    high = response_db("HPF", cutoff_hz, 0.0, cutoff_hz / np.array([8.0, 16.0]))
    assert low[1] - low[0] == pytest.approx(-12.0, abs=0.4)
    assert high[1] - high[0] == pytest.approx(-6.0, abs=0.1)


@pytest.mark.parametrize("peak", [0.0, 0.1, 0.2, 0.28])
@pytest.mark.parametrize("kind", ["LPF", "HPF"])
def test_small_signals_follow_the_transfer_function(kind: str, peak: float) -> None:
    cutoff_hz = 1330.0
    at_hz = np.geomspace(30, 12_000, 60)
    s, k = 1j * at_hz / cutoff_hz, peak * FEEDBACK_GAIN
    # The first OTA's divider feeds from two resistors, the second's from one: w1 is 2 % below w2.
    w1 = np.sqrt(OTA1_ATTENUATION / OTA2_ATTENUATION)
    w2 = 1 / w1
    numerator = w1 * w2 if kind == "LPF" else s * (s + w1)
    wanted_db = 20 * np.log10(np.abs(numerator / (s * s + (w1 + w2 - k * w2) * s + w1 * w2)))
    assert np.abs(response_db(kind, cutoff_hz, peak, at_hz, 384_000.0) - wanted_db).max() < 0.2


def test_oscillation_starts_at_1_53_volts_of_peak() -> None:
    assert oscillation(1330.0, 1.48 / 5)[0] == 0
    assert oscillation(1330.0, 1.57 / 5)[0] > 0


# Peak, frequency (Hz) and size (V peak to peak) of the self-oscillation that ngspice gives at a cutoff of 1329.4 Hz.
SPICE = [
    (0.31, 1243.0, 2.114),
    (0.35, 1200.7, 2.448),
    (0.40, 1158.4, 2.711),
    (0.50, 1098.0, 3.133),
    (0.70, 1026.7, 3.974),
    (1.00, 921.4, 5.991),
]


@pytest.mark.parametrize(("peak", "spice_hz", "spice_vpp"), SPICE)
def test_self_oscillation_agrees_with_spice_within_25_cents_and_2_percent(
    peak: float, spice_hz: float, spice_vpp: float
) -> None:
    hz, vpp = oscillation(1329.4, peak)
    assert abs(1200 * np.log2(hz / spice_hz)) < 25
    assert vpp == pytest.approx(spice_vpp, rel=0.02)


@pytest.mark.parametrize("cutoff_hz", [100.0, 1330.0, 5000.0, 8000.0])
@pytest.mark.parametrize("peak", [0.32, 0.5, 1.0])
def test_2x_oversampling_holds_the_oscillation_within_40_cents_of_8x(cutoff_hz: float, peak: float) -> None:
    coarse_hz, coarse_vpp = oscillation(cutoff_hz, peak)
    fine_hz, fine_vpp = oscillation(cutoff_hz, peak, 384_000.0)
    assert abs(1200 * np.log2(coarse_hz / fine_hz)) < 40
    assert coarse_vpp == pytest.approx(fine_vpp, rel=0.02)
