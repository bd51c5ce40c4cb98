"""TRIG IN and EG1 TRIG IN: who opens which envelope, and what counts as a trigger; in microseconds."""

import itertools

import memory
import pytest
import trig_in
from board import CLK_SYS_HZ, IN_PLUG_EG1_TRIG, IN_PLUG_TRIG, PIN_EG1_TRIG_IN, PIN_TRIG_IN, TICK_HZ
from hypothesis import given, settings
from hypothesis import strategies as st
from rp2040 import APB, SIO_GPIO_IN
from state import (
    APB_BASE,
    EG1_GATE,
    EG1_RESTART,
    EG2_GATE,
    EG2_RESTART,
    KEY_GATE,
    KEY_RESTART,
    PLUGS_IN,
    SIO_BASE,
    STATE,
    TRIG_FELL,
    TRIG_IN_FALLS,
    TRIG_PINS,
)
from trig_in import LDAC_COUNTER, TRIG_EDGES, TRIG_EDGES_SHIFT, accept, confirm, step_gates
from viper_stand_in import Pointer as Words

TRIG, EG1_TRIG = 1 << PIN_TRIG_IN, 1 << PIN_EG1_TRIG_IN
BOTH = TRIG | EG1_TRIG
PLUG_TRIG, PLUG_EG1 = 1 << IN_PLUG_TRIG, 1 << IN_PLUG_EG1_TRIG
TICK_US = 1_000_000 / TICK_HZ
ENTRY_US = 3
"""From LDAC's edge to the tick's first line."""
LOOK_US = 0.1
SPIKE_US = 20
"""What is shorter is no trigger."""
SURE_US = TICK_US + 50
"""What is longer always is one."""


# --- Who opens what -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plugs", "eg1_follows", "eg2_follows"),
    [
        (0, "keys", "keys"),
        (PLUG_TRIG, "TRIG IN", "TRIG IN"),
        (PLUG_EG1, "EG1 TRIG IN", "keys"),
        (PLUG_TRIG | PLUG_EG1, "EG1 TRIG IN", "TRIG IN"),
    ],
)
def test_the_plugs_say_who_opens_which_envelope(words, plugs, eg1_follows, eg2_follows):
    """For every state of the keyboard's gate and restart, both pins, and which of them has just fallen."""
    words[PLUGS_IN] = plugs
    for key, key_restart, trig_low, eg1_low, trig_fell, eg1_fell in itertools.product((0, 1), repeat=6):
        words[KEY_GATE], words[KEY_RESTART] = key, key_restart
        words[TRIG_PINS] = (0 if trig_low else TRIG) | (0 if eg1_low else EG1_TRIG)
        words[TRIG_FELL] = (TRIG if trig_fell else 0) | (EG1_TRIG if eg1_fell else 0)
        step_gates()
        gates = {
            "keys": (key, key_restart),
            "TRIG IN": (trig_low, trig_fell),
            "EG1 TRIG IN": (eg1_low, eg1_fell),
        }
        assert (words[EG1_GATE], words[EG1_RESTART]) == gates[eg1_follows]
        assert (words[EG2_GATE], words[EG2_RESTART]) == gates[eg2_follows]
        step_gates()
        assert words[EG1_RESTART] == (key_restart if eg1_follows == "keys" else 0), "a fall restarts once"


# --- What is accepted ---------------------------------------------------------------------------------------


def test_a_pin_that_has_not_kept_still_stays_what_it_was(words):
    levels = (0, TRIG, EG1_TRIG, BOTH)
    for before, pins, still in itertools.product(levels, repeat=3):
        words[TRIG_PINS] = before
        accept(pins, still)
        for pin in (TRIG, EG1_TRIG):
            expected = pins & pin if still & pin else before & pin
            assert words[TRIG_PINS] & pin == expected
            assert words[TRIG_FELL] & pin == before & pin & (pin ^ expected)


def test_falls_of_trig_in_are_counted_and_no_others(words):
    words[TRIG_PINS] = BOTH
    for pins in (BOTH, TRIG, 0, EG1_TRIG, BOTH, EG1_TRIG, EG1_TRIG, BOTH):
        accept(pins, BOTH)
    assert words[TRIG_IN_FALLS] == 2


class Board:
    """The chip around `confirm`: two pins that toggle at given times, the edges that pads remember, a clock.

    Worked example: Board({TRIG: [100, 130]}) holds TRIG IN low from 100 us to 130 us after the first edge of LDAC.
    """

    def __init__(self, toggles):
        self.toggles = {pin: sorted(toggles.get(pin, [])) for pin in (TRIG, EG1_TRIG)}
        self.now_us = 0.0
        self.cleared_us = dict.fromkeys(itertools.product((TRIG, EG1_TRIG), (4, 8)), 0.0)

    def level(self, pin):
        return 1 - sum(t <= self.now_us for t in self.toggles[pin]) % 2

    def pins(self):
        return sum(pin for pin in (TRIG, EG1_TRIG) if self.level(pin))

    def edges(self):
        found = 0
        for pin, shift in ((TRIG, 0), (EG1_TRIG, 4)):
            for i, t in enumerate(self.toggles[pin]):
                bit = 8 if i % 2 else 4  # the first toggle of a pin at rest is a fall
                if self.cleared_us[pin, bit] < t <= self.now_us:
                    found |= bit << shift
        return found << TRIG_EDGES_SHIFT

    def pointer(self, address):
        """Stand in for ptr32: the tick's words, or a register."""
        return Words(address) if int(address) == STATE else Register(self, int(address))


class Register:
    def __init__(self, board, address):
        self.board, self.address = board, address

    def __getitem__(self, index):
        board = self.board
        board.now_us += LOOK_US
        if self.address == APB + LDAC_COUNTER:
            return int(board.now_us % TICK_US * (CLK_SYS_HZ // 1_000_000))
        if self.address == APB + TRIG_EDGES:
            return board.edges()
        assert index == SIO_GPIO_IN
        return board.pins()

    def __setitem__(self, index, value):
        assert (self.address, index) == (APB + TRIG_EDGES, 0)
        board = self.board
        board.now_us += LOOK_US
        for pin, bit in board.cleared_us:
            if value >> TRIG_EDGES_SHIFT >> (4 if pin == EG1_TRIG else 0) & bit:
                board.cleared_us[pin, bit] = board.now_us


def play(toggles, ticks):
    """Let the tick look at the pins so many times; what it has accepted after each, as (TRIG IN, EG1 TRIG IN)."""
    memory.clear()
    words = memory.state
    words[APB_BASE], words[SIO_BASE] = APB, 0x5000_0000
    words[TRIG_PINS] = BOTH
    board = Board(toggles)
    accepted = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trig_in, "ptr32", board.pointer, raising=False)
        for tick in range(ticks):
            board.now_us = tick * TICK_US + ENTRY_US
            pins = board.pins()
            if pins != words[TRIG_PINS]:
                confirm(pins, int(ENTRY_US * CLK_SYS_HZ // 1_000_000))
            assert board.now_us < tick * TICK_US + 90, "the frame needs its time"
            accepted.append((words[TRIG_PINS] & TRIG != 0, words[TRIG_PINS] & EG1_TRIG != 0))
    return accepted


def gaps_and_spikes(least_us, most_us):
    """Toggle times of spikes that last least_us..most_us, with gaps of any length in between."""
    gap = st.one_of(st.floats(0.3, 40), st.floats(0.3, 300))
    spike = st.tuples(gap, st.floats(least_us, most_us))
    return st.lists(spike, min_size=1, max_size=25).map(
        lambda pairs: list(itertools.accumulate(time for pair in pairs for time in pair))
    )


@settings(max_examples=400)
@given(gaps_and_spikes(0.2, SPIKE_US), gaps_and_spikes(0.2, SPIKE_US))
def test_no_train_of_spikes_is_a_trigger(trig, eg1):
    """Also where both looks hit one: the pads remember that the pin has been back in between."""
    accepted = play({TRIG: trig, EG1_TRIG: eg1}, int(max(trig[-1], eg1[-1]) / TICK_US) + 3)
    assert set(accepted) == {(True, True)}
    assert memory.state[TRIG_IN_FALLS] == 0


@given(gaps_and_spikes(0.2, SPIKE_US))
def test_no_train_of_spikes_ends_a_trigger(spikes):
    down = [1.0]
    up = [2 * TICK_US + time for time in spikes]
    accepted = play({TRIG: down + up}, int(up[-1] / TICK_US) + 3)
    assert set(accepted[2:]) == {(False, True)}


@given(st.floats(0, 3 * TICK_US), st.floats(SURE_US, 1000), st.sampled_from([TRIG, EG1_TRIG]))
def test_a_clean_pulse_that_is_longer_than_a_tick_is_one_trigger(start_us, width_us, pin):
    accepted = play({pin: [start_us, start_us + width_us]}, 16)
    levels = [pair[0 if pin == TRIG else 1] for pair in accepted]
    fell = levels.index(False)
    assert fell * TICK_US <= start_us + TICK_US + ENTRY_US, "the first look after it counts"
    assert levels[fell:] == sorted(levels[fell:])
    assert levels[-1]
    assert {pair[1 if pin == TRIG else 0] for pair in accepted} == {True}
    assert memory.state[TRIG_IN_FALLS] == (1 if pin == TRIG else 0)


@given(gaps_and_spikes(0.2, 60), st.floats(0, TICK_US))
def test_a_contact_that_bounces_and_then_keeps_still_is_down_within_three_ticks(bounces, rest_us):
    """Bounces may play notes, as on any instrument; in the end it is what the pin is."""
    last = bounces[-1] + rest_us + 1
    accepted = play({TRIG: [*bounces, last]}, int(last / TICK_US) + 5)
    assert accepted[-1] == (False, True)
