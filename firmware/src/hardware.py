"""Sets the Pico's peripherals up for the tick: pins, UART, shift registers, ADC and the PWM that is the clock."""

# link: constants

import time

from board import (
    CLK_SYS_HZ,
    DIN_MIDI_BAUD,
    OUT_LED_STANDBY,
    PIN_DAC_SELECT,
    PIN_DIN_MIDI_IN,
    PIN_DIN_MIDI_OUT,
    PIN_EG1_TRIG_IN,
    PIN_F_V,
    PIN_JACK_ADC_SELECT,
    PIN_KBD_TRIG_OUT,
    PIN_LDAC,
    PIN_MG_OUT_B,
    PIN_MUX_0_COMMON,
    PIN_MUX_1_COMMON,
    PIN_MUX_2_COMMON,
    PIN_MUX_A0,
    PIN_MUX_A1,
    PIN_MUX_A2,
    PIN_MUX_A3,
    PIN_PICO_LED,
    PIN_PICO_SMPS_PWM,
    PIN_POWER_HOLD,
    PIN_SHIFT_LATCH,
    PIN_SHIFT_MISO,
    PIN_SHIFT_MOSI,
    PIN_SHIFT_SCK,
    PIN_TRIG_IN,
    PIN_TUNE,
    SHIFT_OUT_BITS,
    SHIFT_SPI_HZ,
    TICK_HZ,
)
from dma import registers_of
from machine import ADC as AnalogPin
from machine import PWM, SPI, UART, Pin, freq, mem32
from memory import state
from rp2 import DMA as DmaChannel
from rp2040 import (
    ADC,
    ADC_CS,
    ADC_CS_EN,
    ADC_FCS,
    ADC_FCS_EN,
    APB,
    ATOMIC_CLEAR,
    ATOMIC_SET,
    BYTE_SHIFT,
    DREQ_PWM_WRAP0,
    EDGE_CLOCK,
    F_V_SLICE,
    IO_BANK0,
    IO_CTRL,
    IO_FUNCTION_PWM,
    IO_WORDS_A_PIN,
    IRQ_DMA_0,
    IRQ_IO_BANK0,
    LDAC_SLICE,
    NVIC_IPR0,
    PAD_GPIO0,
    PAD_PULL_DOWN,
    PAD_PULL_UP,
    PADS_BANK0,
    PWM_CSR,
    PWM_CSR_EN,
    PWM_CSR_RISING_B,
    PWM_CTR,
    PWM_DIV,
    PWM_DIV_ONE,
    PWM_EN,
    PWM_SLICE_BYTES,
    PWM_TOP,
    SIO,
    TRIGGER_SLICE,
    UART0,
    UART_IMSC,
)
from rp2040 import (
    PWM as PWM_BASE,
)
from state import APB_BASE, CLOCK_DMA, EDGE_US, F_V_DMA, F_V_EDGES, SIO_BASE, STATE
from tick_entry import way_into

LDAC_LOW_NS = 1_000
DUTY_FULL = 65_535
UART_BUFFER_BYTES = 32
FLOAT_US = 100
"""Long enough for a pad's pull, some 60 kOhm, to move a multiplexer's trace with nothing on it."""
FLOAT_SWING_U16 = 0x8000
F_V_EDGES_BYTES_BITS = 8
NEARLY_FOR_EVER = (1 << 30) - 1
"""Transfers of the F-V channel: five days of the highest note it knows."""
PRIORITY_BITS = 8
PRIORITY_MASK = 0xFF
BYTES_LESS_1 = 3
"""NVIC_IPR registers hold four interrupts' priorities each and take whole words only."""


class Hardware:
    """Keeps the driver objects alive: the tick works on their registers."""

    def __init__(self):
        if freq() != CLK_SYS_HZ:
            freq(CLK_SYS_HZ)
        Pin(PIN_POWER_HOLD, Pin.OUT, value=1)
        Pin(PIN_PICO_SMPS_PWM, Pin.OUT, value=1)
        Pin(PIN_DAC_SELECT, Pin.OUT, value=1)
        Pin(PIN_JACK_ADC_SELECT, Pin.OUT, value=1)
        Pin(PIN_KBD_TRIG_OUT, Pin.OUT, value=0)
        Pin(PIN_MG_OUT_B, Pin.OUT, value=0)
        Pin(PIN_SHIFT_LATCH, Pin.OUT, value=1)
        for pin in (PIN_MUX_A0, PIN_MUX_A1, PIN_MUX_A2, PIN_MUX_A3):
            Pin(pin, Pin.OUT, value=0)
        for pin in (PIN_TRIG_IN, PIN_EG1_TRIG_IN, PIN_TUNE, PIN_F_V):
            Pin(pin, Pin.IN, Pin.PULL_UP)
        self._clock = None
        self._uart = UART(
            0,
            DIN_MIDI_BAUD,
            tx=Pin(PIN_DIN_MIDI_OUT),
            rx=Pin(PIN_DIN_MIDI_IN),
            rxbuf=UART_BUFFER_BYTES,
            txbuf=UART_BUFFER_BYTES,
        )
        # The tick drains the receiver itself, with its error flags; the driver's interrupt would take the bytes away.
        mem32[UART0 + (UART_IMSC << BYTE_SHIFT)] = 0
        self._shift = SPI(
            1,
            baudrate=SHIFT_SPI_HZ,
            sck=Pin(PIN_SHIFT_SCK),
            mosi=Pin(PIN_SHIFT_MOSI),
            miso=Pin(PIN_SHIFT_MISO),
        )
        # The 74HC595s wake up with anything in them: no row driven, no LED lit, before the first tick reads a key.
        self._show(0)
        self._commons = [
            AnalogPin(Pin(pin)) for pin in (PIN_MUX_0_COMMON, PIN_MUX_1_COMMON, PIN_MUX_2_COMMON)
        ]
        mem32[ADC + (ADC_FCS << BYTE_SHIFT)] = ADC_FCS_EN
        mem32[ADC + (ADC_CS << BYTE_SHIFT)] = ADC_CS_EN

    def show_fault(self, lit):
        """Light STANDBY ON and the Pico's own LED, or neither; only while the tick does not run."""
        self._show(1 << OUT_LED_STANDBY if lit else 0)
        Pin(PIN_PICO_LED, Pin.OUT, value=lit)

    def _show(self, word):
        self._shift.write(word.to_bytes(SHIFT_OUT_BITS // 8, "big"))
        latch = Pin(PIN_SHIFT_LATCH)
        latch(0)
        latch(1)

    def missing_multiplexers(self):
        """Numbers of the multiplexers that are not there: their ADC pin follows its own pull-up and pull-down.

        Address 15 is a spare or a monitor on each: a low resistance that the pulls cannot move. Only while the tick
        does not run.
        """
        for pin in (PIN_MUX_A0, PIN_MUX_A1, PIN_MUX_A2, PIN_MUX_A3):
            Pin(pin, Pin.OUT, value=1)
        missing = []
        for mux, pin in enumerate((PIN_MUX_0_COMMON, PIN_MUX_1_COMMON, PIN_MUX_2_COMMON)):
            pad = PADS_BANK0 + (PAD_GPIO0 + pin << BYTE_SHIFT)
            readings = []
            for pull in (PAD_PULL_UP, PAD_PULL_DOWN):
                mem32[pad + ATOMIC_SET] = pull
                time.sleep_us(FLOAT_US)
                readings.append(self._commons[mux].read_u16())
                mem32[pad + ATOMIC_CLEAR] = pull
            if readings[0] - readings[1] > FLOAT_SWING_U16:
                missing.append(mux)
        for pin in (PIN_MUX_A0, PIN_MUX_A1, PIN_MUX_A2, PIN_MUX_A3):
            Pin(pin, Pin.OUT, value=0)
        # The driver leaves the converter's input chosen; the tick's bursts begin with multiplexer 0.
        mem32[ADC + (ADC_CS << BYTE_SHIFT)] = ADC_CS_EN
        return missing

    def watch_f_v(self):
        """Let every rising edge on F-V write its microsecond into the ring at F_V_EDGES (f_v.py says how)."""
        mem32[IO_BANK0 + (PIN_F_V * IO_WORDS_A_PIN + IO_CTRL << BYTE_SHIFT)] = IO_FUNCTION_PWM
        registers = PWM_BASE + F_V_SLICE * PWM_SLICE_BYTES
        mem32[registers + PWM_CSR] = PWM_CSR_RISING_B
        mem32[registers + PWM_DIV] = PWM_DIV_ONE
        mem32[registers + PWM_CTR] = 0
        mem32[registers + PWM_TOP] = 0
        self._f_v = DmaChannel()
        control = self._f_v.pack_ctrl(
            inc_read=False,
            inc_write=True,
            ring_sel=True,
            ring_size=F_V_EDGES_BYTES_BITS,
            treq_sel=DREQ_PWM_WRAP0 + F_V_SLICE,
            irq_quiet=True,
        )
        self._f_v.config(read=EDGE_CLOCK, write=F_V_EDGES, count=NEARLY_FOR_EVER, ctrl=control, trigger=True)
        state[F_V_DMA] = registers_of(self._f_v)
        mem32[registers + PWM_CSR] = PWM_CSR_RISING_B | PWM_CSR_EN

    def start_clock(self, tick):
        """Let LDAC pulse at TICK_HZ, low for a microsecond from each edge, and run `tick` at every falling edge."""
        duty = LDAC_LOW_NS * TICK_HZ * DUTY_FULL // 1_000_000_000
        self._pwm = [PWM(Pin(PIN_LDAC), freq=TICK_HZ, duty_u16=duty, invert=True)]
        # KBD TRIG OUT and MG OUT B share a slice that runs in step: their levels change at LDAC's edge.
        self._pwm += [PWM(Pin(pin), freq=TICK_HZ, duty_u16=0) for pin in (PIN_KBD_TRIG_OUT, PIN_MG_OUT_B)]
        both = 1 << LDAC_SLICE | 1 << TRIGGER_SLICE
        mem32[PWM_BASE + ATOMIC_CLEAR + PWM_EN] = both
        for number in (LDAC_SLICE, TRIGGER_SLICE):
            registers = PWM_BASE + number * PWM_SLICE_BYTES
            period = mem32[registers + PWM_TOP] + 1
            if mem32[registers + PWM_DIV] != PWM_DIV_ONE or period * TICK_HZ != CLK_SYS_HZ:
                raise ValueError(
                    "PWM slice %d does not divide %d Hz by %d exactly" % (number, CLK_SYS_HZ, TICK_HZ)
                )
            mem32[registers + PWM_CTR] = 0
        self._clock = DmaChannel()
        control = self._clock.pack_ctrl(
            inc_read=False, inc_write=False, treq_sel=DREQ_PWM_WRAP0 + LDAC_SLICE, irq_quiet=False
        )
        self._clock.config(
            read=EDGE_CLOCK, write=STATE + (EDGE_US << BYTE_SHIFT), count=1, ctrl=control, trigger=False
        )
        state[CLOCK_DMA] = registers_of(self._clock)
        # Addresses from 1 << 30 up would be objects in native code, converted at every use: it reads them here.
        mem32[STATE + (APB_BASE << BYTE_SHIFT)] = APB
        mem32[STATE + (SIO_BASE << BYTE_SHIFT)] = SIO
        make_most_urgent(IRQ_DMA_0)
        self._enter = way_into(tick)
        self._clock.irq(handler=self._enter, hard=True)
        self._clock.active(1)
        mem32[PWM_BASE + ATOMIC_SET + PWM_EN] = both

    def hand_clock_to_pin(self):
        """Let LDAC's pin interrupt run the tick from now on: slower by 10 us a tick, but it survives a soft reset.

        MicroPython 1.25's soft reset takes its DMA interrupt handler away and leaves the interrupt on: the next
        one would stop the processor. A pin's interrupt it turns off first. So before the console can ask for a
        soft reset, the clock changes over.
        """
        if self._clock is None:
            return
        self._clock.irq(handler=None)
        make_most_urgent(IRQ_IO_BANK0)
        Pin(PIN_LDAC).irq(handler=self._enter, trigger=Pin.IRQ_FALLING, hard=True)


def make_most_urgent(interrupt):
    """Let an interrupt break into every other one: USB's take up to 60 us, which the tick must not wait for."""
    word = NVIC_IPR0 + (interrupt & ~BYTES_LESS_1)
    mem32[word] = mem32[word] & ~(PRIORITY_MASK << (interrupt & BYTES_LESS_1) * PRIORITY_BITS)
