"""The VCOs: pitch, wave forms, pulse width, ring modulator, noise and aliasing."""

import numpy as np
import pytest
from analog_measures import cents_off, harmonic_to_alias_db, harmonics
from ms20.analog import render
from ms20.analog.jit import compiled
from ms20.analog.oscillators import saw
from ms20.analog.output_stage import decimate, decimator
from synthetic_timeline import steady

RATE = 48_000
MIDDLE_C_HZ = 261.6256


def hz_of(note: int) -> float:
    return 440.0 * 2 ** ((note - 69) / 12)


@pytest.mark.parametrize("note", [24, 36, 48, 60, 69, 84, 96, 108])
@pytest.mark.parametrize("vco", [1, 2])
def test_a_saw_is_within_a_cent_of_its_note(note: int, vco: int) -> None:
    levels = {"VCO 1 LEVEL": 2.0 if vco == 1 else 0.0, "VCO 2 LEVEL": 2.0 if vco == 2 else 0.0}
    audio = render(steady({f"VCO {vco} PITCH": (note - 60) / 12, **levels}, 1.2))
    assert abs(cents_off(audio[RATE // 5 :], RATE, hz_of(note))) < 1.0


def test_pitches_beyond_the_converter_are_held_at_its_ends() -> None:
    audio = render(steady({"VCO 1 PITCH": 5.0, "VCO 1 LEVEL": 2.0}, 0.5))
    assert abs(cents_off(audio[RATE // 5 :], RATE, MIDDLE_C_HZ * 32)) < 1.0


@compiled
def raw_saw(count: int, hz: float, rate_hz: float) -> np.ndarray:  # type: ignore[type-arg]
    out = np.empty(count)
    phase, kept = 0.25, 0.0
    for i in range(count):
        phase += hz / rate_hz
        wrapped = phase >= 1.0
        if wrapped:
            phase -= 1.0
        before, value = saw(phase, hz / rate_hz, wrapped)
        out[i] = kept + before
        kept = value
    return out


@pytest.mark.parametrize(("oversample", "least_db"), [(2, 60.0), (4, 75.0)])
def test_the_saws_aliases_at_1245_hz_are_60_db_down(oversample: int, least_db: float) -> None:
    count = 80_000
    taps = decimator(oversample)
    raw = raw_saw(count * oversample + taps.size, 1245.3, float(RATE * oversample))
    out = np.empty(count)
    decimate(raw, taps, oversample, out)
    assert harmonic_to_alias_db(out, RATE, 1245.3) > least_db


@pytest.mark.parametrize("words", [("SAW", "SAW"), ("TRIANGLE", "SAW"), ("PULSE", "SAW")])
def test_aliases_behind_the_filters_are_60_db_down(words: tuple[str, str]) -> None:
    volts = np.log2(1245.3 / MIDDLE_C_HZ)
    audio = render(steady({"VCO 1 PITCH": volts, "VCO 1 LEVEL": 3.0, "LPF CUTOFF": 2.0}, 1.6, *words))
    # The DAC's step moves the pitch by a fraction of a cent: take the pitch that it gives.
    hz = 1245.3 * 2 ** (cents_off(audio[RATE // 5 :], RATE, 1245.3) / 1200)
    assert harmonic_to_alias_db(np.asarray(audio, np.float64), RATE, hz) > 60


def spectrum_of(vco1: str, vco2: str, level: int, **volts: float) -> np.ndarray:  # type: ignore[type-arg]
    """First eight harmonics at middle C, relative to the first."""
    levels = {"VCO 1 LEVEL": 0.5 if level == 1 else 0.0, "VCO 2 LEVEL": 0.5 if level == 2 else 0.0}
    cvs = {name.replace("_", " "): value for name, value in volts.items()}
    audio = render(steady({**levels, **cvs}, 1.2, vco1, vco2))
    found = harmonics(audio[RATE // 5 :], RATE, MIDDLE_C_HZ, 8)
    return found / found[0]


def pulse_series(duty: float) -> np.ndarray:  # type: ignore[type-arg]
    n = np.arange(1, 9)
    series = np.abs(np.sin(np.pi * n * duty)) / n
    return series / series[0]


ODD = np.arange(1, 9) % 2


@pytest.mark.parametrize(
    ("vco1", "vco2", "level", "wanted"),
    [
        ("SAW", "SAW", 1, 1 / np.arange(1, 9)),
        ("TRIANGLE", "SAW", 1, ODD / np.arange(1, 9) ** 2),
        ("PULSE", "SAW", 1, pulse_series(0.5)),
        ("SAW", "SAW", 2, 1 / np.arange(1, 9)),
        ("SAW", "SQUARE", 2, pulse_series(0.5)),
        ("SAW", "NARROW PULSE", 2, pulse_series(0.25)),
    ],
)
def test_each_wave_form_has_its_series_of_harmonics(
    vco1: str,
    vco2: str,
    level: int,
    wanted: np.ndarray,  # type: ignore[type-arg]
) -> None:
    # A whiff of 48 Hz high-pass and of the OTAs' bend remains: 3 % of the fundamental.
    assert spectrum_of(vco1, vco2, level) == pytest.approx(wanted, abs=0.03)


def test_pulse_width_runs_from_a_square_to_silence() -> None:
    assert spectrum_of("PULSE", "SAW", 1, VCO_1_PW=2.5) == pytest.approx(pulse_series(0.25), abs=0.03)
    wide, silent = (render(steady({"VCO 1 PW": volts}, 0.6, "PULSE"))[9600:].std() for volts in (0.0, 5.0))
    assert silent < wide / 1000


def test_ring_is_the_exclusive_or_of_pulse_and_square() -> None:
    # 3:2 at 400 and 600 Hz: compare with the product of two ideal squares, whose sign the exclusive-or turns over.
    pitches = {"VCO 1 PITCH": np.log2(400 / MIDDLE_C_HZ), "VCO 2 PITCH": np.log2(600 / MIDDLE_C_HZ)}
    levels = {"VCO 1 LEVEL": 0.0, "VCO 2 LEVEL": 0.5}
    audio = render(steady({**pitches, **levels}, 0.2, "SAW", "RING"))[4800:5760]
    time_s = np.arange(len(audio)) / RATE
    best = 0.0
    for shift1 in range(120):
        first = np.sign(np.sin(2 * np.pi * 400 * (time_s + (shift1 + 0.5) / RATE)))
        for shift2 in range(80):
            second = np.sign(np.sin(2 * np.pi * 600 * (time_s + (shift2 + 0.5) / RATE)))
            best = max(best, abs(float(np.corrcoef(audio, first * second)[0, 1])))
    assert best > 0.97


def test_ring_with_the_pulse_shut_passes_the_square() -> None:
    assert spectrum_of("SAW", "RING", 2, VCO_1_PW=5.0) == pytest.approx(pulse_series(0.5), abs=0.03)


def test_noise_is_white_and_the_same_every_time() -> None:
    timeline = steady({"VCO 1 LEVEL": 1.0}, 2.0, "NOISE")
    audio = render(timeline)
    assert np.array_equal(audio, render(timeline))
    power = np.abs(np.fft.rfft(audio)) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / RATE)
    bands = [power[(hz > low) & (hz < low + 1000)].mean() for low in (500, 3000, 6000, 10_000)]
    assert 10 * np.log10(max(bands) / min(bands)) < 2.0


def test_noise_is_as_loud_at_any_oversampling() -> None:
    powers = []
    for oversample in (2, 4, 8):
        audio = render(steady({"VCO 1 LEVEL": 1.0}, 1.0, "NOISE"), oversample=oversample)
        hz = np.fft.rfftfreq(len(audio), 1 / RATE)
        powers.append((np.abs(np.fft.rfft(audio)) ** 2)[(hz > 500) & (hz < 5000)].mean())
    assert 10 * np.log10(max(powers) / min(powers)) < 0.5
