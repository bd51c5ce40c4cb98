"""Driver for the ADS8684: reads a jack's voltage, one conversion a call. Start-up and service use it.

A frame is 32 bits: a command in the first 16, and in the last 16 the result of the channel that the frame before
selected. Source: the design of record, section 3; TI ADS8684 data sheet, manual channel selection.
"""

# link: constants

from ads8684 import MANUAL_CHANNEL_0, MANUAL_CHANNEL_STEP, NO_OP, PROGRAM_WRITE, RANGE_REGISTER_0
from board import (
    JACK_ADC,
    JACK_ADC_FULL_VOLTS,
    JACK_ADC_RANGE,
    JACK_ADC_SPI_HZ,
    JACK_ADC_SPI_MODE,
    PIN_JACK_ADC_SELECT,
)
from converter_bus import converter_spi
from machine import Pin

FULL_CODES = 65_536


class JackAdc:
    """The converter on SPI0, all channels at 0..10.24 V."""

    def __init__(self):
        self._select = Pin(PIN_JACK_ADC_SELECT, Pin.OUT, value=1)
        self._out = bytearray(4)
        self._in = bytearray(4)
        self._spi = converter_spi(JACK_ADC_SPI_HZ, JACK_ADC_SPI_MODE)
        for channel in range(len(JACK_ADC)):
            self._frame((RANGE_REGISTER_0 + channel) << 1 | PROGRAM_WRITE, JACK_ADC_RANGE)

    def volts(self, channel):
        """Convert channel 0-3 and return volts, 0..10.24; negative inputs read as 0."""
        # The converter shares its bus with the DAC, whose mode may differ.
        self._spi = converter_spi(JACK_ADC_SPI_HZ, JACK_ADC_SPI_MODE)
        self._frame(MANUAL_CHANNEL_0 + channel * MANUAL_CHANNEL_STEP, 0)
        return self._frame(NO_OP, 0) * JACK_ADC_FULL_VOLTS / FULL_CODES

    def _frame(self, command, data):
        out = self._out
        out[0] = command
        out[1] = data
        self._select(0)
        self._spi.write_readinto(out, self._in)
        self._select(1)
        return self._in[2] << 8 | self._in[3]
