"""Numbers read from a timeline: the frames' rate and jitter, and how soon a note reaches pitch and gate."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from ms20 import board
from ms20.midi_notes import NoteOn, note_ons
from ms20.timeline import Floats, Timeline
from ms20.usb_midi import bytes_of

LATE_TICKS = 1.5
"""Two latches further apart than this many ticks have a frame missing between them."""


@dataclass(frozen=True)
class FrameStats:
    """How regularly the DAC's outputs were renewed.

    `rate_hz` is the mean rate of latches; `late` counts the intervals over 1.5 ticks, `missing` the ticks
    that passed without a latch in them; `jitter_ns` is the peak-to-peak spread of the other intervals.
    """

    count: int
    rate_hz: float
    late: int
    missing: int
    jitter_ns: float
    longest_us: float


def frame_stats(timeline: Timeline) -> FrameStats:
    """Measure the latches of a timeline; fewer than two give zeros."""
    latches_s = timeline.latches()
    if len(latches_s) < 2:
        return FrameStats(len(latches_s), 0.0, 0, 0, 0.0, 0.0)
    # From the records, not from seconds: a nanosecond is lost in the seconds of a long run.
    intervals_ns = np.diff(timeline.latch_times_ns())
    tick_ns = board.TICK_S * 1e9
    late = intervals_ns > LATE_TICKS * tick_ns
    regular = intervals_ns[~late]
    return FrameStats(
        count=len(latches_s),
        rate_hz=float((len(latches_s) - 1) / (latches_s[-1] - latches_s[0])),
        late=int(late.sum()),
        missing=int((np.round(intervals_ns[late] / tick_ns) - 1).sum()),
        jitter_ns=round(float(np.ptp(regular)), 3) if len(regular) else 0.0,
        longest_us=float(intervals_ns.max()) / 1e3,
    )


@dataclass(frozen=True)
class NoteResponse:
    """What one note-on did before the next came.

    `pitch_s` is the first latch that changed the pitch CV, `trigger_s` the moment KBD TRIG OUT was shorted;
    either is None where it did not happen (the same pitch again, or a legato note).
    """

    note: NoteOn
    pitch_s: float | None
    trigger_s: float | None

    @property
    def answered(self) -> bool:
        """Whether the note moved the pitch or the trigger at all."""
        return self.pitch_s is not None or self.trigger_s is not None

    @property
    def latency_us(self) -> float | None:
        """Microseconds from the note's last byte to the latch that changed the pitch."""
        return None if self.pitch_s is None else (self.pitch_s - self.note.t_s) * 1e6

    @property
    def trigger_delay_ticks(self) -> float | None:
        """Ticks from the pitch's latch to the trigger."""
        if self.pitch_s is None or self.trigger_s is None:
            return None
        return (self.trigger_s - self.pitch_s) / board.TICK_S


def din_notes(timeline: Timeline) -> list[NoteOn]:
    """Note-ons that entered the DIN input, each timed at the end of its last stop bit."""
    t_s, values = timeline.din_in()
    return note_ons(zip(t_s.tolist(), values.tolist(), strict=True))


def usb_notes(timeline: Timeline) -> list[NoteOn]:
    """Note-ons that entered by USB, each timed when the instrument accepted its packet."""
    return note_ons((t_s, byte) for t_s, packet in timeline.usb_in() for byte in bytes_of([packet]))


def responses(timeline: Timeline, notes: Sequence[NoteOn], pitch: str = "VCO 1 PITCH") -> list[NoteResponse]:
    """Pair each note-on with the first pitch change and trigger between it and the next note-on.

    Meaningful while nothing else moves the pitch (FM MG/T.EXT and FM EG1/EXT at 0): any change counts.
    """
    pitch_s, _ = timeline.codes(pitch)
    trigger_t_s, trigger_state = timeline.trigger()
    shorted_s = trigger_t_s[trigger_state == 1]
    ends_s = [note.t_s for note in notes[1:]] + [timeline.end_s + board.TICK_S]
    return [
        NoteResponse(
            note, _first_between(pitch_s, note.t_s, end_s), _first_between(shorted_s, note.t_s, end_s)
        )
        for note, end_s in zip(notes, ends_s, strict=True)
    ]


def _first_between(times_s: Floats, start_s: float, end_s: float) -> float | None:
    place = int(np.searchsorted(times_s, start_s, side="right"))
    return float(times_s[place]) if place < len(times_s) and times_s[place] <= end_s else None


def latencies_us(answers: Iterable[NoteResponse]) -> Floats:
    """Latencies of the notes that changed the pitch, in microseconds."""
    return np.array([each.latency_us for each in answers if each.latency_us is not None], np.float64)


def trigger_delays_ticks(answers: Iterable[NoteResponse]) -> Floats:
    """Ticks from pitch to trigger, for the notes that had both."""
    delays = [each.trigger_delay_ticks for each in answers]
    return np.array([delay for delay in delays if delay is not None], np.float64)


def first_trigger_s(timeline: Timeline, after_s: float = 0.0) -> float | None:
    """First time (s) after `after_s` at which KBD TRIG OUT was shorted."""
    t_s, state = timeline.trigger()
    found = t_s[(state == 1) & (t_s > after_s)]
    return float(found[0]) if len(found) else None
