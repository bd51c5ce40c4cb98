"""USB-MIDI event packets inside the tick: four bytes each, from the driver's ring to the same messages as DIN's.

A packet's first byte holds cable and code index; the index says how many of the other three count (USB MIDI 1.0,
table 4-1). Whole channel messages take the short way; single bytes, which some hosts send for everything, go through
the byte machine; parts of SysEx and system common pass by, but end that machine's running status as on DIN.
"""

# link: constants

import micropython
from midi_bytes import feed
from midi_messages import channel_message
from state import (
    PORT_BYTES,
    PORT_BYTES_BAD,
    PORT_DATA_1,
    PORT_LAST_BYTE_TICK,
    PORT_STATUS,
    PORT_USB,
    PORT_WORDS,
    PORTS,
    STATE,
    TICKS,
    USB_RING,
)

CODE_INDEX_MASK = 0xF
NOTE_OFF = 0x8
PITCH_BEND = 0xE
SINGLE_BYTE = 0xF
SYSEX_END_1 = 0x5  # also the system common messages of one byte
NO_DATA = -1


@micropython.viper
def usb_packet(index: int):
    """Act on packet `index` of the USB ring.

    The index, not the packet, is the argument: a packet may need 31 bits, and an integer of more than 30 would
    have to be allocated on its way through a call.
    """
    s = ptr32(STATE)
    p = ptr32(STATE + (PORTS + PORT_USB * PORT_WORDS) * 4)
    packet = s[USB_RING + index]
    code_index = packet & CODE_INDEX_MASK
    status = (packet >> 8) & 0xFF
    if code_index == SINGLE_BYTE or code_index == SYSEX_END_1:
        feed(PORT_USB, status)
        return
    p[PORT_BYTES] += 3
    p[PORT_LAST_BYTE_TICK] = s[TICKS]
    if code_index < NOTE_OFF:
        p[PORT_STATUS] = 0
        p[PORT_DATA_1] = NO_DATA
    elif status >> 4 == code_index:
        channel_message(PORT_USB, status, (packet >> 16) & 0x7F, (packet >> 24) & 0x7F)
    else:
        p[PORT_BYTES_BAD] += 3
