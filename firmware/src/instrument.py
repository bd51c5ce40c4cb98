"""The instrument: brings the board up in the safe order, then does the slow work beside the tick, a round at a time.

Order at start: hold the power, quiet the DAC, clear the tick's memory, let the tick read the panel, apply panel and
settings, light STANDBY ON. Notes are heard from the first tick on; the panel is right before any can arrive.
"""

# link: constants

import time

import micropython
from board import (
    CLK_SYS_HZ,
    CV_COUNT,
    DAC_SPI_HZ,
    JACK_ADC_SPI_HZ,
    JACK_ADC_SPI_MODE,
    JACK_ADC_VCO12_CV,
    KEY_COLUMNS,
    KEY_COUNT,
    KEY_LOWEST_NOTE,
    OUT_LED_EG,
    OUT_LED_MG,
    OUT_LED_MIDI,
    OUT_LED_STANDBY,
    PANEL_COUNT,
    PIN_EG1_TRIG_IN,
    PIN_TRIG_IN,
    TICK_HZ,
)
from control_frame import set_code
from controls import Controls
from converter_bus import settings_word
from dac import DAC0, Dac, rest_code
from extended import Extended
from f_v import FV
from fault_light import BLINKS_MUX_MISSING, show
from jack_adc import JackAdc
from live_settings import apply_settings
from memory import clear, state
from midi_bytes import reset as reset_port
from panel_scan import SCAN_TICKS
from settings import settings
from state import (
    DAC_DMA,
    EG2_GATE,
    ENTRY_CYCLES_MAX,
    EXTENDED_NEWS,
    EXTENDED_SEEN,
    FRAME,
    GATE_SEEN,
    JACK_SELECTED,
    KEY_DOWN,
    LATE_TICKS,
    MG_PULSE,
    MG_SEEN,
    MIDI_ACTIVITY,
    MIDI_ACTIVITY_SEEN,
    NORMALS_FADING,
    PANEL_ANCHOR_Q4,
    PANEL_CHANGES,
    PANEL_CHANGES_SEEN,
    PANEL_FILTERED_Q4,
    PANEL_MOVING,
    PANEL_REPORTED_Q4,
    PORT_COUNT,
    ROUND_START,
    SHIFT_WORD,
    SPI_CR0_DAC,
    SPI_CR0_JACKS,
    STATE,
    TICK_CYCLES_MAX,
    TICK_CYCLES_MIN,
    TICK_CYCLES_SUM_16,
    TICKS,
    TICKS_TIMED,
    TRIG_PINS,
)
from tick import tick
from uctypes import bytearray_at
from usb_midi import usb_midi

PANEL_SETTLE_SCANS = 24
"""Scans of the whole panel before it is believed: the filter is then within a code of the truth."""
ROUND_TICKS = TICK_HZ // 1000
"""Ticks between two rounds of the slow work: a millisecond."""
MIDI_LED_ROUNDS = 60
TRIG_PINS_AT_REST = 1 << PIN_TRIG_IN | 1 << PIN_EG1_TRIG_IN
NEWS_PANEL = 1
NEWS_MIDI = 2
NEWS_GATE = 4
NEWS_MG = 8
NEWS_EXTENDED = 16


class Instrument:
    """Everything that runs outside the tick: `start` once, then `step` every round."""

    def __init__(self, hardware):
        self.hardware = hardware
        self.jack_adc = JackAdc()
        self.dac = Dac(self.jack_adc)
        self.controls = Controls()
        self.extended = Extended()
        self.f_v = FV()
        self.keys_at_start = ()
        """Notes of the keys that were down when the instrument was switched on: held, or stuck."""
        self._midi_led_rounds = 0

    def start(self):
        """Start the tick on the panel as it stands."""
        clear()
        for channel in range(CV_COUNT):
            set_code(channel, rest_code(channel))
        for port in range(PORT_COUNT):
            reset_port(port)
        apply_settings(self.extended)
        state[TRIG_PINS] = TRIG_PINS_AT_REST
        state[NORMALS_FADING] = 1
        clear_counters()
        bytearray_at(FRAME, 1)[0] = DAC0
        # The channel that the tick's first frame will find chosen.
        self.jack_adc.volts(JACK_ADC_VCO12_CV)
        state[JACK_SELECTED] = JACK_ADC_VCO12_CV
        state[SPI_CR0_JACKS] = settings_word(JACK_ADC_SPI_HZ, JACK_ADC_SPI_MODE)
        state[SPI_CR0_DAC] = settings_word(DAC_SPI_HZ, self.dac.mode)
        state[DAC_DMA] = self.dac.start_dma() if self.dac.streams else 0
        missing = self.hardware.missing_multiplexers()
        if missing:
            show(self.hardware, BLINKS_MUX_MISSING, 0)
        self.hardware.watch_f_v()
        self.hardware.start_clock(tick)
        settled = state[TICKS] + PANEL_SETTLE_SCANS * SCAN_TICKS
        while state[TICKS] < settled:
            time.sleep_ms(1)
        for channel in range(PANEL_COUNT):
            state[PANEL_MOVING + channel] = 0
            state[PANEL_ANCHOR_Q4 + channel] = state[PANEL_FILTERED_Q4 + channel]
            state[PANEL_REPORTED_Q4 + channel] = state[PANEL_FILTERED_Q4 + channel]
        self.controls.apply_all()
        for mux in missing:
            self.controls.bury(mux)
        self.f_v.start()
        self.keys_at_start = tuple(keys_down())
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
        self.f_v.poll()
        if news & NEWS_EXTENDED:
            self.extended.take_news(self.controls)
        self.extended.watch_clock()
        if news & NEWS_GATE:
            self._led(OUT_LED_EG, state[EG2_GATE])
        if news & NEWS_MG:
            self._led(OUT_LED_MG, state[MG_PULSE])
        if news & NEWS_MIDI:
            self._midi_led_rounds = MIDI_LED_ROUNDS
            self._led(OUT_LED_MIDI, True)
        elif self._midi_led_rounds:
            self._midi_led_rounds -= 1
            if self._midi_led_rounds == 0:
                self._led(OUT_LED_MIDI, False)

    def troubles(self):
        """All that start-up and the panel have found wrong, a sentence each."""
        found = list(self.controls.troubles())
        if settings.trouble:
            found.append(settings.trouble)
        if self.keys_at_start:
            notes = ", ".join(str(note) for note in self.keys_at_start)
            found.append("keys down since power-on (stuck, if nobody holds them): notes %s" % notes)
        return found

    def describe(self):
        """What start-up measured about the DAC, in a line."""
        dac = self.dac
        order = "descending" if dac.ranges_descend else "ascending"
        if not dac.ranges_measured:
            order += " (assumed: KBD CV reads back %.3f V)" % dac.probe_volts
        return "DAC mode %d, ranges %s, %s" % (dac.mode, order, "streaming" if dac.streams else "by frames")

    def _led(self, bit, lit):
        word = state[SHIFT_WORD]
        new = word | 1 << bit if lit else word & ~(1 << bit)
        if new != word:
            state[SHIFT_WORD] = new


def keys_down():
    """Notes of the keys that are down, from the left."""
    return [
        KEY_LOWEST_NOTE + key
        for key in range(KEY_COUNT)
        if state[KEY_DOWN + key // KEY_COLUMNS] >> key % KEY_COLUMNS & 1
    ]


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
    if s[EG2_GATE] != s[GATE_SEEN]:
        s[GATE_SEEN] = s[EG2_GATE]
        news |= NEWS_GATE
    if s[MG_PULSE] != s[MG_SEEN]:
        s[MG_SEEN] = s[MG_PULSE]
        news |= NEWS_MG
    if s[EXTENDED_NEWS] != s[EXTENDED_SEEN]:
        s[EXTENDED_SEEN] = s[EXTENDED_NEWS]
        news |= NEWS_EXTENDED
    return news


@micropython.viper
def round_is_over() -> int:
    """1 once in ROUND_TICKS ticks; the difference stays right when the tick counter wraps."""
    s = ptr32(STATE)
    if s[TICKS] - s[ROUND_START] < ROUND_TICKS:
        return 0
    s[ROUND_START] = s[TICKS]
    return 1


def clear_counters():
    """Start the tick's statistics anew."""
    state[LATE_TICKS] = 0
    state[ENTRY_CYCLES_MAX] = 0
    state[TICK_CYCLES_MIN] = CLK_SYS_HZ // TICK_HZ
    state[TICK_CYCLES_MAX] = 0
    state[TICK_CYCLES_SUM_16] = 0
    state[TICKS_TIMED] = 0
