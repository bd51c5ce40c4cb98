"""The jack ADC inside the tick: reads the CV inputs that have a plug, once a tick, on the bus it shares with the DAC.

The ADS8684 samples at the fall of its select the channel that the frame before chose, and gives the result in the
last 16 of a frame's 32 bits. So each frame here reads one input and chooses the next:

    one plug       each frame reads that input and chooses it again
    two plugs      the first frame reads input A and chooses B, the second reads B and chooses A
    a plug comes   the first frame may bring another channel's result: it is thrown away

Between ticks the bus stands at the DAC's rate and mode; SSPCR0 holds both, so a change is three stores (the SSP must
be disabled for it). Source: TI ADS8684 data sheet, manual channel selection; RP2040 datasheet 4.4.4.
"""

# link: constants

import micropython
from ads8684 import MANUAL_CHANNEL_0, MANUAL_CHANNEL_STEP
from board import IN_PLUG_VCO12_CV, PIN_JACK_ADC_SELECT
from cv_in import take_cv
from rp2040 import (
    APB,
    SIO_GPIO_OUT_CLR,
    SIO_GPIO_OUT_SET,
    SPI0,
    SPI_CR0,
    SPI_CR1,
    SPI_CR1_SSE,
    SPI_DR,
    SPI_SR,
    SPI_SR_BSY,
    SPI_SR_RNE,
)
from state import (
    APB_BASE,
    CV_INPUTS,
    CV_PITCH_Q9,
    CV_READY,
    GLIDE_Q20,
    JACK_SELECTED,
    PLUGS_IN,
    SIO_BASE,
    SPI_CR0_DAC,
    SPI_CR0_JACKS,
    STATE,
)

SPI0_OFFSET = SPI0 - APB
SELECT = 1 << PIN_JACK_ADC_SELECT
BOTH = (1 << CV_INPUTS) - 1
Q20_TO_Q9 = 11


# link: inline
@micropython.viper
def read_jacks():
    """Read the CV inputs with a plug; called in the tick, after the DAC's last frame, while any has one."""
    s = ptr32(STATE)
    sio = ptr32(s[SIO_BASE])
    spi = ptr32(s[APB_BASE] + SPI0_OFFSET)
    plugs = (s[PLUGS_IN] >> IN_PLUG_VCO12_CV) & BOTH
    # What the DAC's frame left in the receiver.
    while spi[SPI_SR] & SPI_SR_RNE:
        spi[SPI_DR]
    spi[SPI_CR1] = 0
    spi[SPI_CR0] = s[SPI_CR0_JACKS]
    spi[SPI_CR1] = SPI_CR1_SSE
    left = plugs
    while left:
        reading = s[JACK_SELECTED]
        # The next frame's input: the other one if both have a plug, else the one that has.
        following = plugs >> 1
        if plugs == BOTH:
            following = reading ^ 1
        sio[SIO_GPIO_OUT_CLR] = SELECT
        spi[SPI_DR] = MANUAL_CHANNEL_0 + following * MANUAL_CHANNEL_STEP
        spi[SPI_DR] = 0
        spi[SPI_DR] = 0
        spi[SPI_DR] = 0
        s[JACK_SELECTED] = following
        while spi[SPI_SR] & SPI_SR_BSY:
            pass
        sio[SIO_GPIO_OUT_SET] = SELECT
        spi[SPI_DR]
        spi[SPI_DR]
        code = (spi[SPI_DR] & 0xFF) << 8
        code |= spi[SPI_DR] & 0xFF
        bit = 1 << reading
        if left & bit:
            first = ((s[CV_READY] >> reading) & 1) ^ 1
            if first:
                hold_pitch(reading)
            take_cv(reading, code, first)
            s[CV_READY] |= bit
            left ^= bit
    s[CV_READY] &= plugs
    spi[SPI_CR1] = 0
    spi[SPI_CR0] = s[SPI_CR0_DAC]
    spi[SPI_CR1] = SPI_CR1_SSE


# link: inline
@micropython.viper
def hold_pitch(which: int):
    """Let an input begin where its oscillators are: until a voltage comes that can be a pitch, they stay there."""
    s = ptr32(STATE)
    s[CV_PITCH_Q9 + which] = s[GLIDE_Q20] >> Q20_TO_Q9
    if which and s[CV_READY] & 1:
        s[CV_PITCH_Q9 + which] = s[CV_PITCH_Q9]
