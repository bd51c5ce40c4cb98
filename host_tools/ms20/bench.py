"""`ms20 bench`: the instrument's numbers, measured on the virtual board, for a file and the README."""

import ast
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ms20 import analysis, node_process, raw_repl
from ms20.bench_load import din_load
from ms20.bench_table import rewrite_table
from ms20.board import REPOSITORY, TICK_S
from ms20.errors import FirmwareCrash, Ms20Error, NothingHappened
from ms20.files import OutputFolder, write_json
from ms20.image import verify_image
from ms20.panel import basic_panel
from ms20.play import progress_bar
from ms20.timeline import Kind, Timeline
from ms20.virtual_board import VirtualBoard

RESULTS = "bench.json"
README = REPOSITORY / "README.md"
LEAD_IN_S = 0.1
SETTLE_S = 0.05
STEP_S = 0.1
RENDER_S = 5.0
"""Longest stretch of the load that is rendered to measure the analog model's speed."""
BOOT_NOTE_PERIOD_S = 0.004
BOOT_LIMIT_S = 3.0

COUNTERS = "import service\nprint(service.counters())"

Numbers = dict[str, float]


def bench(image: Path, out: Path, seconds: float, console: Console, page: Path | None = README) -> Numbers:
    """Measure everything, write `out`/bench.json and the table on `page`, if any; returns the numbers.

    `seconds` is the length of the DIN load in simulated time.
    """
    verify_image(image)
    node_process.server_command()
    with OutputFolder(out) as folder:
        numbers = boot_numbers(image)
        numbers |= load_numbers(image, seconds, console)
        write_json(folder.partial / RESULTS, dict(numbers))
        folder.publish()
    if page is not None:
        rewrite_table(page, numbers)
    return numbers


def boot_numbers(image: Path) -> Numbers:
    """Time from power-on to the first note, while a note is being sent to DIN again and again."""
    with VirtualBoard(image, panel=basic_panel()) as board:
        start_s = board.now
        count = round(BOOT_LIMIT_S / BOOT_NOTE_PERIOD_S)
        times_s = [start_s + place * BOOT_NOTE_PERIOD_S for place in range(count)]
        for_off_s = BOOT_NOTE_PERIOD_S / 2
        notes = [[(t_s, b"\x90\x3c\x40"), (t_s + for_off_s, b"\x80\x3c\x40")] for t_s in times_s]
        board.schedule_din([message for pair in notes for message in pair])
        board.power_on()
        first_s = board.wait_for(Kind.TRIGGER, BOOT_LIMIT_S, value=1)[0]
    return {"boot_to_note_ms": round((first_s - start_s) * 1e3, 3)}


def load_numbers(image: Path, seconds: float, console: Console) -> Numbers:
    """Frames, latencies, tick times and speeds under the DIN load."""
    with VirtualBoard(image, panel=basic_panel()) as board:
        board.power_on()
        board.wait_until_ready()
        board.advance(SETTLE_S)
        start_s = board.now
        bursts = din_load(seconds)
        board.schedule_din([(start_s + LEAD_IN_S + t_s, data) for t_s, data in bursts])
        before = board.stats()
        total_s = bursts[-1][0] + LEAD_IN_S + SETTLE_S
        with progress_bar("bench", console) as show:
            board.advance(total_s, progress=lambda done_s: show(done_s, total_s))
        ran = board.stats().since(before)
        timeline = board.timeline().between(start_s, board.now)
        counters = read_counters(board, console)
    numbers = frame_numbers(timeline) | latency_numbers(timeline) | tick_numbers(counters)
    numbers["tick_load_percent"] = round(ran.tick_load_percent, 2)
    numbers["processor_busy_percent"] = round(ran.busy_percent, 2)
    numbers["emulator_speed_ratio"] = round(ran.speed, 3)
    numbers["render_speed_ratio"] = round(render_speed(timeline, console), 3)
    return numbers


def frame_numbers(timeline: Timeline) -> Numbers:
    """Rate, late frames and jitter of the DAC's latches."""
    frames = analysis.frame_stats(timeline)
    return {
        "frame_rate_hz": round(frames.rate_hz, 3),
        "late_frames": frames.late,
        "dac_jitter_ns": frames.jitter_ns,
    }


def latency_numbers(timeline: Timeline) -> Numbers:
    """Latency from the last stop bit to the latched pitch, and from there to the trigger.

    `din_notes` counts the notes sent, `din_notes_unanswered` those that moved neither pitch nor trigger. Of
    the trigger's delays, the one furthest from one tick is given in whole ticks, the longest in microseconds:
    the trigger is a pin that the tick sets some microseconds after its edge.
    """
    notes = analysis.din_notes(timeline)
    answers = analysis.responses(timeline, notes)
    latencies_us = analysis.latencies_us(answers)
    delays = analysis.trigger_delays_ticks(answers)
    numbers: Numbers = {
        "din_notes": len(notes),
        "din_notes_unanswered": sum(not each.answered for each in answers),
    }
    if len(latencies_us):
        numbers["din_latency_us_p50"] = round(float(np.median(latencies_us)), 1)
        numbers["din_latency_us_max"] = round(float(latencies_us.max()), 1)
    if len(delays):
        worst = float(delays[np.argmax(np.abs(delays - 1.0))])
        numbers["trigger_delay_ticks"] = round(worst)
        numbers["trigger_delay_us_max"] = round(float(delays.max()) * TICK_S * 1e6, 1)
    return numbers


def tick_numbers(counters: dict[str, Any]) -> Numbers:
    """Time that the tick takes, by the firmware's own counters, in us and as a share of its period."""
    numbers: Numbers = {}
    for key in ("tick_us_min", "tick_us_mean", "tick_us_max"):
        if key in counters:
            numbers[key] = round(float(counters[key]), 2)
    return numbers


def read_counters(board: VirtualBoard, console: Console) -> dict[str, Any]:
    """The firmware's own counters, asked over the serial console; this stops the program, so it comes last.

    Returns nothing, and says so, where the firmware does not answer.
    """
    try:
        counters = ast.literal_eval(raw_repl.execute(board, COUNTERS).strip())
    except (NothingHappened, FirmwareCrash, SyntaxError, ValueError) as error:
        console.print(f"[yellow]The firmware's counters could not be read:[/] {error}")
        return {}
    return dict(counters)


def render_speed(timeline: Timeline, console: Console) -> float:
    """Seconds of sound rendered per wall second, compilation left out; 0 where nothing can be rendered."""
    from ms20.analog import render

    end_s = min(timeline.end_s, timeline.start_s + RENDER_S)
    stretch = timeline.between(timeline.start_s, end_s)
    try:
        render(timeline.between(timeline.start_s, min(end_s, timeline.start_s + STEP_S)))
        started_s = time.monotonic()
        with progress_bar("rendering", console) as show:
            render(stretch, progress=lambda share: show(share * stretch.duration_s, stretch.duration_s))
    except Ms20Error as error:
        console.print(f"[yellow]The render could not be measured:[/] {error}")
        return 0.0
    return stretch.duration_s / max(time.monotonic() - started_s, 1e-9)
