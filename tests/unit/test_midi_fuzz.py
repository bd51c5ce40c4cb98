"""Ten million bytes through the byte machine, and what they leave held: the same as mido makes of them.

mido's tokenizer reads whole messages only, so `written_out` gives it MIDI 1.0's shorthand in full: real-time bytes,
which may stand anywhere, left out; running status repeated; the two undefined system commons as one that is defined.
That controllers 120 and 123-127 end notes is this instrument's, and stands here.
Each run has a new seed, which a failure shows; MS20_FUZZ_SEED=n repeats one.
"""

import os

import numba
import numpy as np
import pytest
from mido.tokenizer import Tokenizer
from state import (
    EXTENDED,
    FRAME,
    GATE,
    NOTE_COUNT,
    NOTE_STACK,
    NOTE_STACK_SIZE,
    PORT_BYTES,
    PORT_COUNT,
    PORT_DIN,
    PORTS,
    STATE,
    STATE_WORDS,
)
from viper_numba import BYTES, WORDS, compiled, driver

SEED = int(os.environ.get("MS20_FUZZ_SEED", int.from_bytes(os.urandom(4), "little")))
RUNS = 4
BYTES_A_RUN = 2_500_000
CHUNK = 500
ALL_NOTES_OFF = np.array([0xB0, 123, 0], np.int32)
UNTOUCHED = 0xA5
ENDS_NOTES = {120, *range(123, 128)}

feed = compiled("midi_bytes", "feed")
feed_checked = compiled("midi_bytes", "feed", checked=True)


@driver
def held_after_chunks(words, stream, held):
    """Feed it all; after each chunk, the stack's length and entries."""
    for chunk in range(held.shape[0]):
        for i in range(chunk * CHUNK, (chunk + 1) * CHUNK):
            feed(PORT_DIN, stream[i])
        held[chunk, 0] = words[NOTE_COUNT]
        for i in range(words[NOTE_COUNT]):
            held[chunk, 1 + i] = words[NOTE_STACK + i] & 127


@driver
def feed_all_checked(stream, port):
    for i in range(stream.size):
        feed_checked(port, stream[i])


@numba.njit(cache=True)
def mixed_stream(seed, size):
    """Whole and broken messages, half of them of channel 1, with everything in between that MIDI allows, or not."""
    np.random.seed(seed)
    stream = np.zeros(size + 400, np.uint8)
    place = 0
    status = 0
    while place < size:
        kind = np.random.randint(0, 100)
        if kind < 70:
            channel = 0 if np.random.random() < 0.6 else np.random.randint(0, 16)
            new = (0x80 + 16 * np.random.randint(0, 7)) | channel
            if np.random.random() < 0.6:
                new = (0x80 if np.random.random() < 0.5 else 0x90) | channel
            if new != status or np.random.random() < 0.3:
                stream[place] = new
                place += 1
                status = new
            data = 1 if 0xC0 <= status < 0xE0 else 2
            if np.random.random() < 0.1:
                data = np.random.randint(0, data + 1)
            for i in range(data):
                if np.random.random() < 0.15:
                    stream[place] = np.random.randint(0xF8, 0x100)
                    place += 1
                value = np.random.randint(0, 128)
                if i == 0 and status < 0xA0:
                    value = np.random.randint(50, 75)
                elif i == 0 and status & 0xF0 == 0xB0 and np.random.random() < 0.3:
                    value = np.random.randint(118, 128)
                elif i == 1 and np.random.random() < 0.2:
                    value = 0
                stream[place] = value
                place += 1
        elif kind < 80:
            stream[place] = np.random.randint(0xF8, 0x100)
            place += 1
        elif kind < 85:
            stream[place] = 0xF0
            place += 1
            for _ in range(
                np.random.randint(0, 300) if np.random.random() < 0.2 else np.random.randint(0, 9)
            ):
                stream[place] = np.random.randint(0, 128)
                if np.random.random() < 0.05:
                    stream[place] = np.random.randint(0xF8, 0x100)
                place += 1
            if np.random.random() < 0.8:
                stream[place] = 0xF7
                place += 1
            status = 0
        elif kind < 92:
            stream[place] = np.random.randint(0xF0, 0xF8)
            place += 1
            status = 0
        elif kind < 97:
            stream[place] = np.random.randint(0, 128)
            place += 1
        else:
            stream[place] = np.random.randint(0x80, 0xF0)
            status = stream[place]
            place += 1
    return stream[:size]


@numba.njit(cache=True)
def written_out(stream, ends):
    """The same in full, and where each chunk of it ends."""
    full = np.zeros(2 * stream.size, np.uint8)
    place = 0
    status = 0
    missing = 0
    for i in range(stream.size):
        byte = stream[i]
        if byte < 0x80:
            if status and missing == 0:
                full[place] = status
                place += 1
                missing = 1 if 0xC0 <= status < 0xE0 else 2
            full[place] = byte
            place += 1
            missing -= 1 if status else 0
        elif byte < 0xF0:
            status = byte
            missing = 1 if 0xC0 <= status < 0xE0 else 2
            full[place] = byte
            place += 1
        elif byte < 0xF8:
            status = 0
            full[place] = 0xF6 if byte == 0xF4 or byte == 0xF5 else byte
            place += 1
        if i % CHUNK == CHUNK - 1:
            ends[i // CHUNK] = place
    return full[:place]


def heard_by_mido(stream):
    """After each chunk, the notes that channel 1 holds, oldest first."""
    ends = np.zeros(stream.size // CHUNK, np.int64)
    full = written_out(stream, ends).tobytes()
    tokenizer = Tokenizer()
    held = []
    start = 0
    for end in ends:
        tokenizer.feed(full[start:end])
        start = end
        for status, *data in tokenizer:
            if status in (0x80, 0x90):
                note, velocity = data
                if note in held:
                    held.remove(note)
                if status == 0x90 and velocity:
                    held.append(note)
                    del held[:-NOTE_STACK_SIZE]
            elif status == 0xB0 and data[0] in ENDS_NOTES:
                held.clear()
        yield held


@pytest.mark.parametrize("run", range(RUNS))
def test_ten_million_bytes_leave_held_what_mido_hears(words, run):
    """Two runs of random bytes, two of everything that MIDI allows, in disorder."""
    seed = (SEED + run) & 0xFFFF_FFFF
    print(f"MS20_FUZZ_SEED={SEED}, run {run}")
    if run % 2:
        stream = mixed_stream(seed, BYTES_A_RUN)
    else:
        stream = np.random.default_rng(seed).integers(0, 256, BYTES_A_RUN, np.uint8)
    held = np.zeros((BYTES_A_RUN // CHUNK, 1 + NOTE_STACK_SIZE), np.int32)
    held_after_chunks(WORDS, stream, held)
    sizes = set()
    for chunk, (expected, (count, *notes)) in enumerate(
        zip(heard_by_mido(stream), held.tolist(), strict=True)
    ):
        assert notes[:count] == expected, f"after byte {(chunk + 1) * CHUNK}"
        sizes.add(count)
    assert len(sizes) > 5, "the stream has played notes"
    assert words[PORTS + PORT_BYTES] == BYTES_A_RUN
    feed_all_checked(ALL_NOTES_OFF, PORT_DIN)
    assert words[GATE] == 0


@pytest.mark.parametrize("extended", [0, 1])
def test_a_million_bytes_with_line_faults_stay_in_their_memory_and_end_with_all_notes_off(words, extended):
    """In both modes, on both inputs; `checked` raises where a pointer would leave the tick's memory."""
    print(f"MS20_FUZZ_SEED={SEED}")
    random = np.random.default_rng(SEED)
    words[EXTENDED] = extended
    unused = BYTES[4 * STATE_WORDS : FRAME - STATE]
    unused[:] = UNTOUCHED
    for port in range(PORT_COUNT):
        received = mixed_stream((SEED + port) & 0xFFFF_FFFF, 500_000).astype(np.int32)
        received |= np.where(
            random.random(received.size) < 0.01, random.integers(1, 16, received.size) << 8, 0
        )
        feed_all_checked(received, port)
    for port in range(PORT_COUNT):
        feed_all_checked(ALL_NOTES_OFF, port)
    assert (words[GATE], words[NOTE_COUNT]) == (0, 0)
    assert set(unused.tolist()) == {UNTOUCHED}
