"""USB-MIDI on the chip: what the keys send, what a flood does, cables that come and go, computers that sleep."""

import math
import os
import random

import numpy as np
import pytest
from ms20.board import BOARD
from ms20.errors import NothingHappened
from ms20.panel import basic_panel
from ms20.service import frame
from ms20.usb_midi import bytes_of
from ms20.virtual_board import VirtualBoard
from on_chip import (
    ALL_NOTES_OFF,
    bend,
    control_change,
    heard,
    hush,
    late_frames,
    note_off,
    note_on,
    send,
    service,
    trigger_edges,
)

KEYS = range(BOARD.KEY_LOWEST_NOTE, BOARD.KEY_LOWEST_NOTE + BOARD.KEY_COUNT)
HIGHEST_KEY = KEYS[-1]
RELEASED_S = 0.008
"""A key counts as up after 5 ms of quiet; one scan of the matrix takes 1 ms."""
GONE_S = 0.01
"""A host that sends no frames any more is gone after this."""
FLOOD_S = float(os.environ.get("MS20_FLOOD_S", "60"))
"""A simulated minute of pitch bends; any length on request."""
FLOOD_SECTION_S = 5
"""Looked at piece by piece, or it would fill the computer's memory."""
LINE_RATE = 50_000
"""Packets a second, nearly as many as the instrument takes; a real host brings a few thousand at most."""


@pytest.fixture
def board(playing):
    """The same board, at rest."""
    hush(playing)
    playing.timeline(clear=True)
    yield playing
    assert playing.misuse() == []


def sent(board):
    """What has left by USB and by DIN OUT since the timeline was cleared: packets, bytes."""
    state = board.state()
    return [tuple(each) for each in state["usb_midi_in"]], bytes(state["din_out"])


# --- What the keys send -------------------------------------------------------------------------------------------


def test_each_of_the_37_keys_sends_90_kk_40_and_80_kk_40(board):
    """TX of the sheet, kk 48..84, velocity 64 both ways; the same bytes on DIN OUT, which the Mini lacks."""
    for note in KEYS:
        board.timeline(clear=True)
        board.press(note)
        board.advance(0.004)
        assert sent(board) == ([(0x09, 0x90, note, 0x40)], bytes([0x90, note, 0x40]))
        board.timeline(clear=True)
        board.release(note)
        board.advance(RELEASED_S + 0.003)
        assert sent(board) == ([(0x08, 0x80, note, 0x40)], bytes([0x80, note, 0x40]))


@pytest.mark.parametrize("count", [2, 10, 37])
def test_a_chord_sends_every_key_once_down_and_once_up(board, count):
    """Up to both arms on the keyboard; no frame is late, and the highest held notes that fit sound."""
    chord = random.Random(count).sample(KEYS, count)
    start = board.now
    for note in chord:
        board.press(note)
    board.advance(0.06)
    packets, din = sent(board)
    assert sorted(packets) == [(0x09, 0x90, note, 0x40) for note in sorted(chord)]
    assert din == bytes_of(packets)
    assert heard(board) == packets[-1][2], "the newest"
    board.timeline(clear=True)
    for note in chord:
        board.release(note)
    board.advance(RELEASED_S + 0.06)
    packets, din = sent(board)
    assert sorted(packets) == [(0x08, 0x80, note, 0x40) for note in sorted(chord)]
    assert din == bytes_of(packets)
    assert heard(board) is None
    assert late_frames(board, board.now - 0.06) == 0
    assert start < board.now


def test_ten_fingers_trilling_lose_nothing(board):
    """Each of ten keys goes down and up 25 times a second, out of step: 500 messages a second, half of DIN's line."""
    fingers = [50, 53, 55, 58, 60, 62, 66, 70, 77, 84]
    start = board.now + 0.001
    with board.schedule() as later:
        for stroke in range(25):
            for place, note in enumerate(fingers):
                down_s = start + 0.04 * stroke + 0.0037 * place
                later.at(down_s).press(note)
                later.at(down_s + 0.02).release(note)
    board.advance(1.1)
    packets, din = sent(board)
    assert din == bytes_of(packets)
    for note in fingers:
        own = [packet[1] for packet in packets if packet[2] == note]
        assert own == [0x90, 0x80] * 25
    assert late_frames(board, start) == 0
    assert heard(board) is None


def test_a_key_whose_contact_bounces_sends_one_note(board):
    start = board.now + 0.001
    with board.schedule() as later:
        for bounce in range(12):
            later.at(start + 0.0003 * bounce).press(60)
            later.at(start + 0.0003 * bounce + 0.00015).release(60)
        later.at(start + 0.004).press(60)
        for bounce in range(12):
            later.at(start + 0.05 + 0.0003 * bounce).release(60)
            later.at(start + 0.05 + 0.0003 * bounce + 0.00015).press(60)
        later.at(start + 0.054).release(60)
    board.advance(0.08)
    packets, din = sent(board)
    assert packets == [(0x09, 0x90, 60, 0x40), (0x08, 0x80, 60, 0x40)]
    assert din == bytes_of(packets)


def test_nothing_received_is_echoed_anywhere(board):
    """No thru, on neither output: notes, controllers, clock, SysEx, an identity request."""
    everything = (
        note_on(60)
        + note_on(62, 0)
        + control_change(1, 64)
        + bend(0)
        + bytes.fromhex("A0 3C 10 C0 05 D0 40 F2 10 20 F6 F8 FA FC FE FF F0 7E 7F 06 01 F7")
        + bytes([0x95, 50, 100])
        + ALL_NOTES_OFF
    )
    for way in ("din", "usb", "usb byte by byte"):
        send(board, way, everything)
    assert sent(board) == ([], b"")


def test_keys_are_sent_while_the_instrument_is_driven_over_midi(board):
    """Keys only: what comes in beside them does not go out."""
    board.send_din(note_on(70) + note_on(72))
    board.send_usb(note_on(40))
    board.press(50)
    board.advance(0.01)
    board.release(50)
    board.advance(RELEASED_S + 0.003)
    assert sent(board)[1] == bytes([0x90, 50, 0x40, 0x80, 50, 0x40])


def test_no_active_sensing_is_ever_sent(board):
    """FE is not in the sheet's transmit table: nothing leaves while nobody plays, and keys alone while somebody does."""
    board.advance(1.5)
    assert sent(board) == ([], b"")
    board.press(60)
    board.advance(0.7)
    assert sent(board) == ([(0x09, 0x90, 60, 0x40)], bytes([0x90, 60, 0x40]))


# --- A flood ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=["faithful", "extended"])
def mode(board, request):
    """The mode that the board is in, until the test is over."""
    service(board).ask(f"set mode {request.param}")
    board.advance(0.005)
    yield request.param
    service(board).ask("set mode faithful")


@pytest.mark.timeout(600)
def test_a_flood_of_bends_at_line_rate_loses_no_note(board, mode):
    """As fast as the bus carries them, with notes in between: each sounds and ends; in extended mode the bend follows."""
    for _ in range(math.ceil(FLOOD_S / FLOOD_SECTION_S) if mode == "faithful" else 1):
        flood_section(board, mode)
    counted = service(board).read("counters")
    assert (counted["usb_dropped"], counted["late_ticks"]) == (0, 0)


def flood_section(board, mode):
    console, start = board.console, board.now
    board.timeline(clear=True)
    before_notes = 250
    chunk = 20_000
    wanted = int(FLOOD_SECTION_S * LINE_RATE) // (2 * before_notes) * 2 * before_notes
    asked = 0
    while asked < wanted:
        packets = []
        for number in range(asked, min(asked + chunk, wanted)):
            value = 16383 * number // wanted
            packets.append([0x0E, 0xE0, value & 127, value >> 7])
            if number % before_notes == before_notes - 1:
                on = number // before_notes % 2 == 0
                packets.append([0x09, 0x90, 60, 100] if on else [0x08, 0x80, 60, 64])
        board.ask("usb_midi", packets=packets)
        asked += chunk
        board.advance(chunk / LINE_RATE)
    board.ask("usb_midi", packets=[[0x0E, 0xE0, 0x7F, 0x7F]])
    in_all = wanted + wanted // before_notes + 1
    while len(board.timeline().usb_in()) < in_all and board.now < start + 3 * FLOOD_SECTION_S:
        board.advance(FLOOD_SECTION_S / 10)
    timeline = board.timeline()
    taken = timeline.usb_in()
    assert len(taken) == in_all
    assert late_frames(board, start) == 0
    assert board.console == console
    taken_s = np.array([t for t, _ in taken])
    rate = len(taken) / (taken_s[-1] - taken_s[0])
    print(f"{mode}: {rate:.0f} packets/s")
    assert rate > 40_000, "the host is kept waiting"
    edges = trigger_edges(board, start)
    assert [level for _, level in edges] == [1, 0] * (wanted // before_notes // 2)
    edges_s = np.array([t for t, _ in edges])
    notes_s = np.array([t for t, packet in taken if packet[1] in (0x90, 0x80)])
    assert (edges_s - notes_s).min() > 0
    assert (edges_s - notes_s).max() <= 0.01
    _, pitches = timeline.cv("VCO 1 PITCH")
    if mode == "faithful":
        assert np.abs(pitches).max(initial=0) < 0.001
    else:
        assert (np.diff(pitches[2:]) >= 0).all(), "bent ever higher, never back"
        send(board, "usb", note_on(60))
        assert 12 * board.cv("VCO 1 PITCH") == pytest.approx(2, abs=0.004)


# --- The host goes, and comes back --------------------------------------------------------------------------------


def unplug(board):
    board.disconnect_usb()


def replug(board):
    board.connect_usb()
    board.wait_for_usb()
    board.advance(0.02)


def fall_asleep(board):
    board.suspend_usb()


def wake(board):
    board.suspend_usb(False)
    board.advance(0.05)


GONE_AND_BACK = pytest.mark.parametrize(
    ("go", "come_back"), [(unplug, replug), (fall_asleep, wake)], ids=["cable", "sleep"]
)


@GONE_AND_BACK
def test_a_host_that_goes_ends_its_note_within_10_ms_and_no_other(board, go, come_back):
    """DIN's note under it sounds on, without a new trigger; so does the key's; the host may come back and play."""
    board.press(48)
    board.advance(0.005)
    send(board, "din", note_on(55))
    send(board, "usb", note_on(70) + note_on(72))
    assert heard(board) == 72
    start = board.now
    go(board)
    board.advance(GONE_S)
    assert heard(board) == 55
    assert trigger_edges(board, start) == []
    send(board, "din", note_off(55))
    assert heard(board) == 48
    come_back(board)
    assert heard(board) == 48
    send(board, "usb", note_on(64))
    assert heard(board) == 64
    send(board, "usb", note_off(64))
    assert heard(board) == 48
    board.release(48)
    board.advance(RELEASED_S)
    assert heard(board) is None
    assert late_frames(board, start) == 0


@GONE_AND_BACK
def test_a_host_that_goes_in_the_middle_of_its_only_note_opens_the_trigger(board, go, come_back):
    send(board, "usb", note_on(70))
    start = board.now
    go(board)
    board.advance(0.02)
    ((opened_s, level),) = trigger_edges(board, start)
    assert level == 0
    assert opened_s - start <= GONE_S
    come_back(board)
    assert heard(board) is None
    counted = service(board).read("counters")
    assert counted["usb_losses"] >= 1


@GONE_AND_BACK
def test_keys_and_din_play_while_nobody_is_there_and_no_note_hangs_in_the_computer(board, go, come_back):
    """A key that was down when the host went and is up when it is back has told it so; what was played is forgotten."""
    board.press(60)
    board.advance(0.01)
    go(board)
    board.advance(0.02)
    board.release(60)
    board.advance(RELEASED_S)
    assert heard(board) is None
    for note in KEYS:
        board.press(note)
        board.advance(0.002)
        board.release(note)
        board.advance(RELEASED_S)
    send(board, "din", note_on(65))
    assert heard(board) == 65
    board.timeline(clear=True)
    come_back(board)
    board.advance(0.02)
    packets, _ = sent(board)
    held = {60}
    for _, status, note, _ in packets:
        if status == 0x90:
            held.add(note)
        else:
            held.discard(note)
    assert held == set()
    assert not [packet for packet in packets if packet[1] == 0x90], (
        "nobody hears now what was played in the night"
    )
    board.timeline(clear=True)
    board.press(62)
    board.advance(0.005)
    assert sent(board)[0] == [(0x09, 0x90, 62, 0x40)]


@GONE_AND_BACK
def test_coming_and_going_at_any_moment_leaves_it_playing(board, go, come_back):
    """A round of the main loop takes a millisecond: the host is back at every 25th of it."""
    for number in range(25):
        send(board, "usb", note_on(60))
        assert heard(board) == 60
        go(board)
        back_s = math.floor(board.now * 1000 + 12) / 1000 + number * 0.001 / 25
        board.advance(back_s - board.now)
        assert heard(board) is None
        come_back(board)
    send(board, "usb", note_on(60))
    assert heard(board) == 60


@GONE_AND_BACK
def test_a_host_that_goes_in_extended_mode_takes_its_pedal_and_its_bend_along(board, go, come_back):
    """Beside a DIN line without a pause, and with the note stack full: no frame is late."""
    service(board).ask("set mode extended")
    send(board, "usb", bend(16383) + control_change(64, 127))
    for note in range(40, 52):
        send(board, "usb", note_on(note) + note_off(note))
    assert heard(board) == pytest.approx(53, abs=0.01), "two semitones above its last note"
    start = board.now
    board.send_din(b"\x90" + bytes([60, 100, 60, 0]) * 100)
    board.advance(0.03)
    go(board)
    board.advance(0.15)
    assert heard(board) is None
    assert late_frames(board, start) == 0
    send(board, "din", note_on(60))
    assert heard(board) == 60
    come_back(board)
    send(board, "usb", note_on(62) + note_off(62))
    assert heard(board) == 60, "nobody's foot is on the pedal"
    service(board).ask("set mode faithful")


def test_running_status_and_active_sensing_of_before_are_forgotten(board):
    """The next program at the cable is another: nothing that the last one said reaches into its notes."""
    board.ask("usb_midi", packets=[[0x0F, byte, 0, 0] for byte in (0xFE, 0x90, 60, 100, 62)])
    board.advance(0.005)
    assert heard(board) == 60
    unplug(board)
    board.advance(0.02)
    replug(board)
    board.ask("usb_midi", packets=[[0x0F, byte, 0, 0] for byte in (100, 64, 100)])
    board.advance(0.005)
    assert heard(board) is None
    send(board, "usb", note_on(65))
    board.advance(0.5)
    assert heard(board) == 65, "not supervised before it says FE itself"


# --- Who it is ----------------------------------------------------------------------------------------------------


def test_its_strings_and_ids_are_its_own(board):
    """A free test id, not Korg's; the port that a program shows is "MS-20 Pico MIDI"."""
    state = board.state()
    assert state["usb_ids"] == [0x1209, 0x0001]
    strings = state["usb_strings"]
    assert strings["product"] == "MS-20 Pico"
    assert strings["manufacturer"]
    assert "KORG" not in " ".join(strings.values()).upper()
    assert len(strings["serial"]) >= 8
    midi = [name for name, text in strings.items() if text == "MS-20 Pico MIDI"]
    assert len(midi) == 2, "Audio Control and MIDI Streaming, beside the console's"
    assert len([name for name in strings if name.startswith("interface")]) > 2


def said(board, line, seconds=0.2):
    """Type a line; what the console says to it."""
    seen = len(board.console)
    board.type_text(line)
    board.advance(seconds)
    return board.console[seen:]


def switched_on_again(board):
    board.power_off()
    board.advance(0.05)
    board.power_on()
    board.wait_until_ready()


def test_midi_only_mode_for_hosts_that_refuse_more(image_path, tmp_path):
    """`set usb midi`, `save`, power off and on: MIDI alone. The highest key held at power-on brings the console back."""
    flash = tmp_path / "flash.bin"
    with VirtualBoard(image_path, panel=basic_panel(), flash=flash) as board:
        board.power_on()
        board.wait_until_ready()
        board.wait_for_usb()
        assert service(board).ask("set usb midi") == "midi"
        assert service(board).ask("save") == "saved"
        send(board, "usb", note_on(60))
        assert heard(board) == 60, "it acts from the next power-on"
        board.power_off()
    with VirtualBoard(
        image_path, panel=basic_panel(), flash=flash, usb_host={"refuseComposite": True}
    ) as board:
        board.power_on()
        board.wait_until_ready()
        board.wait_for_usb()
        board.advance(0.05)
        strings = board.state()["usb_strings"]
        assert {name for name in strings if name.startswith("interface")} == {"interface 0", "interface 1"}
        assert strings["interface 1"] == "MS-20 Pico MIDI"
        send(board, "usb", note_on(64))
        assert heard(board) == 64
        board.timeline(clear=True)
        board.press(50)
        board.advance(0.01)
        assert sent(board) == ([(0x09, 0x90, 50, 0x40)], bytes([0x90, 50, 0x40]))
        board.release(50)
        start = board.now
        board.advance(RELEASED_S)
        send(board, "usb", note_off(64))
        assert heard(board) is None
        assert late_frames(board, start) == 0
        assert board.console == ""
        board.press(HIGHEST_KEY)
        switched_on_again(board)
        board.release(HIGHEST_KEY)
        with pytest.raises(NothingHappened):
            board.wait_for_usb(1.0)
        assert board.state()["usb"] == "refused", "the console is back, and this host wants none"
        board.send_din(note_on(62))
        board.advance(0.01)
        assert heard(board) == 62
        board.power_off()
    with VirtualBoard(image_path, panel=basic_panel(), flash=flash) as board:
        board.press(HIGHEST_KEY)
        board.power_on()
        board.wait_until_ready()
        board.release(HIGHEST_KEY)
        board.wait_for_usb()
        assert service(board).ask("get usb") == "both"
        send(board, "usb", note_on(60))
        assert heard(board) == 60
        switched_on_again(board)
        board.wait_for_usb()
        assert said(board, frame(1, "about")) == "", "for that session only"
        send(board, "usb", note_on(60))
        assert heard(board) == 60
        assert board.misuse() == []


def test_a_picky_host_refuses_the_composite_device_and_din_plays_all_the_same(image_path):
    with VirtualBoard(image_path, panel=basic_panel(), usb_host={"refuseComposite": True}) as board:
        board.power_on()
        board.wait_until_ready()
        board.advance(0.5)
        assert board.state()["usb"] == "refused"
        board.send_din(note_on(60))
        board.press(72)
        board.advance(0.005)
        assert heard(board) in (60, 72)
        board.release(72)
        board.advance(0.02)
        assert heard(board) == 60
