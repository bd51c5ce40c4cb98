"""Extended mode on the chip: what moves the CVs when the setting allows it, and that nothing does when it does not.

And the settings themselves: what survives a power cycle, and what a damaged file does.
"""

import numpy as np
import pytest
from ms20 import raw_repl
from ms20.board import BOARD, control, cv_names
from ms20.firmware_tables import load
from ms20.panel import BASIC_PATCH, basic_panel
from ms20.service import Refused
from ms20.virtual_board import VirtualBoard
from on_chip import (
    SENSING_S,
    bend,
    control_change,
    cvs,
    heard,
    hush,
    late_frames,
    moved,
    note_off,
    note_on,
    send,
    service,
)

MS20IC = load("cc_map").MS20IC
CONTROLS = {row[0]: row for row in load("panel_table").CONTROLS}
SETTINGS = load("settings").SETTINGS
ROUND_S = 0.005
"""A controller's way to its CV: the main loop takes it in its next round."""
KNOB_S = 0.06
HAND_OFF_S = 0.25
"""A knob that was turned is a hand's for a fifth of a second after it has come to rest."""
ROTARY_S = 0.05
CLOCKS_A_QUARTER = 24
AT_A_SAVE = {
    "DAC81416: LDAC fell inside a frame: the outputs are half old, half new",
    "DAC81416: a frame ended while LDAC was low: its outputs moved off the tick",
}
"""Flash stops the processor: the first frame after it begins anywhere in its tick, and for one tick may be torn."""
KNOB_POSITION = 0.002
"""A knob's position is right to this share of its travel (the RP2040's ADC)."""


class Handled(VirtualBoard):
    """A board that knows whether a hand was at its panel."""

    handled = False

    def set_knob(self, name, value):
        self.handled = True
        super().set_knob(name, value)


@pytest.fixture(scope="module")
def playing(image_path):
    """A board that is on for all tests of this file that need no other power."""
    with Handled(image_path, panel=basic_panel()) as board:
        board.power_on()
        board.wait_until_ready()
        board.wait_for_usb()
        yield board
        assert set(board.misuse()) <= AT_A_SAVE


@pytest.fixture
def board(playing):
    """The same board as it came, in faithful mode, silent."""
    hush(playing)
    service(playing).ask("defaults")
    playing.advance(ROTARY_S)
    if playing.handled:
        playing.set_panel(basic_panel())
        playing.advance(HAND_OFF_S)
        playing.handled = False
    playing.timeline(clear=True)
    return playing


@pytest.fixture
def extended(board):
    """The same board in extended mode, middle C held on DIN."""
    service(board).ask("set mode extended")
    send(board, "din", note_on(60))
    return board


def pitch(board):
    """Semitones from middle C at VCO 1."""
    return 12 * board.cv("VCO 1 PITCH")


def swing(board, name, seconds):
    """How far a CV goes up and down within some time, from its middle."""
    start = board.now
    board.advance(seconds)
    _, volts = board.timeline().between(start, board.now).cv(name)
    return (volts.max() - volts.min()) / 2 if len(volts) else 0


# --- Faithful mode: nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["din", "usb"])
def test_in_faithful_mode_nothing_but_notes_moves_a_cv(board, way):
    """Bend, every controller of the map and the others, velocity, pressure, clock: all CVs stand still, all through."""
    board.set_knob("FM MG/T.EXT", 0)
    send(board, way, note_on(60, 1))
    board.advance(0.3)
    before = cvs(board)
    start = board.now
    everything = bend(0) + bend(16383) + bytes([0xD0, 127, 0xA0, 60, 127, 0xC0, 3])
    for number, _ in MS20IC:
        everything += control_change(number, 0) + control_change(number, 127)
    for number in (0, 1, 2, 7, 11, 64, 65, 66, 74, 121):
        everything += control_change(number, 127)
    everything += b"\xfa" + b"\xf8" * 48
    send(board, way, everything)
    board.advance(KNOB_S)
    records = board.timeline().between(start, board.now)
    still = [name for name in cv_names() if name != "MG OUT A"]
    assert {name for name in still if len(records.codes(name)[0]) > 1} == set()
    assert moved(before, cvs(board), 0.0001) == set()
    send(board, way, note_off(60))
    assert heard(board) is None, "CC 64 held nothing"
    for velocity in (1, 127):
        send(board, way, note_on(60, velocity))
        board.advance(0.3)
        assert moved(before, cvs(board), 0.0005) == set()


def test_in_faithful_mode_the_clock_leaves_mg_to_its_knob(board):
    """Beside a sequencer's clock MG keeps its knob's rate."""
    board.set_knob("MG FREQUENCY", 8)
    board.advance(KNOB_S)
    alone = periods_s(board, 1.0)
    board.schedule_din([(board.now + 0.02 * tick, b"\xf8") for tick in range(50)])
    assert np.allclose(periods_s(board, 1.0), alone.mean(), atol=0.0003)


def periods_s(board, seconds):
    """MG's periods, by MG OUT B."""
    start = board.now
    board.advance(seconds)
    times, levels = board.timeline().between(start, board.now).mg_b()
    return np.diff(times[(levels == 1) & (times > start)])


# --- Extended mode: bend, pedal, CC 1, AUX -------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["din", "usb"])
@pytest.mark.parametrize("semitones", [2, 12, 24, 0])
def test_bend_moves_both_pitches_by_its_range_and_not_kbd_cv(extended, way, semitones):
    service(extended).ask(f"set bend {semitones}")
    before = cvs(extended)
    for value, share in ((0, -1), (4096, -0.5), (8192, 0), (12288, 0.5), (16383, 8191 / 8192)):
        send(extended, way, bend(value))
        after = cvs(extended)
        for name in ("VCO 1 PITCH", "VCO 2 PITCH"):
            assert 12 * after[name] == pytest.approx(share * semitones, abs=0.004)
        assert moved(before, after, 0.0005) <= {"VCO 1 PITCH", "VCO 2 PITCH"}
    send(extended, way, note_on(64))
    assert pitch(extended) == pytest.approx(4 + 8191 / 8192 * semitones, abs=0.004), (
        "the next note is bent too"
    )


def test_bend_reaches_the_pitch_within_a_millisecond(extended):
    """Inside the tick: a wheel is as fast as a note."""
    start = extended.now
    extended.send_din(bend(16383))
    extended.advance(0.002)
    times, _ = extended.timeline().between(start, extended.now).cv("VCO 1 PITCH")
    last_byte_s = extended.timeline().din_in()[0][-1]
    assert times[-1] - last_byte_s <= 0.00026


@pytest.mark.parametrize("way", ["din", "usb"])
def test_cc_1_deepens_mg_on_pitch(extended, way):
    """The wheel adds up to MG/T.EXT's own full depth, 2.5 octaves, and never more than that in all."""
    extended.set_knob("MG FREQUENCY", 10)
    extended.advance(KNOB_S)
    assert swing(extended, "VCO 1 PITCH", 0.1) == 0
    for value in (1, 64, 127):
        send(extended, way, control_change(1, value))
        extended.advance(ROUND_S)
        assert swing(extended, "VCO 1 PITCH", 0.1) == pytest.approx(2.5 * value / 127, rel=0.02, abs=0.01)
    extended.set_knob("FM MG/T.EXT", 10)
    extended.advance(KNOB_S)
    assert swing(extended, "VCO 1 PITCH", 0.1) == pytest.approx(2.5, rel=0.02)
    extended.set_knob("FM MG/T.EXT", 0)
    send(extended, way, control_change(1, 0))
    extended.advance(KNOB_S)
    assert swing(extended, "VCO 1 PITCH", 0.1) == 0


@pytest.mark.parametrize(("way", "other"), [("din", "usb"), ("usb", "din")])
def test_cc_64_holds_the_notes_of_its_own_input(board, way, other):
    service(board).ask("set mode extended")
    send(board, way, control_change(64, 127) + note_on(60) + note_off(60))
    assert heard(board) == 60
    send(board, other, note_on(64) + note_off(64))
    assert heard(board) == 60, "the other input has no foot on the pedal"
    send(board, way, note_on(67) + note_off(67))
    assert heard(board) == 67
    send(board, way, control_change(64, 63))
    assert heard(board) is None
    send(board, way, note_on(60) + control_change(64, 64))
    send(board, way, control_change(64, 0))
    assert heard(board) == 60, "a key that is down is not the pedal's"


def test_the_pedal_does_not_hold_against_all_notes_off(board):
    service(board).ask("set mode extended")
    send(board, "din", control_change(64, 127) + note_on(60) + note_off(60) + control_change(123))
    assert heard(board) is None


def at_aux(value, volts):
    """AUX at a 7-bit value, with so many volts set for 127."""
    return pytest.approx(value * volts / 127, abs=0.001)


AUX_MESSAGES = {
    "velocity": lambda value: note_on(60, value),
    "aftertouch": lambda value: bytes([0xD0, value]),
    "cc1": lambda value: control_change(1, value),
    "cc74": lambda value: control_change(74, value),
}


@pytest.mark.parametrize("source", AUX_MESSAGES)
def test_aux_carries_the_source_that_its_setting_names_and_no_other(extended, source):
    service(extended).ask(f"set aux {source}")
    for value in (127, 1, 64):
        for other, message in AUX_MESSAGES.items():
            if other != source:
                send(extended, "din", message(127 - value or 1))
        send(extended, "din", AUX_MESSAGES[source](value))
        assert extended.cv("AUX") == at_aux(value, 5)
    service(extended).ask("set aux off")
    before = extended.cv("AUX")
    for message in AUX_MESSAGES.values():
        send(extended, "din", message(100))
    assert extended.cv("AUX") == before


@pytest.mark.parametrize("volts", [1, 5, 8, 10])
def test_aux_volts_sets_what_127_means(extended, volts):
    service(extended).ask(f"set aux_volts {volts}")
    for value in (1, 32, 127):
        send(extended, "usb", note_on(60, value))
        assert extended.cv("AUX") == at_aux(value, volts)


def test_velocity_stands_at_aux_in_the_same_frame_as_the_pitch(extended):
    start = extended.now
    send(extended, "din", note_on(72, 99))
    timeline = extended.timeline().between(start, extended.now)
    assert timeline.cv("AUX")[0][-1] == timeline.cv("VCO 1 PITCH")[0][-1]


def test_reset_all_controllers_brings_bend_pedal_and_cc_1_to_rest(extended):
    extended.set_knob("MG FREQUENCY", 10)
    send(extended, "din", bend(0) + control_change(64, 127) + control_change(1, 127) + note_off(60))
    assert heard(extended) is not None
    send(extended, "din", control_change(121))
    extended.advance(ROUND_S)
    assert heard(extended) is None
    assert pitch(extended) == pytest.approx(0, abs=0.001)
    assert swing(extended, "VCO 1 PITCH", 0.1) == 0


def test_active_sensing_loss_lifts_the_pedal_and_the_bend(extended):
    """On a time-out makers act as all notes off and reset all controllers (facts 3.4)."""
    send(extended, "din", bend(16383) + control_change(64, 127) + note_off(60) + b"\xfe")
    assert heard(extended) == pytest.approx(62, abs=0.01)
    extended.advance(SENSING_S + 0.005)
    assert heard(extended) is None
    send(extended, "usb", note_on(60))
    assert heard(extended) == 60


# --- Controllers that turn controls --------------------------------------------------------------------------------


def panel_name(channel):
    return BOARD.PANEL[channel][0]


def test_every_controller_of_the_map_turns_its_own_control(extended):
    """Each gets another value; the service shows every control where its own controller has put it."""
    for first, step in ((3, 4), (124, -4)):
        values = {}
        for place, (number, channel) in enumerate(MS20IC):
            values[panel_name(channel)] = first + step * place
            send(extended, "din", control_change(number, first + step * place))
        extended.advance(ROTARY_S)
        stands = service(extended).read("controls")
        for name, value in values.items():
            if words := rotary_words(name):
                assert stands[name] == words[value * len(words) // 128]
            else:
                assert stands[name] == pytest.approx(lowest_of(name) + 10 * value / 127, abs=0.05)


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (71, "LPF PEAK"),
        (28, "HPF CUTOFF FREQUENCY"),
        (18, "MASTER TUNE"),
        (15, "VCO 1 SCALE"),
        (82, "VCO 2 WAVE FORM"),
        (93, "FM EG1/EXT"),
        (27, "MG FREQUENCY"),
        (76, "MG WAVE FORM"),
        (73, "EG2 ATTACK TIME"),
        (24, "EG1 DELAY TIME"),
        (70, "EG2 SUSTAIN LEVEL"),
        (5, "PORTAMENTO TIME"),
    ],
)
def test_a_controller_turns_no_other_control_and_the_hand_takes_it_back(extended, number, name):
    """One of each kind of control: to the end by its controller, then by hand to another place."""
    asked, words = service(extended), rotary_words(name)
    before = asked.read("controls")
    end = 0 if before[name] == (words[-1] if words else lowest_of(name) + 10) else 127
    send(extended, "usb", control_change(number, end))
    extended.advance(ROTARY_S)
    stands = asked.read("controls")
    assert {each for each in before if before[each] != stands[each]} == {name}
    by_hand = next(word for word in words if word != BASIC_PATCH[name]) if words else lowest_of(name) + 3.5
    extended.set_knob(name, by_hand)
    extended.advance(KNOB_S)
    place = asked.read("controls")[name]
    assert place == (by_hand if words else pytest.approx(by_hand, abs=0.05))
    extended.advance(HAND_OFF_S)
    send(extended, "din", control_change(number, end))
    extended.advance(ROTARY_S)
    assert asked.read("controls")[name] == stands[name], "and the controller has it back, when it comes"


def rotary_words(name):
    return dict(BOARD.ROTARY_WORDS).get(name, ())


def lowest_of(name):
    """The least number on a knob's scale."""
    return control(name).lowest


def test_a_turned_cutoff_is_heard_at_its_cv(extended):
    """CC 74 is the low-pass cutoff: what a hand would make of the same place, 50 Hz at 0, 15 kHz at 127."""
    by_hand = {}
    for value in (0, 64, 127):
        extended.set_knob("LPF CUTOFF FREQUENCY", 10 * value / 127)
        extended.advance(KNOB_S)
        by_hand[value] = extended.cv("LPF CUTOFF")
    extended.advance(HAND_OFF_S)
    for value in (64, 0, 127):
        send(extended, "usb", control_change(74, value))
        extended.advance(ROUND_S)
        octaves_off = 8.2 * (KNOB_POSITION + 0.004)
        assert extended.cv("LPF CUTOFF") == pytest.approx(by_hand[value], abs=octaves_off)


def test_a_turned_rotary_selects_its_wave_and_scale(extended):
    for number, name in ((77, "VCO 1"), (82, "VCO 2")):
        for place, word in enumerate(rotary_words(f"{name} WAVE FORM")):
            send(extended, "din", control_change(number, 32 * place + 16))
            extended.advance(ROTARY_S)
            assert extended.wave(name) == word
    send(extended, "din", control_change(15, 127))
    extended.advance(ROTARY_S)
    high = pitch(extended)
    send(extended, "din", control_change(15, 0))
    extended.advance(ROTARY_S)
    assert high - pitch(extended) == pytest.approx(36, abs=0.01)


def test_a_knob_that_only_trembles_does_not_take_a_control_back(extended):
    """Half a percent is a draught; two are a hand."""
    extended.set_knob("LPF PEAK", 5)
    extended.advance(0.3)
    send(extended, "din", control_change(71, 127))
    extended.advance(0.5)
    assert extended.cv("LPF PEAK") == pytest.approx(5, abs=0.001)
    extended.set_knob("LPF PEAK", 5.2)
    extended.advance(KNOB_S)
    assert extended.cv("LPF PEAK") == pytest.approx(2.6, abs=0.02)


def test_learn_gives_the_next_controller_to_a_control(extended):
    """Its old controller is free then; `save` would keep it; `defaults` brings the map back."""
    asked = service(extended)
    asked.ask("learn LPF PEAK")
    send(extended, "din", control_change(50, 127))
    extended.advance(ROUND_S)
    assert extended.cv("LPF PEAK") == pytest.approx(5, abs=0.001)
    send(extended, "din", control_change(50, 0))
    extended.advance(ROUND_S)
    assert extended.cv("LPF PEAK") == pytest.approx(0, abs=0.001)
    send(extended, "din", control_change(71, 127))
    extended.advance(ROUND_S)
    assert extended.cv("LPF PEAK") == pytest.approx(0, abs=0.001), "71 had it before"
    send(extended, "din", control_change(29, 127))
    extended.advance(ROUND_S)
    assert extended.cv("HPF PEAK") == pytest.approx(5, abs=0.001), "the others stay"
    asked.ask("defaults")
    asked.ask("set mode extended")
    send(extended, "din", control_change(71, 127))
    extended.advance(ROUND_S)
    assert extended.cv("LPF PEAK") == pytest.approx(5, abs=0.001)


def test_learn_is_refused_in_faithful_mode_and_for_what_acts_in_analog(board):
    with pytest.raises(Refused, match="set mode extended"):
        service(board).ask("learn LPF PEAK")
    service(board).ask("set mode extended")
    with pytest.raises(Refused, match="analog alone"):
        service(board).ask("learn VOLUME")


# --- MIDI clock ----------------------------------------------------------------------------------------------------


def clocked(board, way, per_minute, quarters, start=True):
    """Schedule start and clocks; returns the times of the clocks (s), as the line brings their last bits."""
    first_s, gap_s = board.now + 0.01, 60 / per_minute / CLOCKS_A_QUARTER
    times = [first_s + gap_s * number for number in range(quarters * CLOCKS_A_QUARTER)]
    messages = [(first_s - 0.005, b"\xfa")] if start else []
    messages += [(each, b"\xf8") for each in times]
    (board.schedule_din if way == "din" else board.schedule_usb)(messages)
    return np.array(times)


@pytest.mark.parametrize(
    ("way", "per_minute", "mg_clocks", "quarters"),
    [("din", 120, 24, 8), ("usb", 174, 24, 9), ("usb", 240, 96, 16)],
)
def test_mg_follows_the_clock_in_rate_and_phase(extended, way, per_minute, mg_clocks, quarters):
    """After a bar each turn of MG takes mg_clocks clocks, and the song's first clock stands at its beginning."""
    service(extended).ask(f"set mg_clocks {mg_clocks}")
    times = clocked(extended, way, per_minute, quarters)
    extended.advance(times[-1] - extended.now)
    turn_s = 60 / per_minute * mg_clocks / CLOCKS_A_QUARTER
    falls_s, levels = extended.timeline().mg_b()
    # B falls where A begins to rise: MG's phase 0.
    begins_s = falls_s[(levels == 0) & (falls_s > times[4 * CLOCKS_A_QUARTER])]
    assert len(begins_s) >= 2
    assert np.diff(begins_s) == pytest.approx(turn_s, rel=0.005)
    off = (begins_s - times[0]) / turn_s
    assert np.abs(off - np.round(off)).max() < 0.01, "in phase to a hundredth of a turn"
    service(extended).ask("set mg_clocks 24")


def test_mg_keeps_its_continuity_when_the_clock_begins_and_when_its_tempo_jumps(extended):
    """Never a step in MG OUT A, never backwards, never faster than twice the clock's rate."""
    extended.set_knob("MG WAVE FORM", 5)
    extended.advance(KNOB_S)
    start = extended.now
    times = clocked(extended, "din", 120, 3)
    extended.advance(times[-1] - extended.now)
    times = clocked(extended, "din", 160, 4, start=False)
    extended.advance(times[-1] - extended.now)
    _, volts = extended.timeline().between(start, extended.now).cv("MG OUT A")
    fastest_turns_s = 2 * 160 / 60
    assert np.abs(np.diff(volts)).max() <= 1.1 * 10 * fastest_turns_s / BOARD.TICK_HZ
    assert late_frames(extended, start) == 0


def test_half_a_second_after_the_last_clock_the_knob_has_mg_again(extended):
    extended.set_knob("MG FREQUENCY", 9)
    extended.advance(KNOB_S)
    by_knob = periods_s(extended, 0.5).mean()
    times = clocked(extended, "din", 120, 3)
    extended.advance(times[-1] - extended.now + 0.45)
    start = extended.now
    extended.advance(1.0)
    changes, levels = extended.timeline().between(start, extended.now).mg_b()
    periods = np.diff(changes[(levels == 1) & (changes > start)])
    assert periods[1:] == pytest.approx(by_knob, rel=0.01)
    turned = extended.timeline().between(start - 0.3, start + 0.04).mg_b()[0]
    assert len(turned) <= 3, "until then it ran at the clock's two turns a second"


def test_mg_clocks_0_leaves_mg_free(extended):
    service(extended).ask("set mg_clocks 0")
    extended.set_knob("MG FREQUENCY", 9)
    extended.advance(KNOB_S)
    by_knob = periods_s(extended, 0.5).mean()
    times = clocked(extended, "din", 120, 3)
    assert periods_s(extended, times[-1] - extended.now) == pytest.approx(by_knob, rel=0.01)


# --- Back to faithful ----------------------------------------------------------------------------------------------


def test_back_to_faithful_undoes_all(board):
    """Bend, pedal, CC 1, the clock's hold on MG end, and every control stands where its knob stands."""
    board.set_knob("MG FREQUENCY", 9)
    board.advance(HAND_OFF_S)
    by_knob = periods_s(board, 0.5).mean()
    asked = service(board)
    stands = asked.read("controls")
    asked.ask("set mode extended")
    for number, _ in MS20IC:
        send(board, "din", control_change(number, 40))
    board.advance(ROTARY_S)
    for way in ("din", "usb"):
        send(
            board,
            way,
            bend(16383) + control_change(64, 127) + control_change(1, 127) + note_on(60) + note_off(60),
        )
    clocked(board, "usb", 120, 2)
    board.advance(0.6)
    assert heard(board) is not None
    start = board.now
    asked.ask("set mode faithful")
    assert heard(board) is None
    board.advance(0.05)
    assert late_frames(board, start) == 0
    now_stands = asked.read("controls")
    for name, place in stands.items():
        assert now_stands[name] == (place if isinstance(place, str) else pytest.approx(place, abs=0.02))
    send(board, "din", note_on(60))
    assert pitch(board) == pytest.approx(0, abs=0.001)
    assert swing(board, "VCO 1 PITCH", 0.1) == 0
    board.advance(0.3)
    assert periods_s(board, 0.5) == pytest.approx(by_knob, rel=0.01)
    send(board, "din", note_off(60))
    assert heard(board) is None


def test_a_key_that_is_down_sounds_on_through_both_changes_of_mode(board):
    board.press(55)
    board.advance(0.01)
    start = board.now
    service(board).ask("set mode extended")
    service(board).ask("set mode faithful")
    assert heard(board) == 55
    assert len(board.timeline().between(start, board.now).trigger()[0]) <= 1
    assert late_frames(board, start) == 0


# --- Settings ------------------------------------------------------------------------------------------------------


def cycled(board):
    """Power off and on; the service of the new life."""
    board.power_off()
    board.advance(0.05)
    board.power_on()
    board.wait_until_ready()
    board.wait_for_usb()
    board.advance(0.03)
    return service(board)


def test_settings_survive_a_power_cycle_after_save_and_not_without(playing):
    """One setting of each kind, and a learnt controller."""
    board = playing
    hush(board)
    asked = service(board)
    asked.ask("defaults")
    changed = {"mode": "extended", "priority": "low", "trigger": "multi", "sensing": 400, "bend": 7}
    changed |= {"aux": "cc1", "aux_volts": 8, "mg_clocks": 48, "cv12_zero": -3, "cv2_gain": 5}
    for name, value in changed.items():
        assert asked.ask(f"set {name} {value}") == str(value)
    asked.ask("learn LPF PEAK")
    send(board, "din", control_change(50, 1))
    asked = cycled(board)
    assert asked.read("settings") == {row[0]: row[1] for row in SETTINGS}, "nobody said save"
    for name, value in changed.items():
        asked.ask(f"set {name} {value}")
    asked.ask("learn LPF PEAK")
    send(board, "din", control_change(50, 1))
    board.advance(ROUND_S)
    assert asked.ask("save") == "saved"
    asked = cycled(board)
    assert asked.read("settings") == {row[0]: row[1] for row in SETTINGS} | changed
    send(board, "din", control_change(50, 127))
    board.advance(ROUND_S)
    assert board.cv("LPF PEAK") == pytest.approx(5, abs=0.001)
    send(board, "din", note_on(67) + note_on(60) + bend(16383))
    assert heard(board) == pytest.approx(67, abs=0.01), "low priority, bent by seven"
    asked.ask("defaults")
    asked.ask("save")
    assert cycled(board).read("settings") == {row[0]: row[1] for row in SETTINGS}


def test_a_save_while_a_note_sounds_leaves_the_note(playing):
    board = playing
    hush(board)
    send(board, "din", note_on(60))
    service(board).ask("save")
    assert heard(board) == 60
    board.advance(0.05)
    start = board.now
    send(board, "din", note_on(64))
    board.advance(0.05)
    assert heard(board) == 64
    assert late_frames(board, start) == 0


@pytest.mark.parametrize(
    "damage",
    [
        "open('settings.txt', 'wb').write(bytes(range(256)))",
        "open('settings.txt', 'w').write('')",
        "t = open('settings.txt').read(); open('settings.txt', 'w').write(t[:-20])",
        "t = open('settings.txt').read(); open('settings.txt', 'w').write(t.replace('bend=7', 'bend=8'))",
    ],
    ids=["noise", "empty", "torn", "one digit"],
)
def test_a_damaged_settings_file_means_defaults_is_named_and_kept(image_path, damage):
    """It plays as it came; the self-test says why; the file is there as settings.bad for whoever wants to know."""
    with VirtualBoard(image_path, panel=basic_panel()) as board:
        board.power_on()
        board.wait_until_ready()
        board.wait_for_usb()
        asked = service(board)
        asked.ask("set bend 7")
        asked.ask("save")
        raw_repl.execute(board, damage + "\nimport os; os.sync()")
        spoilt = raw_repl.execute(board, "print(open('settings.txt', 'rb').read())")
        asked = cycled(board)
        assert asked.read("settings") == {row[0]: row[1] for row in SETTINGS}
        (sentence,) = asked.read("selftest")
        assert "settings.txt cannot be used" in sentence
        assert "settings.bad" in sentence
        assert sentence in board.console
        board.send_din(note_on(60))
        board.advance(0.01)
        assert heard(board) == 60
        asked.ask("set bend 5")
        asked.ask("save")
        kept = raw_repl.execute(board, "print(open('settings.bad', 'rb').read())")
        assert kept == spoilt
        asked = cycled(board)
        assert asked.ask("get bend") == "5"
        assert asked.read("selftest") == ["nothing wrong was found"]
        assert set(board.misuse()) <= AT_A_SAVE
