"""The byte machine: what reaches the notes from any stream of bytes."""

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st
from midi_bytes import feed
from state import (
    GATE,
    NOTE_COUNT,
    NOTE_STACK,
    PORT_BYTES_BAD,
    PORT_DIN,
    PORT_SENSING,
    PORTS,
    TARGET_Q20,
)

FRAMING_ERROR = 1 << 8


def receive(stream):
    """Feed hex text or bytes into the DIN port."""
    for byte in bytes.fromhex(stream) if isinstance(stream, str) else stream:
        feed(PORT_DIN, byte)


def held(words):
    """Notes in the stack, oldest first."""
    return [words[NOTE_STACK + i] & 127 for i in range(words[NOTE_COUNT])]


@pytest.mark.parametrize(
    ("stream", "notes", "story"),
    [
        ("90 3C 64", [60], "note on"),
        ("90 3C 64 80 3C 40", [], "note off"),
        ("90 3C 64 90 3C 00", [], "velocity 0 is a note off"),
        ("90 3C 64 3E 64 40 64", [60, 62, 64], "running status"),
        ("90 3C 64 3C 00", [], "running status, velocity 0"),
        ("90 F8 3C F8 64", [60], "clock inside a message"),
        ("90 3C FE 64 FA 3E FC 64", [60, 62], "real time inside running status"),
        ("90 3C 64 F0 7E 00 06 01 F7 3E 64", [60], "SysEx clears the running status"),
        ("90 3C 64 F2 10 20 3E 64", [60], "song position clears it too"),
        ("90 3C 64 F6 3E 64", [60], "so does tune request"),
        ("91 3C 64 3E 64", [], "channel 2 is not ours"),
        ("91 3C 64 90 3E 64", [62], "back to channel 1"),
        ("C0 05 3C 64 90 3C 64", [60], "program change takes one byte"),
        ("D0 05 06 90 3C 64", [60], "channel pressure takes one byte"),
        ("E0 00 40 3C 64 90 3C 64", [60], "pitch bend passes by"),
        ("3C 64 90 3C 64", [60], "data before any status"),
        ("90 90 3C 64", [60], "a status repeated"),
        ("90 3C 80 3C 40", [], "a message cut short by the next"),
        ("90 3C 64 B0 7B 00", [], "all notes off"),
        ("90 3C 64 B0 7B 55", [], "its value does not matter"),
        ("90 3C 64 B0 78 00", [], "all sound off"),
        ("90 3C 64 B0 7C 00", [], "omni off ends notes"),
        ("90 3C 64 B0 7D 00", [], "omni on ends notes"),
        ("90 3C 64 B0 7E 04", [], "mono ends notes"),
        ("90 3C 64 B0 7F 00", [], "poly ends notes"),
        ("90 3C 64 B0 79 00 B0 7A 00 B0 40 7F", [60], "reset, local control and sustain do nothing"),
        ("B0 7D 00 91 3C 64", [], "omni on does not open other channels"),
        ("90 7F 01 90 00 7F", [127, 0], "both ends of the range"),
        ("F4 F5 F9 FD 90 3C 64", [60], "undefined status bytes"),
    ],
)
def test_streams(words, stream, notes, story):
    receive(stream)
    assert held(words) == notes, story


def test_a_broken_byte_is_counted_and_drops_its_message(words):
    receive("90 3C")
    feed(PORT_DIN, FRAMING_ERROR | 0x64)
    receive("64 90 3E 64")
    assert held(words) == [62]
    assert words[PORTS + PORT_BYTES_BAD] == 1


def test_active_sensing_is_noted(words):
    receive("FE")
    assert words[PORTS + PORT_SENSING] == 1


def test_all_sound_off_silences_at_once(words):
    from state import EG2_LEVEL_Q28

    receive("90 3C 64")
    words[EG2_LEVEL_Q28] = 1 << 27
    receive("B0 78 00")
    assert words[EG2_LEVEL_Q28] == 0


class Oracle:
    """An independent reading of a byte stream, by mido's parser: the notes that channel 1 holds."""

    def __init__(self):
        self.parser = mido.Parser()
        self.held = []

    def feed(self, stream):
        self.parser.feed(stream)
        for message in self.parser:
            if message.type in ("note_on", "note_off") and message.channel == 0:
                if message.note in self.held:
                    self.held.remove(message.note)
                if message.type == "note_on" and message.velocity:
                    self.held = ([*self.held, message.note])[-16:]
            elif (
                message.type == "control_change"
                and message.channel == 0
                and message.control in (120, *range(123, 128))
            ):
                self.held = []


whole_messages = st.one_of(
    st.builds(
        lambda c, n, v: bytes([0x90 | c, n, v]), st.integers(0, 1), st.integers(0, 127), st.integers(0, 127)
    ),
    st.builds(
        lambda c, n, v: bytes([0x80 | c, n, v]), st.integers(0, 1), st.integers(0, 127), st.integers(0, 127)
    ),
    st.builds(lambda c, v: bytes([0xB0, c, v]), st.integers(0, 127), st.integers(0, 127)),
    st.builds(lambda v: bytes([0xE0, v, 64]), st.integers(0, 127)),
    st.builds(lambda v: bytes([0xC0, v]), st.integers(0, 127)),
    st.builds(lambda data: bytes([0xF0, *data, 0xF7]), st.lists(st.integers(0, 127), max_size=9)),
    st.sampled_from([b"\xf8", b"\xfe", b"\xfa", b"\xf2\x01\x02", b"\xf3\x01", b"\xf6"]),
)


@given(st.lists(whole_messages, max_size=60))
def test_whole_messages_agree_with_mido(messages):
    import memory
    import midi_bytes

    memory.state[NOTE_COUNT] = 0
    midi_bytes.reset(PORT_DIN)
    oracle = Oracle()
    for message in messages:
        receive(message)
        oracle.feed(message)
        assert held(memory.state) == oracle.held


@given(st.binary(max_size=400))
def test_any_bytes_leave_it_sane(stream):
    """Noise may play notes; it may not raise, and all notes off still ends them."""
    import memory

    receive(stream)
    receive("B0 7B 00")
    assert memory.state[GATE] == 0
    assert -60 << 20 <= memory.state[TARGET_Q20] <= 67 << 20
