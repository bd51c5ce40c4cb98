"""The bench's scenes: each plays something on the virtual board and gives numbers.

boot        power-on to the first note, and how long the analog model takes
everything  DIN full, a USB flood, a restless hand and every knob turning: frames, tick load, speeds
patched     the same with a moving voltage in both CV inputs
din         notes by DIN beside a USB flood and turning knobs: latency
usb         notes by USB beside a full DIN line, turning knobs and collections: latency
keys        keys beside both floods: down to trigger
panel       scan rate, a knob's step to its CV, edits that nobody made
hour        an hour of a still panel's noise through the filter's own code, compiled for this machine
memory      bytes allocated a note and a turn of the panel, live bytes
"""

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ms20 import analysis
from ms20.bench_load import (
    PITCH_KNOBS,
    ROTARIES,
    TurningPanel,
    cv_load,
    din_chatter,
    din_load,
    keys_load,
    usb_flood,
    usb_notes_load,
)
from ms20.board import BOARD, REPOSITORY, TICK_S, controls
from ms20.errors import ExitCode, Ms20Error
from ms20.panel import basic_panel
from ms20.recording import DIN_BYTE_S
from ms20.service import BoardService
from ms20.timeline import Kind, Timeline
from ms20.virtual_board import VirtualBoard

Numbers = dict[str, float]
Show = Callable[[float, float], None]
"""Told the simulated seconds done and in all."""

SETTLE_S = 0.3
STEP_S = 0.5
LEAD_IN_S = 0.05
BOOT_NOTE_PERIOD_S = 0.004
BOOT_LIMIT_S = 3.0
COLLECTIONS_EVERY_S = 0.5
MEMORY_NOTES = [36 + place % 60 for place in range(1000)]
USB_NOTE_S = 0.003
KEY_NOTE_S = 0.012
PANEL_TURN_S = 3.0
NOTE_ON, NOTE_OFF = 0x90, 0x80
PANEL_HOUR = REPOSITORY / "tests" / "unit" / "panel_hour.py"
KNOBS_STEPPED = {
    "VCO 1 PW": "VCO 1 PW",
    "HPF PEAK": "HPF PEAK",
    "LPF PEAK": "LPF PEAK",
    "VCO 1 LEVEL": "VCO 1 LEVEL",
}
ARRIVED = 0.9
"""A knob's step has reached its CV when this share of the way is done."""
CABLES_AND_DRIFT = {"panelNoise": {"wanderLsb": 3, "burstsPerSecond": 1, "burstLsb": 300, "burstMs": 1.2}}


@contextmanager
def switched_on(image: Path, **options: object) -> Iterator[VirtualBoard]:
    """A board that plays, its USB configured, everything settled."""
    with VirtualBoard(image, panel=basic_panel(), **options) as board:  # type: ignore[arg-type]
        board.power_on()
        board.wait_until_ready()
        board.wait_for_usb()
        board.advance(SETTLE_S)
        board.timeline(clear=True)
        yield board


def run(
    board: VirtualBoard, seconds: float, show: Show, prepare: Callable[[float, float], None] | None = None
) -> Timeline:
    """Let time pass in steps; `prepare` puts each step's events in first (start, length). Returns what was recorded."""
    pieces = []
    done_s = 0.0
    while done_s < seconds - 1e-9:
        step_s = min(STEP_S, seconds - done_s)
        if prepare is not None:
            prepare(board.now, step_s)
        board.advance(step_s)
        pieces.append(board.timeline(clear=True))
        done_s += step_s
        show(done_s, seconds)
    return Timeline.join(pieces)


def boot(image: Path, _seconds: float, show: Show) -> Numbers:
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
    show(1, 1)
    return {"boot_to_note_ms": round((first_s - start_s) * 1e3, 3)}


def everything(image: Path, seconds: float, show: Show) -> Numbers:
    """All inputs at once for `seconds`: does a frame come late, and what does the tick cost?"""
    return all_at_once(image, seconds, show, plug_cvs=False)


def patched(image: Path, seconds: float, show: Show) -> Numbers:
    """The same with both CV inputs patched: the tick's longest way."""
    numbers = all_at_once(image, seconds, show, plug_cvs=True)
    kept = ("late_frames", "tick_load_percent", "tick_us_max", "chip_misuses")
    return {f"patched_{name}": numbers[name] for name in kept}


def all_at_once(image: Path, seconds: float, show: Show, *, plug_cvs: bool) -> Numbers:
    """What `everything` and `patched` play, and its numbers."""
    panel = TurningPanel()
    with switched_on(image) as board:
        service = BoardService(board)
        service.ask("clear")
        start_s = board.now
        board.schedule_din([(start_s + t_s, data) for t_s, data in din_load(seconds)])

        def prepare(from_s: float, length_s: float) -> None:
            board.schedule_usb([(from_s + t_s, data) for t_s, data in usb_flood(length_s)])
            with board.schedule() as later:
                panel.turn(later, from_s, length_s)
                keys_load(later, from_s, length_s, seed=round(from_s * 1000))
                if plug_cvs:
                    cv_load(later, from_s, length_s)

        before = board.stats()
        timeline = run(board, seconds, show, prepare)
        ran = board.stats().since(before)
        board.advance(SETTLE_S)
        counters = service.read("counters")
        misuse = board.misuse()
    frames = analysis.frame_stats(timeline)
    packets = len(timeline.of_kind(Kind.USB_MIDI_OUT))
    return {
        "frame_rate_hz": round(frames.rate_hz, 3),
        "late_frames": frames.late + int(counters["late_ticks"]),
        "dac_jitter_ns": frames.jitter_ns,
        "tick_load_percent": round(ran.tick_load_percent, 2),
        "processor_busy_percent": round(ran.busy_percent, 2),
        "tick_us_mean": round(counters["tick_us_mean"], 2),
        "tick_us_max": round(counters["tick_us_max"], 2),
        "load_seconds": seconds,
        "usb_packets_per_s": round(packets / seconds),
        "chip_misuses": len(misuse),
        "emulator_speed_ratio": round(ran.speed, 3),
    }


def din(image: Path, seconds: float, show: Show) -> Numbers:
    """Latency of notes by DIN, beside a USB flood and every knob turning that does not move the pitch."""
    panel = TurningPanel(still=PITCH_KNOBS)
    with switched_on(image) as board:
        start_s = board.now + LEAD_IN_S
        bursts = din_load(seconds)
        board.schedule_din([(start_s + t_s, data) for t_s, data in bursts])

        def prepare(from_s: float, length_s: float) -> None:
            board.schedule_usb([(from_s + t_s, data) for t_s, data in usb_flood(length_s)])
            with board.schedule() as later:
                panel.turn(later, from_s, length_s)

        timeline = run(board, bursts[-1][0] + 2 * LEAD_IN_S, show, prepare)
    return din_numbers(timeline)


def din_numbers(timeline: Timeline) -> Numbers:
    """Latency from the last stop bit to the latched pitch, and from there to the trigger.

    `din_notes` counts the notes sent, `din_notes_unanswered` those that moved neither pitch nor trigger. Of
    the trigger's delays, the one furthest from one tick is given in whole ticks, the longest in microseconds.
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


def usb(image: Path, seconds: float, show: Show) -> Numbers:
    """Latency of notes by USB, beside a full DIN line, turning knobs, and a collection every half second."""
    panel = TurningPanel(still=PITCH_KNOBS)
    with switched_on(image) as board:
        service = BoardService(board)
        start_s = board.now + LEAD_IN_S
        board.schedule_usb([(start_s + t_s, data) for t_s, data in usb_notes_load(seconds)])
        board.schedule_din([(start_s + t_s, data) for t_s, data in din_chatter(seconds)])
        with board.schedule() as later:
            panel.turn(later, start_s, seconds)
        pauses_us = []
        while board.now < start_s + seconds:
            board.advance(COLLECTIONS_EVERY_S)
            pauses_us.append(service.read("collect"))
            show(min(board.now - start_s, seconds), seconds)
        timeline = board.timeline()
    notes = analysis.usb_notes(timeline)
    answers = analysis.responses(timeline, notes)
    latencies_us = analysis.latencies_us(answers)
    return {
        "usb_notes": len(notes),
        "usb_notes_unanswered": sum(not each.answered for each in answers),
        "usb_latency_us_p50": round(float(np.median(latencies_us)), 1),
        "usb_latency_us_p99": round(float(np.percentile(latencies_us, 99)), 1),
        "usb_latency_us_max": round(float(latencies_us.max()), 1),
        "gc_pause_us_max": max(pauses_us),
    }


def keys(image: Path, seconds: float, show: Show) -> Numbers:
    """From a key's contact to KBD TRIG OUT, at all moments of the scan, beside both floods."""
    chance = random.Random(7)
    with switched_on(image) as board:
        start_s = board.now + LEAD_IN_S
        board.schedule_din([(start_s + t_s, data) for t_s, data in din_chatter(seconds)])
        pressed = []
        with board.schedule() as later:
            at_s = start_s
            while at_s < start_s + seconds:
                note = chance.randrange(BOARD.KEY_LOWEST_NOTE, BOARD.KEY_LOWEST_NOTE + BOARD.KEY_COUNT)
                later.at(at_s).press(note)
                later.at(at_s + 0.01).release(note)
                pressed.append(at_s)
                at_s += 0.025 + chance.uniform(0, 0.001)
        timeline = run(
            board,
            at_s + LEAD_IN_S - board.now,
            show,
            lambda from_s, length_s: board.schedule_usb(
                [(from_s + t_s, data) for t_s, data in usb_flood(length_s)]
            ),
        )
    times_s, levels = timeline.trigger()
    shorted_s = times_s[levels == 1]
    delays_us = [(float(shorted_s[shorted_s > each][0]) - each) * 1e6 for each in pressed]
    return {"keys_pressed": len(pressed), "key_to_trigger_us_max": round(max(delays_us), 1)}


def panel(image: Path, seconds: float, show: Show) -> Numbers:
    """How often each control is read, how soon a turned one is at its CV, and what a still panel reports."""
    chance = random.Random(3)
    worst_ms = 0.0
    with switched_on(image) as board:
        turning = TurningPanel(still=(*PITCH_KNOBS, *KNOBS_STEPPED))
        before = board.stats()
        steps = max(8, round(seconds * 4))
        for step in range(steps):
            start_s = board.now
            with board.schedule() as later:
                turning.turn(later, start_s, 0.25)
                turned_s = start_s + 0.1 + chance.uniform(0, 0.01)
                low, high = (2.0, 8.0) if step % 2 else (8.0, 2.0)
                for knob in KNOBS_STEPPED:
                    later.at(start_s).set_knob(knob, low)
                    later.at(turned_s).set_knob(knob, high)
            board.advance(0.25)
            timeline = board.timeline(clear=True)
            for cv in KNOBS_STEPPED.values():
                times_s, volts = timeline.cv(cv)
                goal = low / 2 + ARRIVED * (high - low) / 2
                there = (volts >= goal) if high > low else (volts <= goal)
                worst_ms = max(worst_ms, (float(times_s[there & (times_s > turned_s)][0]) - turned_s) * 1e3)
            show(step + 1, steps)
        ran = board.stats().since(before)
    channels = [control.channel for control in controls().values()]
    numbers: Numbers = {
        "knob_scan_hz": round(min(ran.visits[channel] for channel in channels) / ran.simulated_s, 1),
        "knob_to_cv_ms_max": round(worst_ms, 2),
    }
    with switched_on(image, chips=CABLES_AND_DRIFT) as board:
        for control in controls().values():
            if not control.words and "MG" not in control.name:
                board.set_channel(control.channel, chance.uniform(0.02, 0.98))
        board.advance(1.0)
        board.timeline(clear=True)
        still = run(board, seconds, show)
        moved = [record for record in still.of_kind(Kind.DAC) if record["index"] != BOARD.CV_MG_OUT_A]
    numbers["phantom_edits_on_chip"] = len(moved)
    return numbers


def hour(_image: Path, _seconds: float, show: Show) -> Numbers:
    """Run the filter over an hour of noise, wander and cables being plugged, in a process of its own."""
    ran = subprocess.run([sys.executable, str(PANEL_HOUR)], capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Ms20Error(f"{PANEL_HOUR.name} failed: {ran.stderr.strip()}.", "make setup", ExitCode.FAILED)
    show(3600, 3600)
    return {"phantom_edits": int(ran.stdout)}


def memory(image: Path, _seconds: float, show: Show) -> Numbers:
    """Bytes allocated by a thousand notes of each input and by a turning panel, and what a collection finds alive.

    A collection in between would show as less memory in use at the end: that counts too.
    """
    with switched_on(image) as board:
        service = BoardService(board)
        service.ask("collect")
        live = service.read("memory")

        def allocated(play: Callable[[], None]) -> int:
            service.ask("collect")
            first = service.read("memory")
            asking = service.read("memory") - first
            service.ask("collect")
            start = service.read("memory")
            play()
            return int(abs(service.read("memory") - start - asking))

        def by_din() -> None:
            notes = b"".join(bytes([NOTE_ON, note, 100, NOTE_ON, note, 0]) for note in MEMORY_NOTES)
            board.send_din(notes)
            board.advance(len(notes) * DIN_BYTE_S + LEAD_IN_S)

        def by_usb() -> None:
            start_s = board.now
            for place, note in enumerate(MEMORY_NOTES):
                message = bytes([NOTE_ON, note, 100, NOTE_OFF, note, 64])
                board.schedule_usb([(start_s + place * USB_NOTE_S, message)])
            board.advance(len(MEMORY_NOTES) * USB_NOTE_S + LEAD_IN_S)

        def by_keys() -> None:
            start_s = board.now
            with board.schedule() as later:
                for place, note in enumerate(MEMORY_NOTES):
                    key = BOARD.KEY_LOWEST_NOTE + note % BOARD.KEY_COUNT
                    later.at(start_s + place * KEY_NOTE_S).press(key)
                    later.at(start_s + (place + 0.5) * KEY_NOTE_S).release(key)
            board.advance(len(MEMORY_NOTES) * KEY_NOTE_S + LEAD_IN_S)

        def by_panel() -> None:
            with board.schedule() as later:
                TurningPanel(still=ROTARIES).turn(later, board.now, PANEL_TURN_S)
            board.advance(PANEL_TURN_S + LEAD_IN_S)

        grown = []
        for place, play in enumerate((by_din, by_usb, by_keys, by_panel), start=1):
            grown.append(allocated(play))
            show(place, 4)
    return {
        "alloc_bytes_per_note": round(max(grown[:3]) / len(MEMORY_NOTES), 4),
        "alloc_bytes_panel": grown[3],
        "live_heap_bytes": live,
    }


Scene = Callable[[Path, float, Show], Numbers]
SCENES: dict[str, Scene] = {
    "boot": boot,
    "everything": everything,
    "patched": patched,
    "din": din,
    "usb": usb,
    "keys": keys,
    "panel": panel,
    "hour": hour,
    "memory": memory,
}
