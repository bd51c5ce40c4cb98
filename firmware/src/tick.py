"""The tick: 8000 times a second, everything between a key, a byte or a knob and the DAC.

The PWM on LDAC makes the rate. Its falling edge latches, in hardware and so without jitter, the frame that the
previous tick wrote, and interrupts; the interrupt runs `tick` below. The way of one note:

    tick n      the note's last byte is drained, the stack picks it, its pitch goes into the frame
    edge n+1    the pitch appears at the VCOs; in that tick the envelopes see the gate
    edge n+2    the envelopes' first step appears, KBD TRIG OUT falls: exactly one tick after the pitch

Nothing here allocates, waits for anything longer than a SPI word, or can raise. Frames go out by DMA while the
panel is read. The shift registers are a pipeline two ticks deep: one latch pulse loads the 165s (the columns of
the row that the 595s show) and, rising, shows the word that the previous tick shifted in.
"""

# link: constants

import micropython

from board import (
    CV_COUNT,
    KEY_COLUMNS,
    KEY_ROWS,
    MUX_ADDRESSES,
    MUX_COUNT,
    PIN_DAC_SELECT,
    PIN_KBD_TRIG_OUT,
    PIN_MUX_A0,
    PIN_SHIFT_LATCH,
    SHIFT_IN_BITS,
    SHIFT_OUT_BITS,
    TICK_HZ,
)
from control_frame import compute, pack
from envelope import step_eg2
from key_matrix import row_moved
from midi_bytes import feed
from midi_messages import usb_packet
from panel_scan import take
from rp2040 import (
    ADC,
    ADC_CS,
    ADC_CS_EN,
    ADC_CS_RROBIN_0_1_2,
    ADC_CS_START_MANY,
    ADC_FCS,
    ADC_FCS_EMPTY,
    ADC_FIFO,
    DMA_CTRL,
    DMA_CTRL_BUSY,
    DMA_READ_ADDR_TRIG,
    SIO,
    SIO_GPIO_OUT_CLR,
    SIO_GPIO_OUT_SET,
    SPI0,
    SPI1,
    SPI_DR,
    SPI_SR,
    SPI_SR_BSY,
    SPI_SR_RNE,
    TIMER,
    TIMER_TIMERAWL,
    UART0,
    UART_DR,
    UART_FR,
    UART_FR_RXFE,
)
from state import (
    DAC_DMA,
    EG_GATE,
    EG_RESTART,
    FRAME,
    FRAME_BYTES,
    FRAME_CODES,
    GATE,
    KEY_DOWN,
    KEY_RELEASING,
    LAST_TICK_US,
    LATE_TICKS,
    MUX_ADDRESS,
    PANEL_SAMPLE,
    PLUGS_IN,
    PORT_DIN,
    RETRIGGER,
    SHIFT_ROW,
    SHIFT_WORD,
    STATE,
    TICK_US_MAX,
    TICK_US_MIN,
    TICK_US_SUM,
    TICKS,
    TICKS_TIMED,
    TRIGGER_PIN,
    USB_HEAD,
    USB_RING_SIZE,
    USB_TAIL,
)

TICK_US = 1_000_000 // TICK_HZ
LATE_US = TICK_US + TICK_US // 2
"""A tick that starts this long after the last one has missed an edge: a frame came late."""
COLUMNS_MASK = (1 << KEY_COLUMNS) - 1
ADDRESS_PINS = 0xF << PIN_MUX_A0
DAC_SELECT = 1 << PIN_DAC_SELECT
LATCH = 1 << PIN_SHIFT_LATCH
TRIGGER = 1 << PIN_KBD_TRIG_OUT
START_PANEL_BURST = ADC_CS_EN | ADC_CS_START_MANY | ADC_CS_RROBIN_0_1_2
STOP_PANEL_BURST = ADC_CS_EN | ADC_CS_RROBIN_0_1_2
ROW_LAG = 2
"""Ticks from shifting a row's pattern out to reading its columns."""
IN_SHIFT = SHIFT_OUT_BITS - SHIFT_IN_BITS


@micropython.viper
def tick(pin):
    """Run one control frame; the pin interrupt's handler. See the module's head for the order of things."""
    s = ptr32(STATE)
    timer = ptr32(TIMER)
    sio = ptr32(SIO)
    started_us = timer[TIMER_TIMERAWL]

    # The shift registers' pulse is stretched over the trigger's update: 74HC165 wants some 50 ns at 3.3 V.
    sio[SIO_GPIO_OUT_CLR] = LATCH
    if s[TRIGGER_PIN]:
        sio[SIO_GPIO_OUT_SET] = TRIGGER
    else:
        sio[SIO_GPIO_OUT_CLR] = TRIGGER
    sio[SIO_GPIO_OUT_SET] = LATCH
    shift = ptr32(SPI1)
    row = s[SHIFT_ROW]
    word = s[SHIFT_WORD] | 1 << row
    shift[SPI_DR] = word >> 16
    shift[SPI_DR] = word >> 8
    shift[SPI_DR] = word
    s[SHIFT_ROW] = (row + 1) & (KEY_ROWS - 1)

    # Three conversions, at the address that has been settled since the last tick's end.
    adc = ptr32(ADC)
    while adc[ADC_FCS] & ADC_FCS_EMPTY == 0:
        adc[ADC_FIFO]
    adc[ADC_CS] = START_PANEL_BURST

    # What the last tick left for this one: gate and restart, late by the one tick in which pitch settles.
    s[EG_GATE] = s[GATE]
    s[EG_RESTART] = s[RETRIGGER]
    s[RETRIGGER] = 0

    uart = ptr32(UART0)
    while uart[UART_FR] & UART_FR_RXFE == 0:
        feed(PORT_DIN, uart[UART_DR])
    tail = s[USB_TAIL]
    if tail != s[USB_HEAD]:
        usb_packet(tail)
        s[USB_TAIL] = (tail + 1) & (USB_RING_SIZE - 1)

    # The columns of the row shifted out two ticks ago.
    while shift[SPI_SR] & SPI_SR_BSY:
        pass
    word = shift[SPI_DR] & 0xFF
    word = word << 8 | shift[SPI_DR] & 0xFF
    word = (word << 8 | shift[SPI_DR] & 0xFF) >> IN_SHIFT
    s[PLUGS_IN] = word
    row = (row - ROW_LAG) & (KEY_ROWS - 1)
    columns = word & COLUMNS_MASK
    if columns != s[KEY_DOWN + row] or s[KEY_RELEASING + row]:
        row_moved(row, columns)

    # A restart while the gate is up must be seen outside too: the trigger lets go for one tick.
    if s[RETRIGGER]:
        s[TRIGGER_PIN] = 0
    else:
        s[TRIGGER_PIN] = s[EG_GATE]

    step_eg2()
    compute()
    pack()
    spi = ptr32(SPI0)
    sio[SIO_GPIO_OUT_CLR] = DAC_SELECT
    dma = ptr32(s[DAC_DMA])
    if s[DAC_DMA]:
        dma[DMA_READ_ADDR_TRIG] = FRAME
    else:
        # A DAC that does not stream: sixteen frames of three bytes, the select rising after each.
        codes = ptr16(FRAME_CODES)
        channel = 0
        while channel < CV_COUNT:
            code = codes[channel]
            sio[SIO_GPIO_OUT_CLR] = DAC_SELECT
            spi[SPI_DR] = ptr8(FRAME)[0] + channel
            spi[SPI_DR] = code
            spi[SPI_DR] = code >> 8
            while spi[SPI_SR] & SPI_SR_BSY:
                pass
            sio[SIO_GPIO_OUT_SET] = DAC_SELECT
            channel += 1

    adc[ADC_CS] = STOP_PANEL_BURST
    s[PANEL_SAMPLE] = adc[ADC_FIFO] & 0xFFF
    s[PANEL_SAMPLE + 1] = adc[ADC_FIFO] & 0xFFF
    s[PANEL_SAMPLE + 2] = adc[ADC_FIFO] & 0xFFF
    address = s[MUX_ADDRESS]
    take(address)
    address = (address + 1) & (MUX_ADDRESSES - 1)
    s[MUX_ADDRESS] = address
    sio[SIO_GPIO_OUT_CLR] = ADDRESS_PINS
    sio[SIO_GPIO_OUT_SET] = address << PIN_MUX_A0

    if s[DAC_DMA]:
        while dma[DMA_CTRL] & DMA_CTRL_BUSY:
            pass
        while spi[SPI_SR] & SPI_SR_BSY:
            pass
        sio[SIO_GPIO_OUT_SET] = DAC_SELECT

    s[TICKS] += 1
    if started_us - s[LAST_TICK_US] > LATE_US:
        s[LATE_TICKS] += 1
    s[LAST_TICK_US] = started_us
    took_us = timer[TIMER_TIMERAWL] - started_us
    s[TICK_US_SUM] += took_us
    s[TICKS_TIMED] += 1
    if took_us > s[TICK_US_MAX]:
        s[TICK_US_MAX] = took_us
    if took_us < s[TICK_US_MIN]:
        s[TICK_US_MIN] = took_us
