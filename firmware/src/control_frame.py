"""The sums behind the control voltages: envelopes, panel and pitch become the DAC codes of the next frame.

Codes are sums and can run past the DAC's ends; they are clamped here, once, for all channels: a CV
saturates, it never wraps. One octave on a +-5 V channel is 6553.6 codes, one q8 step of pitch 32/15 of a code.
"""

# link: constants

import micropython

from board import (
    CV_COUNT,
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
    CV_CODE,
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
    """Work out all codes that change by themselves."""
    s = ptr32(STATE)
    pitch_q8 = s[KEY_PITCH_Q8]
    sum_q8 = pitch_q8 + s[VCO1_OFFSET_Q8]
    s[CV_CODE + CV_VCO1_PITCH] = DAC_MIDDLE + (sum_q8 << 1) + ((sum_q8 * FIFTEENTHS_Q16) >> 16)
    sum_q8 = pitch_q8 + s[VCO2_OFFSET_Q8]
    s[CV_CODE + CV_VCO2_PITCH] = DAC_MIDDLE + (sum_q8 << 1) + ((sum_q8 * FIFTEENTHS_Q16) >> 16)
    level_u16 = s[EG2_LEVEL_Q28] >> 12
    if level_u16 > U16:
        level_u16 = U16
    s[CV_CODE + CV_VCA] = level_u16
    # To the filters EG 2 is its level minus sustain (facts 6.3): SUSTAIN never moves a held note's cutoff.
    swing = level_u16 - s[EG2_SUSTAIN_U16]
    s[CV_CODE + CV_EG2_REV_OUT] = DAC_MIDDLE - (swing >> 1)
    s[CV_CODE + CV_HPF_CUTOFF] = s[HPF_CUTOFF_CODE] + ((swing * s[HPF_EG2_DEPTH_Q13]) >> 13)
    s[CV_CODE + CV_LPF_CUTOFF] = s[LPF_CUTOFF_CODE] + ((swing * s[LPF_EG2_DEPTH_Q13]) >> 13)


@micropython.viper
def pack():
    """Clamp every channel's code and lay the frame out as the DAC reads it, most significant byte first."""
    codes = ptr32(STATE + CV_CODE * 4)
    frame = ptr16(FRAME_CODES)
    channel = 0
    while channel < CV_COUNT:
        code = codes[channel]
        if code < 0:
            code = 0
        elif code > DAC_FULL:
            code = DAC_FULL
        frame[channel] = (code & 0xFF) << 8 | code >> 8
        channel += 1
