"""The panel at work: every input that the tick reports as turned goes by its row of panel_table.py into the sums.

Plain rows are applied in native code without allocating, a few at a time, so that what USB has received does not wait
until 36 knobs turned at once are done; rotaries, and MG's wave form with its divisions, come back to Python. A controller of extended mode or the service can
turn a control too (`turn`): it writes what the scan would have reported, and the knob takes over when it moves.
"""

# link: constants

from array import array

import micropython
from board import (
    MG_WAVE_FORM,
    MUX_ADDRESSES,
    MUX_COUNT,
    PANEL,
    PANEL_COUNT,
    ROTARY_LADDER_EIGHTHS,
    ROTARY_WORDS,
)
from control_frame import set_code
from laws import (
    FULL_Q4,
    LAW_EXPONENTIAL,
    LAW_FROM_ZERO,
    LAW_NONE,
    ONE_X15,
    ROW_LAW,
    ROW_STORE,
    ROW_WHERE,
    ROW_WORDS,
    STORE_CV,
    STORE_PYTHON,
    STORE_RATE,
    STORE_SUM,
    exp2,
    position_of,
    rate_of,
    rotary,
    value_of,
    words_of,
)
from memory import state
from mg import set_wave_form
from panel_table import ANALOG, CENTRED, CONTROLS, FOUR_WAY, TO_SCALE
from state import (
    DEPTH,
    DEPTHS_DUE,
    FM_MG_KNOB_Q9,
    FM_MG_WHEEL_Q9,
    MG_FOLLOWS,
    MG_INCREMENT,
    MG_KNOB_INCREMENT,
    MG_TO_PITCH,
    PANEL_CHANGED,
    PANEL_CHANGES,
    PANEL_REPORTED_Q4,
    SCALE_1_Q9,
    SCALE_2_Q9,
    SHIFT_WORD,
    STATE,
    TUNE_Q9,
    VCO1_OFFSET_Q9,
    VCO2_OFFSET_Q9,
    VCO2_PITCH_Q9,
)

NONE = -1
MORE = -2
PLAIN_AT_ONCE = 4
"""Rows applied without a look at what else waits: a fifth of a millisecond."""
OCTAVE_Q9 = 12 * 512
WAVE_MASK = 3
FM_MG_FULL_Q9 = 15_360
"""What knob and CC 1 together reach at most: the knob's own full depth, 2.5 octaves."""
ROTARY_REST_ROUNDS = 20
"""Rounds of the main loop (a millisecond each) for which a rotary must report nothing new."""
PANEL_NUMBERS = 10
"""A knob's scale: 0..10, or -5..+5 around a centre."""


class Rotary:
    """A four-way rotary: what it selects, where it stands, and for how long it must still rest to be believed."""

    def __init__(self, kind, where, first, position):
        self.kind = kind
        self.where = where
        self.first = first
        self.position = position
        self.rest_rounds = 0


class Controls:
    """The panel's meaning, kept up to date one control at a time."""

    def __init__(self):
        self.faults = 0
        """Bit per panel input: a rotary whose ladder reads where no position is."""
        self.turning = 0
        """Rotaries that have moved and not come to rest yet."""
        self.dead = 0
        """Bit per multiplexer that does not answer: its controls stand at rest."""
        self._rows = array("i", bytes(4 * PANEL_COUNT * ROW_WORDS))
        self._rotaries: dict[int, Rotary] = {}
        for channel, law, lowest, highest, _, kind, where, rest, _ in CONTROLS:
            if law == FOUR_WAY:
                self._rotaries[channel] = Rotary(kind, where, lowest, rest - 1)
                self._set_row(channel, (LAW_NONE, 0, 0, STORE_PYTHON, 0))
            elif law != ANALOG:
                self._set_row(channel, words_of(law, lowest, highest, kind, where))

    def _set_row(self, channel, words):
        for place in range(ROW_WORDS):
            self._rows[channel * ROW_WORDS + place] = words[place]

    def apply_changed(self):
        """Apply every input whose report changed since it was last looked at."""
        channel = apply_plain(self._rows)
        while channel != NONE:
            if channel in self._rotaries:
                self._turned(channel)
            elif channel != MORE:
                self._shape_mg(channel, state[PANEL_REPORTED_Q4 + channel])
            channel = apply_plain(self._rows)

    def apply_all(self):
        """Apply every input as it stands, rotaries at once."""
        for channel in range(PANEL_COUNT):
            state[PANEL_CHANGED + channel] = 1
        self.apply_changed()
        for channel in self._rotaries:
            self._rotaries[channel].rest_rounds = 0
            self._settle(channel, state[PANEL_REPORTED_Q4 + channel])
        self.turning = 0

    def settle(self):
        """Count the rotaries' rest; called every millisecond while any is turning."""
        for channel in self._rotaries:
            self._rest(channel)

    def _rest(self, channel):
        turned = self._rotaries[channel]
        if turned.rest_rounds:
            turned.rest_rounds -= 1
            if turned.rest_rounds == 0:
                self.turning -= 1
                self._settle(channel, state[PANEL_REPORTED_Q4 + channel])

    def bury(self, mux):
        """Put the controls of a missing multiplexer to where panel_table.py lets them rest, for good."""
        self.dead |= 1 << mux
        for channel, law, _, _, _, _, _, rest, _ in CONTROLS:
            if channel // MUX_ADDRESSES == mux:
                # Not by way of what is reported: there the floating input would come in between.
                reported_q4 = rest_q4(law, rest)
                if law == FOUR_WAY:
                    self._settle(channel, reported_q4)
                    self._rotaries.pop(channel)
                elif channel == MG_WAVE_FORM:
                    self._shape_mg(channel, reported_q4)
                elif law != ANALOG:
                    apply_row(self._rows, channel * ROW_WORDS, reported_q4)
                self._set_row(channel, (LAW_NONE, 0, 0, 0, 0))

    def turn(self, channel, reported_q4):
        """Let a control stand where a controller or the service wants it, until it is turned by hand."""
        state[PANEL_REPORTED_Q4 + channel] = reported_q4
        state[PANEL_CHANGED + channel] = 1
        state[PANEL_CHANGES] += 1

    def troubles(self):
        """What is wrong with the panel, a sentence each."""
        found = [
            "multiplexer %d does not answer: %s and its other controls rest"
            % (mux, PANEL[mux * MUX_ADDRESSES][0])
            for mux in range(MUX_COUNT)
            if self.dead >> mux & 1
        ]
        found += [
            "%s reads where no position is (%d of %d): open wiper or missing resistor"
            % (PANEL[channel][0], state[PANEL_REPORTED_Q4 + channel] >> 4, FULL_Q4 >> 4)
            for channel in self._rotaries
            if self.faults >> channel & 1
        ]
        return found

    def positions(self):
        """Where every control stands, by name: its panel number, or a rotary's word."""
        words = dict(ROTARY_WORDS)
        found: dict[str, object] = {}
        for channel, law, _, _, _, _, _, _, _ in CONTROLS:
            name = PANEL[channel][0]
            if self.dead >> channel // MUX_ADDRESSES & 1:
                found[name] = "?"
            elif law == FOUR_WAY:
                found[name] = words[name][self._rotaries[channel].position]
            else:
                number = position_of(state[PANEL_REPORTED_Q4 + channel]) * PANEL_NUMBERS / ONE_X15
                centre = PANEL_NUMBERS // 2 if name == "CONTROL WHEEL" or law == CENTRED else 0
                found[name] = round(number - centre, 2) + 0.0  # never -0.0
        return found

    def _turned(self, channel):
        """A rotary moves: wait until it rests. On its way it passes other positions, and opens between them."""
        if self._rotaries[channel].rest_rounds == 0:
            self.turning += 1
        self._rotaries[channel].rest_rounds = ROTARY_REST_ROUNDS

    def _shape_mg(self, channel, reported_q4):
        set_wave_form(value_of(self._rows, channel * ROW_WORDS, position_of(reported_q4)))

    def _settle(self, channel, reported_q4):
        position = rotary(reported_q4)
        turned = self._rotaries[channel]
        if position < 0:
            self.faults |= 1 << channel
        else:
            self.faults &= ~(1 << channel)
            turned.position = position
        if turned.kind == TO_SCALE:
            state[turned.where] = (turned.first + turned.position) * OCTAVE_Q9
            combine()
        else:
            others = state[SHIFT_WORD] & ~(WAVE_MASK << turned.where)
            state[SHIFT_WORD] = others | turned.position << turned.where


def rest_q4(law, rest):
    """What the scan would report of a control that stands at `rest` (panel_table.py)."""
    if law == FOUR_WAY:
        return FULL_Q4 * ROTARY_LADDER_EIGHTHS[rest - 1] // 8
    if law == CENTRED:
        rest += PANEL_NUMBERS // 2
    return FULL_Q4 * rest // PANEL_NUMBERS


@micropython.viper
def apply_plain(rows) -> int:
    """Apply changed inputs whose rows are plain; return one that is not, MORE after PLAIN_AT_ONCE, or NONE."""
    s = ptr32(STATE)
    r = ptr32(rows)
    left = PLAIN_AT_ONCE
    channel = 0
    while channel < PANEL_COUNT:
        if s[PANEL_CHANGED + channel]:
            # Cleared first: a report that comes in between is seen next time, never lost.
            s[PANEL_CHANGED + channel] = 0
            row = channel * ROW_WORDS
            if r[row + ROW_STORE] == STORE_PYTHON:
                return channel
            if r[row + ROW_LAW] != LAW_NONE:
                apply_row(rows, row, s[PANEL_REPORTED_Q4 + channel])
                left -= 1
                if left == 0:
                    return MORE
        channel += 1
    return NONE


@micropython.viper
def apply_row(rows, row: int, reported_q4: int):
    """Work out what a plain row says, and store it."""
    s = ptr32(STATE)
    r = ptr32(rows)
    law = r[row + ROW_LAW]
    store = r[row + ROW_STORE]
    where = r[row + ROW_WHERE]
    x15 = int(position_of(reported_q4))
    value = int(value_of(rows, row, x15))
    if law == LAW_FROM_ZERO and x15 == 0:
        value = 0
    elif store == STORE_RATE:
        value = int(rate_of(value))
    elif law == LAW_EXPONENTIAL or law == LAW_FROM_ZERO:
        value = int(exp2(value))
    if store == STORE_CV:
        set_code(where, value)
    else:
        s[where] = value
        if store == STORE_SUM:
            combine()


@micropython.viper
def combine():
    """Work out what several controls make together."""
    s = ptr32(STATE)
    s[VCO1_OFFSET_Q9] = s[SCALE_1_Q9] + s[TUNE_Q9]
    s[VCO2_OFFSET_Q9] = s[SCALE_2_Q9] + s[TUNE_Q9] + s[VCO2_PITCH_Q9]
    depth = s[FM_MG_KNOB_Q9] + s[FM_MG_WHEEL_Q9]
    if depth > FM_MG_FULL_Q9:
        depth = FM_MG_FULL_Q9
    s[DEPTH + MG_TO_PITCH] = depth
    if s[MG_FOLLOWS] == 0:
        s[MG_INCREMENT] = s[MG_KNOB_INCREMENT]
    s[DEPTHS_DUE] = 1
