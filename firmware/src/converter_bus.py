"""SPI0, which the DAC and the jack ADC share, set to a rate and mode before each use outside the tick."""

# link: constants

from board import PIN_CONVERTER_MISO, PIN_CONVERTER_MOSI, PIN_CONVERTER_SCK
from machine import SPI, Pin


def converter_spi(hz, mode):
    """Return SPI0 at `hz` (the nearest rate not above it) in SPI mode 0-3, 8-bit words."""
    return SPI(
        0,
        baudrate=hz,
        polarity=mode >> 1,
        phase=mode & 1,
        sck=Pin(PIN_CONVERTER_SCK),
        mosi=Pin(PIN_CONVERTER_MOSI),
        miso=Pin(PIN_CONVERTER_MISO),
    )
