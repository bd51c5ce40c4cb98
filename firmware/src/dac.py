"""Driver for the DAC81416: sixteen 16-bit outputs, updated together at each LDAC edge.

Three facts about the part are uncertain on paper, so start-up measures them:

    the SPI mode            DEVICEID is read in each; the mode that answers stays
    the DACRANGE order      KBD CV alone is powered, told 0.625 V and read back through the jack ADC; in the
                            wrong order it would stand at -4.375 V
    streaming               sixteen codes go out in one frame and are read back one by one; if they differ,
                            the tick writes sixteen short frames instead

Sources: the design of record, section 3; TI DACx1416 register map (SLASEO0) and its sister's timing (SLASER3):
reading back needs SCLK <= 20 MHz, and STR-EN takes SDO away until it is cleared.
"""

# link: constants

import time

from board import (
    CV,
    CV_COUNT,
    CV_KBD_CV_OUT,
    DAC_BITS,
    DAC_MIDDLE,
    DAC_RANGE_REGISTERS_DESCEND,
    DAC_RESET_MS,
    DAC_SETUP_SPI_HZ,
    DAC_SPI_HZ,
    DAC_SPI_MODES_TO_TRY,
    JACK_ADC_KBD_CV,
    PIN_DAC_SELECT,
    RANGE_0_5,
    RANGE_0_10,
)
from converter_bus import converter_spi
from dma import registers_of
from fault_light import BLINKS_DAC_SILENT, BLINKS_DAC_WRONG
from machine import Pin, mem32
from rp2 import DMA as DmaChannel
from rp2040 import BYTE_SHIFT, DREQ_SPI0_TX, SPI0, SPI_DMACR, SPI_DMACR_TXDMAE, SPI_DR
from state import FRAME, FRAME_BYTES

DEVICEID = 0x01
SPICONFIG = 0x03
GENCONFIG = 0x04
SYNCCONFIG = 0x06
DACPWDWN = 0x09
DACRANGE0 = 0x0A
TRIGGER = 0x0E
DAC0 = 0x10
READ = 0xC0

DEVICE = 0x29C
"""14-bit device number in DEVICEID's top bits."""
SPICONFIG_AWAKE = 0x0A84
SPICONFIG_STREAMING = SPICONFIG_AWAKE | 1 << 3
GENCONFIG_REFERENCE_ON = 0x3F00
TRIGGER_SOFT_RESET = 0xA
TRIGGER_LDAC = 1 << 4
ALL_CHANNELS = 0xFFFF
RANGE_REGISTERS = 4
CHANNELS_A_RANGE_REGISTER = 4
RANGE_BITS = 4

CHECK_BITS = (0x5AA0, 0xA550)
"""Code bits of the read-back check, each both ways; nothing reaches the outputs, which wait for LDAC."""
PROBE_CODE = 0x1000
PROBE_VOLTS = 10.0 * PROBE_CODE / (1 << DAC_BITS)
PROBE_TOLERANCE_VOLTS = 0.1
OUTPUT_SETTLE_MS = 2
"""The reference and the output's RC, generously."""


class DacFault(Exception):
    """The DAC cannot be trusted: `blinks` is its number on the LED (fault_light.py), the text says what was read."""

    blinks = BLINKS_DAC_WRONG


class DacSilent(DacFault):
    """The DAC does not answer in any SPI mode."""

    blinks = BLINKS_DAC_SILENT


class Dac:
    """The converter on SPI0.

    `mode` is the SPI mode found; `ranges_descend` the DACRANGE order (`ranges_measured` False: the read-back told
    neither, TI's order is assumed); `streams` tells whether one frame carries all channels.
    """

    def __init__(self, jack_adc):
        self._select = Pin(PIN_DAC_SELECT, Pin.OUT, value=1)
        self._out = bytearray(3)
        self._in = bytearray(3)
        self._dma = None
        self.mode = self._find_mode()
        self._find_range_order(jack_adc)
        self._configure()
        self._check_codes()
        self.streams = self._try_streaming()
        self._spi = converter_spi(DAC_SPI_HZ, self.mode)

    def write(self, register, value):
        """Write 16 bits to a register."""
        out = self._out
        out[0] = register
        out[1] = value >> 8
        out[2] = value & 0xFF
        self._select(0)
        self._spi.write(out)
        self._select(1)

    def read(self, register):
        """Read 16 bits from a register at the setup rate: asked in one frame, answered in the next."""
        self.write(READ | register, 0)
        self._out[0] = self._out[1] = self._out[2] = 0
        self._select(0)
        self._spi.write_readinto(self._out, self._in)
        self._select(1)
        return self._in[1] << 8 | self._in[2]

    def start_dma(self):
        """Claim a DMA channel that sends the frame at FRAME; return its registers' address for the tick."""
        self._dma = DmaChannel()
        control = self._dma.pack_ctrl(
            size=0, inc_read=True, inc_write=False, treq_sel=DREQ_SPI0_TX, irq_quiet=True
        )
        data_register = SPI0 + (SPI_DR << BYTE_SHIFT)
        self._dma.config(read=FRAME, write=data_register, count=FRAME_BYTES, ctrl=control, trigger=False)
        mem32[SPI0 + (SPI_DMACR << BYTE_SHIFT)] = SPI_DMACR_TXDMAE
        return registers_of(self._dma)

    def _find_mode(self):
        seen = []
        for mode in DAC_SPI_MODES_TO_TRY:
            self._spi = converter_spi(DAC_SETUP_SPI_HZ, mode)
            self.write(TRIGGER, TRIGGER_SOFT_RESET)
            time.sleep_ms(DAC_RESET_MS)
            device = self.read(DEVICEID) >> 2
            if device == DEVICE:
                return mode
            seen.append("mode %d: %#x" % (mode, device))
        raise DacSilent("DAC81416 does not answer (DEVICEID wanted %#x; %s)" % (DEVICE, ", ".join(seen)))

    def _find_range_order(self, jack_adc):
        self.write(SPICONFIG, SPICONFIG_AWAKE)
        self.write(GENCONFIG, GENCONFIG_REFERENCE_ON)
        self.ranges_measured = True
        for descend in (DAC_RANGE_REGISTERS_DESCEND, not DAC_RANGE_REGISTERS_DESCEND):
            self.ranges_descend = descend
            self._write_ranges()
            self.write(DAC0 + CV_KBD_CV_OUT, PROBE_CODE)
            self.write(DACPWDWN, ALL_CHANNELS & ~(1 << CV_KBD_CV_OUT))
            time.sleep_ms(OUTPUT_SETTLE_MS)
            self.probe_volts = jack_adc.volts(JACK_ADC_KBD_CV)
            self._spi = converter_spi(DAC_SETUP_SPI_HZ, self.mode)
            self.write(DACPWDWN, ALL_CHANNELS)
            if abs(self.probe_volts - PROBE_VOLTS) < PROBE_TOLERANCE_VOLTS:
                return
        self.ranges_measured = False
        self.ranges_descend = DAC_RANGE_REGISTERS_DESCEND

    def _write_ranges(self):
        for quarter in range(RANGE_REGISTERS):
            word = 0
            for position in range(CHANNELS_A_RANGE_REGISTER):
                word |= CV[quarter * CHANNELS_A_RANGE_REGISTER + position][1] << position * RANGE_BITS
            register = RANGE_REGISTERS - 1 - quarter if self.ranges_descend else quarter
            self.write(DACRANGE0 + register, word)

    def _configure(self):
        # Ranges and codes first, then the codes taken over, outputs on last: no channel ever shows a voltage
        # that nobody asked for.
        self._write_ranges()
        self.write(SYNCCONFIG, ALL_CHANNELS)
        for channel in range(CV_COUNT):
            self.write(DAC0 + channel, rest_code(channel))
        self.write(TRIGGER, TRIGGER_LDAC)
        self.write(DACPWDWN, 0)

    def _check_codes(self):
        """Write every channel's number as its code, read all back: bits that stick, channels that are one."""
        wrong = {}
        for bits in CHECK_BITS:
            for channel in range(CV_COUNT):
                self.write(DAC0 + channel, rest_code(channel) ^ bits ^ channel)
            for channel in range(CV_COUNT):
                wanted = rest_code(channel) ^ bits ^ channel
                seen = self.read(DAC0 + channel)
                if seen != wanted and channel not in wrong:
                    wrong[channel] = "channel %d: %#06x for %#06x" % (channel, seen, wanted)
        for channel in range(CV_COUNT):
            self.write(DAC0 + channel, rest_code(channel))
        if wrong:
            self.write(DACPWDWN, ALL_CHANNELS)
            raise DacFault(
                "DAC81416 reads back wrong on %d of %d channels (%s)"
                % (len(wrong), CV_COUNT, wrong[min(wrong)])
            )

    def _try_streaming(self):
        """Stream sixteen different codes, read them back one by one, then put the resting codes in their place."""
        self.write(SPICONFIG, SPICONFIG_STREAMING)
        frame = bytearray(FRAME_BYTES)
        frame[0] = DAC0
        for channel in range(CV_COUNT):
            code = rest_code(channel) ^ (channel + 1)
            frame[1 + 2 * channel] = code >> 8
            frame[2 + 2 * channel] = code & 0xFF
        self._select(0)
        self._spi.write(frame)
        self._select(1)
        self.write(SPICONFIG, SPICONFIG_AWAKE)
        streams = True
        for channel in range(CV_COUNT):
            if self.read(DAC0 + channel) != rest_code(channel) ^ (channel + 1):
                streams = False
            self.write(DAC0 + channel, rest_code(channel))
        if streams:
            self.write(SPICONFIG, SPICONFIG_STREAMING)
        return streams


def rest_code(channel):
    """The code of 0 V in `channel`'s range."""
    return 0 if CV[channel][1] in (RANGE_0_5, RANGE_0_10) else DAC_MIDDLE
