"""MIDI 1.0 byte machine: turns each input's bytes into whole channel messages. It knows bytes, not music.

Worked example. A sequencer sends `90 3C 64`, a clock `F8`, then `3E 64` (running status), then a SysEx:

    90      status: remember it, forget any half message
    3C      first data byte of two: keep it
    64      second: message 90 3C 64 is whole; the status stays for the next one
    F8      real time: may stand anywhere, touches nothing
    3E 64   data with a running status: message 90 3E 64
    F0 ..   system common: clears the running status; data bytes pass by until the next status

A broken byte may have been anything, so what it belonged to is forgotten. Bytes that were overrun may have held a
note-off, and a line that is held low is a fault of the cable: both end the input's notes. Nothing here can raise or
allocate: it runs inside the tick.
Source: MIDI 1.0 detailed specification, tables I-IV and appendix "running status".
"""

# link: constants

import micropython
from board import KEY_ROWS
from midi_clock import real_time
from midi_extended import reset_controllers
from midi_messages import channel_message, let_go
from midi_numbers import (
    ACTIVE_SENSING,
    CHANNEL_PRESSURE,
    FIRST_REAL_TIME,
    FIRST_STATUS,
    FIRST_SYSTEM,
    KIND_MASK,
    PROGRAM_CHANGE,
)
from rp2040 import UART_ERROR_BITS, UART_ERROR_BREAK, UART_ERROR_OVERRUN
from state import (
    EXTENDED,
    GIVE_UP,
    LET_GO,
    PORT_BREAKS,
    PORT_BYTES,
    PORT_BYTES_BAD,
    PORT_COUNT,
    PORT_DATA_1,
    PORT_LAST_BYTE_TICK,
    PORT_OVERRUNS,
    PORT_SENSING,
    PORT_SENSING_LOST,
    PORT_STATUS,
    PORT_WORDS,
    PORTS,
    SENSING_TICKS,
    STATE,
    TICKS,
)

NO_DATA = -1
WATCH_TICKS = KEY_ROWS
"""The tick looks at active sensing once a round of the key rows."""


@micropython.viper
def feed(port: int, received: int):
    """Take one received character from `port`: bits 0-7 the byte, 8-11 the UART's error flags (PL011 UARTDR)."""
    p = ptr32(STATE + (PORTS + port * PORT_WORDS) * 4)
    p[PORT_BYTES] += 1
    s = ptr32(STATE)
    p[PORT_LAST_BYTE_TICK] = s[TICKS]
    byte = received & 0xFF
    status = p[PORT_STATUS]
    if received & UART_ERROR_BITS:
        line_fault(port, received)
    elif byte < FIRST_STATUS:
        if status:
            kind = status & KIND_MASK
            first = p[PORT_DATA_1]
            if kind == PROGRAM_CHANGE or kind == CHANNEL_PRESSURE:
                first = byte
                byte = 0
            if first < 0:
                p[PORT_DATA_1] = byte
            else:
                p[PORT_DATA_1] = NO_DATA
                channel_message(port, status, first, byte)
    elif byte < FIRST_REAL_TIME:
        p[PORT_DATA_1] = NO_DATA
        if byte >= FIRST_SYSTEM:
            byte = 0
        p[PORT_STATUS] = byte
    elif byte == ACTIVE_SENSING:
        p[PORT_SENSING] = 1
    elif s[EXTENDED]:
        real_time(byte)


@micropython.viper
def line_fault(port: int, received: int):
    """Note a character that came with error flags; what it interrupted is forgotten."""
    p = ptr32(STATE + (PORTS + port * PORT_WORDS) * 4)
    p[PORT_STATUS] = 0
    p[PORT_DATA_1] = NO_DATA
    if received & UART_ERROR_OVERRUN:
        p[PORT_OVERRUNS] += 1
        let_go(port)
    else:
        p[PORT_BYTES_BAD] += 1
    if received & UART_ERROR_BREAK:
        p[PORT_BREAKS] += 1
        let_go(port)


@micropython.viper
def watch_sensing():
    """End the notes of an input that has sent Active Sensing and then fallen silent; called every WATCH_TICKS."""
    s = ptr32(STATE)
    port = 0
    while port < PORT_COUNT:
        p = ptr32(STATE + (PORTS + port * PORT_WORDS) * 4)
        if p[PORT_SENSING] and s[TICKS] - p[PORT_LAST_BYTE_TICK] > s[SENSING_TICKS]:
            reset(port)
            p[PORT_SENSING_LOST] += 1
            let_go(port)
            # Both in one tick would make its frame late: the other is looked at next time.
            return
        port += 1


@micropython.viper
def give_ports_up():
    """End what a port in GIVE_UP holds: a cable is out, the computer asleep, the mode another.

    One thing a call, lest a frame be late: a port's notes, or the pedal and the bend of one in LET_GO.
    """
    s = ptr32(STATE)
    port = 0
    while port < PORT_COUNT:
        if s[GIVE_UP + port]:
            s[GIVE_UP + port] = 0
            reset(port)
            let_go(port)
            return
        port += 1
    port = 0
    while (s[LET_GO] >> port) & 1 == 0:
        port += 1
    s[LET_GO] ^= 1 << port
    reset_controllers(port)


@micropython.viper
def reset(port: int):
    """Forget what `port` has said: its running status, a half message, its active sensing."""
    p = ptr32(STATE + (PORTS + port * PORT_WORDS) * 4)
    p[PORT_STATUS] = 0
    p[PORT_DATA_1] = NO_DATA
    p[PORT_SENSING] = 0
