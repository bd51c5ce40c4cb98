"""What each control does: one row a panel input, from its name in board.py to the word of state that it sets.

The main loop calls `apply` with an input's new reading; the row's law turns it into units and writes them.
Rows marked LATER belong to modules that are not in this firmware yet (portamento, MG, EG 1, ESP): they are
read, filtered and visible to the service, and move nothing.
"""

# link: constants

from board import (
    CV_HPF_PEAK,
    CV_LPF_PEAK,
    CV_VCO1_LEVEL,
    CV_VCO1_PW,
    CV_VCO2_LEVEL,
    EG2_ATTACK,
    EG2_DECAY,
    EG2_HOLD,
    EG2_RELEASE,
    EG2_SUSTAIN,
    HPF_CUTOFF,
    HPF_EG2,
    HPF_PEAK,
    LPF_CUTOFF,
    LPF_EG2,
    LPF_PEAK,
    MASTER_TUNE,
    OUT_VCO1_WAVE,
    OUT_VCO2_WAVE,
    PANEL_COUNT,
    VCO1_LEVEL,
    VCO1_PW,
    VCO1_SCALE,
    VCO1_WAVE_FORM,
    VCO2_LEVEL,
    VCO2_PITCH,
    VCO2_SCALE,
    VCO2_WAVE_FORM,
)
from control_frame import set_code
from laws import (
    ATTACK_TIME_CONSTANTS,
    FALL_TIME_CONSTANTS,
    MASTER_TUNE_SEMITONES,
    OCTAVE_Q8,
    SEMITONE_Q8,
    VCO1_SCALE_OCTAVES,
    VCO2_PITCH_SEMITONES,
    VCO2_SCALE_OCTAVES,
    centred,
    cutoff_code,
    eg2_depth_q13,
    fraction,
    hold_ticks,
    level_code,
    rate,
    rotary,
    seconds,
)
from memory import state
from state import (
    EG2_ATTACK_RATE,
    EG2_ATTACK_SHIFT,
    EG2_DECAY_RATE,
    EG2_DECAY_SHIFT,
    EG2_HOLD_TICKS,
    EG2_RELEASE_RATE,
    EG2_RELEASE_SHIFT,
    EG2_SUSTAIN_U16,
    HPF_CUTOFF_CODE,
    HPF_EG2_DEPTH_Q13,
    LPF_CUTOFF_CODE,
    LPF_EG2_DEPTH_Q13,
    PANEL_CHANGED,
    PANEL_REPORTED_Q4,
    SHIFT_WORD,
    VCO1_OFFSET_Q8,
    VCO2_OFFSET_Q8,
)

WAVE_MASK = 3
ROTARY_REST_ROUNDS = 20
"""Rounds of the main loop (a millisecond each) for which a rotary must report nothing new."""


class Controls:
    """The panel's meaning, kept up to date one control at a time."""

    def __init__(self):
        self.faults = 0
        """Bit per panel input: a rotary whose ladder reads where no position is."""
        self._rotaries = [0] * PANEL_COUNT
        self._rotaries[VCO1_SCALE] = VCO1_SCALE_OCTAVES.index(0)
        self._rotaries[VCO2_SCALE] = VCO2_SCALE_OCTAVES.index(0)
        self.turning = 0
        """Rotaries that have moved and not come to rest yet."""
        self._rest_left = {}
        self._tune_q8 = 0
        self._vco2_pitch_q8 = 0
        self._rows = {
            VCO1_WAVE_FORM: lambda _q4: self._turn(VCO1_WAVE_FORM),
            VCO1_PW: lambda q4: self._code(CV_VCO1_PW, q4),
            VCO1_SCALE: lambda _q4: self._turn(VCO1_SCALE),
            VCO2_WAVE_FORM: lambda _q4: self._turn(VCO2_WAVE_FORM),
            VCO2_PITCH: self._vco2_pitch,
            VCO2_SCALE: lambda _q4: self._turn(VCO2_SCALE),
            MASTER_TUNE: self._master_tune,
            VCO1_LEVEL: lambda q4: self._code(CV_VCO1_LEVEL, q4),
            VCO2_LEVEL: lambda q4: self._code(CV_VCO2_LEVEL, q4),
            HPF_CUTOFF: lambda q4: self._set(HPF_CUTOFF_CODE, cutoff_code(fraction(q4))),
            HPF_PEAK: lambda q4: self._code(CV_HPF_PEAK, q4),
            HPF_EG2: lambda q4: self._set(HPF_EG2_DEPTH_Q13, eg2_depth_q13(fraction(q4))),
            LPF_CUTOFF: lambda q4: self._set(LPF_CUTOFF_CODE, cutoff_code(fraction(q4))),
            LPF_PEAK: lambda q4: self._code(CV_LPF_PEAK, q4),
            LPF_EG2: lambda q4: self._set(LPF_EG2_DEPTH_Q13, eg2_depth_q13(fraction(q4))),
            EG2_HOLD: lambda q4: self._set(EG2_HOLD_TICKS, hold_ticks(fraction(q4))),
            EG2_ATTACK: lambda q4: self._time(EG2_ATTACK_RATE, EG2_ATTACK_SHIFT, q4, ATTACK_TIME_CONSTANTS),
            EG2_DECAY: lambda q4: self._time(EG2_DECAY_RATE, EG2_DECAY_SHIFT, q4, FALL_TIME_CONSTANTS),
            EG2_SUSTAIN: lambda q4: self._set(EG2_SUSTAIN_U16, level_code(fraction(q4))),
            EG2_RELEASE: lambda q4: self._time(EG2_RELEASE_RATE, EG2_RELEASE_SHIFT, q4, FALL_TIME_CONSTANTS),
            # LATER: PORTAMENTO TIME, FM MG/T.EXT, FM EG1/EXT, CONTROL WHEEL, HPF and LPF MG/T.EXT, MG WAVE FORM,
            # MG FREQUENCY, EG1 DELAY, ATTACK and RELEASE TIME, ESP CV ADJUST, and the monitors.
        }

    def apply_changed(self):
        """Apply every input whose report changed since it was last looked at."""
        for channel in range(PANEL_COUNT):
            if state[PANEL_CHANGED + channel]:
                # Cleared first: a report that comes in between is seen next time, never lost.
                state[PANEL_CHANGED + channel] = 0
                self.apply(channel)

    def settle(self):
        """Count the rotaries' rest; called every millisecond while any is turning."""
        for channel in self._rest_left:
            left = self._rest_left[channel]
            if left:
                self._rest_left[channel] = left - 1
                if left == 1:
                    self.turning -= 1
                    self._settle(channel)

    def apply_all(self):
        """Apply every input as it stands, rotaries at once."""
        for channel in range(PANEL_COUNT):
            self.apply(channel)
        for channel in self._rest_left:
            self._rest_left[channel] = 0
            self._settle(channel)
        self.turning = 0

    def apply(self, channel):
        """Apply one panel input's present report."""
        row = self._rows.get(channel)
        if row:
            row(state[PANEL_REPORTED_Q4 + channel])

    def _set(self, word, value):
        state[word] = value

    def _code(self, cv, q4):
        set_code(cv, level_code(fraction(q4)))

    def _time(self, rate_word, shift_word, q4, time_constants):
        mantissa, shift = rate(seconds(fraction(q4)), time_constants)
        # Two words, one meaning: with the smaller rate in between, a tick that falls here is slow, never wild.
        state[rate_word] = 0
        state[shift_word] = shift
        state[rate_word] = mantissa

    def _turn(self, channel):
        """A rotary moves: wait until it rests. On its way it passes other positions, and opens between them."""
        if not self._rest_left.get(channel):
            self.turning += 1
        self._rest_left[channel] = ROTARY_REST_ROUNDS

    def _settle(self, channel):
        position = rotary(state[PANEL_REPORTED_Q4 + channel])
        if position < 0:
            self.faults |= 1 << channel
            return
        self.faults &= ~(1 << channel)
        self._rotaries[channel] = position
        if channel == VCO1_WAVE_FORM:
            self._select(OUT_VCO1_WAVE, position)
        elif channel == VCO2_WAVE_FORM:
            self._select(OUT_VCO2_WAVE, position)
        else:
            self._tune()

    def _select(self, bit, position):
        state[SHIFT_WORD] = state[SHIFT_WORD] & ~(WAVE_MASK << bit) | position << bit

    def _master_tune(self, q4):
        self._tune_q8 = round(centred(q4) * MASTER_TUNE_SEMITONES * SEMITONE_Q8)
        self._tune()

    def _vco2_pitch(self, q4):
        self._vco2_pitch_q8 = round(centred(q4) * VCO2_PITCH_SEMITONES * SEMITONE_Q8)
        self._tune()

    def _tune(self):
        scale_1 = VCO1_SCALE_OCTAVES[self._rotaries[VCO1_SCALE]] * OCTAVE_Q8
        scale_2 = VCO2_SCALE_OCTAVES[self._rotaries[VCO2_SCALE]] * OCTAVE_Q8
        state[VCO1_OFFSET_Q8] = scale_1 + self._tune_q8
        state[VCO2_OFFSET_Q8] = scale_2 + self._tune_q8 + self._vco2_pitch_q8
