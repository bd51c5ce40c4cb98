"""Extended mode outside the tick: controllers turn panel controls, CC 1 deepens MG, MG follows MIDI clock.

The tick keeps each controller's newest value (midi_extended.py); here it goes by the map to its control, as if that
had been turned (controls.turn); the knob takes over again when it moves. A control can learn its controller: after
`learn(channel)` the next controller that comes is its own from then on.

MG and the clock. One turn of MG lasts `clocks_per_turn` clocks (setting mg_clocks, 24 = a quarter note). Worked
example, 120 a minute: 24 clocks in 4000 ticks, a turn of 24 clocks is 4000 ticks, the increment 2^30 / 4000. A phase
that is behind by a tenth of a turn is caught up over the next four clocks, never faster than twice the rate and never
backwards: MG stays continuous. Half a second without a clock, and MG FREQUENCY has MG again.
"""

# link: constants

from array import array

import micropython
from board import CV_AUX, PANEL_COUNT, ROTARY_LADDER_EIGHTHS, TICK_HZ
from cc_map import MS20IC
from control_frame import set_code
from controls import FM_MG_FULL_Q9, combine
from laws import FULL_Q4
from memory import state
from midi_numbers import CC_ALL_SOUND_OFF, CC_MODULATION, CC_SUSTAIN
from panel_table import CONTROLS, FOUR_WAY
from settings import settings
from state import (
    CC_COUNT,
    CC_FRESH,
    CC_VALUES,
    CLOCK_COUNT,
    CLOCK_PHASE_Q30,
    CLOCK_TICK,
    FM_MG_WHEEL_Q9,
    MG_FOLLOWS,
    MG_INCREMENT,
    PANEL_CHANGED,
    PANEL_CHANGES,
    PANEL_FILTERED_Q4,
    PANEL_REPORTED_Q4,
    STATE,
    TICKS,
)

NONE = -1
CC_MOST = 127
TURN_Q30 = (1 << 29) - 1 + (1 << 29)
"""A turn of MG, less the one that would make it an object on the heap."""
CLOCKS_KEPT = 32
CLOCKS_AVERAGED = 24
CATCH_UP_CLOCKS = 4
TICK_PARTS = 16
COARSE = 64
LADDER_PARTS = 8
"""ROTARY_LADDER_EIGHTHS are eighths."""
CLOCK_LOST_TICKS = TICK_HZ // 2


class Extended:
    """The map of controllers, and MG's clock."""

    def __init__(self):
        self.learning = NONE
        """Panel channel that waits for its controller."""
        self.map = array("b", bytes(CC_COUNT))
        self.clocks_per_turn = CLOCKS_AVERAGED
        self.forget()
        self._turned = bytearray(PANEL_COUNT)
        """Panel channels that a controller has turned."""
        self._four_way = [row[0] for row in CONTROLS if row[1] == FOUR_WAY]
        self._times = array("i", bytes(4 * CLOCKS_KEPT))
        self._clocks = 0
        self._clocks_known = 0

    def forget(self):
        """Map the controllers as the MS-20ic has them."""
        for number in range(CC_COUNT):
            self.map[number] = NONE
        for number, channel in MS20IC:
            self.map[number] = channel

    def assign(self, number, channel):
        """Let controller `number` turn `channel`, NONE for nothing."""
        self.map[number] = channel

    def learn(self, channel):
        """Give the next controller that comes to `channel`."""
        self.learning = channel

    def take_news(self, controls):
        """Take the controllers and clocks that have come since the last call."""
        found = next_controller()
        while found != NONE:
            self._turn(controls, found >> 8, found & CC_MOST)
            found = next_controller()
        if state[CLOCK_COUNT] != self._clocks:
            self._follow_clock()

    def watch_clock(self):
        """Give MG back to its knob when the clock has stopped; called every round."""
        if state[MG_FOLLOWS] and ticks_since_clock() > CLOCK_LOST_TICKS:
            self.let_go_of_clock()

    def let_go_of_clock(self):
        """MG FREQUENCY has MG again."""
        self._clocks_known = 0
        state[MG_FOLLOWS] = 0
        combine()

    def rest(self):
        """Faithful mode begins: MG and AUX come back, and every turned control stands where its knob stands."""
        for channel in range(PANEL_COUNT):
            if self._turned[channel]:
                self._turned[channel] = 0
                state[PANEL_REPORTED_Q4 + channel] = state[PANEL_FILTERED_Q4 + channel]
                state[PANEL_CHANGED + channel] = 1
                state[PANEL_CHANGES] += 1
        state[FM_MG_WHEEL_Q9] = 0
        set_code(CV_AUX, 0)
        self.let_go_of_clock()

    def _turn(self, controls, number, value):
        if number == CC_MODULATION:
            state[FM_MG_WHEEL_Q9] = value * FM_MG_FULL_Q9 // CC_MOST
            combine()
            return
        if number == CC_SUSTAIN or number >= CC_ALL_SOUND_OFF:
            return
        if self.learning != NONE:
            self._learnt(number)
        channel = self.map[number]
        if channel != NONE:
            self._turned[channel] = 1
            if channel in self._four_way:
                value = ROTARY_LADDER_EIGHTHS[value * len(ROTARY_LADDER_EIGHTHS) // (CC_MOST + 1)]
                value = FULL_Q4 * value // LADDER_PARTS
            else:
                value = FULL_Q4 * value // CC_MOST
            controls.turn(channel, value)

    def _learnt(self, number):
        """Controller `number` is the learning control's own from now on, in the settings too."""
        for other in range(CC_COUNT):
            if self.map[other] == self.learning and other != number:
                settings.assign(other, NONE)
                self.assign(other, NONE)
        settings.assign(number, self.learning)
        self.assign(number, self.learning)
        self.learning = NONE

    def _follow_clock(self):
        count = state[CLOCK_COUNT]
        self._clocks_known = self._clocks_known + 1 if count == self._clocks + 1 else 0
        self._clocks = count
        self._times[count % CLOCKS_KEPT] = state[CLOCK_TICK]
        clocks = min(self._clocks_known, CLOCKS_AVERAGED)
        if clocks and self.clocks_per_turn:
            self._pace(clocks, state[CLOCK_TICK] - self._times[(count - clocks) % CLOCKS_KEPT])

    def _pace(self, clocks, ticks):
        """Let MG go as fast as the last `clocks`, which took so many ticks, say, and catch up with them."""
        if ticks < clocks:
            return
        increment = TURN_Q30 // (ticks * TICK_PARTS * self.clocks_per_turn // clocks) * TICK_PARTS
        # Coarser by COARSE, the product stays a small integer.
        wanted = self._behind() // COARSE * clocks // (ticks * CATCH_UP_CLOCKS) * COARSE + increment
        state[MG_INCREMENT] = min(max(wanted, increment // 2), increment * 2)
        state[MG_FOLLOWS] = 1

    def _behind(self):
        """How far MG's phase (q30) is behind the newest clock: -0.5 to 0.5 turns."""
        wanted = TURN_Q30 // self.clocks_per_turn * (self._clocks % self.clocks_per_turn)
        behind = wanted - state[CLOCK_PHASE_Q30]
        if behind > TURN_Q30 // 2:
            behind -= TURN_Q30
        elif behind < -(TURN_Q30 // 2):
            behind += TURN_Q30
        return behind


@micropython.viper
def next_controller() -> int:
    """The next controller with a fresh value, as number << 8 | value; NONE when there is none."""
    values = ptr8(CC_VALUES)
    fresh = ptr8(CC_FRESH)
    number = 0
    while number < CC_COUNT:
        if fresh[number]:
            # Cleared first: a value that the tick writes in between is seen again, never lost.
            fresh[number] = 0
            return number << 8 | values[number]
        number += 1
    return NONE


@micropython.viper
def ticks_since_clock() -> int:
    """Ticks since the newest MIDI clock; right also when the tick counter has wrapped."""
    s = ptr32(STATE)
    return s[TICKS] - s[CLOCK_TICK]
