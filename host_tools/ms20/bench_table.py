"""The bench's numbers as a table in the README, between two marks that keep the rest of the page as it is."""

from collections.abc import Mapping
from pathlib import Path

from ms20.errors import ExitCode, Ms20Error
from ms20.files import write_text

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

ROWS = (
    # (what, key, unit, what it must be)
    ("CV frame rate", "frame_rate_hz", "Hz", "8000"),
    ("late frames", "late_frames", "", "0"),
    ("DAC update jitter, peak to peak", "dac_jitter_ns", "ns", "0"),
    ("tick, mean", "tick_us_mean", "us", ""),
    ("tick, longest", "tick_us_max", "us", "125"),
    ("tick load", "tick_load_percent", "%", "<= 45"),
    ("DIN last stop bit to pitch latched, median", "din_latency_us_p50", "us", "<= 200"),
    ("DIN last stop bit to pitch latched, longest", "din_latency_us_max", "us", "<= 260"),
    ("pitch latched to trigger, in ticks", "trigger_delay_ticks", "", "1"),
    ("pitch latched to trigger, longest", "trigger_delay_us_max", "us", ""),
    ("notes sent by DIN", "din_notes", "", ""),
    ("notes not answered", "din_notes_unanswered", "", "0"),
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
