"""What the bench plays: seeded DIN notes, USB notes and floods, keys, and a panel on which every knob turns."""

import math
import random
from collections.abc import Iterable, Mapping

from ms20.board import BOARD, Control, controls
from ms20.hands import Schedule
from ms20.recording import DIN_BYTE_S

SEED = 20
LONGEST_PAUSE_S = 0.04
CLOCK = 0xF8
NOTE_ON, NOTE_OFF, PITCH_BEND = 0x90, 0x80, 0xE0
LOWEST, HIGHEST = 24, 96
KNOB_STEP_S = 0.005
PITCH_KNOBS = (
    "VCO 1 SCALE",
    "VCO 2 PITCH",
    "VCO 2 SCALE",
    "MASTER TUNE",
    "PORTAMENTO TIME",
    "FM MG/T.EXT",
    "FM EG1/EXT",
)
"""Controls that move the pitch: still while the pitch is being timed."""
ROTARIES = tuple(each.name for each in controls().values() if each.words)
CV_INPUTS = ("VCO 1+2 CV IN", "VCO 2 CV IN")
CV_STEP_S = 0.01
LINE_RATE_PACKETS_S = 19_000 * 16 / 15
"""Somewhat more than a full-speed bulk endpoint carries beside everything else; the device takes what it can."""

Message = tuple[float, bytes]


def din_load(seconds: float, seed: int = SEED) -> list[Message]:
    """Bursts as (seconds, bytes) over about `seconds`: some 200 notes a second.

    A burst is one note-on status and then pairs of key and velocity without a status, velocity 0 for off.
    Each note differs from the one before, so each must move the pitch; some overlap the next (legato), some
    end before it. A clock byte may stand anywhere, also inside a message. A burst begins when the line is
    free.
    """
    chance = random.Random(seed)
    bursts: list[Message] = []
    start_s, note, held = 0.0, 60, None
    while start_s < seconds:
        stream = bytearray([NOTE_ON])
        for _ in range(chance.randint(3, 10)):
            before, note = note, _another(chance, note)
            legato = held is not None and chance.random() < 0.3
            if held is not None and not legato:
                stream += bytes([before, 0])
            stream += bytes([note, chance.randint(1, 127)])
            if legato:
                stream += bytes([before, 0])
            held = note
        sent = bytes([NOTE_ON]) + _with_clock(chance, bytes(stream[1:]))
        bursts.append((start_s, sent))
        start_s += len(sent) * DIN_BYTE_S + chance.uniform(0.0, LONGEST_PAUSE_S)
    bursts.append((start_s, bytes([NOTE_ON, note, 0])))
    return bursts


def usb_notes_load(seconds: float, seed: int = SEED) -> list[Message]:
    """Notes at random moments, some 200 a second, each off before the next comes: as (seconds, bytes)."""
    chance = random.Random(seed)
    messages: list[Message] = []
    at_s, note = 0.0, 60
    while at_s < seconds:
        note = _another(chance, note)
        length_s = chance.uniform(0.0015, 0.004)
        messages.append((at_s, bytes([NOTE_ON, note, 100])))
        messages.append((at_s + length_s, bytes([NOTE_OFF, note, 64])))
        at_s += length_s + chance.uniform(0.001, 0.004)
    return messages


def din_chatter(seconds: float, seed: int = SEED) -> list[Message]:
    """A DIN line that never rests: clock, active sensing, bends and other channels, no note of ours."""
    chance = random.Random(seed)
    stream = bytearray()
    while len(stream) * DIN_BYTE_S < seconds:
        value = chance.randrange(128)
        stream += chance.choice(
            [
                bytes([CLOCK]),
                bytes([0xFE]),
                bytes([PITCH_BEND, value, value]),
                bytes([0x91, value, 100]),
                bytes([0xB3, 7, value]),
            ]
        )
    return [(0.0, bytes(stream))]


def usb_flood(seconds: float, seed: int = SEED) -> list[Message]:
    """Pitch bends without pause, more than the cable carries, in pieces of a tenth of a second."""
    chance = random.Random(seed)
    pieces = round(seconds * 10)
    count = round(LINE_RATE_PACKETS_S / 10)
    return [
        (
            piece / 10,
            b"".join(bytes([PITCH_BEND, chance.randrange(128), chance.randrange(128)]) for _ in range(count)),
        )
        for piece in range(pieces)
    ]


class TurningPanel:
    """Every control but those left out on its way: a sine for each, of its own speed, and rotaries from place to place."""

    def __init__(self, seed: int = SEED, still: Iterable[str] = ()) -> None:
        chance = random.Random(seed)
        left_out = set(still)
        self._controls = [each for each in controls().values() if each.name not in left_out]
        self._courses = {
            each.name: (chance.uniform(0.3, 3.0), chance.uniform(0, 1)) for each in self._controls
        }

    def at(self, time_s: float) -> "Standing":
        """Where they stand at a time, as something that `set_panel` takes."""
        return Standing({each.channel: self._fraction(each, time_s) for each in self._controls})

    def turn(self, later: Schedule, start_s: float, seconds: float) -> None:
        """Put the turning into a schedule, a step every 5 ms."""
        for step in range(round(seconds / KNOB_STEP_S)):
            later.at(start_s + step * KNOB_STEP_S).set_panel(self.at(start_s + step * KNOB_STEP_S))

    def _fraction(self, control: Control, time_s: float) -> float:
        hz, phase = self._courses[control.name]
        if control.words:
            place = int((time_s * hz + phase) * len(control.words)) % len(control.words)
            return float(BOARD.ROTARY_LADDER_EIGHTHS[place]) / 8.0
        return 0.5 + 0.5 * math.sin(2 * math.pi * (time_s * hz + phase))


class Standing:
    """Fractions by channel, as a `Panel` gives them."""

    def __init__(self, fractions: Mapping[int, float]) -> None:
        self._fractions = fractions

    def fractions(self) -> Mapping[int, float]:
        """Fractions by channel number (mux * 16 + address)."""
        return self._fractions


def keys_load(later: Schedule, start_s: float, seconds: float, seed: int = SEED) -> None:
    """Put a restless hand into a schedule: some 40 keys a second, a few down at a time."""
    chance = random.Random(seed)
    at_s = start_s
    free_s = dict.fromkeys(range(BOARD.KEY_COUNT), 0.0)
    while at_s < start_s + seconds:
        key = chance.choice([each for each, free in free_s.items() if free <= at_s])
        length_s = chance.uniform(0.01, 0.1)
        note = BOARD.KEY_LOWEST_NOTE + key
        later.at(at_s).press(note)
        later.at(at_s + length_s).release(note)
        free_s[key] = at_s + length_s + 0.02
        at_s += chance.uniform(0.005, 0.045)


def cv_load(later: Schedule, start_s: float, seconds: float) -> None:
    """Put a voltage that wanders between 0.25 and 8 V into both CV inputs, a step every 10 ms."""
    for step in range(round(seconds / CV_STEP_S)):
        at_s = start_s + step * CV_STEP_S
        for place, jack in enumerate(CV_INPUTS, start=1):
            later.at(at_s).plug(jack, 2.0 ** (0.5 + 2.5 * math.sin(place * at_s)))


def _another(chance: random.Random, note: int) -> int:
    return chance.choice([each for each in range(LOWEST, HIGHEST + 1) if each != note])


def _with_clock(chance: random.Random, stream: bytes) -> bytes:
    """Put a clock byte before one byte in eight."""
    mixed = bytearray()
    for byte in stream:
        if chance.random() < 0.125:
            mixed.append(CLOCK)
        mixed.append(byte)
    return bytes(mixed)
