"""From pitch, modulators and panel to DAC codes."""

import pytest
from board import (
    CV_COUNT,
    CV_EG1_OUT,
    CV_EG2_REV_OUT,
    CV_HPF_CUTOFF,
    CV_LPF_CUTOFF,
    CV_MG_OUT_A,
    CV_VCA,
    CV_VCO1_PITCH,
    CV_VCO2_PITCH,
)
from control_frame import code_of, compute, hold_cvs, set_code
from hypothesis import given
from hypothesis import strategies as st
from state import (
    BEND_Q9,
    CV_HELD,
    CV_HELD_CODE,
    CV_PITCH_Q9,
    CV_READY,
    DEPTH_NOW,
    EG1_LEVEL_Q28,
    EG1_TO_PITCH,
    EG2_LEVEL_Q28,
    EG2_SUSTAIN_U16,
    EG2_TO_HPF,
    EG2_TO_LPF,
    GLIDE_Q20,
    HPF_CUTOFF_CODE,
    LPF_CUTOFF_CODE,
    MG_LEVEL_S16,
    MG_TO_HPF,
    MG_TO_LPF,
    MG_TO_PITCH,
    VCO1_OFFSET_Q9,
    VCO2_OFFSET_Q9,
)

FULL_Q28 = 1 << 28
SEMITONE_Q9 = 512
OCTAVE_Q9 = 12 * SEMITONE_Q9
MIDDLE = 32768
CUTOFF = 24_000
FULL_EG2_DEPTH_Q13 = 8533
FULL_MG_CUTOFF = 34_133
FULL_FM_MG = 5 * OCTAVE_Q9 // 2
FULL_FM_EG1 = 5 * OCTAVE_Q9


def volts_pm5(code):
    return (code - MIDDLE) * 10 / 65536


def frame():
    """The sixteen codes as the DAC will read them."""
    return [code_of(channel) for channel in range(CV_COUNT)]


def play(words, note):
    """Let a note stand at the end of its glide."""
    words[GLIDE_Q20] = (note - 60) << 20


@pytest.mark.parametrize("note", [0, 24, 48, 60, 61, 84, 96])
def test_pitch_is_one_volt_an_octave_from_middle_c(words, note):
    play(words, note)
    words[VCO2_OFFSET_Q9] = OCTAVE_Q9
    compute()
    cents = (volts_pm5(frame()[CV_VCO1_PITCH]) * 1200) - (note - 60) * 100
    if note > 0:
        assert abs(cents) < 0.2
        assert volts_pm5(frame()[CV_VCO2_PITCH] - frame()[CV_VCO1_PITCH] + MIDDLE) == pytest.approx(
            1, abs=2e-4
        )
    else:
        assert frame()[CV_VCO1_PITCH] == 0 or abs(cents) < 0.2


def test_pitch_saturates_and_does_not_wrap(words):
    play(words, 127)
    words[VCO2_OFFSET_Q9] = 24 * SEMITONE_Q9
    words[VCO1_OFFSET_Q9] = -200 * SEMITONE_Q9
    compute()
    assert frame()[CV_VCO2_PITCH] == 65535
    assert frame()[CV_VCO1_PITCH] == 0


def test_pitch_bend_moves_both_oscillators(words):
    words[BEND_Q9] = 2 * SEMITONE_Q9
    compute()
    for channel in (CV_VCO1_PITCH, CV_VCO2_PITCH):
        assert volts_pm5(code_of(channel)) == pytest.approx(2 / 12, abs=2e-4)


@pytest.mark.parametrize(("level", "octaves"), [(-32768, -2.5), (0, 0), (16384, 1.25), (32767, 2.5)])
def test_mg_at_full_depth_bends_both_oscillators_by_one_octave_a_volt(words, level, octaves):
    words[DEPTH_NOW + MG_TO_PITCH] = FULL_FM_MG
    words[MG_LEVEL_S16] = level
    compute()
    for channel in (CV_VCO1_PITCH, CV_VCO2_PITCH):
        assert volts_pm5(code_of(channel)) == pytest.approx(octaves, abs=4e-4)
    assert volts_pm5(code_of(CV_MG_OUT_A)) == pytest.approx(level / 32768 * 2.5, abs=2e-4)


@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_eg1_at_full_depth_raises_both_oscillators_by_five_octaves(words, share):
    words[DEPTH_NOW + EG1_TO_PITCH] = FULL_FM_EG1
    words[EG1_LEVEL_Q28] = round(share * FULL_Q28)
    compute()
    for channel in (CV_VCO1_PITCH, CV_VCO2_PITCH):
        assert volts_pm5(code_of(channel)) == pytest.approx(min(5 * share, 4.9999), abs=3e-4)
    assert code_of(CV_EG1_OUT) == min(round(share * 65536), 65535)


def test_a_plug_in_vco_12_cv_in_takes_the_keyboards_place_for_both(words):
    play(words, 84)
    words[CV_PITCH_Q9] = -OCTAVE_Q9
    words[CV_READY] = 0b01
    compute()
    assert volts_pm5(code_of(CV_VCO1_PITCH)) == pytest.approx(-1, abs=2e-4)
    assert volts_pm5(code_of(CV_VCO2_PITCH)) == pytest.approx(-1, abs=2e-4)


def test_a_plug_in_vco_2_cv_in_takes_it_for_vco_2_alone(words):
    play(words, 72)
    words[CV_PITCH_Q9 + 1] = -OCTAVE_Q9
    words[CV_PITCH_Q9] = 2 * OCTAVE_Q9
    words[CV_READY] = 0b10
    compute()
    assert volts_pm5(code_of(CV_VCO1_PITCH)) == pytest.approx(1, abs=2e-4)
    assert volts_pm5(code_of(CV_VCO2_PITCH)) == pytest.approx(-1, abs=2e-4)
    words[CV_READY] = 0b11
    compute()
    assert volts_pm5(code_of(CV_VCO1_PITCH)) == pytest.approx(2, abs=2e-4)
    assert volts_pm5(code_of(CV_VCO2_PITCH)) == pytest.approx(-1, abs=2e-4)


def test_envelope_opens_the_vca_all_the_way(words):
    words[EG2_LEVEL_Q28] = FULL_Q28
    compute()
    assert code_of(CV_VCA) == 65535
    words[EG2_LEVEL_Q28] = 0
    compute()
    assert code_of(CV_VCA) == 0


def test_a_held_note_sits_at_the_cutoff_knob_whatever_sustain_says(words):
    """Facts 6.3: to the filters EG 2 is level minus sustain."""
    words[LPF_CUTOFF_CODE] = CUTOFF
    words[DEPTH_NOW + EG2_TO_LPF] = FULL_EG2_DEPTH_Q13 // 2
    for sustain in (0, 20000, 65535):
        words[EG2_SUSTAIN_U16] = sustain
        words[EG2_LEVEL_Q28] = sustain << 12
        compute()
        assert code_of(CV_LPF_CUTOFF) == CUTOFF
        assert code_of(CV_EG2_REV_OUT) == MIDDLE


def test_full_envelope_at_full_depth_is_ten_octaves(words):
    words[LPF_CUTOFF_CODE] = -30000
    words[DEPTH_NOW + EG2_TO_LPF] = FULL_EG2_DEPTH_Q13
    words[EG2_LEVEL_Q28] = FULL_Q28
    compute()
    octaves = (code_of(CV_LPF_CUTOFF) + 30000) / 6553.6 * 0.96
    assert octaves == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize(("depth", "channel"), [(MG_TO_HPF, CV_HPF_CUTOFF), (MG_TO_LPF, CV_LPF_CUTOFF)])
def test_mg_moves_its_own_filter_by_five_octaves_at_full_depth(words, depth, channel):
    words[HPF_CUTOFF_CODE] = words[LPF_CUTOFF_CODE] = MIDDLE
    words[DEPTH_NOW + depth] = FULL_MG_CUTOFF
    words[MG_LEVEL_S16] = -16384
    compute()
    assert (code_of(channel) - MIDDLE) / 6553.6 * 0.96 == pytest.approx(-2.5, abs=0.001)
    other = CV_LPF_CUTOFF if channel == CV_HPF_CUTOFF else CV_HPF_CUTOFF
    assert code_of(other) == MIDDLE


def test_the_service_can_hold_a_cv(words):
    words[CV_HELD] = 1 << CV_VCA
    words[CV_HELD_CODE + CV_VCA] = 0x1234
    words[EG2_LEVEL_Q28] = FULL_Q28
    compute()
    before = frame()
    hold_cvs()
    assert code_of(CV_VCA) == 0x1234
    assert [code for channel, code in enumerate(frame()) if channel != CV_VCA] == [
        code for channel, code in enumerate(before) if channel != CV_VCA
    ]


@given(
    st.integers(0, 127),
    st.integers(-61 * SEMITONE_Q9, 61 * SEMITONE_Q9),
    st.integers(0, FULL_Q28),
    st.integers(0, FULL_Q28),
    st.integers(0, 65535),
    st.integers(-32768, 32767),
    st.floats(0, 1),
)
def test_no_panel_position_wraps(note, offset_q9, eg1, eg2, sustain, mg, depth):
    """The stand-in raises on any 32-bit overflow; the frame stays in range whatever the sums say."""
    import memory

    words = memory.state
    play(words, note)
    words[VCO1_OFFSET_Q9] = offset_q9
    words[VCO2_OFFSET_Q9] = -offset_q9
    words[BEND_Q9] = 24 * SEMITONE_Q9
    words[EG1_LEVEL_Q28] = eg1
    words[EG2_LEVEL_Q28] = eg2
    words[EG2_SUSTAIN_U16] = sustain
    words[MG_LEVEL_S16] = mg
    words[HPF_CUTOFF_CODE] = words[LPF_CUTOFF_CODE] = round(depth * 65535)
    words[DEPTH_NOW + MG_TO_PITCH] = round(depth * FULL_FM_MG)
    words[DEPTH_NOW + EG1_TO_PITCH] = round(depth * FULL_FM_EG1)
    words[DEPTH_NOW + EG2_TO_HPF] = words[DEPTH_NOW + EG2_TO_LPF] = round(depth * FULL_EG2_DEPTH_Q13)
    words[DEPTH_NOW + MG_TO_HPF] = words[DEPTH_NOW + MG_TO_LPF] = round(depth * FULL_MG_CUTOFF)
    compute()
    assert all(0 <= code <= 65535 for code in frame())


@given(st.integers(-(1 << 20), 1 << 20), st.integers(0, CV_COUNT - 1))
def test_a_code_is_clamped_and_read_back(code, channel):
    set_code(channel, code)
    assert code_of(channel) == min(max(code, 0), 65535)
