"""Reads a Standard MIDI File into timed raw messages, with the tempo map worked in."""

import struct
from dataclasses import dataclass
from pathlib import Path

import mido

from ms20.errors import ExitCode, Ms20Error

DEFAULT_TEMPO_US = 500_000
"""Microseconds a quarter note until the file says otherwise: 120 beats a minute."""
LONGEST_S = 24 * 3600.0
"""A longer file is taken for a damaged one."""
AGAIN = "export it again from the program it comes from"

_DAMAGE = (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error, mido.KeySignatureError)
"""What mido raises on bytes that make no sense."""


@dataclass(frozen=True)
class NoteSpan:
    """One note from its note-on to its note-off (or the tune's end), in seconds from the tune's start."""

    start_s: float
    end_s: float
    note: int


@dataclass(frozen=True)
class MidiTune:
    """A MIDI file as a receiver hears it.

    `messages` are (seconds, raw bytes) in time order, of every channel, system exclusive ones too, without meta
    messages. `duration_s` reaches to the last end of a track; `channels_with_notes` counts channels from 1.
    """

    path: Path
    messages: tuple[tuple[float, bytes], ...]
    duration_s: float
    channels_with_notes: tuple[int, ...]

    def notes(self, channel: int = 1) -> list[NoteSpan]:
        """Notes of one channel (1-16) in the order in which they begin."""
        begun: dict[int, list[int]] = {}
        spans: list[NoteSpan] = []
        for time_s, message in self.messages:
            if message[0] not in (0x80 | channel - 1, 0x90 | channel - 1):
                continue
            note = message[1]
            if message[0] >= 0x90 and message[2] > 0:
                begun.setdefault(note, []).append(len(spans))
                spans.append(NoteSpan(time_s, max(time_s, self.duration_s), note))
            elif begun.get(note):
                place = begun[note].pop(0)
                spans[place] = NoteSpan(spans[place].start_s, time_s, note)
        return spans


def load_notes(path: Path, channel: int = 1) -> MidiTune:
    """Read a type 0 or type 1 Standard MIDI File whose `channel` (1-16) has at least one note.

    Raises `Ms20Error` with exit code NO_SUCH_FILE, NOT_A_MIDI_FILE, TRUNCATED_MIDI_FILE or NO_NOTES.
    """
    file = _open(path)
    if file.type not in (0, 1, 2):
        raise _damaged(path, f"there is no type {file.type}")
    if file.type == 2:
        raise Ms20Error(
            f"{path} is a type 2 MIDI file: independent patterns, not one tune.",
            "save it as type 0 or type 1 in the program it comes from",
            ExitCode.NOT_A_MIDI_FILE,
        )
    # (tick, message); the sort is stable: at the same tick the order of tracks, and within them of messages, holds.
    events: list[tuple[int, mido.Message | mido.MetaMessage]] = []
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            events.append((tick, message))
    events.sort(key=lambda event: event[0])

    clock = _Clock(file.ticks_per_beat, path)
    messages: list[tuple[float, bytes]] = []
    channels: set[int] = set()
    time_s = 0.0
    for tick, message in events:
        time_s = clock.seconds(tick)
        if time_s > LONGEST_S:
            raise _damaged(path, "it lasts more than a day")
        if message.type == "set_tempo":
            clock.set_tempo(tick, message.tempo)
        if message.is_meta:
            continue
        if message.type == "note_on" and message.velocity > 0:
            channels.add(message.channel + 1)
        messages.append((time_s, bytes(message.bytes())))
    if channel not in channels:
        _raise_no_notes(path, channel, sorted(channels))
    return MidiTune(path, tuple(messages), time_s, tuple(sorted(channels)))


class _Clock:
    """Turns ticks, asked for in rising order, into seconds."""

    def __init__(self, division: int, path: Path) -> None:
        self._from_tick = 0
        self._from_s = 0.0
        self._fixed = division < 0
        if self._fixed:  # SMPTE: minus frames a second in the high byte, ticks a frame in the low one
            frames, ticks = -(division >> 8), division & 0xFF
            rate = 30_000 / 1001 if frames == 29 else float(frames)
            self._ticks_per_second = rate * ticks
        else:
            self._division = division
            self._ticks_per_second = division * 1e6 / DEFAULT_TEMPO_US
        if self._ticks_per_second <= 0:
            raise _damaged(path, "its header counts no ticks")

    def seconds(self, tick: int) -> float:
        ticks = min(tick - self._from_tick, 1 << 62)  # a damaged file may count beyond what a float holds
        return self._from_s + ticks / self._ticks_per_second

    def set_tempo(self, tick: int, tempo_us: int) -> None:
        if self._fixed or tempo_us == 0:
            return
        self._from_s, self._from_tick = self.seconds(tick), tick
        self._ticks_per_second = self._division * 1e6 / tempo_us


def _open(path: Path) -> mido.MidiFile:
    if not path.is_file():
        raise Ms20Error(
            f"There is no file {path}.", "check the name, or the folder you are in", ExitCode.NO_SUCH_FILE
        )
    try:
        head = path.read_bytes()[:4]
    except OSError as error:
        raise Ms20Error(f"{path} cannot be read: {error.strerror}.", "", ExitCode.NO_SUCH_FILE) from error
    if head != b"MThd":
        raise Ms20Error(
            f"{path} is not a MIDI file.",
            "a Standard MIDI File, usually named .mid",
            ExitCode.NOT_A_MIDI_FILE,
        )
    try:
        return mido.MidiFile(path)
    except EOFError as error:
        raise Ms20Error(
            f"The MIDI file {path} breaks off early.", AGAIN, ExitCode.TRUNCATED_MIDI_FILE
        ) from error
    except _DAMAGE as error:
        raise _damaged(path, str(error).rstrip(".")) from error


def _damaged(path: Path, what: str) -> Ms20Error:
    return Ms20Error(f"{path} is a damaged MIDI file: {what}.", AGAIN, ExitCode.NOT_A_MIDI_FILE)


def _raise_no_notes(path: Path, channel: int, others: list[int]) -> None:
    if not others:
        raise Ms20Error(
            f"{path} has no notes at all.", "a MIDI file with notes on channel 1", ExitCode.NO_NOTES
        )
    names = (
        " and ".join([", ".join(map(str, others[:-1])), str(others[-1])])
        if len(others) > 1
        else str(others[0])
    )
    where = "channels " + names if len(others) > 1 else "channel " + names
    raise Ms20Error(
        f"{path} has no notes on channel {channel}; its notes are on {where}.",
        f"the instrument listens to channel {channel} only: move a part there in the program it comes from",
        ExitCode.NO_NOTES,
    )
