"""The instrument: brings the board up in the safe order, then keeps the slow work going beside the tick.

Order at start: hold the power, quiet the DAC, clear the tick's memory, let the tick read the panel, apply the
panel, light STANDBY ON. Notes are heard from the first tick on; the panel is right before any can arrive.
"""

# link: constants

import time

import micropython
from board import (
    CLK_SYS_HZ,
    CV_COUNT,
    MUX_ADDRESSES,
    OUT_LED_EG,
    OUT_LED_MIDI,
    OUT_LED_STANDBY,
    PANEL_COUNT,
    TICK_HZ,
)
from control_frame import set_code
from controls import Controls
from dac import DAC0, Dac, DacSilent, rest_code
from jack_adc import JackAdc
from memory import clear, state
from midi_bytes import reset as reset_port
from state import (
    DAC_DMA,
    ENTRY_CYCLES_MAX,
    FRAME,
    GATE,
    GATE_SEEN,
    LATE_TICKS,
    MIDI_ACTIVITY,
    MIDI_ACTIVITY_SEEN,
    PANEL_CHANGES,
    PANEL_CHANGES_SEEN,
    PANEL_FILTERED_Q4,
    PANEL_REPORTED_Q4,
    PORT_COUNT,
    ROUND_START,
    SHIFT_WORD,
    STATE,
    TICK_CYCLES_MAX,
    TICK_CYCLES_MIN,
    TICK_CYCLES_SUM_16,
    TICKS,
    TICKS_TIMED,
)
from tick import tick
from uctypes import bytearray_at
from usb_midi import usb_midi

from hardware import Hardware

PANEL_SETTLE_SCANS = 24
"""Scans of the whole panel before it is believed: the filter is then within a code of the truth."""
ROUND_TICKS = TICK_HZ // 1000
"""Ticks between two rounds of the slow work: a millisecond."""
MIDI_LED_ROUNDS = 60
instrument = None
"""What plays; it outlives Ctrl-C, because the tick works on its drivers' registers."""
trouble = ""
"""Why nothing plays, if so; the console may not be open yet when it is printed."""
NEWS_PANEL = 1
NEWS_MIDI = 2
NEWS_GATE = 4


class Instrument:
    """Everything that runs outside the tick."""

    def __init__(self):
        self.hardware = Hardware()
        self.dac = Dac(JackAdc())
        self.controls = Controls()
        self._midi_led_rounds = 0

    def start(self):
        """Start the tick on the panel as it stands."""
        clear()
        for channel in range(CV_COUNT):
            set_code(channel, rest_code(channel))
        for port in range(PORT_COUNT):
            reset_port(port)
        clear_counters()
        bytearray_at(FRAME, 1)[0] = DAC0
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
        """One round of the slow work; called every ROUND_TICKS."""
        news = take_news()
        if news & NEWS_PANEL:
            self.controls.apply_changed()
        if self.controls.turning:
            self.controls.settle()
        usb_midi.poll()
        if news & NEWS_GATE:
            self._led(OUT_LED_EG, state[GATE])
        if news & NEWS_MIDI:
            self._midi_led_rounds = MIDI_LED_ROUNDS
            self._led(OUT_LED_MIDI, True)
        elif self._midi_led_rounds:
            self._midi_led_rounds -= 1
            if self._midi_led_rounds == 0:
                self._led(OUT_LED_MIDI, False)

    def _led(self, bit, lit):
        word = state[SHIFT_WORD]
        new = word | 1 << bit if lit else word & ~(1 << bit)
        if new != word:
            state[SHIFT_WORD] = new


@micropython.viper
def take_news() -> int:
    """What the tick has for the main loop since the last call: NEWS_ bits."""
    s = ptr32(STATE)
    news = 0
    if s[PANEL_CHANGES] != s[PANEL_CHANGES_SEEN]:
        s[PANEL_CHANGES_SEEN] = s[PANEL_CHANGES]
        news |= NEWS_PANEL
    if s[MIDI_ACTIVITY] != s[MIDI_ACTIVITY_SEEN]:
        s[MIDI_ACTIVITY_SEEN] = s[MIDI_ACTIVITY]
        news |= NEWS_MIDI
    if s[GATE] != s[GATE_SEEN]:
        s[GATE_SEEN] = s[GATE]
        news |= NEWS_GATE
    return news


@micropython.viper
def round_is_over() -> int:
    """1 once in ROUND_TICKS ticks; the difference stays right when the tick counter wraps."""
    s = ptr32(STATE)
    if s[TICKS] - s[ROUND_START] < ROUND_TICKS:
        return 0
    s[ROUND_START] = s[TICKS]
    return 1


@micropython.asm_thumb
def wait_for_interrupt():
    """Stop the processor until something happens."""
    wfi()  # type: ignore[name-defined]


def clear_counters():
    """Start the tick's statistics anew."""
    state[LATE_TICKS] = 0
    state[ENTRY_CYCLES_MAX] = 0
    state[TICK_CYCLES_MIN] = CLK_SYS_HZ // TICK_HZ
    state[TICK_CYCLES_MAX] = 0
    state[TICK_CYCLES_SUM_16] = 0
    state[TICKS_TIMED] = 0


def describe(dac):
    """What start-up measured about the DAC, in a line for the console."""
    order = "descending" if dac.ranges_descend else "ascending"
    if not dac.ranges_measured:
        order += " (assumed: KBD CV reads back %.3f V)" % dac.probe_volts
    return "DAC mode %d, ranges %s, %s" % (dac.mode, order, "streaming" if dac.streams else "by frames")


def run():
    """Play until Ctrl-C. A DAC that does not answer is said on the console; the trigger then stays off."""
    global instrument, trouble
    try:
        instrument = Instrument()
    except DacSilent as silence:
        trouble = str(silence)
        print("MS-20:", trouble)
        return
    instrument.start()
    print("MS-20: playing;", describe(instrument.dac))
    try:
        while True:
            instrument.step()
            while not round_is_over():
                # Asleep until the next interrupt, at the latest the next tick; USB's callbacks run in between.
                wait_for_interrupt()
    except KeyboardInterrupt:
        print("MS-20: console; the tick goes on, the panel rests. Reset to play on.")
    finally:
        instrument.hardware.hand_clock_to_pin(tick)
