"""USB-MIDI event packets inside the tick: four bytes each, from the driver's ring to the same messages as DIN's.

A packet's first byte holds cable and code index; the index says how many of the other three count (USB MIDI 1.0,
table 4-1). Whole channel messages take the short way; single bytes, which some hosts send for everything, go through
the byte machine; parts of SysEx and system common pass by, but end that machine's running status as on DIN.

A host can send thirty packets a millisecond. `take_usb` goes on until a mark in the tick, so that a flood never makes a
frame late; what is left waits for the next tick, and when the ring is full the host does. Where the tick has had much to
do before, reading both CV inputs say, it still gets a little time. Pitch bends, which floods are
made of, cost next to nothing where they cannot be heard: in faithful mode, or when the next packet is one too.
"""

# link: constants

import micropython
from board import CLK_SYS_HZ
from midi_bytes import feed
from midi_messages import channel_message
from rp2040 import APB, LDAC_SLICE, PWM, PWM_CTR, PWM_SLICE_BYTES
from state import (
    APB_BASE,
    EXTENDED,
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
    USB_HEAD,
    USB_RING,
    USB_RING_SIZE,
    USB_TAIL,
)

CODE_INDEX_MASK = 0xF
NOTE_OFF = 0x8
PITCH_BEND = 0xE
SINGLE_BYTE = 0xF
SYSEX_END_1 = 0x5  # also the system common messages of one byte
NO_DATA = -1
HEAD_MASK = 0xFF0F
"""Code index and status of a packet, without its cable."""
LDAC_COUNTER = PWM - APB + LDAC_SLICE * PWM_SLICE_BYTES + PWM_CTR
CYCLES_PER_US = CLK_SYS_HZ // 1_000_000
UNTIL_CYCLES = 30 * CYCLES_PER_US
LEAST_CYCLES = 10 * CYCLES_PER_US
LATEST_CYCLES = 44 * CYCLES_PER_US
"""No packet is begun later than 30 us after the tick's edge, or than 10 us after the first, but none after 44 us: the frame
needs another 30, and a note up to 45."""


@micropython.viper
def take_usb():
    """Act on the packets that wait in the ring, as far as the tick has time for them."""
    s = ptr32(STATE)
    ldac = ptr32(s[APB_BASE] + LDAC_COUNTER)
    deaf = s[EXTENDED] ^ 1
    head = s[USB_HEAD]
    tail = s[USB_TAIL]
    passed_by = 0
    until = ldac[0] + LEAST_CYCLES
    if until < UNTIL_CYCLES:
        until = UNTIL_CYCLES
    elif until > LATEST_CYCLES:
        until = LATEST_CYCLES
    while tail != head and ldac[0] < until:
        packet = s[USB_RING + tail]
        following = (tail + 1) & (USB_RING_SIZE - 1)
        if packet & CODE_INDEX_MASK == PITCH_BEND and (
            deaf or (following != head and (s[USB_RING + following] ^ packet) & HEAD_MASK == 0)
        ):
            passed_by += 3
        else:
            usb_packet(tail)
        tail = following
    s[USB_TAIL] = tail
    if passed_by:
        p = ptr32(STATE + (PORTS + PORT_USB * PORT_WORDS) * 4)
        p[PORT_BYTES] += passed_by
        p[PORT_LAST_BYTE_TICK] = s[TICKS]


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
