"""MIDI 1.0 byte machine: turns each input's bytes into whole channel messages. It knows bytes, not music.

Worked example. A sequencer sends `90 3C 64`, a clock `F8`, then `3E 64` (running status), then a SysEx:

    90      status: remember it, forget any half message
    3C      first data byte of two: keep it
    64      second: message 90 3C 64 is whole; the status stays for the next one
    F8      real time: may stand anywhere, touches nothing
    3E 64   data with a running status: message 90 3E 64
    F0 ..   system common: clears the running status; data bytes pass by until the next status

Nothing here can raise or allocate: it runs inside the tick.
Source: MIDI 1.0 detailed specification, tables I-IV and appendix "running status".
"""

# link: constants

import micropython
from midi_messages import channel_message
from rp2040 import UART_ERROR_BITS
from state import (
    PORT_BYTES,
    PORT_BYTES_BAD,
    PORT_DATA_1,
    PORT_LAST_BYTE_TICK,
    PORT_SENSING,
    PORT_STATUS,
    PORT_WORDS,
    PORTS,
    STATE,
    TICKS,
)

NO_DATA = -1
FIRST_STATUS = 0x80
FIRST_SYSTEM = 0xF0
FIRST_REAL_TIME = 0xF8
ACTIVE_SENSING = 0xFE


@micropython.viper
def feed(port: int, received: int):
    """Take one received character from `port`: bits 0-7 the byte, 8-11 the UART's error flags (PL011 UARTDR)."""
    p = ptr32(STATE + (PORTS + port * PORT_WORDS) * 4)
    p[PORT_BYTES] += 1
    s = ptr32(STATE)
    p[PORT_LAST_BYTE_TICK] = s[TICKS]
    if received & UART_ERROR_BITS:
        # A byte with a broken frame may be anything; a wrong status would turn data into notes.
        p[PORT_BYTES_BAD] += 1
        p[PORT_STATUS] = 0
        p[PORT_DATA_1] = NO_DATA
        return
    byte = received & 0xFF
    if byte >= FIRST_REAL_TIME:
        if byte == ACTIVE_SENSING:
            p[PORT_SENSING] = 1
        return
    if byte >= FIRST_SYSTEM:
        p[PORT_STATUS] = 0
        p[PORT_DATA_1] = NO_DATA
        return
    if byte >= FIRST_STATUS:
        p[PORT_STATUS] = byte
        p[PORT_DATA_1] = NO_DATA
        return
    status = p[PORT_STATUS]
    if status == 0:
        return
    kind = status & 0xF0
    if kind == 0xC0 or kind == 0xD0:
        channel_message(port, status, byte, 0)
        return
    first = p[PORT_DATA_1]
    if first < 0:
        p[PORT_DATA_1] = byte
        return
    p[PORT_DATA_1] = NO_DATA
    channel_message(port, status, first, byte)


@micropython.viper
def reset(port: int):
    """Forget what `port` has said: its running status, a half message, its active sensing."""
    p = ptr32(STATE + (PORTS + port * PORT_WORDS) * 4)
    p[PORT_STATUS] = 0
    p[PORT_DATA_1] = NO_DATA
    p[PORT_SENSING] = 0
