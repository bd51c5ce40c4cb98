"""What the firmware counts about itself, for the console: `import service; service.counters()`."""

# link: constants

import instrument
from board import CLK_SYS_HZ, NAME, TICK_HZ
from build_info import BUILD_ID, VERSION
from memory import state
from state import (
    ENTRY_CYCLES_MAX,
    LATE_TICKS,
    NOTES_PLAYED,
    PORT_BYTES,
    PORT_BYTES_BAD,
    PORTS,
    TICK_CYCLES_MAX,
    TICK_CYCLES_MIN,
    TICK_CYCLES_SUM_16,
    TICKS,
    TICKS_TIMED,
    USB_DROPPED,
)

CYCLES_PER_US = CLK_SYS_HZ // 1_000_000


def counters():
    """Counters since the last clear, by name.

    Times are microseconds from LDAC's edge: to the tick's first line (entry), to its last (min, mean, max). What
    the interrupt's way out takes after that is not in them.
    """
    timed = state[TICKS_TIMED] or 1
    sum_cycles = (state[TICK_CYCLES_SUM_16] & 0xFFFFFFFF) * 16
    return {
        "tick_hz": TICK_HZ,
        "ticks": state[TICKS],
        "ticks_timed": timed,
        "late_ticks": state[LATE_TICKS],
        "tick_us_min": state[TICK_CYCLES_MIN] / CYCLES_PER_US,
        "tick_us_mean": sum_cycles / timed / CYCLES_PER_US,
        "tick_us_max": state[TICK_CYCLES_MAX] / CYCLES_PER_US,
        "entry_us_max": state[ENTRY_CYCLES_MAX] / CYCLES_PER_US,
        "notes_played": state[NOTES_PLAYED],
        "din_bytes": state[PORTS + PORT_BYTES],
        "din_bytes_bad": state[PORTS + PORT_BYTES_BAD],
        "usb_dropped": state[USB_DROPPED],
    }


def clear():
    """Start counting anew."""
    instrument.clear_counters()


def about():
    """One line that says what this is and what start-up found out about its DAC."""
    playing = instrument.instrument
    found = instrument.describe(playing.dac) if playing else "not playing"
    return "%s %s (build %s); %s" % (NAME, VERSION, BUILD_ID, found)
