"""The DIN load of the bench: seeded random bursts of notes in running status, clock bytes in between."""

import random

from ms20.recording import DIN_BYTE_S

SEED = 20
LONGEST_PAUSE_S = 0.04
CLOCK = 0xF8
NOTE_ON = 0x90
LOWEST, HIGHEST = 24, 96


def din_load(seconds: float, seed: int = SEED) -> list[tuple[float, bytes]]:
    """Bursts as (seconds, bytes) over about `seconds`: some 200 notes a second.

    A burst is one note-on status and then pairs of key and velocity without a status, velocity 0 for off.
    Each note differs from the one before, so each must move the pitch; some overlap the next (legato), some
    end before it. A clock byte may stand anywhere, also inside a message. A burst begins when the line is
    free.
    """
    chance = random.Random(seed)
    bursts: list[tuple[float, bytes]] = []
    start_s, note, held = 0.0, 60, None
    while start_s < seconds:
        stream = bytearray([NOTE_ON])
        for _ in range(chance.randint(3, 10)):
            before, note = note, chance.choice([each for each in range(LOWEST, HIGHEST + 1) if each != note])
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


def _with_clock(chance: random.Random, stream: bytes) -> bytes:
    """Put a clock byte before one byte in eight."""
    mixed = bytearray()
    for byte in stream:
        if chance.random() < 0.125:
            mixed.append(CLOCK)
        mixed.append(byte)
    return bytes(mixed)
