"""Silence after a soft reset: the tick is gone, but the DAC still holds its last frame and the trigger its level."""

# link: constants

from board import (
    CV_COUNT,
    DAC_SETUP_SPI_HZ,
    PIN_DAC_SELECT,
    PIN_JACK_ADC_SELECT,
    PIN_KBD_TRIG_OUT,
    PIN_MG_OUT_B,
    PIN_POWER_HOLD,
)
from converter_bus import converter_spi, mode_of
from dac import DAC0, TRIGGER, TRIGGER_LDAC, rest_code
from machine import Pin, mem32
from memory import state
from rp2040 import DMA_ALL_CHANNELS, DMA_CHAN_ABORT
from state import SPI_CR0_DAC


def quiet():
    """Trigger off, every CV at 0 V. Only after a soft reset: the DAC must have been set up, and its SPI mode be known."""
    # MicroPython forgets its DMA channels without stopping them; whoever got the F-V edges' next would wait for ever.
    mem32[DMA_CHAN_ABORT] = DMA_ALL_CHANNELS
    while mem32[DMA_CHAN_ABORT]:
        pass
    Pin(PIN_POWER_HOLD, Pin.OUT, value=1)
    Pin(PIN_KBD_TRIG_OUT, Pin.OUT, value=0)
    Pin(PIN_MG_OUT_B, Pin.OUT, value=0)
    Pin(PIN_JACK_ADC_SELECT, Pin.OUT, value=1)
    select = Pin(PIN_DAC_SELECT, Pin.OUT, value=1)
    spi = converter_spi(DAC_SETUP_SPI_HZ, mode_of(state[SPI_CR0_DAC]))
    frames = [(DAC0 + channel, rest_code(channel)) for channel in range(CV_COUNT)]
    for register, value in frames + [(TRIGGER, TRIGGER_LDAC)]:
        select(0)
        spi.write(bytes((register, value >> 8, value & 0xFF)))
        select(1)
