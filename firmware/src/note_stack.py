"""The notes that are held, in the order they came, and which of them sounds: the last one.

Worked example (last-note priority, single trigger):

    play C4          C4 sounds, the envelopes start
    play E4          E4 sounds, no new trigger: legato
    play G4          G4 sounds
    release E4       G4 still sounds
    release G4       falls back to C4
    release C4       nothing held: the gate ends, pitch and KBD CV stay
    play C4          C4 sounds, the envelopes start

Keys, DIN and USB share the stack, but each holds its own notes: a note-off from the DAW does not lift the
player's finger. An entry is `source << 7 | note`. With 16 notes held, the oldest makes room for the next.
"""

# link: constants

import micropython
from board import CV_KBD_CV_OUT, PITCH_ZERO_VOLT_NOTE
from state import (
    FRAME_CODES,
    GATE,
    KBD_CV_TABLE,
    KEY_PITCH_Q8,
    NOTE_COUNT,
    NOTE_STACK,
    NOTE_STACK_SIZE,
    NOTES_PLAYED,
    RETRIGGER,
    STATE,
)

SOURCE_SHIFT = 7
NOTE_MASK = 0x7F


@micropython.viper
def note_on(source: int, note: int):
    """Hold `note` (0..127) for `source`; it becomes the sounding one."""
    s = ptr32(STATE)
    remove(source, note)
    if s[NOTE_COUNT] == NOTE_STACK_SIZE:
        drop(0)
    if s[NOTE_COUNT] == 0:
        s[RETRIGGER] = 1
    s[NOTE_STACK + s[NOTE_COUNT]] = source << SOURCE_SHIFT | note
    s[NOTE_COUNT] += 1
    s[NOTES_PLAYED] += 1
    sound()


@micropython.viper
def note_off(source: int, note: int):
    """Let go of `note` (0..127) for `source`; one that was not held changes nothing."""
    remove(source, note)
    sound()


@micropython.viper
def all_notes_off(source: int):
    """Let go of everything that `source` holds."""
    s = ptr32(STATE)
    kept = 0
    i = 0
    while i < s[NOTE_COUNT]:
        entry = s[NOTE_STACK + i]
        if entry >> SOURCE_SHIFT != source:
            s[NOTE_STACK + kept] = entry
            kept += 1
        i += 1
    s[NOTE_COUNT] = kept
    sound()


@micropython.viper
def remove(source: int, note: int):
    """Take an entry out of the stack, if it is there."""
    s = ptr32(STATE)
    entry = source << SOURCE_SHIFT | note
    i = 0
    while i < s[NOTE_COUNT]:
        if s[NOTE_STACK + i] == entry:
            drop(i)
            return
        i += 1


@micropython.viper
def drop(index: int):
    """Close the gap at `index`."""
    s = ptr32(STATE)
    last = s[NOTE_COUNT] - 1
    while index < last:
        s[NOTE_STACK + index] = s[NOTE_STACK + index + 1]
        index += 1
    s[NOTE_COUNT] = last


@micropython.viper
def sound():
    """Set gate, pitch and KBD CV from the stack's top. With nothing held only the gate falls: the CV holds."""
    s = ptr32(STATE)
    count = s[NOTE_COUNT]
    if count == 0:
        s[GATE] = 0
        return
    note = s[NOTE_STACK + count - 1] & NOTE_MASK
    s[GATE] = 1
    s[KEY_PITCH_Q8] = (note - PITCH_ZERO_VOLT_NOTE) << 8
    frame = ptr16(FRAME_CODES)
    kbd_cv = ptr16(KBD_CV_TABLE)
    frame[CV_KBD_CV_OUT] = kbd_cv[note]
