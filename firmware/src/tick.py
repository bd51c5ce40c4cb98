"""The tick: 8000 times a second, everything between a key, a byte or a knob and the DAC.

The PWM on LDAC makes the rate. Its falling edge latches, in hardware and so without jitter, the frame that the
previous tick wrote. At the same edge the PWM asks a DMA channel for one transfer; the channel notes the time and
interrupts, which is a shorter way into Python than a pin's interrupt, and the interrupt runs `tick` below.
KBD TRIG OUT belongs to another slice of the PWM, in step with LDAC's: a level written during a tick shows at the
next edge, to the cycle. The way of one note:

    tick n      the note's last byte is drained, the stack picks it, its pitch goes into the frame
    edge n+1    the pitch appears at the VCOs; in that tick the envelopes see the gate
    edge n+2    the envelopes' first step appears, KBD TRIG OUT falls: exactly one tick after the pitch

MIDI and keys are taken as late in the tick as their notes can still make its frame. Nothing here allocates, waits
for anything longer than a few SPI words, or can raise. The frame goes out by DMA while the panel is read. The shift registers
are a pipeline two ticks deep: one latch pulse loads the 165s (the columns of the row that the 595s show) and,
rising, shows the word that the previous tick shifted in. Functions marked `link: inline` in their modules stand
here as calls; in the image their bodies stand in the calls' places.
"""

# link: constants

import micropython
from board import (
    CLK_SYS_HZ,
    CV_COUNT,
    IN_PLUG_VCO2_CV,
    IN_PLUG_VCO12_CV,
    KEY_COLUMNS,
    KEY_ROWS,
    PIN_DAC_SELECT,
    PIN_EG1_TRIG_IN,
    PIN_MUX_A0,
    PIN_SHIFT_LATCH,
    PIN_TRIG_IN,
    SHIFT_IN_BITS,
    SHIFT_OUT_BITS,
    TICK_HZ,
)
from control_frame import compute, hold_cvs
from envelope import step_eg1, step_eg2
from glide import step_glide
from jack_stream import read_jacks
from key_matrix import play_key, row_moved
from mg import step_mg
from midi_bytes import feed, give_ports_up, watch_sensing
from midi_out import send_din_out
from midi_usb import take_usb
from normals import fade, plugs_moved, weigh_depths
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
    APB,
    DMA_CTRL,
    DMA_CTRL_BUSY,
    DMA_READ_ADDR_TRIG,
    EDGE_CLOCK,
    LDAC_SLICE,
    PWM,
    PWM_CC,
    PWM_CTR,
    PWM_SLICE_BYTES,
    SIO_GPIO_IN,
    SIO_GPIO_OUT_CLR,
    SIO_GPIO_OUT_SET,
    SPI0,
    SPI1,
    SPI_DR,
    SPI_SR,
    SPI_SR_BSY,
    TRIGGER_SLICE,
    UART0,
    UART_DR,
    UART_FR,
    UART_FR_RXFE,
)
from state import (
    APB_BASE,
    CLOCK_DMA,
    CV_HELD,
    CV_READY,
    DAC_DMA,
    DEPTHS_DUE,
    DIN_OUT_TAIL,
    EDGE_US,
    ENTRY_CYCLES_MAX,
    FRAME,
    FRAME_CODES,
    GATE,
    GIVE_UP,
    KEY_DOWN,
    KEY_EVENT_HEAD,
    KEY_GATE,
    KEY_NOTE_TAIL,
    KEY_RELEASING,
    KEY_RESTART,
    LAST_EDGE_US,
    LATE_TICKS,
    LET_GO,
    MG_PULSE,
    MUX_ADDRESS,
    NORMALS_FADING,
    PANEL_SAMPLE,
    PLUGS_IN,
    PLUGS_STEADY_TICKS,
    PORT_DIN,
    PORT_USB,
    RETRIGGER,
    SHIFT_ROW,
    SHIFT_WORD,
    SIO_BASE,
    STATE,
    TICK_CYCLES_MAX,
    TICK_CYCLES_MIN,
    TICK_CYCLES_SUM_16,
    TICKS,
    TICKS_TIMED,
    TRIG_PINS,
    USB_HEAD,
    USB_TAIL,
)
from trig_in import confirm, step_gates

ADC_OFFSET = ADC - APB
SPI0_OFFSET = SPI0 - APB
SPI1_OFFSET = SPI1 - APB
UART0_OFFSET = UART0 - APB
LDAC_COUNTER = PWM - APB + LDAC_SLICE * PWM_SLICE_BYTES + PWM_CTR
"""The PWM's own counter stands at 0 at LDAC's edge: a clock of 8 ns that says how long ago the edge was."""
OUTPUT_LEVELS = PWM - APB + TRIGGER_SLICE * PWM_SLICE_BYTES + PWM_CC
"""KBD TRIG OUT in the low half, MG OUT B in the high one; all ones is always high."""
OUTPUT_HIGH = 0xFFFF
OUTPUT_B_SHIFT = 16
EDGE_CLOCK_OFFSET = EDGE_CLOCK - APB
"""Writing it as read address arms the clock's channel for the next edge."""
TICK_US = 1_000_000 // TICK_HZ
LATE_US = TICK_US + TICK_US // 2
"""A tick that starts this long after the last one has missed an edge: a frame came late."""
COLUMNS_MASK = (1 << KEY_COLUMNS) - 1
PLUGS_MASK = (1 << SHIFT_IN_BITS) - 1 - COLUMNS_MASK
ADDRESS_PINS = 0xF << PIN_MUX_A0
DAC_SELECT = 1 << PIN_DAC_SELECT
LATCH = 1 << PIN_SHIFT_LATCH
TRIG_MASK = 1 << PIN_TRIG_IN | 1 << PIN_EG1_TRIG_IN
CV_PLUGS = 1 << IN_PLUG_VCO12_CV | 1 << IN_PLUG_VCO2_CV
START_PANEL_BURST = ADC_CS_EN | ADC_CS_START_MANY | ADC_CS_RROBIN_0_1_2
STOP_PANEL_BURST = ADC_CS_EN | ADC_CS_RROBIN_0_1_2
ROW_LAG = 2
"""Ticks from shifting a row's pattern out to reading its columns."""
IN_SHIFT = SHIFT_OUT_BITS - SHIFT_IN_BITS
DIN_BYTES_A_TICK = 2
"""Five times as many as the line can bring; what a stall has left in the receiver is caught up with, never at once."""
LATEST_NOTE_CYCLES = CLK_SYS_HZ // 1_000_000 * 44
"""No byte is taken later in a tick: a note may cost 45 us, the frame another 30. Then it waits for the next tick."""
DEPTHS_MASK = 3
"""Turned depths are worked out in every fourth tick."""


@micropython.viper
def tick(channel):
    """Run one control frame; the clock channel's handler. See the module's head for the order of things."""
    s = ptr32(STATE)
    sio = ptr32(s[SIO_BASE])
    apb = s[APB_BASE]
    # The low pulse is stretched over other lines' work: 74HC165 wants some 50 ns at 3.3 V.
    sio[SIO_GPIO_OUT_CLR] = LATCH
    ldac = ptr32(apb + LDAC_COUNTER)
    entry_cycles = ldac[0]
    clock = ptr32(s[CLOCK_DMA])
    clock[DMA_READ_ADDR_TRIG] = apb + EDGE_CLOCK_OFFSET
    sio[SIO_GPIO_OUT_SET] = LATCH
    pins = sio[SIO_GPIO_IN]
    shift = ptr32(apb + SPI1_OFFSET)
    row = s[SHIFT_ROW]
    word = s[SHIFT_WORD] | 1 << row
    shift[SPI_DR] = word >> 16
    shift[SPI_DR] = word >> 8
    shift[SPI_DR] = word
    s[SHIFT_ROW] = (row + 1) & (KEY_ROWS - 1)

    # Three conversions, at the address that has been settled since the last tick's end.
    adc = ptr32(apb + ADC_OFFSET)
    while adc[ADC_FCS] & ADC_FCS_EMPTY == 0:
        adc[ADC_FIFO]
    adc[ADC_CS] = START_PANEL_BURST

    # What the last tick left for this one: gate and restart, late by the one tick in which pitch settles. A note that
    # came and went within that tick, as USB can bring it, is a trigger of one tick.
    s[KEY_GATE] = s[GATE] | s[RETRIGGER]
    s[KEY_RESTART] = s[RETRIGGER]
    s[RETRIGGER] = 0
    step_mg()

    # The columns of the row shifted out two ticks ago, and the plugs.
    while shift[SPI_SR] & SPI_SR_BSY:
        pass
    word = shift[SPI_DR] & 0xFF
    word = word << 8 | shift[SPI_DR] & 0xFF
    word = (word << 8 | shift[SPI_DR] & 0xFF) >> IN_SHIFT
    columns = word & COLUMNS_MASK
    word &= PLUGS_MASK
    if word != s[PLUGS_IN] or s[PLUGS_STEADY_TICKS]:
        plugs_moved(word)
    if s[NORMALS_FADING]:
        fade()
    if s[DEPTHS_DUE] and (row & DEPTHS_MASK == 0 or s[NORMALS_FADING]):
        weigh_depths()
    if s[PLUGS_IN] & CV_PLUGS:
        read_jacks()
    else:
        s[CV_READY] = 0
    row = (row - ROW_LAG) & (KEY_ROWS - 1)
    if columns != s[KEY_DOWN + row] or s[KEY_RELEASING + row]:
        row_moved(row, columns)
    if s[KEY_NOTE_TAIL] != s[KEY_EVENT_HEAD]:
        play_key()

    if row == 0:
        watch_sensing()
        if s[GIVE_UP + PORT_DIN] | s[GIVE_UP + PORT_USB] | s[LET_GO]:
            give_ports_up()
    uart = ptr32(apb + UART0_OFFSET)
    bytes_left = DIN_BYTES_A_TICK
    while bytes_left and uart[UART_FR] & UART_FR_RXFE == 0 and ldac[0] < LATEST_NOTE_CYCLES:
        feed(PORT_DIN, uart[UART_DR])
        bytes_left -= 1
    if s[USB_TAIL] != s[USB_HEAD]:
        take_usb()

    # A restart while the gate is up must be seen outside too: the trigger lets go for one tick.
    outputs = ptr32(apb + OUTPUT_LEVELS)
    word = 0 - (s[MG_PULSE] << OUTPUT_B_SHIFT)
    if s[KEY_GATE] and s[RETRIGGER] == 0:
        word |= OUTPUT_HIGH
    outputs[0] = word

    if (pins ^ s[TRIG_PINS]) & TRIG_MASK:
        confirm(pins, entry_cycles)
    step_gates()
    step_eg1()
    step_eg2()
    step_glide()
    compute()
    if s[CV_HELD]:
        hold_cvs()
    spi = ptr32(apb + SPI0_OFFSET)
    sio[SIO_GPIO_OUT_CLR] = DAC_SELECT
    dma = ptr32(s[DAC_DMA])
    if s[DAC_DMA]:
        dma[DMA_READ_ADDR_TRIG] = FRAME
    else:
        # A DAC that does not stream: sixteen frames of three bytes, the select rising after each.
        codes = ptr16(FRAME_CODES)
        cv = 0
        while cv < CV_COUNT:
            code = codes[cv]
            sio[SIO_GPIO_OUT_CLR] = DAC_SELECT
            spi[SPI_DR] = ptr8(FRAME)[0] + cv
            spi[SPI_DR] = code
            spi[SPI_DR] = code >> 8
            while spi[SPI_SR] & SPI_SR_BSY:
                pass
            sio[SIO_GPIO_OUT_SET] = DAC_SELECT
            cv += 1

    adc[ADC_CS] = STOP_PANEL_BURST
    s[PANEL_SAMPLE] = adc[ADC_FIFO] & 0xFFF
    s[PANEL_SAMPLE + 1] = adc[ADC_FIFO] & 0xFFF
    s[PANEL_SAMPLE + 2] = adc[ADC_FIFO] & 0xFFF
    take()
    sio[SIO_GPIO_OUT_CLR] = ADDRESS_PINS
    sio[SIO_GPIO_OUT_SET] = s[MUX_ADDRESS] << PIN_MUX_A0
    if s[KEY_EVENT_HEAD] != s[DIN_OUT_TAIL]:
        send_din_out()

    if s[DAC_DMA]:
        while dma[DMA_CTRL] & DMA_CTRL_BUSY:
            pass
        while spi[SPI_SR] & SPI_SR_BSY:
            pass
        sio[SIO_GPIO_OUT_SET] = DAC_SELECT

    s[TICKS] += 1
    edge_us = s[EDGE_US]
    if edge_us - s[LAST_EDGE_US] > LATE_US:
        s[LATE_TICKS] += 1
    s[LAST_EDGE_US] = edge_us
    cycles = ldac[0]
    if cycles < entry_cycles:
        # The counter has wrapped: this frame missed the edge that it was made for.
        s[LATE_TICKS] += 1
    if entry_cycles > s[ENTRY_CYCLES_MAX]:
        s[ENTRY_CYCLES_MAX] = entry_cycles
    s[TICKS_TIMED] += 1
    s[TICK_CYCLES_SUM_16] += cycles >> 4
    if cycles > s[TICK_CYCLES_MAX]:
        s[TICK_CYCLES_MAX] = cycles
    if cycles < s[TICK_CYCLES_MIN]:
        s[TICK_CYCLES_MIN] = cycles
