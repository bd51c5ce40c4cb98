"""Settings at work: from their values to the words that the tick obeys."""

# link: constants

import time

from board import DAC_BITS, TICK_HZ
from memory import state
from settings import settings
from state import (
    AUX_CODES_Q7,
    AUX_SOURCE,
    BEND_RANGE_Q9,
    CV_GAIN_Q9,
    CV_ZERO_Q4,
    EXTENDED,
    GIVE_UP,
    LET_GO,
    MULTI_TRIGGER,
    NOTE_PRIORITY,
    PORT_COUNT,
    SENSING_TICKS,
)

SEMITONE_Q9 = 512
AUX_RANGE_VOLTS = 10
CC_MOST = 127
LET_GO_MS = 10


def apply_settings(extended):
    """Give every setting to the tick, and to an Extended its part."""
    state[NOTE_PRIORITY] = settings.index("priority")
    state[MULTI_TRIGGER] = settings.index("trigger")
    state[SENSING_TICKS] = settings.index("sensing") * TICK_HZ // 1000
    state[BEND_RANGE_Q9] = settings.index("bend") * SEMITONE_Q9
    state[AUX_SOURCE] = settings.index("aux")
    state[AUX_CODES_Q7] = settings.index("aux_volts") * (1 << DAC_BITS + 7) // (AUX_RANGE_VOLTS * CC_MOST)
    for place, name in enumerate(("cv12", "cv2")):
        state[CV_ZERO_Q4 + place] = settings.index(name + "_zero")
        state[CV_GAIN_Q9 + place] = settings.index(name + "_gain")
    extended.forget()
    for number in settings.controllers:
        extended.assign(number, settings.controllers[number])
    extended.clocks_per_turn = settings.index("mg_clocks")
    _set_mode(settings.index("mode"), extended)


def _set_mode(mode, extended):
    if state[EXTENDED] and not mode:
        # What only this mode holds (a pedal, a bend) ends first; the tick does that while the mode is still on.
        for port in range(PORT_COUNT):
            state[GIVE_UP + port] = 1
        for _ in range(LET_GO_MS):
            if state[LET_GO] or any(state[GIVE_UP + port] for port in range(PORT_COUNT)):
                time.sleep_ms(1)
        state[EXTENDED] = mode
        extended.rest()
    state[EXTENDED] = mode
