"""VCO 1+2 CV IN and VCO 2 CV IN on the chip: Hz/V from the jack ADC to the pitch CVs, once a tick."""

import contextlib

import numpy as np
import pytest
from frames import Watch, next_edge, put_to_rest, turn, volts
from ms20.board import BOARD
from ms20.panel import basic_panel
from ms20.virtual_board import VirtualBoard
from on_chip import TICK_S, note_off, note_on, service

BOTH = "VCO 1+2 CV IN"
SECOND = "VCO 2 CV IN"
PITCHES = ("VCO 1 PITCH", "VCO 2 PITCH")
CENTS = 2.0
HALF_OCTAVES = [0.25 * 2 ** (step / 2) for step in range(11)]
"""0.25 V to 8 V: note 24 to note 84."""
SMOOTHED_V = 0.004
"""Moves of less than this are smoothed over 2 ms (the converter's noise), and so come late."""
SETTLED_S = 0.01


@contextlib.contextmanager
def switched_on(image_path, **chips):
    with VirtualBoard(image_path, panel=basic_panel(), chips=chips) as board:
        board.power_on()
        board.wait_until_ready()
        board.wait_for_usb()
        yield board
        assert board.misuse() == []


@pytest.fixture(scope="module")
def playing(image_path):
    """A board whose jack ADC is ideal, but for its noise; on for most tests of this file."""
    with switched_on(image_path) as board:
        yield board
        assert service(board).read("counters")["late_ticks"] == 0


@pytest.fixture
def board(playing):
    """The same board, nothing in its jacks; its last note was middle C."""
    put_to_rest(playing, 0.05)
    playing.send_din(note_on(60) + note_off(60))
    playing.advance(0.05)
    return playing


def note_at(cv_volts):
    """The note that a Hz/V voltage stands for."""
    return BOARD.KBD_CV_ONE_VOLT_NOTE + 12 * np.log2(cv_volts)


def cents_off(board, cv, note, seconds=0.01):
    """How far a pitch CV strays from a note in the next frames: the worst of them, in cents."""
    watch = Watch(board)
    board.advance(seconds)
    _, course = watch.frames(cv)
    return float(np.max(np.abs(1200 * course - 100 * (note - BOARD.PITCH_ZERO_VOLT_NOTE))))


def put(board, jack, cv_volts):
    board.plug(jack, cv_volts)
    board.advance(SETTLED_S)


def calibrate(board, jack, name, low_v=0.25, high_v=8.0):
    """What a builder does, with the lowest and the highest C of KBD CV OUT: low, high, low."""
    commands = service(board)
    for words in (f"zero {name} {low_v:g}", f"gain {name} {high_v:g}", f"zero {name} {low_v:g}"):
        put(board, jack, float(words.split()[-1]))
        commands.ask(words)


# --- Tuning ---------------------------------------------------------------------------------------------------


def test_hz_per_volt_is_in_tune_on_both_oscillators_from_a_quarter_to_eight_volts(board):
    for cv_volts in HALF_OCTAVES:
        put(board, BOTH, cv_volts)
        for cv in PITCHES:
            assert cents_off(board, cv, note_at(cv_volts)) <= CENTS


def test_vco_2_cv_in_is_in_tune_on_vco_2_alone(board):
    for cv_volts in HALF_OCTAVES:
        put(board, SECOND, cv_volts)
        assert cents_off(board, "VCO 2 PITCH", note_at(cv_volts)) <= CENTS
        assert volts(board)["VCO 1 PITCH"] == pytest.approx(0, abs=1e-4), "VCO 1 stays with the keyboard"


def test_both_inputs_are_in_tune_independently(board):
    for cv_volts, other in zip(HALF_OCTAVES, reversed(HALF_OCTAVES), strict=True):
        board.plug(BOTH, cv_volts)
        put(board, SECOND, other)
        assert cents_off(board, "VCO 1 PITCH", note_at(cv_volts)) <= CENTS
        assert cents_off(board, "VCO 2 PITCH", note_at(other)) <= CENTS


@pytest.mark.parametrize(
    ("offsets", "gains"),
    [([12, 12], [1.004, 1.004]), ([25, 3], [0.996, 1.004]), ([0, 30], [1.0, 0.9965])],
)
def test_a_calibrated_converter_is_in_tune_whatever_its_offset_and_gain(image_path, offsets, gains):
    with switched_on(image_path, jackAdc={"offsetCodes": offsets, "gains": gains}) as board:
        for jack, name in ((BOTH, "cv12"), (SECOND, "cv2")):
            calibrate(board, jack, name)
        for cv_volts, other in zip(HALF_OCTAVES, reversed(HALF_OCTAVES), strict=True):
            board.plug(BOTH, cv_volts)
            put(board, SECOND, other)
            assert cents_off(board, "VCO 1 PITCH", note_at(cv_volts)) <= CENTS
            assert cents_off(board, "VCO 2 PITCH", note_at(other)) <= CENTS


def test_a_calibrated_converter_is_in_tune_with_a_negative_offset(image_path):
    with switched_on(image_path, jackAdc={"offsetCodes": [-12, -12]}) as board:
        calibrate(board, BOTH, "cv12")
        for cv_volts in HALF_OCTAVES:
            put(board, BOTH, cv_volts)
            assert cents_off(board, "VCO 1 PITCH", note_at(cv_volts)) <= CENTS


# --- Instead of the keyboard ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("jack", "led"), [(BOTH, PITCHES), (SECOND, PITCHES[1:])])
def test_the_plug_takes_the_keyboards_place_and_gives_it_back(board, jack, led):
    free = set(PITCHES) - set(led)
    board.plug(jack, 2.5)
    board.advance(0.005)
    for cv in led:
        assert cents_off(board, cv, note_at(2.5)) <= CENTS
    board.send_din(note_on(50))
    board.advance(0.005)
    assert board.note_of("KBD CV OUT") == pytest.approx(50, abs=0.01)
    assert board.trigger()
    for cv in led:
        assert cents_off(board, cv, note_at(2.5)) <= CENTS, "the keys play the trigger alone"
    for cv in free:
        assert cents_off(board, cv, 50) <= CENTS
    board.unplug(jack)
    board.advance(0.005)
    for cv in PITCHES:
        assert cents_off(board, cv, 50) <= CENTS


def test_pulling_vco_2_cv_in_leaves_vco_2_with_vco_1(board):
    board.plug(BOTH, 2.0)
    put(board, SECOND, 4.0)
    board.unplug(SECOND)
    board.advance(0.005)
    for cv in PITCHES:
        assert cents_off(board, cv, 60) <= CENTS


def test_pulling_vco_1_2_cv_in_leaves_vco_2_with_its_own_input(board):
    board.plug(BOTH, 3.0)
    put(board, SECOND, 4.0)
    board.unplug(BOTH)
    board.advance(0.005)
    assert cents_off(board, "VCO 1 PITCH", 60) <= CENTS
    assert cents_off(board, "VCO 2 PITCH", 72) <= CENTS


@pytest.mark.parametrize("jack", [BOTH, SECOND])
def test_until_a_plug_brings_a_voltage_that_can_be_meant_the_pitch_holds(board, jack):
    for nothing in (0.0, 0.01, -3.0, 0.018):
        watch = Watch(board)
        put(board, jack, nothing)
        board.unplug(jack)
        board.advance(SETTLED_S)
        moved = watch.moved()
        assert moved["VCO 1 PITCH"] == moved["VCO 2 PITCH"] == 0


@pytest.mark.parametrize("jack", [BOTH, SECOND])
def test_below_twenty_millivolts_the_last_pitch_holds(board, jack):
    put(board, jack, 1.5)
    watch = Watch(board)
    for nothing in (0.0, 0.015, -2.0, 0.005, -12.0):
        put(board, jack, nothing)
    course = watch.frames("VCO 2 PITCH")[1]
    assert 1200 * np.ptp(course) < 1
    put(board, jack, 0.07)
    assert cents_off(board, "VCO 2 PITCH", note_at(0.07)) < 5, "and above that it counts: this is note 2"


def test_no_voltage_leaves_the_dacs_range_or_wraps(board):
    """From end to end of what a cable may carry, with everything that adds to the pitch at its highest or lowest."""
    for knobs in (
        {"VCO 1 SCALE": "4'", "VCO 2 SCALE": "2'", "VCO 2 PITCH": 5, "MASTER TUNE": 5},
        {"VCO 1 SCALE": "32'", "VCO 2 SCALE": "16'", "VCO 2 PITCH": -5, "MASTER TUNE": -5},
    ):
        turn(board, knobs)
        board.plug(BOTH, 0.25)
        put(board, SECOND, 0.25)
        last = [-5.1, -5.1]
        for cv_volts in (-12, 0, 0.02, 0.03, 0.1, 1, 5, 8, 9.99, 10, 10.23, 10.25, 12, 20):
            board.plug(BOTH, cv_volts)
            put(board, SECOND, cv_volts)
            now = [volts(board)[cv] for cv in PITCHES]
            assert all(-5 <= each < 5 for each in now)
            if cv_volts >= 0.03:
                assert all(each >= before - 0.001 for each, before in zip(now, last, strict=True))
                last = now
        put(board, BOTH, -12)
        assert volts(board)["VCO 1 PITCH"] == pytest.approx(last[0], abs=0.001), "below 20 mV it holds"


# --- How soon -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("jacks", [(BOTH,), (SECOND,), (BOTH, SECOND)], ids=" and ".join)
def test_a_step_between_notes_arrives_within_two_ticks_of_its_sampling_and_without_a_glide(board, jacks):
    turn(board, {"PORTAMENTO TIME": 6})
    notes = [48, 49, 84, 24, 25, 60, 59, 36, 36.2, 72, 71.5]
    cv = "VCO 2 PITCH"
    for jack in jacks:
        put(board, jack, 2 ** ((notes[-1] - 48) / 12))
    watch = Watch(board)
    steps = []
    with board.schedule() as later:
        start = next_edge(board, 0.001)
        for place, note in enumerate(notes):
            moment = start + 80 * place * TICK_S + place * 12e-6
            steps.append(moment)
            for jack in jacks:
                later.at(moment).plug(jack, 2 ** ((note - 48) / 12))
    board.advance(steps[-1] - board.now + SETTLED_S)
    times, course = watch.frames(cv)
    before = notes[-1]
    for moment, note in zip(steps, notes, strict=True):
        # It is sampled in the next tick, at most one tick later, and shown two edges after that tick's.
        here = (times > moment) & (times < moment + 79 * TICK_S)
        cents = 1200 * course[here] + 6000
        there = np.abs(cents - 100 * note) <= CENTS
        arrived = times[here][there][0]
        assert arrived - moment <= 3 * TICK_S
        assert np.all(there[times[here] >= arrived]), "and stays"
        assert np.all(np.abs(cents[times[here] < arrived] - 100 * before) <= CENTS), "with nothing in between"
        before = note


def test_both_inputs_are_followed_in_every_tick_with_no_frame_late_while_music_plays(board):
    """Two vibratos, keys, DIN and a knob at once: each frame carries what both jacks had a tick or two before."""
    commands = service(board)
    board.plug(BOTH, 1.0)
    put(board, SECOND, 1.0)
    commands.ask("clear")
    watch = Watch(board)
    start = next_edge(board, 0.002) + 60e-6
    ticks = 4000
    first = 2 ** (np.sin(2 * np.pi * 37 / 8000 * np.arange(ticks)))
    second = 4 * 2 ** (np.sin(2 * np.pi * 53 / 8000 * np.arange(ticks)))
    with board.schedule() as later:
        for k in range(ticks):
            hand = later.at(start + k * TICK_S)
            hand.plug(BOTH, first[k])
            hand.plug(SECOND, second[k])
            if k % 400 == 0:
                hand.press(50 + k // 400)
                hand.set_knob("LPF CUTOFF FREQUENCY", 3 + k // 400 / 2)
            elif k % 400 == 200:
                hand.release(50 + k // 400)
    notes = [
        (start + 0.004 * k, note_on(60 + k % 7) if k % 2 else note_off(60 + (k - 1) % 7)) for k in range(120)
    ]
    board.schedule_din(notes)
    board.advance(start - board.now + ticks * TICK_S)
    times, *courses = watch.frames(*PITCHES)
    stats = watch.stats()
    assert (stats.late, stats.missing, stats.jitter_ns) == (0, 0, 0)
    assert commands.read("counters")["late_ticks"] == 0
    for course, given in zip(courses, (first, second), strict=True):
        inside = (times > start + 5 * TICK_S) & (times < start + (ticks - 1) * TICK_S)
        # What came 60 us after edge k is sampled in the tick at edge k + 1, and shown at edge k + 2.
        k = np.round((times[inside] - start + 60e-6) / TICK_S).astype(int) - 2
        cents = 1200 * course[inside] - 100 * (note_at(given[k]) - 60)
        smoothed = 1200 * np.log2(1 + SMOOTHED_V / given[k])
        assert np.all(np.abs(cents) <= smoothed + CENTS)
        assert np.median(np.abs(cents)) <= CENTS
    assert board.misuse() == []


@pytest.mark.parametrize("jacks", [(BOTH,), (BOTH, SECOND)], ids=" and ".join)
def test_keys_din_and_usb_are_heard_while_both_inputs_are_read(board, jacks):
    """Reading the jacks takes time from the tick; nobody who plays may go short."""
    for jack in jacks:
        put(board, jack, 1.0)
    for note, play, let_go in (
        (55, lambda: board.send_usb(note_on(55)), lambda: board.send_usb(note_off(55))),
        (57, lambda: board.send_din(note_on(57)), lambda: board.send_din(note_off(57))),
        (59, lambda: board.press(59), lambda: board.release(59)),
    ):
        play()
        board.advance(0.01)
        assert board.trigger()
        assert board.note_of("KBD CV OUT") == pytest.approx(note, abs=0.01)
        let_go()
        board.advance(0.01)
        assert not board.trigger()


# --- What goes on acting ---------------------------------------------------------------------------------------------


def test_scale_master_tune_vco_2_pitch_and_modulation_still_add(board):
    put(board, BOTH, 2.0)
    for knobs, semitones in (
        ({"VCO 1 SCALE": "4'"}, (12, 0)),
        ({"VCO 1 SCALE": "8'", "VCO 2 SCALE": "16'"}, (0, -12)),
        ({"VCO 2 SCALE": "8'", "MASTER TUNE": 5}, (1, 1)),
        ({"MASTER TUNE": 0, "VCO 2 PITCH": -5}, (0, -12)),
        ({"VCO 2 PITCH": 0}, (0, 0)),
    ):
        turn(board, knobs)
        for cv, more in zip(PITCHES, semitones, strict=True):
            assert cents_off(board, cv, 60 + more) <= CENTS + 0.5
    turn(board, {"FM EG1/EXT": 10})
    board.send_din(note_on(48))
    board.advance(0.02)
    for cv in PITCHES:
        assert volts(board)[cv] == pytest.approx(5, abs=0.001), "EG 1 at its top: five octaves"
    board.send_din(note_off(48))
    turn(board, {"FM EG1/EXT": 0, "FM MG/T.EXT": 10, "MG FREQUENCY": 10})
    watch = Watch(board)
    board.advance(0.1)
    _, mg, pitch = watch.frames("MG OUT A", "VCO 1 PITCH")
    assert np.max(np.abs(pitch - mg)) < 0.003, "at full depth a volt of MG is an octave"


def test_portamento_does_not_act_on_a_plugged_pitch_and_glides_the_keyboards_beside_it(board):
    turn(board, {"PORTAMENTO TIME": 8})
    put(board, SECOND, 1.0)
    watch = Watch(board)
    moment = next_edge(board, 0.001) + 1e-5
    with board.schedule() as later:
        later.at(moment).plug(SECOND, 8.0)
    board.send_din(note_on(84))
    board.advance(0.02)
    times, own, keyboards = watch.frames("VCO 2 PITCH", "VCO 1 PITCH")
    after = own[times > moment + 3 * TICK_S]
    assert np.max(np.abs(1200 * after - 2400)) <= CENTS
    assert 0 < keyboards[-1] < 1, "still on its way"
