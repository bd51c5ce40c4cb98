"""The board, declared once: every pin, converter channel, multiplexer address and shift-register bit.

The firmware uses this file on the chip; the virtual board, the host tools and (later) the netlist check
import the very same file under CPython. Nothing else in the repository repeats a number that stands here.
It holds plain integers, strings and tuples only, so that both interpreters, and the build step that turns
the names below into constants inside the tick, can read it.

Sources: the design of record, section 3; RP2040 datasheet table 2 (GPIO functions).
"""

# link: constants
# declares: constants

NAME = "MS-20 Pico"
REVISION = 1

CLK_SYS_HZ = 125_000_000
"""Processor clock, the RP2040's default in MicroPython 1.25 (asserted at start-up)."""

TICK_HZ = 8_000
"""The one rate: LDAC edges, control frames, MIDI polling. Every other rate and time derives from it."""

# --- GPIO ---------------------------------------------------------------------------------------------
PIN_DIN_MIDI_OUT = 0  # UART0 TX
PIN_DIN_MIDI_IN = 1  # UART0 RX, through the H11L1
PIN_MUX_A0 = 2
PIN_MUX_A1 = 3
PIN_MUX_A2 = 4
PIN_MUX_A3 = 5
PIN_TRIG_IN = 6  # low = triggered (EG1 + EG2)
PIN_EG1_TRIG_IN = 7  # low = triggered (EG1 alone)
PIN_TUNE = 8  # squared edges of the oscillator that the tune mux selects
PIN_F_V = 9  # squared edges of the ESP's band-pass
PIN_SHIFT_SCK = 10  # SPI1 SCK
PIN_SHIFT_MOSI = 11  # SPI1 TX, to the 74HC595 chain
PIN_SHIFT_MISO = 12  # SPI1 RX, from the 74HC165 chain
PIN_SHIFT_LATCH = 13  # 595 RCLK and 165 SH/LD: low loads the 165s, the rising edge shows the 595s' new word
PIN_KBD_TRIG_OUT = 14  # high = jack shorted to ground (S-trig)
PIN_MG_OUT_B = 15
PIN_CONVERTER_MISO = 16  # SPI0 RX
PIN_DAC_SELECT = 17
PIN_CONVERTER_SCK = 18  # SPI0 SCK
PIN_CONVERTER_MOSI = 19  # SPI0 TX
PIN_LDAC = 20  # PWM slice 2 A, at TICK_HZ
PIN_JACK_ADC_SELECT = 21
PIN_POWER_HOLD = 22  # low drops the power latch
PIN_PICO_SMPS_PWM = (
    23  # on the Pico itself: high = its 3.3 V converter switches at a fixed rate, with less ripple
)
PIN_PICO_LED = 25  # likewise; blinks a fault's number
PIN_MUX_0_COMMON = 26  # ADC0
PIN_MUX_1_COMMON = 27  # ADC1
PIN_MUX_2_COMMON = 28  # ADC2

DIN_MIDI_BAUD = 31_250

# --- DAC81416 -------------------------------------------------------------------------------------------
DAC_BITS = 16
DAC_MIDDLE = 0x8000
"""The code of 0 V in a bipolar range."""
DAC_FULL = 0xFFFF
DAC_SPI_HZ = 31_250_000
"""Rate of the frames: the fastest that SPI0 reaches from 125 MHz below the DAC's 50 MHz limit for writes (divider 4)."""
DAC_SPI_MODES_TO_TRY = (1, 0)
"""The family latches SDI on SCLK's falling edge (mode 1); a field driver uses mode 0. Start-up reads DEVICEID
in each and keeps the one that answers."""
DAC_RANGE_REGISTERS_DESCEND = True
"""TI's register table puts channels 12-15 in DACRANGE0 and 0-3 in DACRANGE3, the lowest channel of four in the low
nibble; one field driver has it the other way round. Start-up measures it through KBD CV's read-back (dac.py) and
this is only what it tries first."""
DAC_SETUP_SPI_HZ = 15_625_000
"""Rate for setting up and reading back: the family's SDO is good for 20 MHz, only writes go faster."""
DAC_RESET_MS = 2
"""The part answers 1 ms after a power-on or soft reset."""

RANGE_0_5 = 0x0
RANGE_0_10 = 0x1
RANGE_PM5 = 0x9
RANGE_PM10 = 0xA
RANGE_PM2V5 = 0xE
DAC_RANGE_VOLTS = (
    # (DACRANGE code, lowest volts, highest volts)
    (RANGE_0_5, 0.0, 5.0),
    (RANGE_0_10, 0.0, 10.0),
    (RANGE_PM5, -5.0, 5.0),
    (RANGE_PM10, -10.0, 10.0),
    (RANGE_PM2V5, -2.5, 2.5),
)

CV_VCO1_PITCH = 0
CV_VCO2_PITCH = 1
CV_VCO1_PW = 2
CV_HPF_CUTOFF = 3
CV_LPF_CUTOFF = 4
CV_HPF_PEAK = 5
CV_LPF_PEAK = 6
CV_VCO1_LEVEL = 7
CV_VCO2_LEVEL = 8
CV_VCA = 9
CV_EG1_OUT = 10
CV_EG2_REV_OUT = 11
CV_MG_OUT_A = 12
CV_KBD_CV_OUT = 13
CV_F_V_CV_OUT = 14
CV_AUX = 15
CV_COUNT = 16

CV = (
    # (name, DACRANGE code); the index is the DAC's channel
    ("VCO 1 PITCH", RANGE_PM5),
    ("VCO 2 PITCH", RANGE_PM5),
    ("VCO 1 PW", RANGE_0_5),
    ("HPF CUTOFF", RANGE_PM5),
    ("LPF CUTOFF", RANGE_PM5),
    ("HPF PEAK", RANGE_0_5),
    ("LPF PEAK", RANGE_0_5),
    ("VCO 1 LEVEL", RANGE_0_5),
    ("VCO 2 LEVEL", RANGE_0_5),
    ("VCA", RANGE_0_5),
    ("EG1 OUT", RANGE_0_5),
    ("EG2 REV OUT", RANGE_PM5),
    ("MG OUT A", RANGE_PM5),
    ("KBD CV OUT", RANGE_0_10),
    ("F-V CV OUT", RANGE_0_10),
    ("AUX", RANGE_0_10),
)

PITCH_ZERO_VOLT_NOTE = 60
"""0 V on a pitch channel is 261.63 Hz: middle C at 8'."""
PITCH_VOLTS_PER_OCTAVE = 1.0
CUTOFF_ZERO_VOLT_HZ = 1330.0
CUTOFF_OCTAVES_PER_VOLT = 0.96
KBD_CV_ONE_VOLT_NOTE = 48
"""Hz/V: 1 V at note 48, doubling every octave."""

# --- ADS8684 ----------------------------------------------------------------------------------------------
JACK_ADC_SPI_MODE = 1
JACK_ADC_SPI_HZ = 15_625_000
"""At most 17 MHz; 125 MHz / 8."""
JACK_ADC_VCO12_CV = 0
JACK_ADC_VCO2_CV = 1
JACK_ADC_KBD_CV = 2
JACK_ADC_AUX = 3
JACK_ADC_RANGE = 5  # 0..10.24 V
JACK_ADC_FULL_VOLTS = 10.24
JACK_ADC_FULL_MILLIVOLTS = 10_240
JACK_ADC = (
    # (jack, ADS8684 range code); the index is the converter's channel
    ("VCO 1+2 CV IN", 5),
    ("VCO 2 CV IN", 5),
    ("KBD CV OUT", 5),
    ("AUX", 5),
)
JACK_ADC_RANGE_VOLTS = ((0, -10.24, 10.24), (5, 0.0, 10.24))

# --- Panel: three CD74HC4067 on ADC0-2 ----------------------------------------------------------------------
MUX_COUNT = 3
MUX_ADDRESSES = 16
ADC_BITS = 12
ADC_FULL = 4095

KIND_SPARE = 0
KIND_POT = 1
KIND_CENTRE_POT = 2  # a pot with its zero in the middle (-5..+5 on the panel)
KIND_ROTARY = 3  # four positions, a resistor ladder
KIND_WHEEL = 4
KIND_MONITOR = 5

ROTARY_LADDER_EIGHTHS = (1, 3, 5, 7)
"""A rotary's four positions sit at these eighths of the ADC's span: both ends stay free, so that an open wiper
or a missing resistor reads as a fault instead of a position."""

# Channel numbers are mux * 16 + address: the order in which they stand in PANEL.
VCO1_WAVE_FORM = 0
VCO1_PW = 1
VCO1_SCALE = 2
PORTAMENTO_TIME = 3
VCO2_WAVE_FORM = 4
VCO2_PITCH = 5
VCO2_SCALE = 6
MASTER_TUNE = 7
VCO1_LEVEL = 8
VCO2_LEVEL = 9
FM_MG = 10
FM_EG1 = 11
CONTROL_WHEEL = 12
HPF_CUTOFF = 16
HPF_PEAK = 17
HPF_MG = 18
HPF_EG2 = 19
LPF_CUTOFF = 20
LPF_PEAK = 21
LPF_MG = 22
LPF_EG2 = 23
MG_WAVE_FORM = 24
MG_FREQUENCY = 25
VOLUME = 26
MONITOR_P12 = 27
MONITOR_M12 = 28
MONITOR_5V = 29
MONITOR_REF = 30
MONITOR_REVISION = 31
EG1_DELAY = 32
EG1_ATTACK = 33
EG1_RELEASE = 34
EG2_HOLD = 35
EG2_ATTACK = 36
EG2_DECAY = 37
EG2_SUSTAIN = 38
EG2_RELEASE = 39
ESP_SIGNAL_LEVEL = 40
ESP_LOW_CUT = 41
ESP_HIGH_CUT = 42
ESP_CV_ADJUST = 43
ESP_THRESHOLD = 44
MONITOR_TEMPERATURE = 45
PANEL_COUNT = 48

PANEL = (
    # mux 0
    ("VCO 1 WAVE FORM", KIND_ROTARY),
    ("VCO 1 PW", KIND_POT),
    ("VCO 1 SCALE", KIND_ROTARY),
    ("PORTAMENTO TIME", KIND_POT),
    ("VCO 2 WAVE FORM", KIND_ROTARY),
    ("VCO 2 PITCH", KIND_CENTRE_POT),
    ("VCO 2 SCALE", KIND_ROTARY),
    ("MASTER TUNE", KIND_CENTRE_POT),
    ("VCO 1 LEVEL", KIND_POT),
    ("VCO 2 LEVEL", KIND_POT),
    ("FM MG/T.EXT", KIND_POT),
    ("FM EG1/EXT", KIND_POT),
    ("CONTROL WHEEL", KIND_WHEEL),
    ("", KIND_SPARE),
    ("", KIND_SPARE),
    ("", KIND_SPARE),
    # mux 1
    ("HPF CUTOFF FREQUENCY", KIND_POT),
    ("HPF PEAK", KIND_POT),
    ("HPF MG/T.EXT", KIND_POT),
    ("HPF EG2/EXT", KIND_POT),
    ("LPF CUTOFF FREQUENCY", KIND_POT),
    ("LPF PEAK", KIND_POT),
    ("LPF MG/T.EXT", KIND_POT),
    ("LPF EG2/EXT", KIND_POT),
    ("MG WAVE FORM", KIND_POT),
    ("MG FREQUENCY", KIND_POT),
    ("VOLUME", KIND_POT),
    ("+12 V MONITOR", KIND_MONITOR),
    ("-12 V MONITOR", KIND_MONITOR),
    ("+5 V MONITOR", KIND_MONITOR),
    ("2.5 V REFERENCE MONITOR", KIND_MONITOR),
    ("BOARD REVISION STRAP", KIND_MONITOR),
    # mux 2
    ("EG1 DELAY TIME", KIND_POT),
    ("EG1 ATTACK TIME", KIND_POT),
    ("EG1 RELEASE TIME", KIND_POT),
    ("EG2 HOLD TIME", KIND_POT),
    ("EG2 ATTACK TIME", KIND_POT),
    ("EG2 DECAY TIME", KIND_POT),
    ("EG2 SUSTAIN LEVEL", KIND_POT),
    ("EG2 RELEASE TIME", KIND_POT),
    ("ESP SIGNAL LEVEL", KIND_POT),
    ("ESP LOW CUT FREQ", KIND_POT),
    ("ESP HIGH CUT FREQ", KIND_POT),
    ("ESP CV ADJUST", KIND_POT),
    ("ESP THRESHOLD LEVEL", KIND_POT),
    ("VCO TEMPERATURE SENSOR", KIND_MONITOR),
    ("", KIND_SPARE),
    ("", KIND_SPARE),
)

ROTARY_WORDS = (
    # (control, its four positions from counter-clockwise)
    ("VCO 1 WAVE FORM", ("TRIANGLE", "SAW", "PULSE", "NOISE")),
    ("VCO 1 SCALE", ("32'", "16'", "8'", "4'")),
    ("VCO 2 WAVE FORM", ("SAW", "SQUARE", "NARROW PULSE", "RING")),
    ("VCO 2 SCALE", ("16'", "8'", "4'", "2'")),
)

# --- Shift registers on SPI1 ----------------------------------------------------------------------------------
SHIFT_SPI_HZ = 10_416_667
"""125 MHz / 12: a 74HC595 at 3.3 V is good for well over this at room temperature (bring-up check 5 measures it)."""
SHIFT_SPI_MODE = 0

SHIFT_OUT_BITS = 24
"""Three 74HC595. The word goes out most significant bit first: bit 23 ends in QH of the chip furthest from the
Pico, bit 0 in QA of the nearest."""
OUT_KEY_ROW_0 = 0  # rows 0-7 are bits 0-7; a high bit drives its row
OUT_VCO1_WAVE = 8  # 2 bits, position of the rotary
OUT_VCO2_WAVE = 10  # 2 bits
OUT_TUNE_MUX = 12  # 2 bits: VCO 1, VCO 2, HPF, LPF
OUT_LED_STANDBY = 14
OUT_LED_MG = 15
OUT_LED_EG = 16
OUT_LED_MIDI = 17
LEDS = (("STANDBY ON", 14), ("MG", 15), ("EG", 16), ("MIDI", 17))
TUNE_SOURCES = ("VCO 1", "VCO 2", "HPF", "LPF")

SHIFT_IN_BITS = 16
"""Two 74HC165. Of the 24 bits that a transfer reads, the first 16 are theirs; bit 15 of this word comes first."""
IN_KEY_COLUMN_0 = 0  # columns 0-4 are bits 0-4; high = a key of the driven row is down
IN_PLUG_TOTAL = 5  # plug switches: high = a plug is in
IN_PLUG_FREQ = 6
IN_PLUG_HPF_CUTOFF = 7
IN_PLUG_LPF_CUTOFF = 8
IN_PLUG_VCO12_CV = 9
IN_PLUG_VCO2_CV = 10
IN_PLUG_TRIG = 11
IN_PLUG_EG1_TRIG = 12
PLUGS = (
    # (jack, bit)
    ("TOTAL", 5),
    ("FREQ", 6),
    ("HPF CUTOFF FREQ", 7),
    ("LPF CUTOFF FREQ", 8),
    ("VCO 1+2 CV IN", 9),
    ("VCO 2 CV IN", 10),
    ("TRIG IN", 11),
    ("EG1 TRIG IN", 12),
)

# --- Keys -----------------------------------------------------------------------------------------------------
KEY_ROWS = 8
KEY_COLUMNS = 5
KEY_COUNT = 37
KEY_LOWEST_NOTE = 48
"""Key k (0 = the leftmost C) plays note 48 + k and sits at row k // 5, column k % 5."""

# --- Power ------------------------------------------------------------------------------------------------------
S_TRIG_THRESHOLD_VOLTS = 1.3
"""A trigger input is low (triggered) below this voltage; an open or unplugged input is high."""
