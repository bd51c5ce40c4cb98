"""What every control of the panel does: one row a control, its law, its range and what it moves.

`docs/panel.md` is made from this table, controls.py works by it, and the tests turn every knob against it. Sources of
the ranges: facts 5 (ms20-mini); what is not known there (tapers, the depths' full range) is decided here:

    LINEAR          straight from lowest to highest
    SQUARE          as a square: fine control near zero, for depths
    EXPONENTIAL     equal turns multiply: times, frequencies
    FROM_ZERO       zero at 0, then EXPONENTIAL from lowest to highest
    CENTRED         lowest to highest, zero in a dead zone of 1.5 % around the middle
    FOUR_WAY        a rotary; its words are in board.py
    ANALOG          acts in the analog circuit alone; read for the service

Depths give octaves for a full modulator: MG +-2.5 V, EG 1 5 V at 1 V/oct into the pitch, MG and EG 2 at 2 oct/V into
the cutoffs (facts 6.4). `rest` is where a control counts as standing when its input cannot be read, in the panel's own
numbers (a rotary: its position from 1); the host's basic patch is the same column.
"""

# link: constants
# declares: constants

from board import (
    CONTROL_WHEEL,
    CV_HPF_PEAK,
    CV_LPF_PEAK,
    CV_VCO1_LEVEL,
    CV_VCO1_PW,
    CV_VCO2_LEVEL,
    EG1_ATTACK,
    EG1_DELAY,
    EG1_RELEASE,
    EG2_ATTACK,
    EG2_DECAY,
    EG2_HOLD,
    EG2_RELEASE,
    EG2_SUSTAIN,
    ESP_CV_ADJUST,
    ESP_HIGH_CUT,
    ESP_LOW_CUT,
    ESP_SIGNAL_LEVEL,
    ESP_THRESHOLD,
    FM_EG1,
    FM_MG,
    HPF_CUTOFF,
    HPF_EG2,
    HPF_MG,
    HPF_PEAK,
    LPF_CUTOFF,
    LPF_EG2,
    LPF_MG,
    LPF_PEAK,
    MASTER_TUNE,
    MG_FREQUENCY,
    MG_WAVE_FORM,
    OUT_VCO1_WAVE,
    OUT_VCO2_WAVE,
    PORTAMENTO_TIME,
    VCO1_LEVEL,
    VCO1_PW,
    VCO1_SCALE,
    VCO1_WAVE_FORM,
    VCO2_LEVEL,
    VCO2_PITCH,
    VCO2_SCALE,
    VCO2_WAVE_FORM,
    VOLUME,
)
from state import (
    DEPTH,
    EG1_ATTACK_RATE,
    EG1_DELAY_TICKS,
    EG1_RELEASE_RATE,
    EG1_TO_PITCH,
    EG2_ATTACK_RATE,
    EG2_DECAY_RATE,
    EG2_HOLD_TICKS,
    EG2_RELEASE_RATE,
    EG2_SUSTAIN_U16,
    EG2_TO_HPF,
    EG2_TO_LPF,
    F_V_CODES_US,
    FM_MG_KNOB_Q9,
    GLIDE_RATE,
    HPF_CUTOFF_CODE,
    LPF_CUTOFF_CODE,
    MG_KNOB_INCREMENT,
    MG_TO_HPF,
    MG_TO_LPF,
    SCALE_1_Q9,
    SCALE_2_Q9,
    TUNE_Q9,
    VCO2_PITCH_Q9,
)

# Laws.
LINEAR = "linear"
SQUARE = "square"
EXPONENTIAL = "exponential"
FROM_ZERO = "zero, then exponential"
CENTRED = "linear, dead zone in the middle"
FOUR_WAY = "four-way rotary"
ANALOG = "analog"

# Kinds of destination: what a value becomes, and where it goes. Each knows its unit (laws.py).
TO_CV = "CV"  # V, to a DAC channel
TO_CUTOFF = "cutoff"  # Hz, to a word of state: a code of the cutoff CVs
TO_TICKS = "ticks"  # s, to a word
TO_ATTACK = "attack rate"  # s, to a rate word: the time an RC takes to 1.0 on its way to 1.5
TO_FALL = "fall rate"  # s, to a rate word: the time an RC takes for 99 % of its way
TO_SHARE = "share"  # %, to a word of 0..65535
TO_PITCH = "pitch"  # semitones, to a word of q9
TO_PITCH_DEPTH = "depth to pitch"  # octaves at a full modulator
TO_CUTOFF_DEPTH = "MG's depth to cutoff"
TO_SWING_DEPTH = "EG 2's depth to cutoff"
TO_RATE = "MG rate"  # Hz, to a word
TO_F_V = "F-V scale"  # times the keyboard's scale, to a word
TO_WAVE = "wave select"  # a rotary's position, to two bits of the shift registers
TO_SCALE = "octave select"  # likewise, to a word of q9
TO_MG_SHAPE = "MG shape"
NOWHERE = "none"

CONTROLS = (
    # (channel, law, lowest, highest, unit, kind, where, rest, what it moves)
    (VCO1_WAVE_FORM, FOUR_WAY, 1, 4, "", TO_WAVE, OUT_VCO1_WAVE, 2, "VCO 1's wave form"),
    (VCO1_PW, LINEAR, 0, 5, "V", TO_CV, CV_VCO1_PW, 0, "VCO 1 PW: pulse from 50 % to 0 %"),
    (VCO1_SCALE, FOUR_WAY, -2, 1, "octaves", TO_SCALE, SCALE_1_Q9, 3, "VCO 1 PITCH"),
    (
        PORTAMENTO_TIME,
        FROM_ZERO,
        0.001,
        10,
        "s",
        TO_FALL,
        GLIDE_RATE,
        0,
        "both PITCHes' way to the next note",
    ),
    (VCO2_WAVE_FORM, FOUR_WAY, 1, 4, "", TO_WAVE, OUT_VCO2_WAVE, 1, "VCO 2's wave form"),
    (VCO2_PITCH, CENTRED, -12, 12, "semitones", TO_PITCH, VCO2_PITCH_Q9, 0, "VCO 2 PITCH"),
    (VCO2_SCALE, FOUR_WAY, -1, 2, "octaves", TO_SCALE, SCALE_2_Q9, 2, "VCO 2 PITCH"),
    (MASTER_TUNE, CENTRED, -1, 1, "semitones", TO_PITCH, TUNE_Q9, 0, "VCO 1 PITCH and VCO 2 PITCH"),
    (VCO1_LEVEL, LINEAR, 0, 5, "V", TO_CV, CV_VCO1_LEVEL, 8, "VCO 1 LEVEL"),
    (VCO2_LEVEL, LINEAR, 0, 5, "V", TO_CV, CV_VCO2_LEVEL, 0, "VCO 2 LEVEL"),
    (FM_MG, SQUARE, 0, 2.5, "octaves", TO_PITCH_DEPTH, FM_MG_KNOB_Q9, 0, "MG to both PITCHes"),
    (FM_EG1, SQUARE, 0, 5, "octaves", TO_PITCH_DEPTH, DEPTH + EG1_TO_PITCH, 0, "EG 1 to both PITCHes"),
    (CONTROL_WHEEL, ANALOG, -5, 5, "V", NOWHERE, 0, 0, "its own jack"),
    (HPF_CUTOFF, EXPONENTIAL, 50, 15000, "Hz", TO_CUTOFF, HPF_CUTOFF_CODE, 0, "HPF CUTOFF"),
    (HPF_PEAK, LINEAR, 0, 5, "V", TO_CV, CV_HPF_PEAK, 0, "HPF PEAK"),
    (HPF_MG, SQUARE, 0, 5, "octaves", TO_CUTOFF_DEPTH, DEPTH + MG_TO_HPF, 0, "MG to HPF CUTOFF"),
    (HPF_EG2, SQUARE, 0, 10, "octaves", TO_SWING_DEPTH, DEPTH + EG2_TO_HPF, 0, "EG 2 to HPF CUTOFF"),
    (LPF_CUTOFF, EXPONENTIAL, 50, 15000, "Hz", TO_CUTOFF, LPF_CUTOFF_CODE, 10, "LPF CUTOFF"),
    (LPF_PEAK, LINEAR, 0, 5, "V", TO_CV, CV_LPF_PEAK, 0, "LPF PEAK"),
    (LPF_MG, SQUARE, 0, 5, "octaves", TO_CUTOFF_DEPTH, DEPTH + MG_TO_LPF, 0, "MG to LPF CUTOFF"),
    (LPF_EG2, SQUARE, 0, 10, "octaves", TO_SWING_DEPTH, DEPTH + EG2_TO_LPF, 0, "EG 2 to LPF CUTOFF"),
    (MG_WAVE_FORM, LINEAR, 0, 100, "% rising", TO_MG_SHAPE, 0, 5, "MG OUT A and B"),
    (MG_FREQUENCY, EXPONENTIAL, 0.1, 20, "Hz", TO_RATE, MG_KNOB_INCREMENT, 5, "MG OUT A and B"),
    (VOLUME, ANALOG, 0, 10, "", NOWHERE, 0, 8, "SIGNAL OUT and PHONES; its switch the power"),
    (EG1_DELAY, FROM_ZERO, 0.001, 10, "s", TO_TICKS, EG1_DELAY_TICKS, 0, "EG1 OUT"),
    (EG1_ATTACK, EXPONENTIAL, 0.0005, 10, "s", TO_ATTACK, EG1_ATTACK_RATE, 0, "EG1 OUT"),
    (EG1_RELEASE, EXPONENTIAL, 0.0005, 10, "s", TO_FALL, EG1_RELEASE_RATE, 0, "EG1 OUT"),
    (EG2_HOLD, FROM_ZERO, 0.001, 20, "s", TO_TICKS, EG2_HOLD_TICKS, 0, "VCA and EG2 REV OUT"),
    (EG2_ATTACK, EXPONENTIAL, 0.0005, 10, "s", TO_ATTACK, EG2_ATTACK_RATE, 0, "VCA and EG2 REV OUT"),
    (EG2_DECAY, EXPONENTIAL, 0.0005, 10, "s", TO_FALL, EG2_DECAY_RATE, 0, "VCA and EG2 REV OUT"),
    (EG2_SUSTAIN, LINEAR, 0, 100, "%", TO_SHARE, EG2_SUSTAIN_U16, 10, "VCA and EG2 REV OUT"),
    (EG2_RELEASE, EXPONENTIAL, 0.0005, 10, "s", TO_FALL, EG2_RELEASE_RATE, 0, "VCA and EG2 REV OUT"),
    (ESP_SIGNAL_LEVEL, ANALOG, 0, 10, "", NOWHERE, 0, 0, "ESP AMP OUT and what follows it"),
    (ESP_LOW_CUT, ANALOG, 0, 10, "", NOWHERE, 0, 0, "ESP BPF OUT"),
    (ESP_HIGH_CUT, ANALOG, 0, 10, "", NOWHERE, 0, 10, "ESP BPF OUT"),
    (ESP_CV_ADJUST, EXPONENTIAL, 0.5, 2, "x", TO_F_V, F_V_CODES_US, 5, "F-V CV OUT"),
    (ESP_THRESHOLD, ANALOG, 0, 10, "", NOWHERE, 0, 5, "ESP TRIG OUT"),
)
