"""From pitch, envelope and panel to DAC codes."""

import pytest
from control_frame import code_of, compute, set_code
from hypothesis import given
from hypothesis import strategies as st
from laws import cutoff_code, eg2_depth_q13
from state import (
    EG2_LEVEL_Q28,
    EG2_SUSTAIN_U16,
    HPF_CUTOFF_CODE,
    HPF_EG2_DEPTH_Q13,
    KEY_PITCH_Q8,
    LPF_CUTOFF_CODE,
    LPF_EG2_DEPTH_Q13,
    VCO1_OFFSET_Q8,
    VCO2_OFFSET_Q8,
)

FULL_Q28 = 1 << 28


def volts_pm5(code):
    return (code - 32768) * 10 / 65536


def frame():
    """The sixteen codes as the DAC will read them."""
    return [code_of(channel) for channel in range(16)]


@pytest.mark.parametrize("note", [0, 24, 48, 60, 61, 84, 96])
def test_pitch_is_one_volt_an_octave_from_middle_c(words, note):
    words[KEY_PITCH_Q8] = (note - 60) * 256
    words[VCO2_OFFSET_Q8] = 12 * 256
    compute()
    cents = (volts_pm5(frame()[0]) * 1200) - (note - 60) * 100
    assert abs(cents) < 0.2
    assert volts_pm5(frame()[1]) - volts_pm5(frame()[0]) == pytest.approx(1.0, abs=0.0002)


def test_pitch_saturates_and_does_not_wrap(words):
    words[KEY_PITCH_Q8] = (127 - 60) * 256
    words[VCO2_OFFSET_Q8] = 24 * 256
    words[VCO1_OFFSET_Q8] = -200 * 256
    compute()
    assert frame()[1] == 65535
    assert frame()[0] == 0


def test_envelope_opens_the_vca_all_the_way(words):
    words[EG2_LEVEL_Q28] = FULL_Q28
    compute()
    assert frame()[9] == 65535
    words[EG2_LEVEL_Q28] = 0
    compute()
    assert frame()[9] == 0


def test_a_held_note_sits_at_the_cutoff_knob_whatever_sustain_says(words):
    """Facts 6.3: to the filters EG 2 is level minus sustain."""
    words[LPF_CUTOFF_CODE] = cutoff_code(0.5)
    words[LPF_EG2_DEPTH_Q13] = eg2_depth_q13(0.7)
    for sustain in (0, 20000, 65535):
        words[EG2_SUSTAIN_U16] = sustain
        words[EG2_LEVEL_Q28] = sustain << 12
        compute()
        assert code_of(4) == cutoff_code(0.5)
        assert code_of(11) == 32768


def test_full_envelope_at_full_depth_is_ten_octaves(words):
    words[LPF_CUTOFF_CODE] = -30000
    words[LPF_EG2_DEPTH_Q13] = eg2_depth_q13(1.0)
    words[EG2_LEVEL_Q28] = FULL_Q28
    compute()
    octaves = (code_of(4) + 30000) / 6553.6 * 0.96
    assert octaves == pytest.approx(10, abs=0.01)


@given(
    st.integers(-60, 67),
    st.integers(-61 * 256, 61 * 256),
    st.integers(0, FULL_Q28),
    st.integers(0, 65535),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_no_panel_position_wraps(note, offset_q8, level, sustain, cutoff, depth):
    """The stand-in raises on any 32-bit overflow; the frame stays in range whatever the sums say."""
    import memory

    words = memory.state
    words[KEY_PITCH_Q8] = note * 256
    words[VCO1_OFFSET_Q8] = offset_q8
    words[VCO2_OFFSET_Q8] = -offset_q8
    words[EG2_LEVEL_Q28] = level
    words[EG2_SUSTAIN_U16] = sustain
    words[HPF_CUTOFF_CODE] = words[LPF_CUTOFF_CODE] = cutoff_code(cutoff)
    words[HPF_EG2_DEPTH_Q13] = words[LPF_EG2_DEPTH_Q13] = eg2_depth_q13(depth)
    compute()
    assert all(0 <= code <= 65535 for code in frame())


@given(st.integers(-(1 << 20), 1 << 20), st.integers(0, 15))
def test_a_code_is_clamped_and_read_back(code, channel):
    set_code(channel, code)
    assert code_of(channel) == min(max(code, 0), 65535)
