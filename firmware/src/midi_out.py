"""What the keys send: note-on and note-off with velocity 64, explicit in both, on DIN OUT and on USB.

Facts 3.1: `90 kk 40` and `80 kk 40`, never running status, never anything that was received. Key events stand in one
ring: the tick feeds DIN OUT as its transmitter has room, the main loop takes them to USB.
"""

# link: constants

import micropython
from midi_numbers import KEY_VELOCITY
from rp2040 import APB, UART0, UART_DR, UART_FR, UART_FR_TXFF
from state import APB_BASE, DIN_OUT_BYTE, DIN_OUT_TAIL, KEY_EVENT, KEY_EVENT_HEAD, KEY_EVENT_SIZE, STATE

UART0_OFFSET = UART0 - APB
MESSAGE_BYTES = 3


# link: inline
@micropython.viper
def key_event(status: int, note: int):
    """Queue a key's note-on or note-off for the note stack and both outputs."""
    s = ptr32(STATE)
    head = s[KEY_EVENT_HEAD]
    s[KEY_EVENT + head] = note << 8 | status
    s[KEY_EVENT_HEAD] = (head + 1) & (KEY_EVENT_SIZE - 1)


@micropython.viper
def send_din_out():
    """Hand the oldest event to DIN OUT's transmitter, as far as it has room; called while there is one."""
    s = ptr32(STATE)
    uart = ptr32(s[APB_BASE] + UART0_OFFSET)
    event = s[KEY_EVENT + s[DIN_OUT_TAIL]]
    sent = s[DIN_OUT_BYTE]
    while sent < MESSAGE_BYTES and uart[UART_FR] & UART_FR_TXFF == 0:
        byte = event & 0xFF
        if sent == 1:
            byte = event >> 8
        elif sent == 2:
            byte = KEY_VELOCITY
        uart[UART_DR] = byte
        sent += 1
    if sent == MESSAGE_BYTES:
        sent = 0
        s[DIN_OUT_TAIL] = (s[DIN_OUT_TAIL] + 1) & (KEY_EVENT_SIZE - 1)
    s[DIN_OUT_BYTE] = sent
