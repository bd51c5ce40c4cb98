"""What numba compiles computes what the stand-in and the chip compute."""

import numpy as np
import pytest
import viper_refused
import viper_samples
from hypothesis import given, settings
from numba import int32, int64
from state import NOTE_COUNT, PORT_DIN, PORT_KEYS, STATE
from viper_agreement import Comparison, memories
from viper_numba import (
    BYTES,
    HALVES,
    WORDS,
    UntranslatableError,
    compiled,
    driver,
    import_module,
    peek32,
    poke32,
    viper_names,
)

NOT_COMPILED = {
    "tick.tick": "hardware",
    "jack_stream.read_jacks": "hardware",
    "trig_in.confirm": "hardware",
    "midi_out.send_din_out": "hardware",
    "midi_usb.take_usb": "hardware",
    "usb_midi.frame_moved": "hardware",
    "usb_midi.hold_usb": "hardware",
    "usb_midi.let_usb_go": "hardware",
    "dma.ring_head": "hardware",
    "tick_entry._stack_limit": "hardware",
}
"""Viper functions of the firmware that cannot run without the chip, and the word in the message that says why."""
EXAMPLES = 60
ROUNDS = 20
"""Memories are random, and some functions object to most of them: so often new ones are tried until one runs."""


def agree(function, examples):
    comparison = Comparison(function)
    results = 0

    @settings(max_examples=examples)
    @given(memories, comparison.arguments)
    def compare(memory, arguments):
        nonlocal results
        results += comparison.check(memory, arguments)

    for _ in range(ROUNDS):
        if not results:
            compare()
    assert results, "every example ended in an objection: nothing was compared"


@pytest.mark.parametrize("function", viper_samples.SAMPLES, ids=lambda f: f.__name__)
def test_every_construct_agrees_with_the_stand_in(function):
    agree(function, 4 * EXAMPLES)


@pytest.mark.parametrize("function", viper_samples.BUFFER_SAMPLES, ids=lambda f: f.__name__)
def test_buffers_agree_with_the_stand_in(function):
    agree(function, EXAMPLES)


@pytest.mark.parametrize("name", [name for name in viper_names() if name not in NOT_COMPILED])
def test_the_firmware_agrees_with_the_stand_in(name):
    module, _, function = name.rpartition(".")
    agree(getattr(import_module(module), function), EXAMPLES)


@pytest.mark.parametrize(("name", "reason"), NOT_COMPILED.items())
def test_what_is_not_compiled_says_why(name, reason):
    if name not in viper_names():
        pytest.fail(f"{name} is gone: take it off the list")
    with pytest.raises(UntranslatableError, match=reason):
        compiled(*name.split(".")).source  # noqa: B018


def test_the_whole_tick_compiles_if_a_test_plays_the_hardware():
    def read_register(address):
        return address

    def write_register(value, address):
        pass

    hooks = {"read_register": read_register, "write_register": write_register}
    tick = compiled("tick", "tick", overrides=hooks)
    assert "midi_bytes.feed" in tick.parts.texts
    assert set(tick.njit.signatures) == {(int64, int32)}


@pytest.mark.parametrize(
    ("function", "reason"), viper_refused.REFUSED.items(), ids=lambda p: getattr(p, "__name__", "")
)
def test_what_viper_or_the_rules_forbid_is_refused(function, reason):
    with pytest.raises(UntranslatableError, match=reason):
        compiled(function.__module__, function.__name__)(1)


def test_sums_wrap_as_the_chips_do():
    """sums(a, b) is (a + 3b - (a - b) + ab - 16b) * 7, in 32 bits."""
    a, b = 0x7FFF_FFF0, 0x1234_5678
    total = (4 * b + a * b - 16 * b) * 7 & 0xFFFF_FFFF
    assert compiled("viper_samples", "sums")(a, b) == total - (total >> 31 << 32)
    with pytest.raises(OverflowError, match=r"viper_samples\.py:\d+, sums"):
        compiled("viper_samples", "sums", exact=True)(a, b)


def test_arguments_are_cut_to_32_bits():
    is_more = compiled("viper_samples", "is_more")
    assert is_more(0xFFFF_FFFF, 0) == 0
    assert is_more(1 << 32 | 5, 4) == 1


def test_it_works_on_the_stand_ins_memory(words):
    """Prepare with the stand-in, run compiled, read with the stand-in; the views show the same bytes."""
    words[NOTE_COUNT] = 1
    words[NOTE_COUNT + 1] = 60
    compiled("note_stack", "note_on")(PORT_KEYS, 64)
    assert words[NOTE_COUNT] == WORDS[NOTE_COUNT] == HALVES[2 * NOTE_COUNT] == BYTES[4 * NOTE_COUNT] == 2
    assert peek32(STATE + 4 * NOTE_COUNT) == 2
    poke32(-1, STATE + 4 * NOTE_COUNT)
    assert words[NOTE_COUNT] == -1


@pytest.mark.parametrize(("index", "value"), [(-1, 0), (1024, 0), (1 << 29, 0)])
def test_checked_names_who_leaves_the_bank(index, value):
    with pytest.raises(IndexError, match=r"viper_samples\.py:\d+, wanders.*outside its memory"):
        compiled("viper_samples", "wanders", checked=True)(index, value)


def test_checked_objects_to_what_the_chip_cannot_load():
    with pytest.raises(IndexError, match="not aligned"):
        compiled("viper_samples", "odd_address", checked=True)(2)


def test_checked_knows_a_buffers_end():
    copy = compiled("viper_samples", "copy_words", checked=True)
    buffer = bytearray(b"\x07\x00\x00\x00" * 4)
    copy(buffer, 4)
    assert list(WORDS[:5]) == [7, 7, 7, 7, 0]
    assert buffer[:2] == b"\x07\x08"
    with pytest.raises(IndexError, match=r"copy_words.*outside its memory"):
        copy(buffer, 5)
    copy(bytes(buffer), 4)
    copy(np.arange(4, dtype=np.int32), 4)
    assert list(WORDS[:4]) == [0, 1, 2, 3]


def test_exact_objects_to_an_argument_that_would_be_allocated():
    """`calls` hands b on in a real call to sums and in one to twice, whose body stands in line in the image."""
    calls = compiled("viper_samples", "calls", exact=True)
    with pytest.raises(MemoryError, match=r"calls.*more than 31 bits"):
        calls(1, 1 << 30)
    with pytest.raises(OverflowError, match="twice"):
        calls(-(1 << 30), 1 << 29)


feed = compiled("midi_bytes", "feed")


@driver
def feed_all(words, stream, notes):
    for i in range(stream.size):
        feed(PORT_DIN, stream[i])
        notes[i] = words[NOTE_COUNT]


def test_a_driver_runs_a_loop_in_compiled_code(words):
    stream = np.frombuffer(bytes.fromhex("90 3C 64 3E 64 80 3C 00"), np.uint8)
    notes = np.zeros(stream.size, np.uint8)
    feed_all(WORDS, stream, notes)
    assert list(notes) == [0, 0, 1, 1, 2, 2, 2, 1]
    assert words[NOTE_COUNT] == 1


def test_a_driver_refuses_a_modules_array():
    table = np.zeros(4)

    @driver
    def reads(index):
        return table[index]

    with pytest.raises(TypeError, match="table is a ndarray: pass it as an argument"):
        reads(1)


def test_an_override_takes_a_functions_place(words):
    place = STATE + 4 * 1000

    def note_on(source, note):
        poke32(peek32(place) + (source << 8 | note), place)

    heard = compiled("midi_bytes", "feed", overrides={"note_on": note_on})
    for byte in bytes.fromhex("90 3C 64 3E 64"):
        heard(PORT_DIN, byte)
    assert words[1000] == PORT_DIN + 0x3C + 0x3E
    assert words[NOTE_COUNT] == 0


def test_hardware_can_be_played_by_a_test(words):
    """`echo` sends each byte back plus one while the receiver says that there is one, then sets a bit of UART's."""
    left, sent, base = 1000, 1001, 0x4000_0000

    def read_register(address):
        if address == base + 8 + 24:
            return peek32(STATE + 4 * left) > 0
        if address == base + 8:
            poke32(peek32(STATE + 4 * left) - 1, STATE + 4 * left)
            return peek32(STATE + 4 * left) + 100
        return 0x10

    def write_register(value, address):
        if address == base + 8:
            poke32(peek32(STATE + 4 * sent) * 1000 + value, STATE + 4 * sent)
        else:
            poke32(value, STATE + 4 * (sent + 1))

    words[0], words[left] = base, 3
    hooks = {"read_register": read_register, "write_register": write_register}
    compiled("viper_samples", "echo", overrides=hooks)(None)
    assert words[left] == 0
    assert words[sent] == 103_102_101
    assert words[sent + 1] == 0x14


def test_a_changed_callee_gives_its_callers_new_files():
    """What a file's name stands for contains the names of the files below it."""
    source = compiled("midi_bytes", "feed").source
    callee = compiled("midi_messages", "channel_message")
    assert f"# channel_message is midi_messages.channel_message {callee.parts.digest}" in source
    assert callee.parts.digest != compiled("midi_messages", "channel_message", checked=True).parts.digest
