"""The sums behind the control voltages: envelopes, panel and pitch become the DAC codes of the next frame.

Codes are sums and can run past the DAC's ends; each is clamped as it enters the frame: a CV saturates, it never
wraps. One octave on a +-5 V channel is 6553.6 codes, one q8 step of pitch 32/15 of a code. The frame holds codes
as the DAC reads them, most significant byte first; a code goes in by one 16-bit store, so that a frame that is
being sent never carries half of one.
"""

# link: constants

import micropython
from board import (
    CV_EG2_REV_OUT,
    CV_HPF_CUTOFF,
    CV_LPF_CUTOFF,
    CV_VCA,
    CV_VCO1_PITCH,
    CV_VCO2_PITCH,
    DAC_FULL,
    DAC_MIDDLE,
)
from state import (
    EG2_LEVEL_Q28,
    EG2_SUSTAIN_U16,
    FRAME_CODES,
    HPF_CUTOFF_CODE,
    HPF_EG2_DEPTH_Q13,
    KEY_PITCH_Q8,
    LPF_CUTOFF_CODE,
    LPF_EG2_DEPTH_Q13,
    STATE,
    VCO1_OFFSET_Q8,
    VCO2_OFFSET_Q8,
)

FIFTEENTHS_Q16 = 8738
"""2/15 in Q16. A q8 step is 32/15 = 2 + 2/15 codes; split so, twenty octaves still fit 32 bits."""
U16 = 0xFFFF


@micropython.viper
def compute():
    """Work out all codes that change by themselves and put them into the frame."""
    s = ptr32(STATE)
    frame = ptr16(FRAME_CODES)
    pitch_q8 = s[KEY_PITCH_Q8]

    sum_q8 = pitch_q8 + s[VCO1_OFFSET_Q8]
    code = DAC_MIDDLE + (sum_q8 << 1) + ((sum_q8 * FIFTEENTHS_Q16) >> 16)
    if code < 0:
        code = 0
    elif code > DAC_FULL:
        code = DAC_FULL
    frame[CV_VCO1_PITCH] = (code << 8) | (code >> 8)

    sum_q8 = pitch_q8 + s[VCO2_OFFSET_Q8]
    code = DAC_MIDDLE + (sum_q8 << 1) + ((sum_q8 * FIFTEENTHS_Q16) >> 16)
    if code < 0:
        code = 0
    elif code > DAC_FULL:
        code = DAC_FULL
    frame[CV_VCO2_PITCH] = (code << 8) | (code >> 8)

    level_u16 = s[EG2_LEVEL_Q28] >> 12
    if level_u16 > U16:
        level_u16 = U16
    frame[CV_VCA] = (level_u16 << 8) | (level_u16 >> 8)

    # To the filters EG 2 is its level minus sustain (facts 6.3): SUSTAIN never moves a held note's cutoff.
    swing = level_u16 - s[EG2_SUSTAIN_U16]
    code = DAC_MIDDLE - (swing >> 1)
    frame[CV_EG2_REV_OUT] = (code << 8) | (code >> 8)

    code = s[HPF_CUTOFF_CODE] + ((swing * s[HPF_EG2_DEPTH_Q13]) >> 13)
    if code < 0:
        code = 0
    elif code > DAC_FULL:
        code = DAC_FULL
    frame[CV_HPF_CUTOFF] = (code << 8) | (code >> 8)

    code = s[LPF_CUTOFF_CODE] + ((swing * s[LPF_EG2_DEPTH_Q13]) >> 13)
    if code < 0:
        code = 0
    elif code > DAC_FULL:
        code = DAC_FULL
    frame[CV_LPF_CUTOFF] = (code << 8) | (code >> 8)


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
