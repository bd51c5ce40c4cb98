"""The RP2040's registers that the tick touches, as base addresses and word indices.

Used as `ptr32(UART0)[UART_DR]`: the tick may neither allocate nor wait for a driver, so it talks to the
peripherals itself once `machine` has set them up. Source: RP2040 datasheet, the register lists of sections
2.3.1.7 (SIO), 2.5.7 (DMA), 4.2.8 (UART), 4.4.4 (SPI), 4.5.3 (PWM), 4.6.5 (TIMER), 4.9.6 (ADC).
"""

# link: constants
# declares: constants

from board import PIN_F_V, PIN_KBD_TRIG_OUT, PIN_LDAC

BYTE_SHIFT = 2
"""From a word index to bytes: addresses for `mem32` are `BASE + (INDEX << BYTE_SHIFT)`."""

APB = 0x40000000
"""All peripherals below are at small offsets from here."""

SIO = 0xD0000000
SIO_GPIO_IN = 1
SIO_GPIO_OUT_SET = 5
SIO_GPIO_OUT_CLR = 6

TIMER = 0x40054000
TIMER_TIMERAWL = 10  # microseconds, without the latch of TIMELR
EDGE_CLOCK = TIMER + (TIMER_TIMERAWL << BYTE_SHIFT)
"""What the clock's DMA channel copies at each LDAC edge: the time."""

UART0 = 0x40034000
UART_DR = 0  # bits 0-7 the byte, 8 framing, 9 parity, 10 break, 11 overrun
UART_FR = 6
UART_IMSC = 14
UART_FR_RXFE = 1 << 4
UART_FR_TXFF = 1 << 5
UART_ERROR_BITS = 0xF00
UART_ERROR_BREAK = 1 << 10
UART_ERROR_OVERRUN = 1 << 11

SPI0 = 0x4003C000
SPI1 = 0x40040000
SPI_CR0 = 0
SPI_CR0_SPO = 1 << 6
SPI_CR0_SPH = 1 << 7
SPI_CR1 = 1
SPI_DR = 2
SPI_SR = 3
SPI_CPSR = 4
SPI_DMACR = 9
SPI_CR1_SSE = 1 << 1
SPI_SR_BSY = 1 << 4
SPI_SR_RNE = 1 << 2
SPI_DMACR_TXDMAE = 1 << 1

IO_BANK0 = 0x40014000
IO_CTRL = 1
IO_WORDS_A_PIN = 2
IO_FUNCTION_PWM = 4
PADS_BANK0 = 0x4001C000
PAD_GPIO0 = 1
PAD_PULL_DOWN = 1 << 2
PAD_PULL_UP = 1 << 3

USB_RAM = 0x50100000
USB_MAIN_CTRL = 0x50110040
USB_MAIN_CTRL_EN = 1
USB_SOF = 0x50110048
"""The number of the newest USB frame, one a millisecond, while a host is there (datasheet 4.1.4)."""

ADC = 0x4004C000
ADC_CS = 0
ADC_FCS = 2
ADC_FIFO = 3
ADC_CS_EN = 1
ADC_CS_START_MANY = 1 << 3
ADC_CS_RROBIN_0_1_2 = 7 << 16
ADC_FCS_EN = 1
ADC_FCS_EMPTY = 1 << 8

DMA = 0x50000000
DMA_CHANNEL_WORDS = 16
DMA_CHAN_ABORT = 0x50000444
DMA_ALL_CHANNELS = 0xFFF
DMA_WRITE_ADDR = 1
DMA_CTRL = 4  # AL1_CTRL: reads the channel's control without triggering it
DMA_READ_ADDR_TRIG = 15  # AL3_READ_ADDR_TRIG
DMA_CTRL_BUSY = 1 << 24
DREQ_SPI0_TX = 16
DREQ_PWM_WRAP0 = 24

PWM = 0x40050000
PWM_SLICE_BYTES = 20
PWM_SLICES = 8
F_V_SLICE = PIN_F_V // 2 % PWM_SLICES
LDAC_SLICE = PIN_LDAC // 2 % PWM_SLICES
TRIGGER_SLICE = PIN_KBD_TRIG_OUT // 2 % PWM_SLICES
"""The slice of a pin (datasheet 4.5.2, table 515): two pins each, eight slices, then again."""
PWM_CSR = 0
PWM_CSR_EN = 1
PWM_CSR_RISING_B = 2 << 4  # count rising edges of the B pin
PWM_DIV = 4
PWM_CTR = 8
PWM_CC = 12  # A in the low half, B in the high one; a new value counts from the next wrap on
PWM_TOP = 16
PWM_EN = 0xA0
PWM_ALWAYS_HIGH = 0xFFFF  # above any TOP
PWM_ALWAYS_LOW = 0
PWM_DIV_ONE = 1 << 4  # 8.4 fixed point

NVIC_SET_ENABLE = 0xE000E100
NVIC_CLEAR_ENABLE = 0xE000E180
NVIC_IPR0 = 0xE000E400
"""Priorities, a byte an interrupt, 0 the most urgent (ARMv6-M: the top two bits count). The SDK starts all at 0x80."""
IRQ_USB = 5
IRQ_DMA_0 = 11
IRQ_IO_BANK0 = 13

ATOMIC_SET = 0x2000
ATOMIC_CLEAR = 0x3000
"""Offsets of a register's aliases that set or clear the bits written (datasheet 2.1.2)."""

TICK_MEMORY = 0x2003F000
TICK_MEMORY_BYTES = 4096
"""4 kB at the top of the main RAM, which the image keeps out of the collector's heap (boards/MS20); on an official
MicroPython claim_memory.py takes them out of it. The two banks above belong to the stack."""
RAM = 0x20000000
STACK_TOP = 0x20042000
STACK_LIMIT = 8192 - 256
"""Bytes of its stack that MicroPython lets Python use."""
STACK_LIMIT_FOR_PYTHON = STACK_LIMIT - 1536
"""Bytes that the instrument lets it use (tick_entry.py)."""
