"""What a whole MIDI message means to this instrument: notes and silence on channel 1, nothing else.

The receive table of the MS-20 Mini (MIDI implementation 1.0, facts 3.1): note on, note off, note on with
velocity 0, and controllers 120 and 123-127, each of which ends all notes whatever its value. Everything else
passes by. Source: MIDI 1.0 specification, table II.
"""

# link: constants

import micropython
from note_stack import all_notes_off, note_off, note_on
from state import EG2_LEVEL_Q28, MIDI_ACTIVITY, PORT_USB, STATE, USB_RING

NOTE_OFF_CHANNEL_1 = 0x80
NOTE_ON_CHANNEL_1 = 0x90
CONTROL_CHANGE_CHANNEL_1 = 0xB0
ALL_SOUND_OFF = 120
FIRST_NOTES_OFF_MODE = 123  # 123-127: all notes off, omni off/on, mono, poly

CIN_NOTE_OFF = 0x8
CIN_CONTROL_CHANGE = 0xB


@micropython.viper
def channel_message(port: int, status: int, data_1: int, data_2: int):
    """Act on one channel message from `port`; data bytes are 0..127."""
    s = ptr32(STATE)
    if status == NOTE_ON_CHANNEL_1:
        s[MIDI_ACTIVITY] += 1
        if data_2:
            note_on(port, data_1)
        else:
            note_off(port, data_1)
    elif status == NOTE_OFF_CHANNEL_1:
        s[MIDI_ACTIVITY] += 1
        note_off(port, data_1)
    elif status == CONTROL_CHANGE_CHANNEL_1:
        if data_1 == ALL_SOUND_OFF:
            all_notes_off(port)
            s[EG2_LEVEL_Q28] = 0
        elif data_1 >= FIRST_NOTES_OFF_MODE:
            all_notes_off(port)


@micropython.viper
def usb_packet(index: int):
    """Act on packet `index` of the USB ring: byte 0 cable and code index, bytes 1-3 the message (USB-MIDI 1.0, 4).

    The index, not the packet, is the argument: a packet may need 31 bits, and an integer of more than 30 would
    have to be allocated on its way through a call.
    """
    s = ptr32(STATE)
    packet = s[USB_RING + index]
    code_index = packet & 0xF
    # Channel messages with two data bytes; anything else on USB means nothing to the Mini.
    if code_index >= CIN_NOTE_OFF and code_index <= CIN_CONTROL_CHANGE:
        channel_message(PORT_USB, (packet >> 8) & 0xFF, (packet >> 16) & 0x7F, (packet >> 24) & 0x7F)
