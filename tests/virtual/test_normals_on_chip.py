"""Plugs that break a normal, on the chip: what goes, what stays, how soon, and that nothing clicks.

A click is a jump. A CV that has to move within 5 ms must bend; how sharply, its second difference from frame to frame
says: a jump shows in it in full, a straight ramp not at all. Two parabolas are the gentlest way there is.
"""

import itertools
import random

import numpy as np
import pytest
from frames import Watch, next_edge, put_to_rest, turn, volts
from ms20.board import cv_names
from on_chip import TICK_S, note_on

SOON_S = 0.005
"""From the plug's move to the CV's last: half a millisecond of debouncing, the fade, and the pipeline's two ticks."""
GENTLE_V = 0.010
"""The largest second difference that a contribution of up to GENTLE_CONTRIBUTION_V may make."""
GENTLE_CONTRIBUTION_V = 2.5
STILL_V = 0.001
PITCHES = ("VCO 1 PITCH", "VCO 2 PITCH")
CUTOFFS = ("HPF CUTOFF", "LPF CUTOFF")
NORMALS = {
    # jack: (modulator, the CVs that it reaches by this normal)
    "TOTAL": ("MG", (*PITCHES, *CUTOFFS)),
    "FREQ": ("EG 1", PITCHES),
    "HPF CUTOFF FREQ": ("EG 2", ("HPF CUTOFF",)),
    "LPF CUTOFF FREQ": ("EG 2", ("LPF CUTOFF",)),
}
ALL_AT_ONCE = {
    "FM MG/T.EXT": 5,
    "FM EG1/EXT": 5,
    "HPF CUTOFF FREQUENCY": 6,
    "HPF MG/T.EXT": 3,
    "HPF EG2/EXT": 4,
    "LPF CUTOFF FREQUENCY": 7,
    "LPF MG/T.EXT": 4,
    "LPF EG2/EXT": 3,
    "MG FREQUENCY": 8,
    "EG2 SUSTAIN LEVEL": 5,
}
"""Every modulation at a depth that the DAC does not clip."""


@pytest.fixture
def board(playing):
    """The same board, nothing in its jacks, the basic patch on its panel, silent."""
    put_to_rest(playing)
    return playing


@pytest.fixture
def modulated(board):
    """All modulations at once: MG turns, EG 1 is held at its top by its own jack, EG 2 rests at minus SUSTAIN."""
    board.plug("EG1 TRIG IN", 0.0)
    turn(board, ALL_AT_ONCE)
    return board


def follows_mg(values, mg):
    """What a CV is made of: (its fixed part, its share of MG OUT A, how far the worst frame is off that)."""
    share, fixed = np.polyfit(mg, values, 1)
    return fixed, share, float(np.max(np.abs(values - fixed - share * mg)))


def parts(board, seconds=0.06):
    """`follows_mg` of each CV that a normal can reach, over more than half of a turn of MG."""
    watch = Watch(board)
    board.advance(seconds)
    _, mg, *courses = watch.frames("MG OUT A", *PITCHES, *CUTOFFS)
    return {cv: follows_mg(course, mg) for cv, course in zip((*PITCHES, *CUTOFFS), courses, strict=True)}


def bend(values):
    """The largest second difference from frame to frame (V)."""
    return float(np.max(np.abs(np.diff(values, 2))))


def jack_phases(count):
    """So many moments within a tick."""
    return [k / count * TICK_S for k in range(count)]


# --- What a plug takes away -------------------------------------------------------------------------------------


@pytest.mark.parametrize("jack", NORMALS)
def test_a_plug_takes_its_modulation_and_nothing_else_and_gives_it_back(modulated, jack):
    modulator, cvs = NORMALS[jack]
    whole = parts(modulated)
    modulated.plug(jack, 1.7)
    modulated.advance(SOON_S)
    broken = parts(modulated)
    modulated.unplug(jack)
    modulated.advance(SOON_S)
    mended = parts(modulated)
    for cv in whole:
        fixed, share, off = broken[cv]
        assert off < STILL_V, "straight from MG, from the fifth millisecond on"
        if cv in cvs and modulator == "MG":
            assert abs(share) < 1e-5
            assert fixed == pytest.approx(whole[cv][0], abs=STILL_V), "envelopes as before"
        elif cv in cvs:
            assert share == pytest.approx(whole[cv][1], abs=2e-4), "MG as before"
            assert abs(fixed - whole[cv][0]) > 0.3, f"{modulator} is gone"
        else:
            assert (fixed, share) == pytest.approx(whole[cv][:2], abs=2e-4)
        assert mended[cv][:2] == pytest.approx(whole[cv][:2], abs=2e-4)
        assert mended[cv][2] < STILL_V


def test_what_is_left_with_all_four_plugs_is_the_note_and_the_knobs(modulated):
    for jack in NORMALS:
        modulated.plug(jack, -2.0)
    modulated.advance(SOON_S)
    left = parts(modulated)
    modulated.unplug("EG1 TRIG IN")
    for jack in NORMALS:
        modulated.unplug(jack)
    turn(modulated, {"FM MG/T.EXT": 0, "FM EG1/EXT": 0})
    turn(modulated, {"HPF MG/T.EXT": 0, "HPF EG2/EXT": 0, "LPF MG/T.EXT": 0, "LPF EG2/EXT": 0})
    modulated.advance(0.1)
    plain = volts(modulated)
    for cv, (fixed, share, off) in left.items():
        assert fixed == pytest.approx(plain[cv], abs=0.0004)
        assert abs(share) < 1e-5
        assert off < 1e-5


@pytest.mark.parametrize("jack", NORMALS)
def test_within_five_milliseconds_whenever_in_a_tick_the_plug_moves(modulated, jack):
    _, cvs = NORMALS[jack]
    whole = parts(modulated)
    modulated.plug(jack, 0.0)
    modulated.advance(0.01)
    broken = parts(modulated)
    modulated.unplug(jack)
    modulated.advance(0.01)
    watch = Watch(modulated)
    moves = []
    with modulated.schedule() as later:
        start = next_edge(modulated, 0.001)
        for phase in jack_phases(10):
            later.at(start + phase).plug(jack, 0.0)
            later.at(start + phase + 0.012).unplug(jack)
            moves += [(start + phase, broken), (start + phase + 0.012, whole)]
            start += 0.024
        later.at(start).unplug(jack)
    modulated.advance(start - modulated.now + 0.002)
    timeline = watch.timeline()
    for moved_s, expected in moves:
        times = np.arange(moved_s + SOON_S, moved_s + 0.0119, TICK_S)
        mg = timeline.cv_at("MG OUT A", times)
        for cv in cvs:
            fixed, share, _ = expected[cv]
            off = timeline.cv_at(cv, times) - fixed - share * mg
            assert np.max(np.abs(off)) < STILL_V, f"{cv} after the move at {moved_s} s"


# --- How it goes ------------------------------------------------------------------------------------------------


def still_modulator(board, jack, number):
    """Let the jack's modulator stand still, its depth at a panel number; return a CV that it reaches."""
    if jack == "FREQ":
        board.send_din(note_on(48))
        turn(board, {"FM EG1/EXT": number})
    elif jack == "TOTAL":
        turn(board, {"FM MG/T.EXT": number, "MG FREQUENCY": 0, "MG WAVE FORM": 5})
    else:
        cutoff = jack[:3]
        turn(board, {f"{cutoff} CUTOFF FREQUENCY": 10, f"{cutoff} EG2/EXT": number})
    return NORMALS[jack][1][0]


def plug_and_unplug(board, jack, cv):
    """The courses of a CV from before the plug to after it is out again: (contribution, in, out, what else moved)."""
    courses = []
    strayed = {}
    contributions = []
    for phase in jack_phases(3):
        for move in (lambda later: later.plug(jack, 0.0), lambda later: later.unplug(jack)):
            watch = Watch(board)
            with board.schedule() as later:
                move(later.at(next_edge(board, 0.0005) + phase))
            board.advance(0.008)
            _, course = watch.frames(cv)
            courses.append(course)
            contributions.append(abs(course[-1] - course[0]))
            for name, far in watch.moved().items():
                strayed[name] = max(far, strayed.get(name, 0))
    return min(contributions), max(map(bend, courses)), strayed


@pytest.mark.parametrize(
    ("jack", "number"), [("FREQ", 7.05), ("HPF CUTOFF FREQ", 4.9), ("LPF CUTOFF FREQ", 4.9), ("TOTAL", 10)]
)
def test_a_contribution_of_two_and_a_half_volts_goes_and_comes_without_a_click(board, jack, number):
    cv = still_modulator(board, jack, number)
    contribution, sharpest, strayed = plug_and_unplug(board, jack, cv)
    if jack != "TOTAL":  # MG stands somewhere between -2.5 and 2.5 V
        assert contribution == pytest.approx(GENTLE_CONTRIBUTION_V, abs=0.03)
    assert contribution <= GENTLE_CONTRIBUTION_V
    assert sharpest <= GENTLE_V
    for name, far in strayed.items():
        if name not in (*NORMALS[jack][1], "MG OUT A"):
            assert far <= STILL_V, f"{name} has nothing to do with it"


@pytest.mark.parametrize(
    ("jack", "number"), [("FREQ", 10), ("HPF CUTOFF FREQ", 6.92), ("LPF CUTOFF FREQ", 6.92)]
)
def test_twice_as_much_bends_no_more_than_twice_as_sharply(board, jack, number):
    cv = still_modulator(board, jack, number)
    contribution, sharpest, _ = plug_and_unplug(board, jack, cv)
    assert contribution == pytest.approx(5, abs=0.05)
    assert sharpest <= 2 * GENTLE_V


# --- Contacts that bounce ------------------------------------------------------------------------------------------

BOUNCE_S = 0.003


def chatter(dwell_s, phase_s=0.0):
    """Moments at which a contact that began to move at 0 opens or closes again, until BOUNCE_S; the last one stays."""
    moments = [phase_s]
    dwells = itertools.cycle(dwell_s)
    while moments[-1] + (dwell := next(dwells)) < BOUNCE_S:
        moments.append(moments[-1] + dwell)
    return moments if len(moments) % 2 else moments[:-1]


def random_chatter(seed):
    moments = random.Random(seed)
    return chatter([moments.uniform(2e-5, 1.2e-3) for _ in range(200)], moments.uniform(0, TICK_S))


BOUNCES = {
    "every 50 us": chatter([5e-5]),
    "every 300 us": chatter([3e-4]),
    "in for 0.7 ms, out for 0.3": chatter([7e-4, 3e-4]),
    "in for 0.7 ms, out for 0.7": chatter([7e-4]),
    "in for 1 ms, out for 1 ms": chatter([1e-3 - 1e-6]),
    **{f"random {seed}": random_chatter(seed) for seed in range(5)},
}


@pytest.mark.parametrize("moments", BOUNCES.values(), ids=BOUNCES.keys())
def test_a_plug_that_bounces_for_three_milliseconds_makes_one_smooth_fade(board, moments):
    cv = still_modulator(board, "FREQ", 7.05)
    for goes_in in (True, False):
        watch = Watch(board)
        with board.schedule() as later:
            start = next_edge(board, 0.0005)
            for place, moment in enumerate(moments):
                hand = later.at(start + moment)
                if (place % 2 == 0) == goes_in:
                    hand.plug("FREQ", 0.0)
                else:
                    hand.unplug("FREQ")
        board.advance(0.02)
        times, course = watch.frames(cv)
        way = np.diff(course) * (-1 if goes_in else 1)
        assert np.sum(way) == pytest.approx(GENTLE_CONTRIBUTION_V, abs=0.03)
        assert np.min(way) >= -0.0004, "there, and not back in between"
        assert bend(course) <= GENTLE_V
        moving = times[1:][way > 0.0004]
        assert moving[-1] - moving[0] <= 0.0045, "one fade"
        assert moving[-1] <= start + moments[-1] + SOON_S


def test_two_plugs_at_once_fade_together_and_smoothly(board):
    board.send_din(note_on(48))
    turn(board, {"FM EG1/EXT": 7.05, "LPF EG2/EXT": 4.9, "LPF CUTOFF FREQUENCY": 10, "EG2 SUSTAIN LEVEL": 0})
    turn(board, {"EG2 DECAY TIME": 0})
    watch = Watch(board)
    board.plug("FREQ", 0.0)
    board.plug("LPF CUTOFF FREQ", 0.0)
    board.advance(SOON_S)
    pitch = volts(board)["VCO 1 PITCH"]
    board.unplug("FREQ")
    board.unplug("LPF CUTOFF FREQ")
    board.advance(0.02)
    _, course = watch.frames("VCO 1 PITCH")
    assert pitch == pytest.approx(-1, abs=0.0005)
    assert course[-1] == pytest.approx(course[0], abs=1e-6)
    assert bend(course) <= GENTLE_V


# --- A knob turned meanwhile ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jack", "knob", "cvs"),
    [
        ("TOTAL", "FM MG/T.EXT", PITCHES),
        ("TOTAL", "HPF MG/T.EXT", ("HPF CUTOFF",)),
        ("TOTAL", "LPF MG/T.EXT", ("LPF CUTOFF",)),
        ("FREQ", "FM EG1/EXT", PITCHES),
        ("HPF CUTOFF FREQ", "HPF EG2/EXT", ("HPF CUTOFF",)),
        ("LPF CUTOFF FREQ", "LPF EG2/EXT", ("LPF CUTOFF",)),
    ],
)
def test_a_knob_turned_while_its_plug_is_in_moves_nothing_and_counts_afterwards(modulated, jack, knob, cvs):
    at_first = parts(modulated)
    modulated.set_knob(knob, 2)
    modulated.advance(0.1)
    turned = parts(modulated)
    modulated.set_knob(knob, 5)
    modulated.advance(0.1)
    modulated.plug(jack, 0.0)
    modulated.advance(SOON_S)
    broken = parts(modulated)
    modulated.set_knob(knob, 2)
    modulated.advance(0.1)
    still = parts(modulated)
    modulated.unplug(jack)
    modulated.advance(SOON_S)
    mended = parts(modulated)
    for cv in broken:
        assert still[cv][:2] == pytest.approx(broken[cv][:2], abs=2e-4)
        assert mended[cv][:2] == pytest.approx(turned[cv][:2], abs=2e-3), (
            "an ADC reads no knob the same twice"
        )
        if cv not in cvs:
            assert mended[cv][:2] == pytest.approx(at_first[cv][:2], abs=2e-3)
    assert set(cvs) <= set(cv_names())
