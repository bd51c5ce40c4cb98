"""The 37 keys: one row a tick, down at once, up after 5 ms of quiet.

A contact that closes is closed: the first scan that sees it plays the note. A contact that opens may bounce
shut again, so a key counts as up only when its whole row has kept still for KEY_RELEASE_SCANS scans (a row is
seen once every 8 ticks = 1 ms). Diodes in the matrix make any number of keys safe.

What the keys do becomes events in a ring; the note stack takes one a tick, so that an elbow on the keyboard makes no
frame late: a single key's event is taken in the tick that saw it, the last of 37 at once 4.6 ms later.
"""

# link: constants

import micropython
from board import KEY_COLUMNS, KEY_LOWEST_NOTE, KEY_ROWS, TICK_HZ
from midi_numbers import NOTE_OFF, NOTE_ON
from midi_out import key_event
from note_stack import note_off, note_on
from state import (
    KEY_DOWN,
    KEY_EVENT,
    KEY_EVENT_SIZE,
    KEY_NOTE_TAIL,
    KEY_RELEASING,
    KEY_UP_SCANS,
    PORT_KEYS,
    STATE,
)

KEY_RELEASE_MS = 5
KEY_RELEASE_SCANS = KEY_RELEASE_MS * TICK_HZ // (1000 * KEY_ROWS)


# link: inline
@micropython.viper
def row_moved(row: int, columns: int):
    """Take the columns of `row` (bit = down) when they differ from what was accepted or a release is being timed."""
    s = ptr32(STATE)
    down = s[KEY_DOWN + row]
    note = KEY_LOWEST_NOTE + row * KEY_COLUMNS
    # `x & (x ^ y)` is `x & ~y`; viper's ~ would overwrite its operand (tests/unit/test_viper_rules.py).
    pressed = columns & (columns ^ down)
    column = 0
    while pressed:
        if pressed & 1:
            key_event(NOTE_ON, note + column)
        pressed >>= 1
        column += 1
    down |= columns
    releasing = down & (down ^ columns)
    if releasing != s[KEY_RELEASING + row]:
        s[KEY_RELEASING + row] = releasing
        s[KEY_UP_SCANS + row] = 0
    elif releasing:
        s[KEY_UP_SCANS + row] += 1
        if s[KEY_UP_SCANS + row] >= KEY_RELEASE_SCANS:
            s[KEY_RELEASING + row] = 0
            down = columns
            column = 0
            while releasing:
                if releasing & 1:
                    key_event(NOTE_OFF, note + column)
                releasing >>= 1
                column += 1
    s[KEY_DOWN + row] = down


# link: inline
@micropython.viper
def play_key():
    """Give the oldest event that the note stack has not seen to it; called once a tick while there is one."""
    s = ptr32(STATE)
    tail = s[KEY_NOTE_TAIL]
    event = s[KEY_EVENT + tail]
    s[KEY_NOTE_TAIL] = (tail + 1) & (KEY_EVENT_SIZE - 1)
    if event & 0xFF == NOTE_ON:
        note_on(PORT_KEYS, event >> 8)
    else:
        note_off(PORT_KEYS, event >> 8)
