"""A tune played on the virtual board: power on, the MIDI sent in, and the timeline until it is quiet."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ms20.board import BOARD
from ms20.midi_file import MidiTune, NoteSpan
from ms20.timeline import Timeline
from ms20.virtual_board import VirtualBoard

LEAD_IN_S = 0.1
"""Silence before the tune's time 0."""
STEP_S = 0.1
QUIET_VOLTS = 0.005
"""The VCA's control voltage counts as closed below this: 60 dB under its 5 V."""
LONGEST_TAIL_S = 10.0
PIECE_S = 5.0
"""Simulated seconds after which the recorded timeline is fetched: it must not pile up in the emulator."""
DIN_BYTE_S = 10.0 / BOARD.DIN_MIDI_BAUD

Progress = Callable[[float, float], None]
"""Told the simulated seconds done, and those expected in all."""


@dataclass(frozen=True)
class Recording:
    """What the board did from a little before the tune until it was quiet again.

    `timeline` starts at `start_s`; the tune's time 0 is LEAD_IN_S later. `speed` is simulated seconds per
    wall second, and `tail_s` how long the sound went on after the last message.
    """

    timeline: Timeline
    start_s: float
    boot_s: float
    tail_s: float
    speed: float
    misuse: list[str]

    def heard_at(self, notes: Iterable[NoteSpan]) -> list[NoteSpan]:
        """The tune's notes in the timeline's seconds."""
        zero_s = self.start_s + LEAD_IN_S
        return [NoteSpan(each.start_s + zero_s, each.end_s + zero_s, each.note) for each in notes]


def record(
    bench: VirtualBoard, tune: MidiTune, *, usb: bool = False, progress: Progress | None = None
) -> Recording:
    """Power the board on, play the tune into its DIN input (or USB), and record until the VCA has closed."""
    bench.power_on()
    powered_s = bench.now
    bench.wait_until_ready()
    boot_s = bench.now - powered_s
    if usb:
        bench.wait_for_usb()
    start_s = bench.now
    pieces = [bench.timeline(clear=True)]
    before = bench.stats()
    timed = [(start_s + LEAD_IN_S + t_s, message) for t_s, message in tune.messages]
    (bench.schedule_usb if usb else bench.schedule_din)(timed)
    end_s = max(start_s + LEAD_IN_S + tune.duration_s, 0.0 if usb else line_free_s(timed))
    expected_s = end_s - start_s

    def run(until_s: float) -> None:
        while bench.now < until_s - 1e-9:
            bench.advance(min(STEP_S, until_s - bench.now))
            if bench.now - pieces[-1].end_s >= PIECE_S:
                pieces.append(bench.timeline(clear=True))
            if progress is not None:
                progress(bench.now - start_s, max(expected_s, bench.now - start_s))

    run(end_s)
    while bench.cv("VCA") > QUIET_VOLTS and bench.now < end_s + LONGEST_TAIL_S:
        run(bench.now + STEP_S)
    pieces.append(bench.timeline(clear=True))
    return Recording(
        timeline=Timeline.join(pieces).between(start_s, bench.now),
        start_s=start_s,
        boot_s=boot_s,
        tail_s=bench.now - end_s,
        speed=bench.stats().since(before).speed,
        misuse=bench.misuse(),
    )


def line_free_s(messages: Sequence[tuple[float, bytes]]) -> float:
    """When the DIN line has carried all messages, each sent at its time or once the line is free."""
    free_s = 0.0
    for t_s, message in messages:
        free_s = max(free_s, t_s) + len(message) * DIN_BYTE_S
    return free_s
