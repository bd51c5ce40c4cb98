"""F-V: the ESP's frequency as a Hz/V voltage, from the times of its edges.

GPIO 9 is the B input of a PWM slice that counts rising edges with nothing to count to: every edge wraps it, every
wrap asks a DMA channel for one transfer, and the channel writes the microsecond into a ring of 64. No edge interrupts
anything. The main loop looks into the ring every millisecond and decides what the edges mean:

    an edge within 350 us of the last         bounce, or too high a note: not there
    an interval as long as the last (1/32)    1 to 6 points, the more the liker (6: within 1/1024)
    points enough in a row                    a period: the voltage follows it, for as long as they go on
    an interval that is not like the last     points begin anew, and doubt grows
    what adds up to nothing, or no edges      noise, or too weak a signal: the voltage holds

Long intervals need few points (two clean ones of 7 ms do), short ones, which noise makes too, more. Doubt asks for more:
the two unlike intervals that every step has are free, but noise doubts itself into holding still; a few clean periods
end that. A run of twice, three times, a half or a third of what is believed, with nothing else before it, may be edges
missing or too many: it needs half the points again, and more where single edges have just been so.

Worked example, 440 Hz to 330 Hz: the first interval spans the change, the next is unlike it, then each brings 6 points
of the 20 needed: the fifth of 3030 us is believed, at most 19 ms after the step. Any step to 110 Hz or more is followed
within 30 ms, to lower notes within three periods; to octaves and twelfths a period later. The period is the mean of the
last intervals, up to 16 or 12 ms; one that is off moves it by a quarter. The voltage: Hz / 130.81 (note 48), times CV
ADJUST.
"""

# link: constants

from array import array

import micropython
from board import CV_F_V_CV_OUT
from control_frame import set_code
from dma import ring_head
from memory import state
from state import F_V_CODES_US, F_V_EDGES, F_V_EDGES_SIZE

CLOSEST_US = 350
LONGEST_US = 40_000
MEAN_US = 12_000
MOST_MEAN_BITS = 4
LIKE_SHIFT = 5  # alike: within half a semitone
MOST_POINTS = 6
CLEAN_POINTS = 3
POINTS_MOST = 1 << 10
DOUBT_STEP = 4
DOUBT_FREE = 2 * DOUBT_STEP
DOUBT_MOST = 32
NEAR_SHIFT = 4  # near: within a semitone
MOST_MULTIPLE = 3
FAULTY_POINTS = 15
FAULTS_KEPT = 64
CAUTION_SHIFT = 2

# What the detector remembers, in one array.
TAIL = 0  # place in the ring of the next edge to look at
COUNT = 1  # edges taken so far, 0 for none, then round and round
LAST_US = 2  # the newest interval
RUN = 3  # intervals in a row that are alike
POINTS = 4  # what their likeness is worth
DOUBT = 5  # how much unlikeness there has been lately
BEFORE = 6  # whether the interval before them belonged to what is believed, or a multiple or part of it
FAULTS = 7  # intervals for which edges missing or too many are still remembered
PERIOD_Q4 = 8  # what is believed, in 1/16 us; 0 = nothing yet
TIMES = 9  # the last KEPT edges' times
KEPT = 32
WORDS = TIMES + KEPT


class FV:
    """The detector and its output: `start` once, `poll` every round."""

    def __init__(self):
        self.words = array("i", bytes(4 * WORDS))
        self._shown_q4 = self._shown_scale = 0

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
    """Take the ring's edges up to `head`; return the period that is believed, in 1/16 us, 0 for none."""
    w = ptr32(words)
    while w[TAIL] != head:
        # The place, not the time: a time has 32 bits, and more than 30 would be allocated on their way.
        take_edge(words, w[TAIL])
        w[TAIL] = (w[TAIL] + 1) & (F_V_EDGES_SIZE - 1)
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
    w[COUNT] = ((count + 1) & (KEPT - 1)) | KEPT
    before_us = w[LAST_US]
    w[LAST_US] = interval_us
    points = 0
    if count == 0 or interval_us < 0 or interval_us > LONGEST_US:
        w[LAST_US] = 0
    else:
        points = int(likeness(interval_us, before_us))
    if points == 0:
        w[RUN] = 1
        w[POINTS] = 0
        w[BEFORE] = int(kin(before_us, w[PERIOD_Q4]))
        if w[BEFORE] > 1 and int(kin(interval_us, w[PERIOD_Q4])) == 1:
            w[FAULTS] = FAULTS_KEPT
        if w[LAST_US] and w[DOUBT] < DOUBT_MOST:
            w[DOUBT] += DOUBT_STEP
        return
    w[RUN] += 1
    if w[POINTS] < POINTS_MOST:
        w[POINTS] += points
    if w[FAULTS]:
        w[FAULTS] -= 1
    w[DOUBT] -= points >> 1
    if w[DOUBT] < 0:
        w[DOUBT] = 0
    if w[POINTS] >= int(points_needed(words, interval_us)):
        bits = 0
        while bits < MOST_MEAN_BITS and 2 << bits <= w[RUN] and interval_us << (bits + 1) <= MEAN_US:
            bits += 1
        span_us = time_us - w[TIMES + ((count - (1 << bits)) & (KEPT - 1))]
        away = ((span_us << 4) >> bits) - w[PERIOD_Q4]
        if (points < CLEAN_POINTS or w[DOUBT] > DOUBT_FREE) and int(kin(interval_us, w[PERIOD_Q4])) == 1:
            away >>= CAUTION_SHIFT
        w[PERIOD_Q4] += away


@micropython.viper
def likeness(interval_us: int, before_us: int) -> int:
    """Points for how like the one before an interval is: 0 for not alike, else one for each half that it is nearer."""
    away = interval_us - before_us
    if away < 0:
        away = 0 - away
    within = interval_us >> LIKE_SHIFT
    points = 0
    while points < MOST_POINTS and away <= within:
        points += 1
        within >>= 1
    return points


@micropython.viper
def points_needed(words, interval_us: int) -> int:
    """How many points in a row make an interval believed."""
    w = ptr32(words)
    needed = 6
    if interval_us < 1_500:
        needed = 36
    elif interval_us < 4_000:
        needed = 20
    elif interval_us < 7_000:
        needed = 12
    if w[DOUBT] > DOUBT_FREE:
        needed += w[DOUBT] - DOUBT_FREE
    if w[BEFORE] and int(kin(interval_us, w[PERIOD_Q4])) > 1:
        needed += needed >> 1
        if w[FAULTS]:
            needed += FAULTY_POINTS
    return needed


@micropython.viper
def kin(interval_us: int, period_q4: int) -> int:
    """1 if an interval is a period, 2 if it is two or three of them or a half or a third of one, else 0."""
    near = period_q4 >> NEAR_SHIFT
    parts = 0
    whole = 0
    multiple = 1
    while multiple <= MOST_MULTIPLE:
        parts += interval_us << 4
        whole += period_q4
        short = parts - period_q4
        long = (interval_us << 4) - whole
        if (short <= near and short >= 0 - near) or (long <= near and long >= 0 - near):
            return 1 if multiple == 1 else 2
        multiple += 1
    return 0
