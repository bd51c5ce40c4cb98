"""F-V CV OUT on the chip, from edges on its pin to volts: accuracy, speed, and what a flood of edges does to the rest.

How the detector tells a period from its faults is tested with far more of them in tests/unit/test_f_v.py.
"""

import random

import numpy as np
import pytest
from frames import Watch, put_to_rest, turn
from on_chip import TICK_S, note_off, note_on, service

F_V = "F-V CV OUT"
ONE_VOLT_HZ = 440 * 2 ** (-21 / 12)
"""Note 48: 130.81 Hz."""
OFF = 0.01
FOLLOWED_S = 0.03
CV_ADJUST = "ESP CV ADJUST"
HALF, PLAIN = 0, 5
SCALE = {HALF: 0.5, PLAIN: 1.0}
ESTABLISHED_S = 0.25


@pytest.fixture(scope="module")
def playing(playing):
    """The board that is on for all tests of this file: no frame of theirs is late."""
    yield playing
    assert service(playing).read("counters")["late_ticks"] == 0


@pytest.fixture
def board(playing):
    """The same board, no edges on F-V, the basic patch on its panel."""
    put_to_rest(playing, 0.05)
    return playing


def established(board, hz, adjust=PLAIN):
    """Let a frequency be known for sure."""
    turn(board, {CV_ADJUST: adjust})
    board.set_f_v_edges(hz)
    board.advance(ESTABLISHED_S)
    assert board.cv(F_V) == pytest.approx(hz / ONE_VOLT_HZ * SCALE[adjust], rel=OFF)


def strays(watch, expected_v):
    """How far the voltage was off since the watch began: the worst frame, as a share."""
    _, values = watch.timeline().cv(F_V)
    return float(np.max(np.abs(values / expected_v - 1)))


def rising_at(board, moments, high_s=1e-4):
    """Rising edges at these times, each followed by a fall; a rise that comes too soon for that is left out."""
    edges = []
    for moment in moments:
        if not edges or moment > edges[-1] + 2e-6:
            edges += [moment, moment + min(high_s, 1e-5)]
    board.schedule_edges("f_v", edges)


# --- Accuracy ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hz", "adjust"),
    [
        (50, PLAIN),
        (80, PLAIN),
        (130.81, PLAIN),
        (440, PLAIN),
        (1000, PLAIN),
        (1000, HALF),
        (2500, HALF),
        (50, HALF),
    ],
)
def test_a_frequency_gives_its_volts(board, hz, adjust):
    established(board, hz, adjust)
    watch = Watch(board)
    board.advance(0.3)
    assert strays(watch, hz / ONE_VOLT_HZ * SCALE[adjust]) <= OFF


def test_more_than_ten_volts_is_ten_and_not_less(board):
    established(board, 1000)
    board.set_f_v_edges(2000)
    board.advance(0.1)
    watch = Watch(board)
    board.advance(0.1)
    assert strays(watch, 10) < 1e-4


def test_it_can_be_patched_into_vco_1_2_cv_in(board):
    """A guitar's A plays an A: F-V CV OUT back into the voice is in tune within a few cents."""
    established(board, 220)
    board.plug("VCO 1+2 CV IN", board.cv(F_V))
    board.advance(0.01)
    assert board.note_of() == pytest.approx(57, abs=0.03)


# --- Speed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (110, 220),
        (220, 110),
        (440, 110),
        (50, 110),
        (2500, 110),
        (110, 116.54),
        (440, 466.16),
        (110, 2500),
    ],
)
@pytest.mark.parametrize("phase", [0.0, 0.6])
def test_a_step_is_followed_within_thirty_milliseconds(board, before, after, phase):
    turn(board, {CV_ADJUST: HALF})
    board.set_f_v_edges(before)
    board.advance(ESTABLISHED_S + phase / before)
    watch = Watch(board)
    stepped_s = board.now
    board.set_f_v_edges(after)
    board.advance(0.1)
    times = np.arange(stepped_s + FOLLOWED_S, board.now, TICK_S)
    values = watch.timeline().cv_at(F_V, times)
    assert values == pytest.approx(after / ONE_VOLT_HZ * SCALE[HALF], rel=OFF)


def test_when_the_edges_stop_it_holds(board):
    established(board, 330)
    board.set_f_v_edges(0)
    watch = Watch(board)
    board.advance(1.0)
    assert strays(watch, 330 / ONE_VOLT_HZ) <= OFF


# --- Edges that are not the note's -----------------------------------------------------------------------------------


def spoilt(kind, hz, seconds, seed):
    """Rising edges of a note for some seconds, whole until ESTABLISHED_S, then one in every ten spoilt in one way."""
    chance = random.Random(seed)
    moments = []
    for k in range(int(seconds * hz)):
        if k % 10 == 0:
            place = k + chance.randrange(2, 8)
        here = k == place and k > ESTABLISHED_S * hz
        if not (here and kind == "missing"):
            moments.append(k / hz)
        if here and kind == "bounced":
            moments.append(k / hz + chance.uniform(5e-6, 3e-4))
        if here and kind == "doubled":
            moments.append((k + 0.5) / hz)
        if here and kind == "random":
            moments.append((k + chance.uniform(0.05, 0.95)) / hz)
    return moments


@pytest.mark.parametrize("hz", [110, 440])
@pytest.mark.parametrize("kind", ["bounced", "doubled", "missing", "random"])
def test_an_edge_too_many_or_too_few_moves_it_by_no_more_than_a_hundredth(board, kind, hz):
    start = board.now + 0.05
    rising_at(board, [start + moment for moment in spoilt(kind, hz, 1.0, 5)])
    board.advance(0.05 + ESTABLISHED_S)
    watch = Watch(board)
    board.advance(1.0 - ESTABLISHED_S)
    assert strays(watch, hz / ONE_VOLT_HZ) <= OFF


# --- The rest of the instrument -------------------------------------------------------------------------------------


def test_fifty_thousand_edges_a_second_make_no_frame_late_and_the_next_note_is_heard(board):
    established(board, 440)
    watch = Watch(board)
    board.set_f_v_edges(50_000)
    for k in range(10):
        board.send_din(note_on(60 + k))
        board.set_knob("LPF CUTOFF FREQUENCY", k)
        board.advance(0.02)
        assert board.note_of() == pytest.approx(60 + k, abs=0.01)
        board.send_din(note_off(60 + k))
        board.advance(0.005)
    stats = watch.stats()
    assert (stats.late, stats.missing, stats.jitter_ns) == (0, 0, 0)
    _, values = watch.timeline().cv(F_V)
    assert np.all((values >= 0) & (values <= 10))
    board.set_f_v_edges(220)
    board.advance(FOLLOWED_S)
    assert board.cv(F_V) == pytest.approx(220 / ONE_VOLT_HZ, rel=OFF)


def test_random_edges_of_all_rates_make_no_frame_late(board):
    """Seconds of noise through the comparator: the ring wraps, the detector works, the tick does not care."""
    watch = Watch(board)
    chance = np.random.default_rng(3)
    for rate in (300, 3000, 30_000):
        rising_at(board, board.now + 0.001 + np.cumsum(chance.exponential(1 / rate, rate // 2)))
        board.advance(0.5)
    stats = watch.stats()
    assert (stats.late, stats.missing, stats.jitter_ns) == (0, 0, 0)


def test_a_note_is_measured_rightly_while_the_main_loop_is_busy(board):
    """Every knob turns, MIDI comes in by both ways, the collector runs: the edges' times come from hardware."""
    established(board, 196)
    commands = service(board)
    watch = Watch(board)
    with board.schedule() as later:
        for k in range(200):
            hand = later.at(board.now + 0.001 + 0.002 * k)
            hand.set_knob("LPF CUTOFF FREQUENCY", k % 10)
            hand.set_knob("FM MG/T.EXT", (k * 3) % 10)
            hand.set_knob("MG WAVE FORM", (k * 7) % 10)
    board.schedule_din([(board.now + 0.003 * k, note_on(40 + k % 40)) for k in range(130)])
    for _ in range(4):
        commands.read("collect")
        board.advance(0.05)
    board.advance(0.2)
    assert strays(watch, 196 / ONE_VOLT_HZ) <= OFF
