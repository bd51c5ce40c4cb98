"""F-V: the ESP's frequency as a Hz/V voltage, from the times of its edges.

GPIO 9 is the B input of a PWM slice that counts rising edges with nothing to count to: every edge wraps it, every
wrap asks a DMA channel for one transfer, and the channel writes the microsecond into a ring of 64. No edge interrupts
anything. The main loop looks into the ring every millisecond and decides what the edges mean:

    an edge within 350 us of the last        bounce, or too high a note: not there
    interval after interval the same         a period; believed after 2 (long ones) to 6 (short ones) in a row
    one, two or three intervals make what    the same note, with an edge too many or a strong harmonic: it stays
    is believed
    one interval of two or three periods     an edge was missed: it stays
    nothing fits, or no edges                noise, or too weak a signal: it holds

A low note would be believed too late (50 Hz: two intervals are 40 ms), so one interval of 10 ms or more after a steady
note counts for the time being, until the next confirms it or its time is over; then the old one comes back.

Worked example, 440 Hz to 330 Hz: intervals of 3030 us; the first spans the change, the next four agree: believed after
at most 15 ms. The voltage is the frequency over 130.81 Hz (note 48 at 8') times CV ADJUST, 1 V for the keyboard's 1 V.
From then on the period is the mean of the last 1 to 16 intervals, as many as fit 12 ms.
"""

# link: constants

from array import array

import micropython
from board import CV_F_V_CV_OUT, TICK_HZ
from control_frame import set_code
from dma import ring_head
from memory import state
from state import F_V_CODES_US, F_V_EDGES, F_V_EDGES_SIZE, STATE, TICKS

CLOSEST_US = 350
LONG_US = 10_000
MEAN_US = 12_000
LONGEST_US = 40_000
MOST_MEAN_BITS = 4
EVEN_SHIFT = 5
"""Two intervals are the same within 1/32, half a semitone."""
FIT_SHIFT = 4
"""What is believed is recognised within 1/16, a semitone."""
MULTIPLE_SHIFT = 3
MOST_EXTRA_EDGES = 3
PROVISIONALS = 2
TICK_US = 1_000_000 // TICK_HZ
COUNT_MOST = 1 << 20

# What the detector remembers, in one array.
TAIL = 0  # place in the ring of the next edge to look at
COUNT = 1  # edges taken so far
LAST_US = 2  # the newest interval
RUN = 3  # intervals in a row that are the same
PERIOD_Q4 = 4  # what is believed, in 1/16 us; 0 = nothing yet
PROVISIONAL_Q4 = 5  # what counts for the time being; 0 = nothing
PROVISIONAL_TICK = 6  # since when
STEADY = 7  # provisional periods that are still allowed
TIMES = 8  # the last KEPT edges' times
KEPT = 32
WORDS = TIMES + KEPT


class FV:
    """The detector and its output: `start` once, `poll` every round."""

    def __init__(self):
        self.words = array("i", bytes(4 * WORDS))
        self._shown_q4 = 0
        self._shown_scale = 0

    def start(self):
        """Begin with the ring as it is; hardware.py has set the edges' DMA channel up."""
        for place in range(WORDS):
            self.words[place] = 0
        self.words[TAIL] = ring_head()

    def poll(self):
        """Take the edges that have come, and move the voltage if the period or CV ADJUST has."""
        period_q4 = take_edges(self.words, ring_head())
        scale = state[F_V_CODES_US]
        if period_q4 and (period_q4 != self._shown_q4 or scale != self._shown_scale):
            self._shown_q4 = period_q4
            self._shown_scale = scale
            # Code = scale / period; in this order the numbers stay small integers.
            set_code(CV_F_V_CV_OUT, scale * 8 // (period_q4 // 2))


@micropython.viper
def take_edges(words, head: int) -> int:
    """Take the ring's edges up to `head`; return the period that counts, in 1/16 us, 0 for none."""
    w = ptr32(words)
    s = ptr32(STATE)
    while w[TAIL] != head:
        # The place, not the time: a time has 32 bits, and more than 30 would be allocated on their way.
        take_edge(words, w[TAIL])
        w[TAIL] = (w[TAIL] + 1) & (F_V_EDGES_SIZE - 1)
    if w[PROVISIONAL_Q4]:
        since_us = (s[TICKS] - w[PROVISIONAL_TICK]) * TICK_US
        period_us = w[PROVISIONAL_Q4] >> 4
        if since_us > period_us + (period_us >> 1):
            w[PROVISIONAL_Q4] = 0
    if w[PROVISIONAL_Q4]:
        return w[PROVISIONAL_Q4]
    return w[PERIOD_Q4]


@micropython.viper
def take_edge(words, place: int):
    """Take the edge at `place` of the ring."""
    w = ptr32(words)
    ring = ptr32(F_V_EDGES)
    time_us = ring[place]
    count = w[COUNT]
    interval_us = time_us - w[TIMES + ((count - 1) & (KEPT - 1))]
    if count and interval_us >= 0 and interval_us < CLOSEST_US:
        return
    w[TIMES + (count & (KEPT - 1))] = time_us
    w[COUNT] = KEPT if count == COUNT_MOST else count + 1
    if count == 0 or interval_us < 0 or interval_us > LONGEST_US:
        w[RUN] = 0
        w[LAST_US] = 0
        w[STEADY] = 0
        return
    away = interval_us - w[LAST_US]
    w[LAST_US] = interval_us
    if away < 0:
        away = 0 - away
    if away > interval_us >> EVEN_SHIFT:
        w[RUN] = 0
    w[RUN] += 1
    if w[RUN] >= int(run_needed(interval_us)):
        bits = 0
        while bits < MOST_MEAN_BITS and 2 << bits <= w[RUN] and interval_us << (bits + 1) <= MEAN_US:
            bits += 1
        span_us = time_us - w[TIMES + ((count - (1 << bits)) & (KEPT - 1))]
        w[PERIOD_Q4] = (span_us << 4) >> bits
        w[PROVISIONAL_Q4] = 0
        w[STEADY] = PROVISIONALS
    elif w[PERIOD_Q4] and int(fits(words, count)) == 0:
        if interval_us >= LONG_US and w[STEADY] > 0:
            s = ptr32(STATE)
            w[PROVISIONAL_Q4] = interval_us << 4
            w[PROVISIONAL_TICK] = s[TICKS]
        if w[STEADY] > 0:
            w[STEADY] -= 1


@micropython.viper
def run_needed(interval_us: int) -> int:
    """How many intervals must be the same before they are believed: more of the short ones, which noise makes too."""
    if interval_us >= 7_000:
        return 2
    if interval_us >= 4_000:
        return 3
    if interval_us >= 1_500:
        return 4
    return 6


@micropython.viper
def fits(words, count: int) -> int:
    """1 if the newest edge (number `count`) goes with what is believed: an edge too many, or one missed."""
    w = ptr32(words)
    period = w[PERIOD_Q4]
    time_us = w[TIMES + (count & (KEPT - 1))]
    back = 1
    while back <= MOST_EXTRA_EDGES and back <= count:
        away = ((time_us - w[TIMES + ((count - back) & (KEPT - 1))]) << 4) - period
        if away <= period >> FIT_SHIFT and away >= 0 - (period >> FIT_SHIFT):
            w[STEADY] = PROVISIONALS
            return 1
        back += 1
    away = (w[LAST_US] << 4) - period
    multiple = 2
    while multiple <= MOST_EXTRA_EDGES:
        away -= period
        if away <= period >> MULTIPLE_SHIFT and away >= 0 - (period >> MULTIPLE_SHIFT):
            return 1
        multiple += 1
    return 0
