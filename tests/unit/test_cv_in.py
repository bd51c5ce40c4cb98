"""VCO 1+2 CV IN and VCO 2 CV IN, in volts, notes and cents."""

import math

import memory
import numpy as np
import pytest
from board import JACK_ADC_FULL_VOLTS
from hypothesis import given
from hypothesis import strategies as st
from settings import SETTINGS
from state import CV_GAIN_Q9, CV_INPUTS, CV_PITCH_Q9, CV_ZERO_Q4
from viper_numba import WORDS, compiled, driver

CODES = 1 << 16
CODES_PER_VOLT = CODES / JACK_ADC_FULL_VOLTS
QUIET_VOLTS = 0.02
STEP_VOLTS = 0.0041
"""What is taken at once."""
HELD = -(1 << 20)
"""A pitch that no voltage has: where it stays, nothing was taken."""
SMOOTHING_TICKS = 120
"""What is left of a small move after so many ticks (15 ms) is below half a step of the converter."""
ALLOWED = {row[0]: row[2] for row in SETTINGS}

take_cv = compiled("cv_in", "take_cv", exact=True)

inputs = st.integers(0, CV_INPUTS - 1)
pitch_volts = st.floats(math.log(0.021), math.log(10.2)).map(math.exp)
"""Any pitch as likely as any other."""


@driver
def each_by_itself(words, codes, pitches):
    for i in range(codes.size):
        words[CV_PITCH_Q9] = HELD
        take_cv(0, codes[i], 1)
        pitches[i] = words[CV_PITCH_Q9]


@driver
def one_after_the_other(words, which, codes, pitches):
    for i in range(codes.size):
        take_cv(which, codes[i], 0)
        pitches[i] = words[CV_PITCH_Q9 + which]


def note(volts):
    return 12 * np.log2(volts) + 48


def heard(which, volts, *, first=False):
    """Give an input voltages, one a tick; the notes that its oscillator stands at after each."""
    codes = np.clip(np.floor(np.atleast_1d(volts) * CODES_PER_VOLT), 0, CODES - 1).astype(np.int32)
    if first:
        take_cv(which, int(codes[0]), 1)
    pitches = np.zeros(codes.size, np.int32)
    one_after_the_other(WORDS, which, codes, pitches)
    return pitches / 512 + 60


def test_every_code_is_its_pitch_within_a_fifth_of_a_cent(words):
    codes = np.arange(CODES, dtype=np.int32)
    pitches = np.zeros(CODES, np.int32)
    each_by_itself(WORDS, codes, pitches)
    volts = codes / CODES_PER_VOLT
    means_a_pitch = volts >= QUIET_VOLTS
    cents = (pitches / 512 + 60 - note(np.maximum(volts, 1e-9))) * 100
    assert np.abs(cents[means_a_pitch]).max() <= 0.2
    assert set(pitches[~means_a_pitch]) == {HELD}


@given(inputs, pitch_volts, st.floats(0, 0.0198))
def test_below_twenty_millivolts_the_pitch_holds(which, volts, quiet):
    """After a step there; a smaller move goes through the pitches on its way."""
    if volts - quiet < STEP_VOLTS:
        return
    memory.clear()
    before = heard(which, volts, first=True)[-1]
    assert set(heard(which, [quiet] * 50)) == {before}


@given(inputs, pitch_volts, pitch_volts)
def test_a_sequencers_step_does_not_glide(which, before, after):
    """More than 4 mV, which is less than a semitone from 0.07 V on; what is left of a code is 1/6 mV."""
    if abs(after - before) < STEP_VOLTS:
        return
    memory.clear()
    heard(which, before, first=True)
    assert heard(which, after)[0] == pytest.approx(
        note(after), abs=0.002 + note(after + 0.0002) - note(after)
    )


@given(inputs, pitch_volts, st.floats(-0.0037, 0.0037))
def test_a_smaller_move_arrives_too(which, before, move):
    after = before + move
    if not 0.021 < after < 10.2:
        return
    memory.clear()
    heard(which, before, first=True)
    notes = heard(which, [after] * SMOOTHING_TICKS)
    within = note(after + 0.0003) - note(after)
    assert notes[-1] == pytest.approx(note(after), abs=0.002 + within)
    steps = np.diff(notes) * (1 if move > 0 else -1)
    assert (steps >= 0).all()


@pytest.mark.parametrize("noise_lsb", [0.5, 1.0])
def test_noise_at_a_quarter_of_a_volt_is_not_heard(words, noise_lsb):
    """Note 24, for a minute."""
    random = np.random.default_rng(24)
    volts = 0.25 + noise_lsb / CODES_PER_VOLT * random.standard_normal(60 * 8000)
    cents = (heard(0, volts, first=True)[100:] - 24) * 100
    assert np.abs(cents - cents.mean()).max() < 2
    assert cents.mean() == pytest.approx(-0.5, abs=0.6), "half a code, which is what a converter rounds down"


@pytest.mark.parametrize("which", range(CV_INPUTS))
@pytest.mark.parametrize("offset_volts", [-0.005, 0.005])
@pytest.mark.parametrize("gain", [0.99, 1.01])
def test_zero_and_gain_correct_an_offset_and_a_gain_error(words, which, offset_volts, gain):
    """As the service calibrates: the zero is what is read too high, the gain comes from one high voltage."""
    read = lambda volts: volts * gain + offset_volts  # noqa: E731
    name = ("cv12", "cv2")[which]
    zero_q4 = round(offset_volts * CODES_PER_VOLT * 16)
    lowest, highest = ALLOWED[f"{name}_zero"]
    assert lowest <= zero_q4 <= highest
    words[CV_ZERO_Q4 + which] = zero_q4
    gain_q9 = round((note(8.0) - heard(which, read(8.0), first=True)[-1]) * 512)
    lowest, highest = ALLOWED[f"{name}_gain"]
    assert lowest <= gain_q9 <= highest
    words[CV_GAIN_Q9 + which] = gain_q9
    for volts in (0.25, 0.5, 1, 2, 4, 8):
        cents = (heard(which, read(volts), first=True)[-1] - note(volts)) * 100
        assert abs(cents) <= 0.4 + 120 * (note(volts + 0.5 / CODES_PER_VOLT) - note(volts))


def test_the_inputs_do_not_mix(words):
    heard(0, 1.0, first=True)
    heard(1, 4.0, first=True)
    words[CV_ZERO_Q4 + 1], words[CV_GAIN_Q9 + 1] = 512, 512
    assert heard(0, 1.0)[-1] == pytest.approx(48, abs=0.01)
    assert heard(1, 4.0)[-1] == pytest.approx(73, abs=0.05)


@given(
    inputs,
    st.lists(st.tuples(st.integers(0, CODES - 1), st.booleans()), min_size=1, max_size=30),
    st.integers(*ALLOWED["cv12_zero"]),
    st.integers(*ALLOWED["cv12_gain"]),
)
def test_no_code_and_no_calibration_leaves_the_range_of_pitches(which, codes, zero, gain):
    """From 20 mV to full scale, a semitone more for the calibration; nothing wraps (`exact` would raise)."""
    memory.clear()
    words = memory.state
    words[CV_ZERO_Q4 + which], words[CV_GAIN_Q9 + which] = zero, gain
    for code, first in codes:
        take_cv(which, code, int(first))
        assert note(QUIET_VOLTS) - 1.1 <= words[CV_PITCH_Q9 + which] / 512 + 60 <= note(10.24) + 1.1
