"""TRIG IN and EG1 TRIG IN on the chip: how soon an edge acts, what is too short to be one, and who opens which EG."""

import itertools

import numpy as np
import pytest
from frames import Watch, next_edge, put_to_rest, turn, volts
from ms20.board import BOARD
from ms20.timeline import Kind
from on_chip import TICK_S, note_off, note_on, service

OPEN_V = 5.0
CLOSED_V = 0.0
PHASES_S = [k * 7e-6 for k in range(36)]
"""Every 7 us over two ticks."""
EGS = ("EG1 OUT", "VCA")
OPENED_BY = {"TRIG IN": EGS, "EG1 TRIG IN": ("EG1 OUT",)}
JACKS = list(OPENED_BY)
CODE_V = 5 / 65536
"""From the top to a full sustain is one code."""
TRAIN_S = 0.008
ACCEPTED_S = 0.001
"""Half a millisecond and a few ticks after a plug went in, it counts."""


@pytest.fixture
def board(playing):
    """The same board, nothing in its jacks, silent; the quickest envelopes."""
    put_to_rest(playing, 0.1)
    return playing


def falls(board):
    """How often TRIG IN has gone low since the board was switched on."""
    return service(board).read("counters")["trig_in_falls"]


def late_ticks(board):
    return service(board).read("counters")["late_ticks"]


def waits(board, jack):
    """Put a plug in that does not trigger."""
    board.plug(jack, OPEN_V)
    board.advance(ACCEPTED_S)


def first_move(watch, cv, after_s):
    """When a CV first changes after a time."""
    times, _ = watch.timeline().cv(cv)
    return times[np.searchsorted(times, after_s, side="right")]


def pulses(board, jack, moments, width_s, rest_v=OPEN_V, pulse_v=CLOSED_V):
    """Let a plug that is in pulse at these times; return when the last is over."""
    with board.schedule() as later:
        for moment in moments:
            later.at(moment).plug(jack, pulse_v)
            later.at(moment + width_s).plug(jack, rest_v)
    board.advance(moments[-1] + width_s - board.now + 0.001)


# --- Levels ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jack", JACKS)
@pytest.mark.parametrize(
    ("at_v", "triggers"), [(-5, True), (0, True), (1.29, True), (1.31, False), (5, False)]
)
def test_below_the_threshold_is_triggered_and_above_it_is_not(board, jack, at_v, triggers):
    board.plug(jack, at_v)
    board.advance(0.01)
    opened = {name for name in EGS if volts(board)[name] > 4.99}
    assert opened == (set(OPENED_BY[jack]) if triggers else set())
    board.unplug(jack)
    board.advance(0.01)
    assert all(volts(board)[name] < 0.01 for name in EGS), "an open jack is high"


# --- How soon ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jack", JACKS)
def test_both_edges_act_within_two_ticks_at_any_phase(board, jack):
    waits(board, jack)
    watch = Watch(board)
    falls_s, rises_s = [], []
    with board.schedule() as later:
        start = next_edge(board, 0.001)
        for phase in PHASES_S:
            # The rise comes at another phase than the fall.
            falls_s.append(start + phase)
            rises_s.append(start + 100 * TICK_S + PHASES_S[-1] - phase + 3e-6)
            later.at(falls_s[-1]).plug(jack, CLOSED_V)
            later.at(rises_s[-1]).plug(jack, OPEN_V)
            start += 200 * TICK_S
    board.advance(start - board.now)
    for cv in OPENED_BY[jack]:
        on = [first_move(watch, cv, each) - each for each in falls_s]
        off = [first_move(watch, cv, each) - each for each in rises_s]
        assert max(on + off) <= 2 * TICK_S
        assert min(on + off) > 0.9 * TICK_S, "an edge acts in the tick after it, and shows at the end of that"
    still = set(EGS) - set(OPENED_BY[jack])
    assert all(watch.moved()[name] == 0 for name in still)


# --- What is too short --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jack", JACKS)
@pytest.mark.parametrize("width_us", [5, 10, 20])
def test_a_glitch_alone_is_ignored_at_any_phase(board, jack, width_us):
    waits(board, jack)
    before, watch = falls(board), Watch(board)
    start = next_edge(board, 0.001)
    pulses(board, jack, [start + 8 * k * TICK_S + phase for k, phase in enumerate(PHASES_S)], width_us * 1e-6)
    assert {name for name, far in watch.moved().items() if far} <= {"MG OUT A"}
    assert falls(board) == before


@pytest.mark.parametrize("jack", JACKS)
@pytest.mark.parametrize("width_us", [5, 10, 20])
def test_a_train_of_glitches_is_ignored_however_close(board, jack, width_us):
    """Two glitches can lie under two looks at the pin: only what happens in between tells them from a trigger."""
    waits(board, jack)
    before, late, watch = falls(board), late_ticks(board), Watch(board)
    for gap_us in (2, 3, 5, 7, 10, 15, 20, 30, 50, 105):
        start = next_edge(board, 0.001)
        period_s = (width_us + gap_us) * 1e-6
        pulses(board, jack, [start + k * period_s for k in range(int(TRAIN_S / period_s))], width_us * 1e-6)
    assert {name for name, far in watch.moved().items() if far} <= {"MG OUT A"}
    assert falls(board) == before
    assert late_ticks(board) == late


@pytest.mark.parametrize("jack", JACKS)
@pytest.mark.parametrize("width_us", [5, 20])
def test_a_held_trigger_does_not_let_go_in_a_train_of_glitches(board, jack, width_us):
    board.plug(jack, CLOSED_V)
    board.advance(0.02)
    before, watch = falls(board), Watch(board)
    for gap_us in (3, 7, 20, 50, 105):
        start = next_edge(board, 0.001)
        period_s = (width_us + gap_us) * 1e-6
        moments = [start + k * period_s for k in range(int(TRAIN_S / period_s))]
        pulses(board, jack, moments, width_us * 1e-6, CLOSED_V, OPEN_V)
    assert {name for name, far in watch.moved().items() if far} <= {"MG OUT A"}
    assert falls(board) == before


@pytest.mark.parametrize("glitch", [False, True], ids=["alone", "after a glitch"])
@pytest.mark.parametrize("jack", JACKS)
def test_three_hundred_microseconds_always_count(board, jack, glitch):
    waits(board, jack)
    before, watch = falls(board), Watch(board)
    start = next_edge(board, 0.001)
    moments = [start + 80 * k * TICK_S + phase for k, phase in enumerate(PHASES_S)]
    if glitch:
        with board.schedule() as later:
            for moment in moments:
                later.at(moment - 9e-5).plug(jack, CLOSED_V)
                later.at(moment - 7e-5).plug(jack, OPEN_V)
    pulses(board, jack, moments, 3e-4)
    for cv in OPENED_BY[jack]:
        assert all(0 < first_move(watch, cv, moment) - moment <= 2 * TICK_S for moment in moments)
    assert falls(board) - before == (len(moments) if jack == "TRIG IN" else 0)


def test_a_bouncing_switch_opens_the_envelopes_once(board):
    """The momentary switch patched into TRIG IN: a millisecond of bounces, and EG 2 never turns back in between."""
    waits(board, "TRIG IN")
    turn(board, {"EG2 ATTACK TIME": 4, "EG2 SUSTAIN LEVEL": 10})
    before, watch = falls(board), Watch(board)
    start = next_edge(board, 0.001)
    with board.schedule() as later:
        moment = start
        for width_us, gap_us in itertools.pairwise((30, 90, 15, 200, 60, 40, 90, 20, 130, 10, 25)):
            later.at(moment).plug("TRIG IN", CLOSED_V)
            later.at(moment + width_us * 1e-6).plug("TRIG IN", OPEN_V)
            moment += (width_us + gap_us) * 1e-6
        later.at(moment).plug("TRIG IN", CLOSED_V)
    board.advance(0.2)
    times, level = watch.frames("VCA")
    assert np.min(np.diff(level[times > moment + 2 * TICK_S])) >= -CODE_V
    assert level[-1] > 4.99
    assert 1 <= falls(board) - before <= 4


# --- Who opens what ---------------------------------------------------------------------------------------------------


def test_with_a_plug_in_trig_in_the_keyboard_opens_neither_and_still_plays_pitch_and_trig_out(board):
    waits(board, "TRIG IN")
    watch = Watch(board)
    for play, let_go in (
        (lambda: board.send_din(note_on(67)), lambda: board.send_din(note_off(67))),
        (lambda: board.send_usb(note_on(55)), lambda: board.send_usb(note_off(55))),
        (lambda: board.press(72), lambda: board.release(72)),
    ):
        play()
        board.advance(0.02)
        assert board.trigger()
        assert board.note_of("VCO 1 PITCH") == pytest.approx(board.note_of("KBD CV OUT"), abs=0.01)
        let_go()
        board.advance(0.02)
        assert not board.trigger()
    assert board.note_of() == pytest.approx(72, abs=0.01)
    moved = watch.moved()
    assert moved["VCA"] == moved["EG1 OUT"] == 0


def test_trig_in_opens_both_and_touches_neither_pitch_nor_trig_out(board):
    waits(board, "TRIG IN")
    watch = Watch(board)
    board.plug("TRIG IN", CLOSED_V)
    board.advance(0.02)
    assert [volts(board)[name] for name in EGS] == pytest.approx([5, 5], abs=0.001)
    moved = {name for name, far in watch.moved().items() if far}
    assert moved <= {"MG OUT A", "EG2 REV OUT", *EGS}
    assert not board.trigger()
    assert "EG" in board.leds()


def test_eg1_trig_in_opens_eg1_alone_and_the_keyboard_keeps_eg2(board):
    waits(board, "EG1 TRIG IN")
    board.send_din(note_on(60))
    board.advance(0.02)
    assert volts(board)["VCA"] == pytest.approx(5, abs=0.001)
    assert volts(board)["EG1 OUT"] == 0
    board.plug("EG1 TRIG IN", CLOSED_V)
    board.advance(0.02)
    assert volts(board)["EG1 OUT"] == pytest.approx(5, abs=0.001)
    board.send_din(note_off(60))
    board.advance(0.02)
    assert volts(board)["VCA"] == 0
    assert volts(board)["EG1 OUT"] == pytest.approx(5, abs=0.001)


def test_with_both_plugs_each_jack_has_its_own_envelope(board):
    waits(board, "TRIG IN")
    waits(board, "EG1 TRIG IN")
    for trig, eg1_trig in itertools.product((CLOSED_V, OPEN_V), repeat=2):
        board.plug("TRIG IN", trig)
        board.plug("EG1 TRIG IN", eg1_trig)
        board.advance(0.02)
        assert volts(board)["VCA"] == pytest.approx(5 - trig, abs=0.001)
        assert volts(board)["EG1 OUT"] == pytest.approx(5 - eg1_trig, abs=0.001)


@pytest.mark.parametrize("jack", JACKS)
def test_pulling_the_plug_gives_the_trigger_back_to_the_keyboard(board, jack):
    waits(board, jack)
    board.send_din(note_on(60))
    board.advance(0.02)
    assert all(volts(board)[name] == 0 for name in OPENED_BY[jack])
    board.unplug(jack)
    board.advance(0.005)
    assert all(volts(board)[name] > 4 for name in OPENED_BY[jack]), "the note that is held sounds"
    board.send_din(note_off(60))
    board.advance(0.02)
    assert all(volts(board)[name] == 0 for name in EGS)
    board.send_din(note_on(62))
    board.advance(0.02)
    assert all(volts(board)[name] > 4.99 for name in EGS)


def test_pulling_a_plug_that_triggers_lets_go(board):
    board.plug("TRIG IN", CLOSED_V)
    board.advance(0.02)
    assert volts(board)["VCA"] == pytest.approx(5, abs=0.001)
    board.unplug("TRIG IN")
    board.advance(0.02)
    assert volts(board)["VCA"] == 0


@pytest.mark.parametrize(
    ("jack", "cv"), [("TRIG IN", "VCA"), ("TRIG IN", "EG1 OUT"), ("EG1 TRIG IN", "EG1 OUT")]
)
def test_a_retrigger_starts_from_the_present_level(board, jack, cv):
    eg = "EG2" if cv == "VCA" else "EG1"
    turn(board, {f"{eg} ATTACK TIME": 5, f"{eg} RELEASE TIME": 6})
    waits(board, jack)
    board.plug(jack, CLOSED_V)
    board.advance(0.3)
    board.plug(jack, OPEN_V)
    board.advance(0.03)
    watch = Watch(board)
    again_s = next_edge(board, 0.002) + 4e-5
    with board.schedule() as later:
        later.at(again_s).plug(jack, CLOSED_V)
    board.advance(0.3)
    times, level = watch.frames(cv)
    turned = np.argmin(level)
    assert 1 < level[turned] < 4, "on its way down"
    assert 0 < times[turned] - again_s <= 2 * TICK_S
    assert np.all(np.diff(level[: turned + 1]) <= 0)
    assert np.all(np.diff(level[turned:]) >= -CODE_V)
    assert level[-1] == pytest.approx(5, abs=0.001)
    assert np.max(np.abs(np.diff(level))) < 0.02, "an attack of 71 ms takes 14 mV a frame at most"


# --- Patched ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wave_form", [2, 5, 8])
def test_mg_out_b_patched_into_trig_in_retriggers_at_mgs_rate(board, wave_form):
    turn(board, {"MG FREQUENCY": 10, "MG WAVE FORM": wave_form, "EG2 ATTACK TIME": 2, "EG2 RELEASE TIME": 4})
    waits(board, "TRIG IN")
    before = falls(board)
    board.wait_for(Kind.MG_B, 0.2, value=1)
    watch = Watch(board)
    lows, opened = [], []
    while len(lows) < 10:
        edge_s, level = board.wait_for(Kind.MG_B, 0.2)
        board.plug("TRIG IN", OPEN_V if level else CLOSED_V)
        if not level:
            lows.append(edge_s)
    board.advance(0.001)
    times, vca = watch.frames("VCA")
    for low_s in lows:
        after = np.searchsorted(times, low_s, side="right")
        rises = np.flatnonzero(np.diff(vca[after - 1 :]) > 0)
        opened.append(times[after + rises[0]])
    waits_s = np.array(opened) - np.array(lows)
    assert np.max(waits_s) <= 2 * TICK_S
    assert np.ptp(waits_s) < 1e-7, "in step with the ticks, as MG is"
    assert np.mean(np.diff(opened)) == pytest.approx(1 / 20, rel=0.003)
    assert falls(board) - before == len(lows)


def test_the_counter_counts_trig_in_and_not_eg1_trig_in(board):
    waits(board, "TRIG IN")
    waits(board, "EG1 TRIG IN")
    before = falls(board)
    for _ in range(5):
        for jack in JACKS:
            board.plug(jack, CLOSED_V)
            board.advance(0.002)
            board.plug(jack, OPEN_V)
            board.advance(0.002)
    assert falls(board) - before == 5
    assert BOARD.S_TRIG_THRESHOLD_VOLTS == 1.3
