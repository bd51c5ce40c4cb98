"""USB-MIDI packets: the same messages as on DIN, whatever shape the host gives them; and floods."""

import memory
import midi_usb
import pytest
from board import CLK_SYS_HZ
from hypothesis import given
from hypothesis import strategies as st
from midi_bytes import feed, reset
from midi_usb import LATEST_CYCLES, LDAC_COUNTER, take_usb, usb_packet
from rp2040 import APB
from state import (
    APB_BASE,
    BEND_Q9,
    BEND_RANGE_Q9,
    EXTENDED,
    GATE,
    NOTE_COUNT,
    NOTE_STACK,
    NOTES_PLAYED,
    PORT_BYTES,
    PORT_BYTES_BAD,
    PORT_DIN,
    PORT_LAST_BYTE_TICK,
    PORT_SENSING,
    PORT_USB,
    PORT_WORDS,
    PORTS,
    STATE,
    TICKS,
    USB_HEAD,
    USB_RING,
    USB_RING_SIZE,
    USB_TAIL,
)
from viper_stand_in import BANK_BYTES, Pointer

USB = PORTS + PORT_USB * PORT_WORDS

bits7 = st.integers(0, 127)
cables = st.integers(0, 15)


def packet(code, *data, cable=0):
    data = (*data, 0, 0)[:3]
    return cable << 4 | code | data[0] << 8 | data[1] << 16 | data[2] << 24


def whole(message, cable=0):
    """The packet of a whole channel message."""
    return packet(message[0] >> 4, *message, cable=cable)


def by_bytes(message, cable=0):
    """The packets of a host that sends every byte by itself."""
    return [packet(0xF, byte, cable=cable) for byte in message]


def sysex(data, cable=0):
    """The packets of a SysEx: threes, and an end of one, two or three bytes."""
    message = (0xF0, *data, 0xF7)
    parts = [message[i : i + 3] for i in range(0, len(message), 3)]
    return [packet(4, *part, cable=cable) for part in parts[:-1]] + [
        packet(4 + len(parts[-1]), *parts[-1], cable=cable)
    ]


def receive(*packets):
    words = memory.state
    for number in packets:
        words[USB_RING] = number
        usb_packet(0)


def held(words):
    return [words[NOTE_STACK + i] & 127 for i in range(words[NOTE_COUNT])]


@pytest.mark.parametrize("cable", [0, 1, 15])
def test_a_note_comes_and_goes_on_any_cable(words, cable):
    receive(whole((0x90, 60, 100), cable), whole((0x90, 64, 1), cable))
    assert held(words) == [60, 64]
    receive(whole((0x80, 60, 64), cable), whole((0x90, 64, 0), cable))
    assert (held(words), words[GATE]) == ([], 0)
    assert words[USB + PORT_BYTES] == 12


messages = st.one_of(
    st.tuples(st.sampled_from([0x90, 0x90, 0x80, 0x91, 0xA0, 0xE0]), bits7, bits7),
    st.tuples(st.just(0xB0), st.sampled_from([1, 64, 120, 121, 123, 127]), bits7),
    st.tuples(st.sampled_from([0xC0, 0xD0]), bits7),
)
shapes = st.lists(st.tuples(messages, st.sampled_from(["whole", "bytes"]), cables), max_size=40)


@given(shapes)
def test_whole_messages_and_single_bytes_mean_what_they_mean_on_din(sequence):
    memory.clear()
    words = memory.state
    for port in (PORT_DIN, PORT_USB):
        reset(port)
    for message, shape, cable in sequence:
        for number in [whole(message, cable)] if shape == "whole" else by_bytes(message, cable):
            receive(number)
    by_usb = [words[NOTE_STACK + i] & 127 for i in range(words[NOTE_COUNT])]
    memory.clear()
    for port in (PORT_DIN, PORT_USB):
        reset(port)
    for message, _, _ in sequence:
        for byte in message:
            feed(PORT_DIN, byte)
    assert by_usb == held(words)


def test_single_bytes_may_use_running_status_and_be_broken_by_real_time(words):
    receive(*by_bytes((0x90, 60, 0xF8, 100, 64, 0xFE, 100)))
    assert held(words) == [60, 64]
    assert words[USB + PORT_SENSING] == 1


@pytest.mark.parametrize("code", range(8, 15))
@pytest.mark.parametrize("status", [0x80, 0x90, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0, 0x00, 0x7F, 0xF0, 0xF8])
def test_a_code_index_that_does_not_fit_its_status_is_bad_and_does_nothing(words, code, status):
    if status >> 4 == code:
        return
    receive(whole((0x90, 60, 100)))
    words[EXTENDED], words[BEND_RANGE_Q9] = 1, 1024
    receive(packet(code, status, 123, 1))
    assert held(words) == [60]
    assert words[BEND_Q9] == 0
    assert words[USB + PORT_BYTES_BAD] == 3


@given(st.lists(bits7, max_size=20), cables)
def test_a_sysex_passes_by_and_ends_the_running_status(data, cable):
    memory.clear()
    words = memory.state
    reset(PORT_USB)
    receive(*by_bytes((0x90, 60, 100)), *sysex(data, cable), *by_bytes((64, 100)))
    assert held(words) == [60]
    receive(*by_bytes((0x90, 64, 100)))
    assert held(words) == [60, 64]


@pytest.mark.parametrize("common", [(2, 0xF1, 5), (2, 0xF3, 5), (3, 0xF2, 5, 6), (5, 0xF6)])
def test_system_common_ends_the_running_status(words, common):
    receive(*by_bytes((0x90, 60)), packet(*common), *by_bytes((100, 64, 100)))
    assert held(words) == []


def test_a_sysex_of_another_message_in_disguise_plays_nothing(words):
    receive(packet(4, 0xF0, 0x90, 60), packet(4, 100, 0x90, 61), packet(7, 100, 60, 0xF7))
    assert (held(words), words[GATE]) == ([], 0)


@given(st.integers(0, (1 << 32) - 1))
def test_any_packet_is_survived_and_arms_active_sensing_anew(number):
    memory.clear()
    words = memory.state
    reset(PORT_USB)
    words[TICKS] = 777
    receive(number)
    assert words[USB + PORT_LAST_BYTE_TICK] == 777
    assert words[USB + PORT_BYTES] in (1, 3)
    receive(whole((0xB0, 123, 0)))
    assert words[GATE] == 0


# --- Floods -----------------------------------------------------------------------------------------------------


class Clock:
    """LDAC's counter, which goes on a little at each look and by what a packet costs."""

    def __init__(self, now_us):
        self.now_us = now_us

    def pointer(self, address):
        if STATE <= int(address) < STATE + BANK_BYTES:
            return Pointer(address)
        assert int(address) == APB + LDAC_COUNTER
        return self

    def __getitem__(self, index):
        self.now_us += 0.5
        return int(self.now_us * CLK_SYS_HZ / 1_000_000)


def flood(monkeypatch, packets, entry_us=15.0, cost_us=5.0):
    """Put packets into the ring as far as it has room and take them tick by tick; how many each tick has taken."""
    words = memory.state
    words[APB_BASE] = APB
    clock = Clock(entry_us)
    acted = midi_usb.usb_packet

    def costly(index):
        clock.now_us += cost_us
        acted(index)

    with monkeypatch.context() as patch:
        patch.setattr(midi_usb, "ptr32", clock.pointer, raising=False)
        patch.setattr(midi_usb, "usb_packet", costly)
        waiting = list(packets)
        taken = []
        while waiting or words[USB_TAIL] != words[USB_HEAD]:
            while waiting and (words[USB_HEAD] + 1) % USB_RING_SIZE != words[USB_TAIL]:
                words[USB_RING + words[USB_HEAD]] = waiting.pop(0)
                words[USB_HEAD] = (words[USB_HEAD] + 1) % USB_RING_SIZE
            before = words[USB_TAIL]
            clock.now_us = entry_us
            take_usb()
            assert clock.now_us <= LATEST_CYCLES * 1_000_000 / CLK_SYS_HZ + cost_us + 1, (
                "the frame needs its time"
            )
            taken.append((words[USB_TAIL] - before) % USB_RING_SIZE)
            assert taken[-1], "a tick that has time takes something"
    return taken


def test_a_flood_of_notes_is_taken_in_order_a_few_a_tick(words, monkeypatch):
    notes = [(0x90, 40 + i % 16, 1 + i % 127) for i in range(200)]
    taken = flood(monkeypatch, [whole(note) for note in notes])
    assert sum(taken) == 200
    assert 1 <= min(taken) <= max(taken) <= 5
    assert words[NOTES_PLAYED] == 200
    assert held(words) == [40 + i % 16 for i in range(184, 200)]


def test_a_tick_with_much_to_do_still_takes_some(words, monkeypatch):
    """Up to a mark; a tick that comes there later leaves them to the next one."""
    latest_us = LATEST_CYCLES * 1_000_000 / CLK_SYS_HZ
    assert min(flood(monkeypatch, [whole((0x90, 60, 100))] * 9, entry_us=latest_us - 2)) == 1


@pytest.mark.parametrize(("extended", "ticks"), [(0, 2), (1, 2)])
def test_a_flood_of_bends_is_over_in_a_tick_or_two_and_the_last_one_counts(
    words, monkeypatch, extended, ticks
):
    words[EXTENDED], words[BEND_RANGE_Q9] = extended, 2 * 512
    bends = [whole((0xE0, 0, value)) for value in range(1, 61)]
    taken = flood(monkeypatch, [*bends, whole((0x90, 60, 100))], entry_us=0)
    assert len(taken) <= ticks
    assert held(words) == [60]
    assert words[BEND_Q9] == (round((60 - 64) / 64 * 1024) if extended else 0)
    assert words[USB + PORT_BYTES] == 183


def test_bends_of_two_channels_are_not_taken_for_each_other(words, monkeypatch):
    words[EXTENDED], words[BEND_RANGE_Q9] = 1, 2 * 512
    flood(monkeypatch, [whole((0xE0, 0, 96)), whole((0xE1, 0, 127)), whole((0xE2, 0, 0))])
    assert words[BEND_Q9] == 512
