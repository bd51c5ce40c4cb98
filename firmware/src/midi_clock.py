"""MIDI clock inside the tick: counts clocks and notes when they came; extended.py lets MG follow them.

F8   a clock: 24 in a quarter note       FA   start: the next clock is the first of the song
FB   continue, FC   stop: the count goes on where it was
"""

# link: constants

import micropython
from midi_numbers import CLOCK, START
from state import (
    CLOCK_COUNT,
    CLOCK_PHASE_Q30,
    CLOCK_STARTED,
    CLOCK_TICK,
    EXTENDED_NEWS,
    MG_PHASE_Q30,
    STATE,
    TICKS,
)


@micropython.viper
def real_time(byte: int):
    """Take a real-time byte, F8..FF; extended mode only."""
    s = ptr32(STATE)
    if byte == CLOCK:
        s[CLOCK_COUNT] += 1
        if s[CLOCK_STARTED]:
            s[CLOCK_STARTED] = 0
            s[CLOCK_COUNT] = 0
        s[CLOCK_TICK] = s[TICKS]
        s[CLOCK_PHASE_Q30] = s[MG_PHASE_Q30]
        s[EXTENDED_NEWS] += 1
    elif byte == START:
        s[CLOCK_STARTED] = 1
