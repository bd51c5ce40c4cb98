"""Note-ons found in a timed MIDI byte stream, with running status, as a receiver on channel 1 hears them."""

from collections.abc import Iterable
from dataclasses import dataclass

NOTE_OFF, NOTE_ON = 0x80, 0x90


@dataclass(frozen=True)
class NoteOn:
    """A note-on of channel 1 with velocity above 0; `t_s` is when its last byte had arrived."""

    t_s: float
    note: int
    velocity: int


def note_ons(timed_bytes: Iterable[tuple[float, int]]) -> list[NoteOn]:
    """Find the channel-1 note-ons (velocity > 0) in (seconds, byte) pairs that are in time order."""
    found: list[NoteOn] = []
    status = 0
    data: list[int] = []
    for t_s, byte in timed_bytes:
        if byte >= 0xF8:
            continue
        if byte >= 0x80:
            status, data = (byte if byte < 0xF0 else 0), []
            continue
        data.append(byte)
        if status >> 4 in (0xC, 0xD) or len(data) == 2:
            if status == NOTE_ON and len(data) == 2 and data[1] > 0:
                found.append(NoteOn(t_s, data[0], data[1]))
            data = []
    return found


def count_note_ons(messages: Iterable[tuple[float, Iterable[int]]]) -> int:
    """Count the channel-1 note-ons in timed messages, taken as one byte stream with running status."""
    return len(note_ons((t_s, byte) for t_s, message in messages for byte in message))
