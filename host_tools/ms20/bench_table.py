"""The bench's numbers as a table in the README, between two marks that keep the rest of the page as it is."""

from collections.abc import Mapping
from pathlib import Path

from ms20.errors import ExitCode, Ms20Error
from ms20.files import write_text

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

ROWS = (
    # (what, key, unit, what it must be)
    ("CV frame rate, all 16 channels", "frame_rate_hz", "Hz", ">= 8000"),
    ("late frames, everything played at once", "late_frames", "", "0"),
    ("for so long", "load_seconds", "s", ">= 60"),
    ("USB packets taken meanwhile", "usb_packets_per_s", "/s", ""),
    ("DAC update jitter, peak to peak", "dac_jitter_ns", "ns", "0"),
    ("tick load, everything played at once", "tick_load_percent", "%", "<= 45"),
    ("processor busy then, main loop and all", "processor_busy_percent", "%", ""),
    ("tick, mean", "tick_us_mean", "us", ""),
    ("tick, longest", "tick_us_max", "us", "<= 125"),
    ("late frames with both CV inputs patched too", "patched_late_frames", "", "0"),
    ("tick load then", "patched_tick_load_percent", "%", ""),
    ("tick, longest then", "patched_tick_us_max", "us", "<= 125"),
    ("chips used wrongly then", "patched_chip_misuses", "", "0"),
    ("chips used wrongly", "chip_misuses", "", "0"),
    ("DIN last stop bit to pitch latched, median", "din_latency_us_p50", "us", "<= 200"),
    ("DIN last stop bit to pitch latched, longest", "din_latency_us_max", "us", "<= 260"),
    ("pitch latched to trigger, in ticks", "trigger_delay_ticks", "", "1"),
    ("pitch latched to trigger, longest", "trigger_delay_us_max", "us", ""),
    ("notes sent by DIN", "din_notes", "", ""),
    ("notes not answered", "din_notes_unanswered", "", "0"),
    ("USB-MIDI packet to pitch latched, median", "usb_latency_us_p50", "us", "<= 600"),
    ("USB-MIDI packet to pitch latched, 99 %", "usb_latency_us_p99", "us", "<= 1500"),
    ("USB-MIDI packet to pitch latched, longest", "usb_latency_us_max", "us", "<= 5000"),
    ("notes sent by USB", "usb_notes", "", ""),
    ("notes by USB not answered", "usb_notes_unanswered", "", "0"),
    ("keys pressed", "keys_pressed", "", ""),
    ("key down to trigger, longest", "key_to_trigger_us_max", "us", "<= 1600"),
    ("each control read", "knob_scan_hz", "Hz", ">= 500"),
    ("knob turned to its CV, longest", "knob_to_cv_ms_max", "ms", "<= 5"),
    ("edits that nobody made, an hour of noise through the filter", "phantom_edits", "", "0"),
    ("edits that nobody made, on the chip", "phantom_edits_on_chip", "", "0"),
    ("memory allocated a note", "alloc_bytes_per_note", "bytes", "0"),
    ("memory allocated by three seconds of every knob turning", "alloc_bytes_panel", "bytes", "0"),
    ("collection of garbage, longest pause of all but the tick", "gc_pause_us_max", "us", "<= 2500"),
    ("live memory", "live_heap_bytes", "bytes", ""),
    ("power-on to first note", "boot_to_note_ms", "ms", "<= 1000"),
    ("emulator's speed, simulated to real time", "emulator_speed_ratio", "x", ">= 0.5"),
    ("analog model's speed, sound to real time", "render_speed_ratio", "x", ""),
)


def table_of(numbers: Mapping[str, float]) -> str:
    """The numbers as a Markdown table; a number that was not measured shows as a dash."""
    lines = ["| quantity | measured | to meet |", "|---|---|---|"]
    for what, key, unit, limit in ROWS:
        measured = f"{numbers[key]:g} {unit}".strip() if key in numbers else "-"
        lines.append(f"| {what} | {measured} | {f'{limit} {unit}'.strip() if limit else ''} |")
    return "\n".join(lines)


def missed(numbers: Mapping[str, float]) -> list[str]:
    """The rows, of those measured, that are not as they must be, a sentence each."""
    found = []
    for what, key, unit, limit in ROWS:
        if limit and key in numbers and not _meets(numbers[key], limit):
            measured = f"{numbers[key]:g} {unit}".strip()
            found.append(f"{what}: {measured}, to meet {limit}")
    return found


def _meets(number: float, limit: str) -> bool:
    sign, _, value = limit.rpartition(" ")
    if sign == "<=":
        return number <= float(value)
    if sign == ">=":
        return number >= float(value)
    return number == float(value)


def rewrite_table(page: Path, numbers: Mapping[str, float]) -> None:
    """Put the table between the marks of a Markdown page, at once; a page without both marks raises."""
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise Ms20Error(
            f"{page.name} cannot be read: {error.strerror}.", "git checkout README.md", ExitCode.NOT_WRITABLE
        ) from error
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        hint = f"put {BEGIN} and {END} where the table belongs"
        raise Ms20Error(f"{page.name} has no place for the bench's table.", hint, ExitCode.NOT_WRITABLE)
    write_text(page, f"{before}{BEGIN}\n{table_of(numbers)}\n{END}{after}")
