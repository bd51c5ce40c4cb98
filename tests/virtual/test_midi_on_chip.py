"""MIDI on the chip: every sentence of the Mini's MIDI sheet and of what follows from it (facts 3.1-3.4).

What the parser does with bytes is tested in tests/unit; here the same sentences hold at the jacks, on every way in.
"""

import os
import random
from itertools import pairwise

import mido
import numpy as np
import pytest
from ms20.panel import basic_panel
from ms20.usb_midi import Packetiser, bytes_of
from on_chip import (
    ACTS_WITHIN_S,
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    DIN_BYTE_S,
    SENSING_S,
    TICK_S,
    WAYS,
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
    trigger_edges,
)

FUZZ_BYTES = 100_000
FUZZ_SEED = int(os.environ.get("MS20_FUZZ_SEED", "20"))
NOTES_OFF = (123, 124, 125, 126, 127)
"""All notes off, omni off, omni on, mono on, poly on."""
SILENCE = (120, *NOTES_OFF)


@pytest.fixture
def board(playing):
    """The same board, at rest."""
    hush(playing)
    playing.timeline(clear=True)
    assert heard(playing) is None
    return playing


@pytest.fixture
def sensing(board):
    """The same board; what the test's active sensing has begun is over afterwards."""
    yield board
    hush(board)
    board.advance(SENSING_S + 0.005)


@pytest.fixture(params=WAYS)
def way(request):
    return request.param


other_way = {"din": "usb", "usb": "din", "usb byte by byte": "din"}


# --- 3.1, the sheet -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["din", "usb"])
def test_note_on_with_every_velocity_sounds_the_same_and_note_off_with_every_velocity_ends_it(board, way):
    """RX `90 kk vv`, vv 1..127; `80 kk vv`, vv 0..127: velocity is ignored, both ways."""
    send(board, way, note_on(60, 1))
    softest = cvs(board)
    for velocity in range(128):
        if velocity:
            send(board, way, note_on(60, velocity))
        assert heard(board) == 60
        assert moved(softest, cvs(board), 0.0005) == set()
        send(board, way, bytes([0x80, 60, velocity]))
        assert heard(board) is None
        send(board, way, note_on(60, velocity or 1))
    send(board, way, note_off(60))
    assert heard(board) is None


def test_note_on_with_velocity_0_is_a_note_off(board, way):
    """RX `90 kk 00`."""
    for note in (0, 47, 48, 60, 84, 85, 127):
        send(board, way, note_on(note))
        assert heard(board) == min(note, 120)
        send(board, way, note_on(note, 0))
        assert heard(board) is None
    send(board, way, note_on(60) + note_on(61, 0))
    assert heard(board) == 60, "it ends its own note alone"


def test_all_sound_off_with_any_value_closes_the_vca_at_once(board, way):
    """RX `B0 78 xx`: release and HOLD are cut short."""
    board.set_knob("EG2 RELEASE TIME", 6)
    board.set_knob("EG2 HOLD TIME", 5)
    board.advance(0.1)
    for value in (0, 1, 64, 127):
        send(board, way, note_on(60) + note_on(64))
        assert board.cv("VCA") == pytest.approx(5, abs=0.001)
        send(board, way, control_change(120, value))
        assert heard(board) is None
        assert board.cv("VCA") == 0
    board.set_panel(basic_panel())
    board.advance(0.1)


@pytest.mark.parametrize("number", NOTES_OFF)
def test_all_notes_off_and_the_four_mode_messages_with_any_value_end_all_notes(board, way, number):
    """RX `B0 7B xx` and `B0 7C/7D/7E/7F xx`: each acts as all notes off, whatever its value."""
    for value in (0, 1, 2, 15, 16, 63, 64, 126, 127):
        send(board, way, note_on(60) + note_on(64) + note_on(67))
        assert heard(board) == 67
        send(board, way, control_change(number, value))
        assert heard(board) is None
        send(board, way, note_off(67))
        assert heard(board) is None, "nothing is left to fall back to"


def test_all_notes_off_lets_the_envelope_release(board):
    """Only all sound off is abrupt; the others end notes as fingers do."""
    board.set_knob("EG2 RELEASE TIME", 6)
    board.advance(0.1)
    for number in NOTES_OFF:
        send(board, "din", note_on(60))
        send(board, "din", control_change(number))
        assert heard(board) is None
        assert 4 < board.cv("VCA") < 5
    board.set_panel(basic_panel())
    board.advance(0.1)


def test_the_mode_messages_change_no_mode(board, way):
    """Each *only* acts as all notes off: what plays afterwards plays as before."""
    for number, value in ((124, 0), (125, 0), (126, 1), (126, 16), (127, 0)):
        send(board, way, control_change(number, value))
        send(board, way, note_on(60) + note_on(64))
        assert heard(board) == 64
        send(board, way, note_off(64))
        assert heard(board) == 60
        send(board, way, bytes([0x91, 70, 100, 0x9F, 71, 100]))
        assert heard(board) == 60
        send(board, way, note_off(60))
        assert heard(board) is None


def test_notes_off_end_the_notes_of_their_own_input_alone(board, way):
    """The other input's sequencer, and the player's finger, go on."""
    for number in SILENCE:
        board.press(50)
        board.advance(0.005)
        send(board, other_way[way], note_on(55))
        send(board, way, note_on(70) + control_change(number))
        assert heard(board) == 55
        assert board.cv("VCA") == pytest.approx(5, abs=0.001)
        send(board, other_way[way], note_off(55))
        assert heard(board) == 50
        hush(board)


# --- 3.2, what follows for the parser -----------------------------------------------------------------------------


def test_only_channel_1_acts(board, way):
    """Notes, note-offs and notes-off of the fifteen other channels pass by."""
    for channel in range(1, 16):
        send(board, way, bytes([0x90 | channel, 50, 100]))
        assert heard(board) is None
    send(board, way, note_on(60))
    before = cvs(board)
    for channel in range(1, 16):
        send(board, way, bytes([0x80 | channel, 60, 64, 0x90 | channel, 60, 0]))
        for number in SILENCE:
            send(board, way, bytes([0xB0 | channel, number, 0]))
    assert heard(board) == 60
    assert moved(before, cvs(board)) == set()


def test_omni_on_opens_no_other_channel(board, way):
    send(board, way, control_change(125))
    for channel in range(1, 16):
        send(board, way, bytes([0x90 | channel, 50, 100]))
        assert heard(board) is None


IGNORED = {
    "reset all controllers": control_change(121, 0),
    "local control off": control_change(122, 0),
    "local control on": control_change(122, 127),
    "sustain pedal": control_change(64, 127),
    "modulation": control_change(1, 127),
    "volume": control_change(7, 0),
    "bend down": bend(0),
    "bend up": bend(16383),
    "poly aftertouch": bytes([0xA0, 60, 127]),
    "aftertouch": bytes([0xD0, 127]),
    "program change": bytes([0xC0, 5]),
    "identity request": bytes.fromhex("F0 7E 7F 06 01 F7"),
    "an empty SysEx": bytes.fromhex("F0 F7"),
    "clock": b"\xf8",
    "start": b"\xfa",
    "continue": b"\xfb",
    "stop": b"\xfc",
    "reset": b"\xff",
    "quarter frame": b"\xf1\x35",
    "song position": b"\xf2\x10\x20",
    "song select": b"\xf3\x05",
    "tune request": b"\xf6",
    "a stray end of SysEx": b"\xf7",
    "undefined F4": b"\xf4",
    "undefined F5": b"\xf5",
    "undefined F9": b"\xf9",
    "undefined FD": b"\xfd",
}


@pytest.mark.parametrize("message", IGNORED.values(), ids=IGNORED.keys())
def test_what_the_sheet_does_not_list_moves_nothing_and_corrupts_nothing(board, way, message):
    """Not recognized, but parsed: the note goes on, the message that follows is read right, nothing is answered."""
    send(board, way, note_on(60))
    before = cvs(board)
    send(board, way, message)
    assert heard(board) == 60
    assert moved(before, cvs(board), 0.0005) == set()
    send(board, way, message + note_on(62) + message + note_off(62) + message)
    assert heard(board) == 60
    send(board, way, note_off(60))
    assert heard(board) is None, "no pedal, no bend, nothing holds it"
    state = board.state()
    assert (state["din_out"], state["usb_midi_in"]) == ([], [])


@pytest.mark.parametrize("way", ["din", "usb byte by byte"])
def test_running_status_is_accepted(board, way):
    """Notes, note-offs by velocity 0, and two-byte messages."""
    send(board, way, bytes.fromhex("90 3C 64 3E 64 40 64"))
    assert heard(board) == 64
    send(board, way, bytes.fromhex("40 00 3E 00"))
    assert heard(board) == 60
    send(board, way, bytes.fromhex("80 3C 40 3C 40 90 3D 64 C0 01 02 03 D0 04 05"))
    assert heard(board) == 61
    send(board, way, bytes.fromhex("B0 01 02 7B 00"))
    assert heard(board) is None


@pytest.mark.parametrize("way", ["din", "usb byte by byte"])
@pytest.mark.parametrize(
    "common", ["F0 01 02 F7", "F0 01 02", "F1 35", "F2 10 20", "F3 05", "F4", "F5", "F6", "F7"]
)
def test_system_common_clears_running_status(board, way, common):
    """F0..F7: the data bytes after one belong to nothing, until the next status byte."""
    send(board, way, note_on(60) + bytes.fromhex(common) + bytes([62, 100, 60, 0]))
    assert heard(board) == 60
    send(board, way, note_on(64))
    assert heard(board) == 64


@pytest.mark.parametrize("way", ["din", "usb byte by byte"])
@pytest.mark.parametrize("byte", [0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFF])
def test_real_time_may_stand_inside_any_message(board, way, byte):
    """At every place of notes with running status, of a SysEx, of song position, and running status lives on."""
    stream = bytes.fromhex("90 3C 64 3E 64 B0 07 00 F0 01 02 F7 F2 10 20 90 40 64 41 64 41 00 3C 00 3E 00")
    riddled = bytes(each for data in stream for each in (byte, data, byte))
    send(board, way, riddled)
    assert heard(board) == 64
    send(board, way, bytes([byte, 64, byte, 0, byte]))
    assert heard(board) is None


@pytest.mark.parametrize("way", ["din", "usb byte by byte"])
def test_a_message_cut_short_by_the_next_is_dropped(board, way):
    send(board, way, bytes.fromhex("90 90 3C B0 90 3E 64"))
    assert heard(board) == 62
    send(board, way, bytes.fromhex("80 3E 90 40 64"))
    assert heard(board) == 64
    send(board, way, bytes.fromhex("80 40 40"))
    assert heard(board) == 62, "the note-off was cut short"


def test_data_bytes_without_a_status_are_dropped(board):
    send(board, "din", bytes.fromhex("F6 3C 64 01 7F 00"))
    assert heard(board) is None


def test_a_sysex_of_10_000_bytes_passes_by(board, way):
    """What another maker's librarian sends; the other input plays on meanwhile."""
    send(board, other_way[way], note_on(57))
    start = board.now
    dump = bytes([0xF0, 0x42, *(each & 0x7F for each in range(9_997)), 0xF7])
    assert len(dump) == 10_000
    send(board, way, dump)
    assert heard(board) == 57
    assert late_frames(board, start) == 0
    assert len(trigger_edges(board, start)) == 0
    send(board, way, note_on(60))
    assert heard(board) == 60


def test_a_sysex_that_never_ends_holds_nothing_up(board, way):
    """Whatever status byte comes next is read as such: a note, and real time inside before."""
    for length in (1, 2, 3, 4, 5, 50):
        send(board, way, bytes([0xF0, *range(length), 0xF8, 0x01]))
        assert heard(board) is None
        send(board, way, note_on(60))
        assert heard(board) == 60
        send(board, way, bytes([0xF0, *range(length)]) + note_off(60))
        assert heard(board) is None


def test_raw_packets_that_mean_nothing_are_ignored(board):
    """Code indexes 0 and 1 are reserved; a code index and a status that disagree; other cables."""
    board.send_usb(note_on(60))
    board.advance(0.005)
    for code_index in (0, 1):
        board.ask("usb_midi", packets=[[code_index, 0x80, 60, 64]])
    board.ask("usb_midi", packets=[[0x8, 0x90, 62, 100], [0x9, 0x80, 60, 64], [0xB, 0x90, 62, 100]])
    board.ask("usb_midi", packets=[[0x9, 0x90, 0xFF, 0xFF]])
    board.advance(0.005)
    assert heard(board) in (60, 120), "data bytes are seven bits"
    board.send_usb(note_off(127))
    board.advance(0.005)
    assert heard(board) == 60


def test_received_notes_stand_on_kbd_cv_out_and_kbd_trig_out(board, way):
    """Hz/V: note 48 is 1 V; the trigger closes one tick after the pitch, and the CV holds after release."""
    for note in (48, 60, 72, 84):
        start = board.now
        send(board, way, note_on(note))
        assert board.cv("KBD CV OUT") == pytest.approx(2 ** ((note - 48) / 12), abs=0.001)
        timeline = board.timeline().between(start, board.now)
        ((closed_s, _),) = trigger_edges(board, start)
        assert closed_s - timeline.cv("KBD CV OUT")[0][-1] == pytest.approx(TICK_S, abs=1e-9)
        send(board, way, note_off(note))
        assert heard(board) is None
        assert board.cv("KBD CV OUT") == pytest.approx(2 ** ((note - 48) / 12), abs=0.001)


def test_keys_din_and_usb_share_one_stack_and_each_lifts_its_own_notes_alone(board):
    """The same note held three times sounds until the third lets go."""
    board.press(60)
    board.advance(0.005)
    send(board, "din", note_on(60))
    send(board, "usb", note_on(60))
    send(board, "din", note_off(60))
    assert heard(board) == 60
    board.release(60)
    board.advance(0.012)
    assert heard(board) == 60
    send(board, "usb", note_off(60))
    assert heard(board) is None


# --- 3.3, notes outside 48..84 ------------------------------------------------------------------------------------


def test_all_128_notes_gate_and_the_cvs_saturate_and_never_fold(board, way):
    """KBD CV 0.25 V at 24, 0.5 V at 36, 10 V from 88 on; pitch -5 V at 0, +5 V from 120 on."""
    for note in range(128):
        send(board, way, note_on(note))
        state = board.state()
        assert state["trigger"]
        volts = state["dac_volts"]
        assert volts[0] == pytest.approx(min((note - 60) / 12, 4.99985), abs=0.0004)
        assert volts[1] == volts[0]
        assert volts[13] == pytest.approx(min(2 ** ((note - 48) / 12), 9.99985), abs=0.0004)
        send(board, way, note_off(note))
        assert heard(board) is None


# --- 3.4, active sensing -------------------------------------------------------------------------------------------


def ended_after(board, since_s, limit_s):
    """Seconds from a time until the trigger opens."""
    board.advance(limit_s)
    opened_s, level = trigger_edges(board, since_s)[-1]
    assert level == 0
    return opened_s - since_s


def test_330_ms_after_the_last_byte_the_link_is_lost(sensing, way):
    """Once FE was seen: assume the link lost, end the notes, all of them."""
    send(sensing, way, note_on(60) + note_on(64) + b"\xfe")
    timeline = sensing.timeline()
    last_s = timeline.din_in()[0][-1] if way == "din" else timeline.usb_in()[-1][0]
    sensing.advance(0.3)
    assert heard(sensing) == 64
    assert SENSING_S <= ended_after(sensing, last_s, 0.05) <= SENSING_S + 0.003
    send(sensing, way, note_on(62))
    assert heard(sensing) == 62
    sensing.advance(1.0)
    assert heard(sensing) == 62, "monitoring stops until the next FE"


def test_without_fe_silence_is_no_fault(board):
    """No supervision until the first FE has been seen."""
    send(board, "din", note_on(60))
    send(board, "usb", note_on(64))
    board.advance(1.5)
    assert heard(board) == 64
    send(board, "usb", note_off(64))
    assert heard(board) == 60


def test_any_byte_keeps_the_link(sensing, way):
    """Any message re-arms the timer, not only FE."""
    send(sensing, way, note_on(60) + b"\xfe")
    for data in (
        b"\xf8",
        b"\xfd",
        bytes([0x95, 60, 100]),
        bytes([0xF0, 1, 2, 3]),
        control_change(7),
        b"\xfe",
    ):
        sensing.advance(0.3)
        assert heard(sensing) == 60
        send(sensing, way, data)


def test_stray_data_bytes_keep_the_link_on_din(sensing):
    """A dump sent slowly is one message for a long time."""
    send(sensing, "din", note_on(60) + b"\xfe\xf0")
    for _ in range(3):
        sensing.advance(0.3)
        send(sensing, "din", b"\x01")
    assert heard(sensing) == 60


def test_supervision_is_per_input(sensing, way):
    """The input that fell silent loses its notes; the other input's, never supervised, and the key's stay."""
    sensing.press(50)
    sensing.advance(0.005)
    send(sensing, other_way[way], note_on(55))
    send(sensing, way, note_on(70) + b"\xfe")
    assert heard(sensing) == 70
    sensing.advance(SENSING_S + 0.005)
    assert heard(sensing) == 55
    sensing.advance(0.5)
    send(sensing, other_way[way], note_off(55))
    assert heard(sensing) == 50
    sensing.release(50)
    sensing.advance(0.012)
    assert heard(sensing) is None


def test_both_inputs_are_supervised_each_by_its_own_clock(sensing):
    send(sensing, "din", note_on(60) + b"\xfe")
    sensing.advance(0.2)
    send(sensing, "usb", note_on(64) + b"\xfe")
    sensing.advance(0.15)
    assert heard(sensing) == 64
    send(sensing, "usb", note_off(64))
    assert heard(sensing) is None, "DIN's note under it was gone"


def test_the_time_is_a_setting(sensing):
    """Configurable: makers use 300 to 420 ms."""
    service(sensing).ask("set sensing 500")
    send(sensing, "din", note_on(60) + b"\xfe")
    last_s = sensing.timeline().din_in()[0][-1]
    sensing.advance(0.45)
    assert 0.5 <= ended_after(sensing, last_s, 0.1) <= 0.503
    service(sensing).ask("set sensing 330")


# --- Faults of the line -------------------------------------------------------------------------------------------


def test_a_byte_with_a_broken_stop_bit_takes_its_message_with_it_and_nothing_else(board):
    send(board, "din", note_on(60))
    send(board, "din", bytes([0x80]))
    board.break_din_byte()
    board.advance(0.001)
    send(board, "din", bytes([60, 64]))
    assert heard(board) == 60, "the note-off was broken, and its rest belongs to nothing"
    send(board, "din", note_off(60))
    assert heard(board) is None
    counted = service(board).read("counters")
    assert counted["din_bytes_bad"] >= 1


@pytest.mark.parametrize("held_s", [0.0005, 0.1])
def test_a_break_ends_dins_notes_alone(board, held_s):
    """A line held low is a cable pulled or a sender without power. Keys and USB go on, and DIN when it is back."""
    board.press(50)
    board.advance(0.005)
    send(board, "usb", note_on(55))
    send(board, "din", note_on(70) + note_on(72))
    start = board.now
    board.break_din(held_s)
    board.advance(0.0012)
    assert heard(board) == 55
    assert len(trigger_edges(board, start)) == 0
    board.advance(held_s)
    send(board, "din", note_on(74))
    assert heard(board) == 74
    send(board, "din", note_off(74))
    send(board, "usb", note_off(55))
    assert heard(board) == 50


# --- Priority and trigger, by the service -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("priority", "sounds"),
    [
        ("last", [60, 67, 64, 64, 67, None]),
        ("low", [60, 60, 60, 64, 67, None]),
        ("high", [60, 67, 67, 67, 67, None]),
    ],
)
def test_note_priority_is_a_setting(board, way, priority, sounds):
    """Play C, G, E; let go of C, E, G."""
    service(board).ask(f"set priority {priority}")
    played = []
    for message in (note_on(60), note_on(67), note_on(64), note_off(60), note_off(64), note_off(67)):
        send(board, way, message)
        played.append(heard(board))
    service(board).ask("set priority last")
    assert played == sounds


def test_a_single_trigger_starts_the_envelopes_once_and_a_multiple_one_at_each_note_played(board, way):
    """The trigger lets go for exactly one tick at each restart; a note that is fallen back to is no restart."""
    for trigger, restarts in (("single", 0), ("multi", 2)):
        service(board).ask(f"set trigger {trigger}")
        start = board.now
        for message in (note_on(60), note_on(64), note_on(67), note_off(67), note_off(64)):
            send(board, way, message)
        edges = trigger_edges(board, start)
        assert len(edges) == 1 + 2 * restarts
        for (opened_s, level), (closed_s, _) in pairwise(edges[1:]):
            if level == 0:
                assert closed_s - opened_s == pytest.approx(TICK_S, abs=1e-9)
        send(board, way, note_off(60))
    service(board).ask("set trigger single")


def test_a_refused_setting_changes_nothing(board):
    from ms20.service import Refused

    with pytest.raises(Refused, match="last or low or high"):
        service(board).ask("set priority first")
    send(board, "din", note_on(67) + note_on(60))
    assert heard(board) == 60


# --- Noise --------------------------------------------------------------------------------------------------------


def noise(randomness, length):
    """Bytes as a mad sequencer sends them: messages whole, cut short and riddled with clocks, SysEx, plain noise."""
    stream = bytearray()

    def byte(most=127):
        return randomness.randint(0, most)

    def riddled(data):
        for each in data:
            if randomness.random() < 0.1:
                stream.append(randomness.choice((0xF8, 0xF8, 0xFE, 0xFA, 0xFC, 0xFF, 0xF9, 0xFD)))
            stream.append(each)

    while len(stream) < length:
        kind = randomness.random()
        if kind < 0.5:
            note = randomness.choice((0, 24, 48, 60, 61, 62, 64, 67, 84, 119, byte()))
            riddled((randomness.choice((0x90, 0x90, 0x80, 0x91)), note, randomness.choice((0, 64, byte()))))
            for _ in range(randomness.choice((0, 0, 1, 3))):
                riddled((randomness.choice((60, 62, byte())), randomness.choice((0, 100))))
        elif kind < 0.65:
            riddled((0xB0, byte(), byte()))
        elif kind < 0.7:
            riddled((0xB0, randomness.randint(118, 127), byte()))
        elif kind < 0.8:
            riddled((randomness.choice((0xA0, 0xC0, 0xD0, 0xE0)) | byte(1), byte(), byte()))
        elif kind < 0.85:
            riddled(
                (0xF0, *(byte() for _ in range(byte(40)))) + ((0xF7,) if randomness.random() < 0.7 else ())
            )
        elif kind < 0.9:
            riddled((randomness.choice((0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7)), byte(), byte()))
        else:
            stream += bytes(byte(255) for _ in range(byte(30)))
    return bytes(stream[:length])


class Oracle:
    """An independent reading: packets as a USB driver makes them (it knows running status), read by mido."""

    def __init__(self):
        self._packetiser = Packetiser()
        self._parser = mido.Parser()
        self.held = []

    def feed(self, byte):
        self._parser.feed(bytes_of(self._packetiser.feed([byte])))
        for message in self._parser:
            if message.type in ("note_on", "note_off") and message.channel == 0:
                self.held = [each for each in self.held if each != message.note]
                if message.type == "note_on" and message.velocity:
                    self.held = [*self.held, message.note][-16:]
            elif message.type == "control_change" and message.channel == 0 and message.control in SILENCE:
                self.held = []

    @property
    def sounds(self):
        return self.held[-1] if self.held else None


@pytest.mark.timeout(600)
def test_a_hundred_thousand_bytes_of_noise_on_din(playing):
    """No exception, no late frame, no hanging note; and after every single byte the right note sounds."""
    print(f"MS20_FUZZ_SEED={FUZZ_SEED}")
    board = playing
    hush(board)
    board.timeline(clear=True)
    stream = noise(random.Random(FUZZ_SEED), FUZZ_BYTES)
    console, start = board.console, board.now
    board.send_din(stream)
    board.advance(FUZZ_BYTES * DIN_BYTE_S + ACTS_WITHIN_S)
    assert board.console == console
    assert late_frames(board, start) == 0
    timeline = board.timeline()
    ends_s, bytes_in = timeline.din_in()
    assert bytes(bytes_in.tolist()) == stream
    oracle, sounds = Oracle(), []
    for byte in stream:
        oracle.feed(byte)
        sounds.append(oracle.sounds)
    gates = np.array([each is not None for each in sounds])
    assert 0.3 < gates.mean() < 0.98, "noise that plays and pauses"
    pitches = np.clip(np.array([np.nan if each is None else each for each in sounds]), 0, 120)
    # The next byte comes 320 us after a byte; 260 us after it, its own note's pitch has been latched.
    right = np.abs(60 + 12 * timeline.cv_at("VCO 1 PITCH", ends_s + 0.00026) - pitches) < 0.01
    assert right[gates].all(), f"wrong after byte {np.flatnonzero(gates & ~right)[0]}"
    times, levels = timeline.trigger()
    closed = np.concatenate([[0], levels])[np.searchsorted(times, ends_s + 0.0004, side="right")]
    assert (closed == gates).all(), "and the trigger one tick after the pitch"
    assert heard(board) == (None if oracle.sounds is None else min(oracle.sounds, 120))
    send(board, "din", note_on(61) + ALL_NOTES_OFF)
    assert heard(board) is None
    send(board, "din", note_on(60))
    assert heard(board) == 60
    send(board, "din", ALL_SOUND_OFF)
