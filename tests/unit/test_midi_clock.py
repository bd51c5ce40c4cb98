"""MG in step with MIDI clock, in beats a minute, turns and clocks."""

import live_settings
import memory
import numpy as np
import pytest
from board import TICK_HZ
from controls import Controls
from extended import Extended
from mg import set_wave_form
from midi_bytes import feed
from settings import settings
from state import (
    CLOCK_COUNT,
    CLOCK_PHASE_Q30,
    EXTENDED_NEWS,
    MG_FOLLOWS,
    MG_INCREMENT,
    MG_KNOB_INCREMENT,
    MG_PHASE_Q30,
    PORT_DIN,
    TICKS,
)
from viper_numba import WORDS, compiled, driver

TURN_Q30 = 1 << 30
CLOCK, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC
CLOCKS_A_BAR = 96
ROUND_TICKS = TICK_HZ // 1000
KNOB_HZ = 1.7

step_mg = compiled("mg", "step_mg", exact=True)


@driver
def steps(words, count):
    """Let MG go on for so many ticks; by how far, in 1/2^30 turn."""
    gone = 0
    for _ in range(count):
        before = words[MG_PHASE_Q30]
        step_mg()
        gone += (words[MG_PHASE_Q30] - before) & (TURN_Q30 - 1)
        words[TICKS] += 1
    return gone


class Player:
    """The instrument in extended mode, whose MG has its knob at KNOB_HZ, and the bytes that come to it."""

    def __init__(self, clocks_a_turn):
        memory.clear()
        settings.reset()
        settings.set("mode", "extended")
        settings.set("mg_clocks", clocks_a_turn)
        self.clocks_a_turn = clocks_a_turn
        self.extended = Extended()
        self.controls = Controls()
        live_settings.apply_settings(self.extended)
        memory.state[MG_INCREMENT] = memory.state[MG_KNOB_INCREMENT] = round(KNOB_HZ * TURN_Q30 / TICK_HZ)
        set_wave_form(16_384)
        self.news = 0
        self.turns = 0.0
        self.slowest, self.fastest = TURN_Q30, 0
        self.errors = []
        """At each clock: by how much of a turn MG is ahead of it."""

    def play(self, *events, seconds):
        """Go on for so long, while (seconds from now, byte) come."""
        start = memory.state[TICKS]
        end = start + round(seconds * TICK_HZ)
        due = sorted((start + round(at * TICK_HZ), byte) for at, byte in events)
        while (now := memory.state[TICKS]) < end:
            following = min(now - now % ROUND_TICKS + ROUND_TICKS, end, *(tick for tick, _ in due[:1]))
            self.turns += steps(WORDS, following - now) / TURN_Q30
            while due and due[0][0] <= following:
                self._take(due.pop(0)[1])
            if following % ROUND_TICKS == 0:
                self._round()
        return self

    def _take(self, byte):
        feed(PORT_DIN, byte)
        if byte == CLOCK:
            wanted = memory.state[CLOCK_COUNT] % self.clocks_a_turn / self.clocks_a_turn
            ahead = memory.state[CLOCK_PHASE_Q30] / TURN_Q30 - wanted
            self.errors.append(ahead - round(ahead))

    def _round(self):
        if memory.state[EXTENDED_NEWS] != self.news:
            self.news = memory.state[EXTENDED_NEWS]
            self.extended.take_news(self.controls)
        self.extended.watch_clock()
        self.slowest = min(self.slowest, memory.state[MG_INCREMENT])
        self.fastest = max(self.fastest, memory.state[MG_INCREMENT])


def clocks(bpm, count, jitter_s=0.0, seed=0):
    """So many clocks, the first after a whole interval, each up to jitter_s early or late."""
    times = np.arange(1, count + 1) * 60 / bpm / 24
    times += np.random.default_rng(seed).uniform(-jitter_s, jitter_s, count)
    return [(at, CLOCK) for at in times]


def seconds_of(bpm, count):
    return (count + 0.5) * 60 / bpm / 24


@pytest.mark.parametrize("bpm", [20, 60, 120, 174.3, 300])
@pytest.mark.parametrize("clocks_a_turn", [3, 6, 24, 48, 96, 192])
def test_mg_is_in_step_with_a_steady_clock_after_a_bar_and_stays(bpm, clocks_a_turn):
    """Or after a turn, if that is longer: never slower than half the rate, it cannot be there before."""
    player = Player(clocks_a_turn)
    settling = max(CLOCKS_A_BAR, clocks_a_turn)
    player.play((0, START), *clocks(bpm, settling), seconds=seconds_of(bpm, settling))
    player.errors.clear()
    player.slowest = TURN_Q30
    turns, count = player.turns, 2 * settling
    half_s = 30 / bpm / 24
    player.play(*((at - half_s, byte) for at, byte in clocks(bpm, count)), seconds=count * 2 * half_s)
    assert np.abs(player.errors).max() <= 0.02
    rate = (player.turns - turns) * clocks_a_turn / count
    assert rate == pytest.approx(1, abs=0.001 + 0.02 * clocks_a_turn / count)
    assert memory.state[MG_FOLLOWS] == 1
    assert player.slowest > 0


@pytest.mark.parametrize("bpm", [60, 120, 300])
@pytest.mark.parametrize("clocks_a_turn", [6, 24, 96])
def test_a_clock_that_is_a_millisecond_early_or_late_moves_mg_by_no_more(bpm, clocks_a_turn):
    player = Player(clocks_a_turn)
    count = 4 * CLOCKS_A_BAR
    player.play((0, START), *clocks(bpm, count, 0.001), seconds=seconds_of(bpm, count))
    settled = np.array(player.errors[CLOCKS_A_BAR:])
    turn_s = 60 / bpm / 24 * clocks_a_turn
    assert np.abs(settled).max() <= 0.005 + 2 * 0.001 / turn_s
    assert abs(settled.mean()) <= 0.005
    increment = TURN_Q30 / TICK_HZ / turn_s
    assert player.slowest > 0
    assert player.fastest <= 2.1 * max(increment, TURN_Q30 * KNOB_HZ / TICK_HZ)


@pytest.mark.parametrize(("before", "after"), [(120, 126), (120, 60), (60, 180), (300, 20)])
def test_a_new_tempo_is_followed_within_two_beats_after_the_clocks_averaged(before, after):
    player = Player(24)
    player.play((0, START), *clocks(before, CLOCKS_A_BAR), seconds=CLOCKS_A_BAR * 60 / before / 24)
    player.errors.clear()
    player.play(*clocks(after, 2 * CLOCKS_A_BAR), seconds=seconds_of(after, 2 * CLOCKS_A_BAR))
    assert np.abs(player.errors[72:]).max() <= 0.02
    assert player.slowest > 0


def test_start_begins_a_turn_with_its_first_clock_and_mg_gets_there_without_going_back():
    """The song starts anew in the middle of a turn: a beat later MG's turn begins with the beat."""
    player = Player(24)
    player.play((0, START), *clocks(120, 100), seconds=100 * 60 / 120 / 24)
    player.errors.clear()
    player.slowest = TURN_Q30
    player.play((0.001, START), *clocks(120, CLOCKS_A_BAR), seconds=seconds_of(120, CLOCKS_A_BAR))
    assert abs(player.errors[0]) > 0.1
    assert memory.state[CLOCK_COUNT] == CLOCKS_A_BAR - 1
    assert np.abs(player.errors[48:]).max() <= 0.02
    assert player.slowest > 0


@pytest.mark.parametrize("byte", [STOP, CONTINUE, 0xF9, 0xFD, 0xFF])
def test_no_other_real_time_byte_moves_the_count_or_mg(byte):
    player = Player(24)
    player.play((0, START), *clocks(120, CLOCKS_A_BAR), seconds=seconds_of(120, CLOCKS_A_BAR))
    before = memory.state[CLOCK_COUNT], memory.state[MG_INCREMENT]
    player.play((0.001, byte), (0.002, byte), seconds=0.01)
    assert (memory.state[CLOCK_COUNT], memory.state[MG_INCREMENT]) == before


def test_half_a_second_without_a_clock_and_the_knob_has_mg_again():
    player = Player(24)
    knob = memory.state[MG_INCREMENT]
    player.play((0, START), *clocks(120, CLOCKS_A_BAR), seconds=CLOCKS_A_BAR * 60 / 120 / 24)
    followed = memory.state[MG_INCREMENT]
    player.play(seconds=0.49)
    assert (memory.state[MG_FOLLOWS], memory.state[MG_INCREMENT]) == (1, followed)
    player.play(seconds=0.03)
    assert (memory.state[MG_FOLLOWS], memory.state[MG_INCREMENT]) == (0, knob)


def test_a_clock_that_comes_back_after_a_pause_is_followed_again():
    player = Player(24)
    player.play((0, START), *clocks(120, CLOCKS_A_BAR), seconds=seconds_of(120, CLOCKS_A_BAR) + 5)
    player.errors.clear()
    player.play((0, CONTINUE), *clocks(90, CLOCKS_A_BAR), seconds=seconds_of(90, CLOCKS_A_BAR))
    assert np.abs(player.errors[72:]).max() <= 0.02


def test_while_the_clock_has_mg_the_knob_waits():
    player = Player(24)
    player.play((0, START), *clocks(120, 48), seconds=48 * 60 / 120 / 24)
    player.controls.turn(25, 0)
    player.controls.apply_changed()
    assert memory.state[MG_INCREMENT] * TICK_HZ / TURN_Q30 == pytest.approx(2, rel=0.02)
    player.play(seconds=0.6)
    assert memory.state[MG_INCREMENT] * TICK_HZ / TURN_Q30 == pytest.approx(0.1, rel=0.01)


def test_with_no_clocks_a_turn_mg_is_free():
    player = Player(24)
    settings.set("mg_clocks", 0)
    live_settings.apply_settings(player.extended)
    player.play((0, START), *clocks(120, CLOCKS_A_BAR), seconds=seconds_of(120, CLOCKS_A_BAR))
    assert memory.state[MG_FOLLOWS] == 0
    assert player.turns == pytest.approx(KNOB_HZ * seconds_of(120, CLOCKS_A_BAR), rel=0.001)


@pytest.fixture(autouse=True)
def default_settings():
    yield
    settings.reset()
