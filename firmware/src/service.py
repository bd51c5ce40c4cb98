"""What the firmware counts about itself, for the console: `import service; service.counters()`."""

# link: constants

from board import TICK_HZ
from instrument import clear_counters
from memory import state
from state import (
    LATE_TICKS,
    NOTES_PLAYED,
    PORT_BYTES,
    PORT_BYTES_BAD,
    PORT_WORDS,
    PORTS,
    TICK_US_MAX,
    TICK_US_MIN,
    TICK_US_SUM,
    TICKS,
    TICKS_TIMED,
    USB_DROPPED,
)


def counters():
    """Counters since the last clear, by name; times in microseconds."""
    timed = state[TICKS_TIMED]
    return {
        "tick_hz": TICK_HZ,
        "ticks": state[TICKS],
        "ticks_timed": timed,
        "late_ticks": state[LATE_TICKS],
        "tick_us_min": state[TICK_US_MIN],
        "tick_us_max": state[TICK_US_MAX],
        "tick_us_sum": state[TICK_US_SUM],
        "notes_played": state[NOTES_PLAYED],
        "din_bytes": state[PORTS + PORT_BYTES],
        "din_bytes_bad": state[PORTS + PORT_BYTES_BAD],
        "usb_bytes": state[PORTS + PORT_WORDS + PORT_BYTES],
        "usb_dropped": state[USB_DROPPED],
    }


def clear():
    """Start counting anew."""
    clear_counters()
