"""What a whole MIDI message means to this instrument: notes and silence on channel 1.

The receive table of the MS-20 Mini (MIDI implementation 1.0, facts 3.1): note on, note off, note on with
velocity 0, and controllers 120 and 123-127, each of which ends all notes whatever its value. In the default,
faithful mode everything else passes by; in extended mode what is not in that table goes on to midi_extended.py.
Source: MIDI 1.0 specification, table II.
"""

# link: constants

import micropython
from board import IN_PLUG_TRIG
from midi_extended import extended_message, velocity
from midi_numbers import (
    CC_ALL_SOUND_OFF,
    CC_FIRST_NOTES_OFF,
    CC_RESET_CONTROLLERS,
    CHANNEL_MASK,
    CONTROL_CHANGE,
    NOTE_OFF,
    NOTE_ON,
)
from note_stack import all_notes_off, note_off, note_on
from state import (
    EG2_HOLD_LEFT_TICKS,
    EG2_LEVEL_Q28,
    EG2_STAGE,
    EXTENDED,
    GATE,
    KEY_GATE,
    LET_GO,
    MIDI_ACTIVITY,
    PLUGS_IN,
    RETRIGGER,
    STATE,
)

RELEASED = 0  # of envelope.py


# link: inline
@micropython.viper
def channel_message(port: int, status: int, data_1: int, data_2: int):
    """Act on one channel message from `port`; data bytes are 0..127."""
    s = ptr32(STATE)
    if status == NOTE_ON and data_2:
        s[MIDI_ACTIVITY] += 1
        if s[EXTENDED]:
            velocity(data_2)
        note_on(port, data_1)
    elif status == NOTE_ON or status == NOTE_OFF:
        s[MIDI_ACTIVITY] += 1
        note_off(port, data_1)
    elif status & CHANNEL_MASK == 0:
        if status == CONTROL_CHANGE and data_1 >= CC_ALL_SOUND_OFF and data_1 != CC_RESET_CONTROLLERS:
            mode_message(port, data_1)
        elif s[EXTENDED]:
            s[MIDI_ACTIVITY] += 1
            extended_message(port, status, data_1, data_2)


@micropython.viper
def mode_message(port: int, controller: int):
    """Act on controllers 120 and 122-127: 122, local control, is not the Mini's; all others end the port's notes."""
    s = ptr32(STATE)
    if controller >= CC_FIRST_NOTES_OFF or controller == CC_ALL_SOUND_OFF:
        s[MIDI_ACTIVITY] += 1
        all_notes_off(port)
        if controller == CC_ALL_SOUND_OFF:
            fall_silent()


@micropython.viper
def fall_silent():
    """Close the VCA at once, release and HOLD included, unless another source still holds a note."""
    s = ptr32(STATE)
    if s[GATE] or s[PLUGS_IN] & (1 << IN_PLUG_TRIG):
        return
    s[RETRIGGER] = 0
    s[KEY_GATE] = 0
    s[EG2_HOLD_LEFT_TICKS] = 0
    s[EG2_STAGE] = RELEASED
    s[EG2_LEVEL_Q28] = 0


@micropython.viper
def let_go(port: int):
    """End all that `port` holds, after a fault: its notes now, and (give_ports_up) its pedal and its bend soon.

    Both at once, beside a note from the other port, would make a frame late.
    """
    s = ptr32(STATE)
    all_notes_off(port)
    if s[EXTENDED]:
        s[LET_GO] |= 1 << port
