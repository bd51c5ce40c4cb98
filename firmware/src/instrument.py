"""The instrument: brings the board up in the safe order, then keeps the slow work going beside the tick.

Order at start: hold the power, quiet the DAC, clear the tick's memory, let the tick read the panel, apply the
panel, light STANDBY ON. Notes are heard from the first tick on; the panel is right before any can arrive.
"""

# link: constants

import time

from board import CV_COUNT, MUX_ADDRESSES, OUT_LED_EG, OUT_LED_MIDI, OUT_LED_STANDBY, PANEL_COUNT
from control_frame import pack
from controls import Controls
from dac import DAC0, Dac, DacSilent, rest_code
from hardware import Hardware
from jack_adc import JackAdc
from memory import clear, state
from midi_bytes import reset as reset_port
from state import (
    CV_CODE,
    DAC_DMA,
    FRAME,
    GATE,
    LATE_TICKS,
    MIDI_ACTIVITY,
    PANEL_CHANGES,
    PANEL_FILTERED_Q4,
    PANEL_REPORTED_Q4,
    PORT_COUNT,
    SHIFT_WORD,
    TICK_US_MAX,
    TICK_US_MIN,
    TICK_US_SUM,
    TICKS,
    TICKS_TIMED,
)
from tick import tick
from uctypes import bytearray_at
from usb_midi import usb_midi

PANEL_SETTLE_SCANS = 24
"""Scans of the whole panel before it is believed: the filter is then within a code of the truth."""
MIDI_LED_MS = 60
NEVER_US = 1_000_000


class Instrument:
    """Everything that runs outside the tick."""

    def __init__(self):
        self.hardware = Hardware()
        self.dac = Dac(JackAdc())
        self.controls = Controls()
        self._panel_seen = 0
        self._midi_seen = 0
        self._midi_led_off_ms = 0

    def start(self):
        """Start the tick on the panel as it stands."""
        clear()
        for channel in range(CV_COUNT):
            state[CV_CODE + channel] = rest_code(channel)
        for port in range(PORT_COUNT):
            reset_port(port)
        clear_counters()
        bytearray_at(FRAME, 1)[0] = DAC0
        pack()
        state[DAC_DMA] = self.dac.start_dma() if self.dac.streams else 0
        self.hardware.start_clock(tick)
        settled = state[TICKS] + PANEL_SETTLE_SCANS * MUX_ADDRESSES
        while state[TICKS] < settled:
            time.sleep_ms(1)
        for channel in range(PANEL_COUNT):
            state[PANEL_REPORTED_Q4 + channel] = state[PANEL_FILTERED_Q4 + channel]
        self.controls.apply_all()
        clear_counters()
        self._led(OUT_LED_STANDBY, True)

    def step(self):
        """One round of the slow work; called about every millisecond."""
        if state[PANEL_CHANGES] != self._panel_seen:
            self._panel_seen = state[PANEL_CHANGES]
            self.controls.apply_changed()
        self.controls.settle()
        usb_midi.poll()
        now_ms = time.ticks_ms()
        if state[MIDI_ACTIVITY] != self._midi_seen:
            self._midi_seen = state[MIDI_ACTIVITY]
            self._midi_led_off_ms = time.ticks_add(now_ms, MIDI_LED_MS)
            self._led(OUT_LED_MIDI, True)
        elif time.ticks_diff(now_ms, self._midi_led_off_ms) >= 0:
            self._led(OUT_LED_MIDI, False)
        self._led(OUT_LED_EG, state[GATE])

    def _led(self, bit, lit):
        word = state[SHIFT_WORD]
        new = word | 1 << bit if lit else word & ~(1 << bit)
        if new != word:
            state[SHIFT_WORD] = new


def clear_counters():
    """Start the tick's statistics anew."""
    state[LATE_TICKS] = 0
    state[TICK_US_MIN] = NEVER_US
    state[TICK_US_MAX] = 0
    state[TICK_US_SUM] = 0
    state[TICKS_TIMED] = 0


def describe(dac):
    """What start-up measured about the DAC, in a line for the console."""
    order = "descending" if dac.ranges_descend else "ascending"
    if not dac.ranges_measured:
        order += " (assumed: KBD CV reads back %.3f V)" % dac.probe_volts
    return "DAC mode %d, ranges %s, %s" % (dac.mode, order, "streaming" if dac.streams else "by frames")


def run():
    """Play until Ctrl-C. A DAC that does not answer is said on the console; the trigger then stays off."""
    try:
        instrument = Instrument()
    except DacSilent as silence:
        print("MS-20:", silence)
        return
    instrument.start()
    print("MS-20: playing;", describe(instrument.dac))
    try:
        while True:
            instrument.step()
            time.sleep_ms(1)
    except KeyboardInterrupt:
        print("MS-20: console; the tick goes on, the panel rests. Reset to play on.")
