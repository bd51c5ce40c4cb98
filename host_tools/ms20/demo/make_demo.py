"""Writes the demonstration tune, first_sound.mid: `python -m ms20.demo.make_demo`.

The score is text, a bar a line and a sixteenth a word:

    D3     a note that is let go before the next one: it triggers the envelopes afresh
    D3~    a note that is held into the next one: a slide, the pitch moves and the envelopes go on
    -      the note before sounds on
    .      rest

Bars 1-4 hop in octaves, so that pitch and envelope are easy to hear; slides break in between. Bar 5 takes
its time: on long notes the envelope opens the filter and lets it come to rest. Bar 6 climbs to the top, runs down and rings out.
"""

from pathlib import Path

import mido

from ms20.demo import TUNE

SCORE = (
    "D3 . D4 . D3 D3 . C4~ D4 - . A3 . F3~ G3 A3",
    "D3 . D4 . D3 . F4~ G4~ A4 - - F4~ D4 . C3 C4",
    "A#2 . A#3 . A#2 A#2 . A3~ A#3 - . F3 . D3~ E3~ F3",
    "C3 . C4 . C3 . E4~ F4~ G4 - - E4~ C4 . A2 A3",
    "D3 - - - D4 - - - A3~ - - - F4 - - -",
    "D3 D4 D5 D4 C4~ A3~ G3~ F3 D3 - - - - - - -",
)
BEATS_A_MINUTE = 104
TICKS_A_BEAT = 480
STEP = TICKS_A_BEAT // 4
LET_GO_EARLY = STEP // 6
"""A plain note ends this many ticks before its time is up."""
SLIDE_OVERLAP = STEP // 3
"""A slid note ends this many ticks after the next one has begun."""
RING_OUT = 2 * TICKS_A_BEAT
"""Silence after the last bar, for the release."""
CHANNEL = 1
VELOCITY = 100

SEMITONES = {
    "C": 0,
    "C#": 1,
    "D": 2,
    "D#": 3,
    "E": 4,
    "F": 5,
    "F#": 6,
    "G": 7,
    "G#": 8,
    "A": 9,
    "A#": 10,
    "B": 11,
}


def note_number(name: str) -> int:
    """Turn a note's name into its MIDI number: C4 is middle C, 60."""
    return SEMITONES[name[:-1]] + 12 * (int(name[-1]) + 1)


def timed_notes(score: tuple[str, ...]) -> list[tuple[int, int, int]]:
    """Read the score into (start tick, end tick, note), in order of start."""
    words = " ".join(score).split()
    notes = []
    for place, word in enumerate(words):
        if word in (".", "-"):
            continue
        until = place + 1
        while until < len(words) and words[until] == "-":
            until += 1
        end = until * STEP + (SLIDE_OVERLAP if word.endswith("~") else -LET_GO_EARLY)
        notes.append((place * STEP, end, note_number(word.rstrip("~"))))
    return notes


def make_tune() -> mido.MidiFile:
    """Build the tune: one track, type 0, channel 1."""
    notes = timed_notes(SCORE)
    events = [(start, "note_on", note) for start, _, note in notes] + [
        (end, "note_off", note) for _, end, note in notes
    ]
    events.sort(key=lambda event: (event[0], event[1]))
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name="First sound"))
    track.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(BEATS_A_MINUTE)))
    now = 0
    for tick, kind, note in events:
        velocity = VELOCITY if kind == "note_on" else 64
        track.append(mido.Message(kind, channel=CHANNEL - 1, note=note, velocity=velocity, time=tick - now))
        now = tick
    end = 16 * len(SCORE) * STEP + RING_OUT
    track.append(mido.MetaMessage("end_of_track", time=end - now))
    tune = mido.MidiFile(type=0, ticks_per_beat=TICKS_A_BEAT)
    tune.tracks.append(track)
    return tune


def write(path: Path = TUNE) -> None:
    """Write the tune's file; the same bytes every time."""
    make_tune().save(str(path))


if __name__ == "__main__":
    write()
