"""The keys that are down while the instrument starts, read without the tick."""

# link: constants

from board import (
    KEY_COLUMNS,
    KEY_COUNT,
    KEY_ROWS,
    PIN_SHIFT_LATCH,
    PIN_SHIFT_MISO,
    PIN_SHIFT_MOSI,
    PIN_SHIFT_SCK,
    SHIFT_IN_BITS,
    SHIFT_OUT_BITS,
    SHIFT_SPI_HZ,
)
from machine import SPI, Pin

SHIFT_BYTES = SHIFT_OUT_BITS // 8
IN_SHIFT = SHIFT_OUT_BITS - SHIFT_IN_BITS
COLUMNS_MASK = (1 << KEY_COLUMNS) - 1


def keys_down():
    """Bit per key that is down, bit 0 the leftmost. Only while the tick does not run; takes half a millisecond."""
    spi = SPI(
        1,
        baudrate=SHIFT_SPI_HZ,
        sck=Pin(PIN_SHIFT_SCK),
        mosi=Pin(PIN_SHIFT_MOSI),
        miso=Pin(PIN_SHIFT_MISO),
    )
    latch = Pin(PIN_SHIFT_LATCH, Pin.OUT, value=1)
    answer = bytearray(SHIFT_BYTES)

    def transfer(word):
        spi.write_readinto(word.to_bytes(SHIFT_BYTES, "big"), answer)
        latch(0)
        latch(1)
        return int.from_bytes(answer, "big") >> IN_SHIFT

    down = 0
    # A row shifted out shows at the latch's rise; the next rise takes its columns; the transfer after that reads them.
    for step in range(KEY_ROWS + 2):
        columns = transfer(1 << step if step < KEY_ROWS else 0) & COLUMNS_MASK
        if step >= 2:
            down |= columns << (step - 2) * KEY_COLUMNS
    return down & ((1 << KEY_COUNT) - 1)
