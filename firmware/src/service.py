"""What the host, or a person at the prompt, can ask of the instrument while it plays.

From the prompt: `import service; service.counters()`. From a program, over the framed line of service_port.py, by the
same names: `counters`, `set bend 7`, `hold LPF CUTOFF 1.5`. Every refusal is a Refused with the allowed range in it.
"""

# link: constants

import gc
import json
import math
import time

import file_system
import machine
import play as stage
import service_mode
from board import (
    CLK_SYS_HZ,
    CV,
    DAC_BITS,
    DAC_FULL,
    DAC_RANGE_VOLTS,
    JACK_ADC_FULL_VOLTS,
    KIND_MONITOR,
    NAME,
    PANEL,
    PANEL_COUNT,
    PLUGS,
    ROTARY_LADDER_EIGHTHS,
    ROTARY_WORDS,
    TICK_HZ,
)
from build_info import BUILD_ID, VERSION
from cc_map import LEARNABLE
from control_frame import code_of, set_code
from cv_in import ONE_VOLT_Q9
from instrument import clear_counters, keys_down
from laws import FULL_Q4
from live_settings import apply_settings
from memory import state
from settings import SETTINGS, settings
from state import (
    CV_CODE_Q4,
    CV_GAIN_Q9,
    CV_HELD,
    CV_HELD_CODE,
    CV_PITCH_Q9,
    CV_READY,
    ENTRY_CYCLES_MAX,
    EXTENDED,
    LATE_TICKS,
    NOTES_PLAYED,
    PANEL_REPORTED_Q4,
    PLUGS_IN,
    PORT_BREAKS,
    PORT_BYTES,
    PORT_BYTES_BAD,
    PORT_DIN,
    PORT_OVERRUNS,
    PORT_SENSING_LOST,
    PORT_USB,
    PORT_WORDS,
    PORTS,
    TICK_CYCLES_MAX,
    TICK_CYCLES_MIN,
    TICK_CYCLES_SUM_16,
    TICKS,
    TICKS_TIMED,
    TRIG_IN_FALLS,
    USB_DROPPED,
)
from usb_midi import usb_midi

CYCLES_PER_US = CLK_SYS_HZ // 1_000_000
OCTAVE_Q9 = 12 * 512
CODES_Q4_PER_VOLT = 16 * (1 << 16) / JACK_ADC_FULL_VOLTS
"""Jack ADC code * 16 of a volt."""
CV_INPUT_NAMES = ("cv12", "cv2")
ROTARIES = tuple(name for name, _ in ROTARY_WORDS)
PORT_COUNTERS = (
    ("bytes", PORT_BYTES),
    ("bytes_bad", PORT_BYTES_BAD),
    ("overruns", PORT_OVERRUNS),
    ("breaks", PORT_BREAKS),
    ("sensing_lost", PORT_SENSING_LOST),
)


class Refused(ValueError):
    """A request that cannot be carried out; the text says why, and what is allowed."""


def about():
    """One line that says what this is and what start-up found out about its DAC."""
    found = stage.instrument.describe() if stage.instrument else stage.trouble
    return "%s %s (build %s); %s" % (NAME, VERSION, BUILD_ID, found)


def counters():
    """Counters since the last clear, by name.

    Times are microseconds from LDAC's edge: to the tick's first line (entry), to its last (min, mean, max). What
    the interrupt's way out takes after that is not in them.
    """
    timed = state[TICKS_TIMED] or 1
    sum_cycles = (state[TICK_CYCLES_SUM_16] & 0xFFFFFFFF) * 16
    found = {
        "tick_hz": TICK_HZ,
        "ticks": state[TICKS],
        "ticks_timed": timed,
        "late_ticks": state[LATE_TICKS],
        "tick_us_min": state[TICK_CYCLES_MIN] / CYCLES_PER_US,
        "tick_us_mean": sum_cycles / timed / CYCLES_PER_US,
        "tick_us_max": state[TICK_CYCLES_MAX] / CYCLES_PER_US,
        "entry_us_max": state[ENTRY_CYCLES_MAX] / CYCLES_PER_US,
        "notes_played": state[NOTES_PLAYED],
        "trig_in_falls": state[TRIG_IN_FALLS],
        "usb_dropped": state[USB_DROPPED],
        "usb_losses": usb_midi.losses,
        "usb_given_up": usb_midi.given_up,
    }
    for name, port in (("din", PORT_DIN), ("usb", PORT_USB)):
        for what, word in PORT_COUNTERS:
            found["%s_%s" % (name, what)] = state[PORTS + port * PORT_WORDS + word]
    return found


def collect():
    """Collect garbage now: for how many microseconds everything but the tick stood still."""
    started_us = time.ticks_us()
    gc.collect()
    return time.ticks_diff(time.ticks_us(), started_us)


def memory():
    """Bytes in use, garbage included: what grew between two calls was allocated between them.

    Counting takes 6 ms, for which everything but the tick stands still.
    """
    return gc.mem_alloc()


def clear():
    """Start counting the tick's times anew."""
    clear_counters()
    return "counting anew"


def controls():
    """Where every control stands, by name: its panel number, or a rotary's word."""
    return _playing().controls.positions()


def cvs():
    """Volts of every CV as the next frame will carry them, by name."""
    return {CV[channel][0]: round(_volts(channel, code_of(channel)), 4) for channel in range(len(CV))}


def monitors():
    """The board's own voltages, as shares of the ADC's span, by name."""
    return {
        PANEL[channel][0]: round(state[PANEL_REPORTED_Q4 + channel] / FULL_Q4, 4)
        for channel in range(PANEL_COUNT)
        if PANEL[channel][1] == KIND_MONITOR
    }


def plugs():
    """Which jacks have a plug, by name."""
    return {name: bool(state[PLUGS_IN] >> bit & 1) for name, bit in PLUGS}


def self_test():
    """What is wrong, a sentence each: keys that are down, multiplexers, rotaries, the settings' file."""
    found = list(_playing().troubles())
    down = keys_down()
    if down:
        found.append(
            "keys down now (stuck, if nobody holds them): notes %s" % ", ".join(str(n) for n in down)
        )
    return found or ["nothing wrong was found"]


def get(name):
    """The value of a setting."""
    return settings.get(name)


def set(name, value):
    """Change a setting; it acts at once and is kept only by `save`."""
    settings.set(name, value)
    apply_settings(_playing().extended)
    return settings.get(name)


def setup():
    """All settings by name."""
    return {row[0]: settings.get(row[0]) for row in SETTINGS}


def save():
    """Keep the settings over power-off. The tick stands still meanwhile, for a tenth of a second and more."""
    was_away = file_system.fetch()
    try:
        settings.save()
    finally:
        if was_away:
            file_system.let_go()
    return "saved"


def defaults():
    """All settings as they came; `save` keeps that."""
    settings.reset()
    apply_settings(_playing().extended)
    return "defaults"


def learn(control):
    """Give the next controller that comes to a panel control; extended mode only."""
    channel = _control(control)
    if not state[EXTENDED]:
        raise Refused("controllers act in extended mode alone: set mode extended")
    _playing().extended.learn(channel)
    return "%s waits for a controller" % PANEL[channel][0]


def zero(jack, volts):
    """Calibrate where the scale of cv12 or cv2 (VCO 1+2 CV IN, VCO 2 CV IN) begins: its plug carries so many volts now.

    From 0.1 to 1 V, such as KBD CV OUT's 0.25 V at the note 24; at 0 V the ADC shows nothing of an offset below. It
    counts on the gain, so the order is `zero`, `gain`, `zero`.
    """
    place = _cv_input(jack)
    wanted_volts = _number(jack, volts, 0.1, 1, "V")
    gain_octaves = state[CV_GAIN_Q9 + place] / OCTAVE_Q9
    wanted_q4 = round(wanted_volts * CODES_Q4_PER_VOLT / 2**gain_octaves)
    return set(jack + "_zero", state[CV_CODE_Q4 + place] - wanted_q4)


def gain(jack, volts):
    """Calibrate cv12 or cv2: the plug in it carries so many volts now (0.25 to 10)."""
    place = _cv_input(jack)
    wanted_volts = _number(jack, volts, 0.25, 10, "V")
    octaves = math.log(wanted_volts) / math.log(2)
    wanted_q9 = round(octaves * OCTAVE_Q9) + ONE_VOLT_Q9
    return set(jack + "_gain", wanted_q9 - (state[CV_PITCH_Q9 + place] - state[CV_GAIN_Q9 + place]))


def hold(cv, volts):
    """Hold a CV at a voltage, whatever plays."""
    channel = _place(cv, [row[0] for row in CV], "CV")
    lowest, highest = _range(channel)
    number = _number(cv, volts, lowest, highest, "V")
    code = min(round((number - lowest) / (highest - lowest) * (1 << DAC_BITS)), DAC_FULL)
    if channel not in _before_hold:
        _before_hold[channel] = code_of(channel)
    state[CV_HELD_CODE + channel] = code
    state[CV_HELD] = state[CV_HELD] | 1 << channel
    return "%s at %.4f V" % (CV[channel][0], _volts(channel, code))


def release(cv):
    """Let a held CV go."""
    channel = _place(cv, [row[0] for row in CV], "CV")
    state[CV_HELD] = state[CV_HELD] & ~(1 << channel)
    if channel in _before_hold:
        set_code(channel, _before_hold.pop(channel))
        # A knob may have been turned meanwhile.
        _playing().controls.apply_all()
    return "%s follows" % CV[channel][0]


def turn(control, number):
    """Let a control stand at 0..10 (a share of its travel; a rotary has four), until it is turned by hand."""
    channel = _control(control)
    share = _number(control, number, 0, 10, "")
    eighths = share * 8 / 10
    if PANEL[channel][0] in ROTARIES:
        place = int(share * len(ROTARY_LADDER_EIGHTHS) / 10)
        eighths = ROTARY_LADDER_EIGHTHS[min(place, len(ROTARY_LADDER_EIGHTHS) - 1)]
    _playing().controls.turn(channel, round(eighths * FULL_Q4 / 8))
    return "%s at %g" % (PANEL[channel][0], share)


def play():
    """Leave service mode by a real reset: USB-MIDI comes back."""
    service_mode.forget()
    machine.reset()


_before_hold: dict[int, int] = {}
"""By channel, the code that a held CV had."""

COMMANDS: dict[str, tuple] = {
    # name: (function, how many words it takes; the last one may not hold blanks)
    "about": (about, 0),
    "counters": (counters, 0),
    "clear": (clear, 0),
    "collect": (collect, 0),
    "memory": (memory, 0),
    "controls": (controls, 0),
    "cvs": (cvs, 0),
    "monitors": (monitors, 0),
    "plugs": (plugs, 0),
    "selftest": (self_test, 0),
    "settings": (setup, 0),
    "get": (get, 1),
    "set": (set, 2),
    "save": (save, 0),
    "defaults": (defaults, 0),
    "learn": (learn, 1),
    "zero": (zero, 2),
    "gain": (gain, 2),
    "hold": (hold, 2),
    "release": (release, 1),
    "turn": (turn, 2),
}


def command(words):
    """Carry out a line of the service's port; return the answer as text."""
    name, _, rest = words.strip().partition(" ")
    if name not in COMMANDS:
        raise Refused("there is no command %s; there are %s" % (name, ", ".join(sorted(COMMANDS))))
    function, count = COMMANDS[name]
    # For a command that takes none, -1: all words, and so too many.
    given = rest.strip().rsplit(" ", count - 1) if rest else []
    if len(given) != count:
        raise Refused("%s takes %d words after it" % (name, count))
    result = function(*given)
    return result if isinstance(result, str) else json.dumps(result)


def _playing():
    if stage.instrument is None:
        raise Refused("nothing plays: %s" % stage.trouble)
    return stage.instrument


def _place(name, names, what):
    if name.upper() not in names:
        raise Refused("there is no %s %s; there are %s" % (what, name, ", ".join(n for n in names if n)))
    return names.index(name.upper())


def _control(name):
    channel = _place(name, [row[0] for row in PANEL], "control")
    if channel not in LEARNABLE:
        raise Refused("%s acts in analog alone" % PANEL[channel][0])
    return channel


def _cv_input(jack):
    if jack not in CV_INPUT_NAMES:
        raise Refused("there is no input %s; there are %s" % (jack, " and ".join(CV_INPUT_NAMES)))
    place = CV_INPUT_NAMES.index(jack)
    if not state[CV_READY] >> place & 1:
        raise Refused("there is no plug in %s" % jack)
    return place


def _number(name, text, lowest, highest, unit):
    try:
        number = float(text)
    except ValueError:
        number = highest + 1
    if not lowest <= number <= highest:
        raise Refused("%s cannot be %s: %g to %g %s" % (name, text, lowest, highest, unit))
    return number


def _range(channel):
    return next((low, high) for code, low, high in DAC_RANGE_VOLTS if code == CV[channel][1])


def _volts(channel, code):
    lowest, highest = _range(channel)
    return lowest + code * (highest - lowest) / (1 << DAC_BITS)
