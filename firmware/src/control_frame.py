"""The sums behind the control voltages: pitch, modulators and panel become the DAC codes of the next frame.

Codes are sums and can run past the DAC's ends; each is clamped as it enters the frame: a CV saturates, it never
wraps (a code with bits above the DAC's is out of range, whatever its sign). A semitone on a +-5 V channel is 546.13 codes; of pitch in q9 (1/512 semitone) one step is 16/15 of a code.
Worked example: note 69 with an EG 1 at half height and FM EG1/EXT full: 9 * 512 = 4608 of pitch, plus half of 30 720
(five octaves): 19 968 q9 are 19 968 + 19 968 / 15 = 21 299 codes above the middle, 3.25 V.

The frame holds codes as the DAC reads them, most significant byte first; a code goes in by one 16-bit store, so
that a frame that is being sent never carries half of one.
"""

# link: constants

import micropython
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
    DAC_BITS,
    DAC_FULL,
    DAC_MIDDLE,
)
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
    FRAME_CODES,
    GLIDE_Q20,
    HPF_CUTOFF_CODE,
    LPF_CUTOFF_CODE,
    MG_LEVEL_S16,
    MG_TO_HPF,
    MG_TO_LPF,
    MG_TO_PITCH,
    STATE,
    VCO1_OFFSET_Q9,
    VCO2_OFFSET_Q9,
)

FIFTEENTH_Q16 = 4369
"""1/15 in Q16: with it a q9 step is 16/15 codes, and thirty octaves still fit 32 bits."""
Q20_TO_Q9 = 11
Q28_TO_U16 = 12
U16 = 0xFFFF
VCO12_CV = 0
VCO2_CV = 1


# link: inline
@micropython.viper
def compute():
    """Work out all codes that change by themselves and put them into the frame."""
    s = ptr32(STATE)
    frame = ptr16(FRAME_CODES)

    mg = s[MG_LEVEL_S16]
    code = DAC_MIDDLE + (mg >> 1)
    frame[CV_MG_OUT_A] = (code << 8) | (code >> 8)
    level_u16 = s[EG1_LEVEL_Q28] >> Q28_TO_U16
    if level_u16 > U16:
        level_u16 = U16
    frame[CV_EG1_OUT] = (level_u16 << 8) | (level_u16 >> 8)
    modulation_q9 = s[BEND_Q9] + ((mg * s[DEPTH_NOW + MG_TO_PITCH]) >> 15)
    modulation_q9 += (level_u16 * s[DEPTH_NOW + EG1_TO_PITCH]) >> 16

    # A plug in VCO 1+2 CV IN takes the keyboard's place for both oscillators, one in VCO 2 CV IN for the second.
    pitch_q9 = s[GLIDE_Q20] >> Q20_TO_Q9
    ready = s[CV_READY]
    if ready & (1 << VCO12_CV):
        pitch_q9 = s[CV_PITCH_Q9 + VCO12_CV]
    sum_q9 = pitch_q9 + s[VCO1_OFFSET_Q9] + modulation_q9
    code = DAC_MIDDLE + sum_q9 + ((sum_q9 * FIFTEENTH_Q16) >> 16)
    if code >> DAC_BITS:
        code = DAC_FULL if code > 0 else 0
    frame[CV_VCO1_PITCH] = (code << 8) | (code >> 8)

    if ready & (1 << VCO2_CV):
        pitch_q9 = s[CV_PITCH_Q9 + VCO2_CV]
    sum_q9 = pitch_q9 + s[VCO2_OFFSET_Q9] + modulation_q9
    code = DAC_MIDDLE + sum_q9 + ((sum_q9 * FIFTEENTH_Q16) >> 16)
    if code >> DAC_BITS:
        code = DAC_FULL if code > 0 else 0
    frame[CV_VCO2_PITCH] = (code << 8) | (code >> 8)

    level_u16 = s[EG2_LEVEL_Q28] >> Q28_TO_U16
    if level_u16 > U16:
        level_u16 = U16
    frame[CV_VCA] = (level_u16 << 8) | (level_u16 >> 8)

    # To the filters EG 2 is its level minus sustain (facts 6.3): SUSTAIN never moves a held note's cutoff.
    swing = level_u16 - s[EG2_SUSTAIN_U16]
    code = DAC_MIDDLE - (swing >> 1)
    frame[CV_EG2_REV_OUT] = (code << 8) | (code >> 8)

    code = (
        s[HPF_CUTOFF_CODE]
        + ((swing * s[DEPTH_NOW + EG2_TO_HPF]) >> 13)
        + ((mg * s[DEPTH_NOW + MG_TO_HPF]) >> 15)
    )
    if code >> DAC_BITS:
        code = DAC_FULL if code > 0 else 0
    frame[CV_HPF_CUTOFF] = (code << 8) | (code >> 8)

    code = (
        s[LPF_CUTOFF_CODE]
        + ((swing * s[DEPTH_NOW + EG2_TO_LPF]) >> 13)
        + ((mg * s[DEPTH_NOW + MG_TO_LPF]) >> 15)
    )
    if code >> DAC_BITS:
        code = DAC_FULL if code > 0 else 0
    frame[CV_LPF_CUTOFF] = (code << 8) | (code >> 8)


@micropython.viper
def hold_cvs():
    """Put the service's held codes in place of the sums; only called while any is held."""
    s = ptr32(STATE)
    frame = ptr16(FRAME_CODES)
    held = s[CV_HELD]
    channel = 0
    while channel < CV_COUNT:
        if held & (1 << channel):
            code = s[CV_HELD_CODE + channel]
            frame[channel] = (code << 8) | (code >> 8)
        channel += 1


@micropython.viper
def set_code(channel: int, code: int):
    """Put a code, clamped to 0..65535, into the frame: for the channels that only the panel moves."""
    frame = ptr16(FRAME_CODES)
    if code < 0:
        code = 0
    elif code > DAC_FULL:
        code = DAC_FULL
    frame[channel] = (code << 8) | (code >> 8)


@micropython.viper
def code_of(channel: int) -> int:
    """The code that the next frame will carry for a channel."""
    frame = ptr16(FRAME_CODES)
    return (frame[channel] & 0xFF) << 8 | frame[channel] >> 8
