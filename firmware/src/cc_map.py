"""Which controller turns which panel control in extended mode: the CC numbers of Korg's MS-20ic (facts 5.1).

Unverified against a real MS-20ic. Its list names 23 twice; EG 2 SUSTAIN is taken as 70. Controls that act in analog
alone (ESP level, cuts and threshold, VOLUME) are left out: a controller cannot turn them.
"""

# link: constants

from board import (
    EG1_ATTACK,
    EG1_DELAY,
    EG1_RELEASE,
    EG2_ATTACK,
    EG2_DECAY,
    EG2_HOLD,
    EG2_RELEASE,
    EG2_SUSTAIN,
    ESP_CV_ADJUST,
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
    PORTAMENTO_TIME,
    VCO1_LEVEL,
    VCO1_PW,
    VCO1_SCALE,
    VCO1_WAVE_FORM,
    VCO2_LEVEL,
    VCO2_PITCH,
    VCO2_SCALE,
    VCO2_WAVE_FORM,
)

MS20IC = (
    # (controller, panel channel)
    (5, PORTAMENTO_TIME),
    (12, FM_MG),
    (14, VCO1_PW),
    (15, VCO1_SCALE),
    (18, MASTER_TUNE),
    (19, VCO2_PITCH),
    (20, VCO1_LEVEL),
    (21, VCO2_LEVEL),
    (22, VCO2_SCALE),
    (23, EG1_ATTACK),
    (24, EG1_DELAY),
    (25, EG2_HOLD),
    (26, EG1_RELEASE),
    (27, MG_FREQUENCY),
    (28, HPF_CUTOFF),
    (29, HPF_PEAK),
    (30, HPF_MG),
    (31, HPF_EG2),
    (70, EG2_SUSTAIN),
    (71, LPF_PEAK),
    (72, EG2_RELEASE),
    (73, EG2_ATTACK),
    (74, LPF_CUTOFF),
    (75, EG2_DECAY),
    (76, MG_WAVE_FORM),
    (77, VCO1_WAVE_FORM),
    (79, LPF_EG2),
    (82, VCO2_WAVE_FORM),
    (85, LPF_MG),
    (90, ESP_CV_ADJUST),
    (93, FM_EG1),
)

LEARNABLE = tuple(channel for _, channel in MS20IC)
"""The controls that a controller can turn."""
