"""The notes that are held, in the order they came, and which of them sounds.

Worked example (last-note priority, single trigger: the defaults):

    play C4          C4 sounds, the envelopes start
    play E4          E4 sounds, no new trigger: legato
    play G4          G4 sounds
    release E4       G4 still sounds
    release G4       falls back to C4
    release C4       nothing held: the gate ends, pitch and KBD CV stay
    play C4          C4 sounds, the envelopes start

With low or high priority the lowest or highest held note sounds, whenever it came. With multiple trigger every note
that begins to sound by being played starts the envelopes; one that the stack falls back to does not.

Keys, DIN and USB share the stack, but each holds its own notes: a note-off from the DAW does not lift the
player's finger. An entry is `LIFTED | source << 7 | note`; LIFTED marks a note whose key is up and which only the
source's sustain pedal holds (extended mode). With 16 notes held, the oldest makes room for the next.
"""

# link: constants

import micropython
from board import CV_KBD_CV_OUT, PITCH_ZERO_VOLT_NOTE
from state import (
    FRAME_CODES,
    GATE,
    KBD_CV_TABLE,
    MULTI_TRIGGER,
    NOTE_COUNT,
    NOTE_PRIORITY,
    NOTE_STACK,
    NOTE_STACK_SIZE,
    NOTES_PLAYED,
    PEDALS,
    PRIORITY_LAST,
    PRIORITY_LOW,
    RETRIGGER,
    SOUNDING,
    STATE,
    TARGET_Q20,
)

SOURCE_SHIFT = 7
NOTE_MASK = 0x7F
ENTRY_MASK = 0x1FF
LIFTED = 0x200
NOTHING = -1
SEMITONE_Q20_SHIFT = 20


@micropython.viper
def note_on(source: int, note: int):
    """Hold `note` (0..127) for `source`."""
    s = ptr32(STATE)
    entry = source << SOURCE_SHIFT | note
    remove(entry)
    if s[NOTE_COUNT] == NOTE_STACK_SIZE:
        drop(0)
    if s[NOTE_COUNT] == 0:
        s[RETRIGGER] = 1
    s[NOTE_STACK + s[NOTE_COUNT]] = entry
    s[NOTE_COUNT] += 1
    s[NOTES_PLAYED] += 1
    sound()
    if s[MULTI_TRIGGER] and s[SOUNDING] == entry:
        s[RETRIGGER] = 1


@micropython.viper
def note_off(source: int, note: int):
    """Let go of `note` (0..127) for `source`; one that was not held changes nothing."""
    s = ptr32(STATE)
    entry = source << SOURCE_SHIFT | note
    if (s[PEDALS] >> source) & 1:
        i = 0
        while i < s[NOTE_COUNT]:
            if s[NOTE_STACK + i] == entry:
                s[NOTE_STACK + i] = entry | LIFTED
            i += 1
    else:
        remove(entry)
        sound()


@micropython.viper
def all_notes_off(source: int):
    """Let go of everything that `source` holds, by key or by pedal."""
    keep(source, 0)


@micropython.viper
def pedal(source: int, down: int):
    """Press the sustain pedal of `source` (`down` = 1), or let it up and with it the notes that only it held."""
    s = ptr32(STATE)
    bit = 1 << source
    if down:
        s[PEDALS] |= bit
    elif s[PEDALS] & bit:
        s[PEDALS] ^= bit
        keep(source, LIFTED)


@micropython.viper
def keep(source: int, lifted: int):
    """Take the entries of `source` out of the stack: all of them, or (`lifted` = LIFTED) those whose key is up."""
    s = ptr32(STATE)
    kept = 0
    i = 0
    while i < s[NOTE_COUNT]:
        entry = s[NOTE_STACK + i]
        if (entry & ENTRY_MASK) >> SOURCE_SHIFT != source or entry & lifted != lifted:
            s[NOTE_STACK + kept] = entry
            kept += 1
        i += 1
    s[NOTE_COUNT] = kept
    sound()


# link: inline
@micropython.viper
def remove(entry: int):
    """Take an entry out of the stack, if it is there."""
    s = ptr32(STATE)
    count = s[NOTE_COUNT]
    i = 0
    while i < count and s[NOTE_STACK + i] & ENTRY_MASK != entry:
        i += 1
    if i < count:
        drop(i)


# link: inline
@micropython.viper
def drop(index: int):
    """Close the gap at `index`."""
    s = ptr32(STATE)
    last = s[NOTE_COUNT] - 1
    while index < last:
        s[NOTE_STACK + index] = s[NOTE_STACK + index + 1]
        index += 1
    s[NOTE_COUNT] = last


# link: inline
@micropython.viper
def sound():
    """Set gate, pitch and KBD CV from the stack. With nothing held only the gate falls: the CV holds."""
    s = ptr32(STATE)
    i = s[NOTE_COUNT] - 1
    if i < 0:
        s[GATE] = 0
        s[SOUNDING] = NOTHING
    else:
        chosen = s[NOTE_STACK + i]
        note = chosen & NOTE_MASK
        priority = s[NOTE_PRIORITY]
        if priority != PRIORITY_LAST:
            low = 1 if priority == PRIORITY_LOW else 0
            while i:
                i -= 1
                other = s[NOTE_STACK + i] & NOTE_MASK
                if other != note and (1 if other < note else 0) == low:
                    chosen = s[NOTE_STACK + i]
                    note = other
        s[GATE] = 1
        s[SOUNDING] = chosen & ENTRY_MASK
        s[TARGET_Q20] = (note - PITCH_ZERO_VOLT_NOTE) << SEMITONE_Q20_SHIFT
        frame = ptr16(FRAME_CODES)
        kbd_cv = ptr16(KBD_CV_TABLE)
        frame[CV_KBD_CV_OUT] = kbd_cv[note]
