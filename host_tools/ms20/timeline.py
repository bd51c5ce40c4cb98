"""What the virtual board recorded, in time order: DAC latches and codes, triggers, MIDI in and out, power."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ms20 import board
from ms20.errors import EmulatorCrash
from ms20.usb_midi import Packet, packet_of_word

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Records = npt.NDArray[np.void]

RECORD = np.dtype([("t_ns", "<f8"), ("kind", "<u2"), ("index", "<u2"), ("value", "<i4")])
"""One record as PROTOCOL.md lays it out: 16 bytes, little-endian."""

NS_PER_S = 1e9
"""Times are divided by it, not multiplied by 1e-9: then 300 000 000 ns is the very number 0.3."""


class Kind(IntEnum):
    """Kinds of records (PROTOCOL.md, timeline records)."""

    LATCH = 1
    DAC = 2
    SHIFT_OUT = 3
    TRIGGER = 4
    MG_B = 5
    DIN_IN = 6
    USB_MIDI_OUT = 7
    USB_MIDI_IN = 8
    DIN_OUT = 9
    POWER = 10
    RESET = 11
    MISUSE = 12


LASTING = (Kind.DAC, Kind.SHIFT_OUT, Kind.TRIGGER, Kind.MG_B, Kind.POWER)
"""Kinds whose value holds until the next such record."""


def _empty() -> Records:
    return np.zeros(0, RECORD)


@dataclass(frozen=True)
class Timeline:
    """Records between `start_s` and `end_s` (simulated seconds), with what held already at the start.

    `initial` gives the value that each (kind, index) last had before `start_s`, for a timeline cut out of a
    longer one; readers that return a course of values begin with it.
    """

    records: Records = field(default_factory=_empty)
    start_s: float = 0.0
    end_s: float = 0.0
    initial: Mapping[tuple[int, int], int] = field(default_factory=dict)

    @classmethod
    def from_file(cls, path: Path, start_s: float | None = None, end_s: float | None = None) -> "Timeline":
        """Read the virtual board's binary file; raises `EmulatorCrash` where it is not whole and in order."""
        data = path.read_bytes()
        if len(data) % RECORD.itemsize:
            raise EmulatorCrash(f"The timeline file is {len(data)} bytes long: not whole records of 16.")
        return cls.from_records(np.frombuffer(data, RECORD), start_s, end_s)

    @classmethod
    def from_records(
        cls,
        records: Records | list[tuple[Any, ...]],
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> "Timeline":
        """Make a timeline of (t_ns, kind, index, value) records; the ends default to the outermost ones."""
        table = np.asarray(records, RECORD)
        times = table["t_ns"]
        if len(table) and (np.isnan(times).any() or (np.diff(times) < 0).any()):
            raise EmulatorCrash("The timeline's records are not in time order.")
        first = float(times[0]) / NS_PER_S if len(table) else 0.0
        last = float(times[-1]) / NS_PER_S if len(table) else first
        return cls(table, first if start_s is None else start_s, last if end_s is None else end_s)

    @classmethod
    def join(cls, pieces: Iterable["Timeline"]) -> "Timeline":
        """Put pieces that follow each other in time together."""
        parts = list(pieces)
        if not parts:
            return cls()
        whole = np.concatenate([part.records for part in parts])
        joined = cls.from_records(whole, parts[0].start_s, parts[-1].end_s)
        return cls(joined.records, joined.start_s, joined.end_s, parts[0].initial)

    @property
    def duration_s(self) -> float:
        """Seconds from start to end."""
        return self.end_s - self.start_s

    def between(self, start_s: float, end_s: float) -> "Timeline":
        """Cut out the records with start_s <= time < end_s, keeping what held at `start_s`."""
        times = self.records["t_ns"]
        first, last = np.searchsorted(times, np.round([start_s * NS_PER_S, end_s * NS_PER_S], 3), side="left")
        held = dict(self.initial)
        before = self.records[:first]
        lasting = before[np.isin(before["kind"], LASTING)]
        held.update({(int(r["kind"]), int(r["index"])): int(r["value"]) for r in _last_of_each(lasting)})
        return Timeline(self.records[first:last], start_s, end_s, held)

    def of_kind(self, kind: Kind, index: int | None = None) -> Records:
        """Records of one kind, and of one index where given."""
        chosen = self.records["kind"] == kind
        if index is not None:
            chosen &= self.records["index"] == index
        chosen_records: Records = self.records[chosen]
        return chosen_records

    def codes(self, name: str) -> tuple[Floats, Integers]:
        """Times (s) and new codes (0..65535) of a control voltage, at each latch that changed it."""
        return self._course(Kind.DAC, board.cv_channel(name))

    def cv(self, name: str) -> tuple[Floats, Floats]:
        """Times (s) and new voltages of a control voltage, at each latch that changed it."""
        channel = board.cv_channel(name)
        t_s, codes = self._course(Kind.DAC, channel)
        zero = board.code_to_volts(0, channel)
        return t_s, np.asarray(zero + codes * (board.code_to_volts(1, channel) - zero), np.float64)

    def cv_at(self, name: str, times_s: Floats) -> Floats:
        """Voltage of a control voltage at each given time (s); NaN before it was first known."""
        t_s, volts = self.cv(name)
        place = np.searchsorted(t_s, times_s, side="right")
        return np.concatenate([[np.nan], volts])[place]

    def latches(self) -> Floats:
        """Times (s) of the LDAC edges that moved the DAC's outputs."""
        return self._times(self.of_kind(Kind.LATCH))

    def latch_times_ns(self) -> Floats:
        """The same times in nanoseconds, as recorded."""
        return np.asarray(self.of_kind(Kind.LATCH)["t_ns"], np.float64)

    def latch_numbers(self) -> Integers:
        """Running numbers of those LDAC edges."""
        return self.of_kind(Kind.LATCH)["value"].astype(np.int64)

    def trigger(self) -> tuple[Floats, Integers]:
        """Times (s) and new states of KBD TRIG OUT; 1 = shorted to ground = triggered."""
        return self._course(Kind.TRIGGER, 0)

    def mg_b(self) -> tuple[Floats, Integers]:
        """Times (s) and new levels of MG OUT B."""
        return self._course(Kind.MG_B, 0)

    def shift_out(self) -> tuple[Floats, Integers]:
        """Times (s) and new 24-bit words of the 74HC595s, key rows masked out."""
        return self._course(Kind.SHIFT_OUT, 0)

    def power(self) -> tuple[Floats, Integers]:
        """Times (s) and new states of the supply; 1 = on."""
        return self._course(Kind.POWER, 0)

    def din_in(self) -> tuple[Floats, Integers]:
        """Times (s) of the stop bits' ends on the DIN input, and the bytes."""
        return self._plain(Kind.DIN_IN)

    def din_out(self) -> tuple[Floats, Integers]:
        """Times (s) of the stop bits' ends on the DIN output, and the bytes."""
        return self._plain(Kind.DIN_OUT)

    def usb_in(self) -> list[tuple[float, Packet]]:
        """USB-MIDI packets that the instrument took in, with their times (s); USB calls it OUT."""
        return self._packets(Kind.USB_MIDI_OUT)

    def usb_out(self) -> list[tuple[float, Packet]]:
        """USB-MIDI packets that the instrument sent to the host, with their times (s); USB calls it IN."""
        return self._packets(Kind.USB_MIDI_IN)

    def _times(self, records: Records) -> Floats:
        return np.asarray(records["t_ns"] / NS_PER_S, np.float64)

    def _plain(self, kind: Kind) -> tuple[Floats, Integers]:
        records = self.of_kind(kind)
        return self._times(records), records["value"].astype(np.int64)

    def _packets(self, kind: Kind) -> list[tuple[float, Packet]]:
        return [(float(r["t_ns"]) / NS_PER_S, packet_of_word(int(r["value"]))) for r in self.of_kind(kind)]

    def _course(self, kind: Kind, index: int) -> tuple[Floats, Integers]:
        records = self.of_kind(kind, index)
        t_s, values = self._times(records), records["value"].astype(np.int64)
        held = self.initial.get((kind, index))
        if held is None or (len(t_s) and t_s[0] <= self.start_s):
            return t_s, values
        return np.concatenate([[self.start_s], t_s]), np.concatenate([[held], values])


def _last_of_each(records: Records) -> Records:
    """The last record of every (kind, index) pair."""
    pair = records["kind"].astype(np.int64) << 16 | records["index"]
    _, place = np.unique(pair[::-1], return_index=True)
    return records[::-1][place]
