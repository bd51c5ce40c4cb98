"""SPI0, which the DAC and the jack ADC share, set to a rate and mode before each use outside the tick."""

# link: constants

from board import PIN_CONVERTER_MISO, PIN_CONVERTER_MOSI, PIN_CONVERTER_SCK
from machine import SPI, Pin, mem32
from rp2040 import BYTE_SHIFT, SPI0, SPI_CPSR, SPI_CR0, SPI_CR0_SPH, SPI_CR0_SPO

PRESCALE = 2
"""What MicroPython chooses for every rate from 122 kHz up; the tick changes SSPCR0 alone and relies on it."""


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


def settings_word(hz, mode):
    """Set SPI0 to a rate and mode; return what SSPCR0 then holds, for the tick to switch by one store."""
    converter_spi(hz, mode)
    if mem32[SPI0 + (SPI_CPSR << BYTE_SHIFT)] != PRESCALE:
        raise ValueError("SPI0 at %d Hz needs a prescaler other than %d" % (hz, PRESCALE))
    return mem32[SPI0 + (SPI_CR0 << BYTE_SHIFT)]


def mode_of(word):
    """The SPI mode of an SSPCR0 as `settings_word` gives it."""
    return (2 if word & SPI_CR0_SPO else 0) + (1 if word & SPI_CR0_SPH else 0)
