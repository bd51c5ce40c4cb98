"""Sets the Pico's peripherals up for the tick: pins, UART, shift registers, ADC and the PWM that is the clock."""

# link: constants

from machine import ADC as AnalogPin
from machine import PWM, SPI, UART, Pin, freq, mem32

from board import (
    CLK_SYS_HZ,
    DIN_MIDI_BAUD,
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
    PIN_POWER_HOLD,
    PIN_SHIFT_LATCH,
    PIN_SHIFT_MISO,
    PIN_SHIFT_MOSI,
    PIN_SHIFT_SCK,
    PIN_TRIG_IN,
    PIN_TUNE,
    SHIFT_SPI_HZ,
    TICK_HZ,
)
from rp2040 import (
    ADC,
    ADC_CS,
    ADC_CS_EN,
    ADC_FCS,
    ADC_FCS_EN,
    PWM as PWM_BASE,
    PWM_DIV,
    PWM_DIV_ONE,
    PWM_SLICE_BYTES,
    PWM_TOP,
    UART0,
    UART_IMSC,
)

BYTE_SHIFT = 2
LDAC_LOW_NS = 1_000
DUTY_FULL = 65_535
PWM_SLICES = 8
UART_RX_BUFFER_BYTES = 64


class Hardware:
    """Keeps the driver objects alive: the tick works on their registers."""

    def __init__(self):
        if freq() != CLK_SYS_HZ:
            freq(CLK_SYS_HZ)
        Pin(PIN_POWER_HOLD, Pin.OUT, value=1)
        Pin(PIN_DAC_SELECT, Pin.OUT, value=1)
        Pin(PIN_JACK_ADC_SELECT, Pin.OUT, value=1)
        Pin(PIN_KBD_TRIG_OUT, Pin.OUT, value=0)
        Pin(PIN_MG_OUT_B, Pin.OUT, value=0)
        Pin(PIN_SHIFT_LATCH, Pin.OUT, value=1)
        for pin in (PIN_MUX_A0, PIN_MUX_A1, PIN_MUX_A2, PIN_MUX_A3):
            Pin(pin, Pin.OUT, value=0)
        for pin in (PIN_TRIG_IN, PIN_EG1_TRIG_IN, PIN_TUNE, PIN_F_V):
            Pin(pin, Pin.IN, Pin.PULL_UP)
        self._uart = UART(
            0,
            DIN_MIDI_BAUD,
            tx=Pin(PIN_DIN_MIDI_OUT),
            rx=Pin(PIN_DIN_MIDI_IN),
            rxbuf=UART_RX_BUFFER_BYTES,
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
        self._commons = [AnalogPin(Pin(pin)) for pin in (PIN_MUX_0_COMMON, PIN_MUX_1_COMMON, PIN_MUX_2_COMMON)]
        mem32[ADC + (ADC_FCS << BYTE_SHIFT)] = ADC_FCS_EN
        mem32[ADC + (ADC_CS << BYTE_SHIFT)] = ADC_CS_EN
        self._ldac = None

    def start_clock(self, tick):
        """Let LDAC pulse at TICK_HZ, low for a microsecond from each edge, and run `tick` at every falling edge."""
        pin = Pin(PIN_LDAC)
        duty = LDAC_LOW_NS * TICK_HZ * DUTY_FULL // 1_000_000_000
        self._ldac = PWM(pin, freq=TICK_HZ, duty_u16=duty, invert=True)
        slice_registers = PWM_BASE + PIN_LDAC // 2 % PWM_SLICES * PWM_SLICE_BYTES
        period = mem32[slice_registers + PWM_TOP] + 1
        if mem32[slice_registers + PWM_DIV] != PWM_DIV_ONE or period * TICK_HZ != CLK_SYS_HZ:
            raise ValueError("LDAC's PWM does not divide %d Hz by %d exactly" % (CLK_SYS_HZ, TICK_HZ))
        pin.irq(handler=tick, trigger=Pin.IRQ_FALLING, hard=True)

    def stop_clock(self):
        """Stop the tick and let the trigger go."""
        Pin(PIN_LDAC).irq(handler=None)
        Pin(PIN_KBD_TRIG_OUT, Pin.OUT, value=0)
