"""The byte machine: what reaches the notes from any stream of bytes."""

import mido
import pytest
from board import IN_PLUG_TRIG, TICK_HZ
from hypothesis import given
from hypothesis import strategies as st
from midi_bytes import WATCH_TICKS, feed, give_ports_up, watch_sensing
from note_stack import note_off, note_on
from state import (
    EG2_HOLD_LEFT_TICKS,
    EG2_LEVEL_Q28,
    GATE,
    GIVE_UP,
    LET_GO,
    NOTE_COUNT,
    NOTE_STACK,
    PLUGS_IN,
    PORT_BREAKS,
    PORT_BYTES_BAD,
    PORT_DIN,
    PORT_KEYS,
    PORT_OVERRUNS,
    PORT_SENSING_LOST,
    PORT_USB,
    PORT_WORDS,
    PORTS,
    SENSING_TICKS,
    TARGET_Q20,
    TICKS,
)
from viper_numba import compiled

FRAMING_ERROR, PARITY_ERROR, BREAK, OVERRUN = (1 << bit for bit in (8, 9, 10, 11))
SENSING_S = 0.33
LATE_S = 0.003
"""The tick looks once a millisecond, at one input after the other."""


def receive(stream, port=PORT_DIN):
    """Feed hex text or bytes into a port, DIN if none is named."""
    for byte in bytes.fromhex(stream) if isinstance(stream, str) else stream:
        feed(port, byte)


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


# --- Faults of the line ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [FRAMING_ERROR, PARITY_ERROR])
def test_a_broken_byte_is_counted_drops_its_message_and_ends_no_note(words, error):
    receive("90 30 64 90 3C")
    feed(PORT_DIN, error | 0x64)
    receive("64 90 3E 64")
    assert held(words) == [48, 62]
    assert words[PORTS + PORT_BYTES_BAD] == 1


@pytest.mark.parametrize(
    ("received", "counter"),
    [(OVERRUN | 0x40, PORT_OVERRUNS), (BREAK | FRAMING_ERROR, PORT_BREAKS), (BREAK, PORT_BREAKS)],
)
def test_bytes_lost_and_a_line_held_low_end_what_the_input_holds_and_no_more(words, received, counter):
    receive("90 3C 64 40 64")
    receive("90 3E 64", PORT_USB)
    note_on(PORT_KEYS, 72)
    receive("90 41")
    feed(PORT_DIN, received)
    assert held(words) == [62, 72]
    assert words[PORTS + counter] == 1
    receive("64 43 64")
    assert held(words) == [62, 72], "what was interrupted is forgotten"
    receive("90 3C 64")
    assert held(words) == [62, 72, 60]


# --- Active sensing -------------------------------------------------------------------------------------------


def wait(words, seconds):
    """Let the time go on, with what the tick does about the inputs once in WATCH_TICKS."""
    for _ in range(round(seconds * TICK_HZ / WATCH_TICKS)):
        words[TICKS] += WATCH_TICKS
        watch_sensing()
        if words[GIVE_UP] or words[GIVE_UP + 1] or words[LET_GO]:
            give_ports_up()


@pytest.fixture
def sensing(words):
    """The words, with the setting as it comes."""
    words[SENSING_TICKS] = round(SENSING_S * TICK_HZ)
    return words


def test_an_input_that_has_never_sent_fe_may_be_silent_for_ever(sensing):
    receive("90 3C 64")
    wait(sensing, 20)
    assert held(sensing) == [60]


@pytest.mark.parametrize("port", [PORT_DIN, PORT_USB])
def test_after_fe_the_notes_end_330_ms_after_the_last_byte(sensing, port):
    receive("FE 90 3C 64", port)
    wait(sensing, SENSING_S)
    assert held(sensing) == [60]
    wait(sensing, LATE_S)
    assert held(sensing) == []
    assert sensing[PORTS + port * PORT_WORDS + PORT_SENSING_LOST] == 1
    receive("90 3E 64", port)
    wait(sensing, 20)
    assert held(sensing) == [62], "nothing is watched until the next FE"
    receive("FE", port)
    wait(sensing, SENSING_S + LATE_S)
    assert held(sensing) == []


@pytest.mark.parametrize("stream", ["FE", "F8", "90 40 64", "40", "F0", "F7", "B3 01 02", "FD"])
def test_any_byte_arms_it_anew(sensing, stream):
    receive("FE 90 3C 64")
    for _ in range(10):
        wait(sensing, SENSING_S - 0.005)
        receive(stream)
    assert 60 in held(sensing)
    assert sensing[PORTS + PORT_SENSING_LOST] == 0


def test_the_inputs_are_watched_each_for_itself(sensing):
    receive("FE 90 3C 64")
    receive("FE 90 3E 64", PORT_USB)
    note_on(PORT_KEYS, 72)
    for _ in range(3):
        wait(sensing, 0.2)
        receive("FE", PORT_USB)
    assert held(sensing) == [62, 72]
    wait(sensing, 1)
    assert held(sensing) == [72]


def test_both_inputs_may_fall_silent_together(sensing):
    receive("FE 90 3C 64")
    receive("FE 90 3E 64", PORT_USB)
    wait(sensing, SENSING_S + LATE_S)
    assert held(sensing) == []


def test_a_lost_input_forgets_its_half_message_and_its_running_status(sensing):
    receive("FE 90 3C 64 40")
    wait(sensing, 1)
    receive("64 41 64")
    assert held(sensing) == []


def test_the_silence_is_a_setting(sensing):
    sensing[SENSING_TICKS] = 5 * TICK_HZ
    receive("FE 90 3C 64")
    wait(sensing, 5)
    assert held(sensing) == [60]
    wait(sensing, LATE_S)
    assert held(sensing) == []


def test_the_tick_counter_may_wrap_meanwhile(sensing):
    """After three days; as the chip reckons it."""
    watch = compiled("midi_bytes", "watch_sensing")
    sensing[TICKS] = (1 << 31) - 1000
    receive("FE 90 3C 64")
    sensing[TICKS] = -(1 << 31) + 1000
    watch()
    assert held(sensing) == [60]
    sensing[TICKS] = -(1 << 31) + 1700
    watch()
    assert held(sensing) == []


# --- Silence, and streams ---------------------------------------------------------------------------------------


def test_all_sound_off_silences_at_once_what_no_other_input_holds(words):
    note_on(PORT_KEYS, 72)
    receive("90 3C 64")
    words[EG2_LEVEL_Q28] = 1 << 27
    receive("B0 78 00")
    assert (held(words), words[EG2_LEVEL_Q28]) == ([72], 1 << 27)
    note_off(PORT_KEYS, 72)
    words[EG2_HOLD_LEFT_TICKS] = 1000
    receive("B0 78 00")
    assert (words[EG2_LEVEL_Q28], words[EG2_HOLD_LEFT_TICKS]) == (0, 0)


def test_all_sound_off_leaves_what_trig_in_opens(words):
    words[PLUGS_IN] = 1 << IN_PLUG_TRIG
    words[EG2_LEVEL_Q28] = 1 << 27
    receive("B0 78 00")
    assert words[EG2_LEVEL_Q28] == 1 << 27


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
