"""Write firmware/src/tables.py: the numbers that the firmware looks up instead of computing.

Run `python firmware/tools/make_tables.py`; a test runs it too and compares.
"""

import math
import sys
from pathlib import Path
from typing import Literal

SOURCES = Path(__file__).resolve().parent.parent / "src"
sys.path.insert(0, str(SOURCES))

import board  # noqa: E402

MIDI_NOTES = 128
LOG2_STEPS = 64
EXP2_STEPS = 64
EXP2_ONE = 8192
RC_FIRST_OCTAVE = -1
RC_STEPS = 40
OCTAVE_Q11 = 2048
SEMITONES_PER_OCTAVE = 12
SEMITONE_Q12 = 4096
BYTES_PER_LINE = 16


def kbd_cv_codes() -> list[int]:
    """DAC codes of KBD CV OUT for notes 0..127: V = 2^((note - 48) / 12), saturating at the range's top (facts 4.1)."""
    code_of_range = {code: (low, high) for code, low, high in board.DAC_RANGE_VOLTS}
    low, high = code_of_range[board.CV[board.CV_KBD_CV_OUT][1]]
    codes_per_volt = (1 << board.DAC_BITS) / (high - low)
    volts = [2 ** ((note - board.KBD_CV_ONE_VOLT_NOTE) / 12) for note in range(MIDI_NOTES)]
    return [min(round((v - low) * codes_per_volt), board.DAC_FULL) for v in volts]


def log2_steps() -> list[int]:
    """log2(1 + i/64) in 1/4096 semitone, i = 0..64 (cv_in.py)."""
    octave_q12 = SEMITONES_PER_OCTAVE * SEMITONE_Q12
    return [round(octave_q12 * math.log2(1 + i / LOG2_STEPS)) for i in range(LOG2_STEPS + 1)]


def exp2_steps() -> list[int]:
    """8192 * 2^(i/64), i = 0..64 (laws.py)."""
    return [round(EXP2_ONE * 2 ** (i / EXP2_STEPS)) for i in range(EXP2_STEPS + 1)]


def rc_steps() -> list[int]:
    """How far the rate of an RC, 1 - exp(-1/ticks), is below 1/ticks, in 1/2048 octave (laws.py).

    One for each quarter octave of the time constant from half a tick on; the last is nothing.
    """
    constants = [2.0 ** (RC_FIRST_OCTAVE + step / 4) for step in range(RC_STEPS)]
    return [round(-OCTAVE_Q11 * math.log2(ticks * -math.expm1(-1 / ticks))) for ticks in constants] + [0]


def as_bytes_literal(name: str, values: list[int], order: Literal["big", "little"], note: str) -> str:
    """Lay out 16-bit values as one bytes constant."""
    raw = b"".join(value.to_bytes(2, order) for value in values)
    lines = [raw[i : i + BYTES_PER_LINE] for i in range(0, len(raw), BYTES_PER_LINE)]
    body = "\n".join('    b"' + "".join(f"\\x{byte:02x}" for byte in line) + '"' for line in lines)
    return f'{name} = (\n{body}\n)\n"""{note}"""\n'


def render() -> str:
    """The text of tables.py."""
    head = '"""Tables made by firmware/tools/make_tables.py; do not edit."""\n\n'
    tables = (
        as_bytes_literal(
            "KBD_CV_CODES", kbd_cv_codes(), "big", "128 DAC codes (u16, as in the DAC's frame), one a note."
        ),
        as_bytes_literal(
            "LOG2", log2_steps(), "little", "log2(1 + i/64) in 1/4096 semitone (u16), i = 0..64."
        ),
        as_bytes_literal("EXP2", exp2_steps(), "little", "8192 * 2^(i/64) (u16), i = 0..64."),
        as_bytes_literal(
            "RC_CORRECTION",
            rc_steps(),
            "little",
            "Correction of an RC's rate in 1/2048 octave (u16), a quarter octave of its time constant each.",
        ),
    )
    return head + "\n".join(tables)


if __name__ == "__main__":
    (SOURCES / "tables.py").write_text(render())
