"""Write firmware/src/tables.py: the numbers that the firmware looks up instead of computing.

Run `python firmware/tools/make_tables.py`; a test runs it too and compares.
"""

import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "src"
sys.path.insert(0, str(SOURCES))

import board  # noqa: E402

MIDI_NOTES = 128
BYTES_PER_LINE = 16


def kbd_cv_codes() -> list[int]:
    """DAC codes of KBD CV OUT for notes 0..127: V = 2^((note - 48) / 12), saturating at the range's top (facts 4.1)."""
    code_of_range = {code: (low, high) for code, low, high in board.DAC_RANGE_VOLTS}
    low, high = code_of_range[board.CV[board.CV_KBD_CV_OUT][1]]
    codes_per_volt = (1 << board.DAC_BITS) / (high - low)
    volts = [2 ** ((note - board.KBD_CV_ONE_VOLT_NOTE) / 12) for note in range(MIDI_NOTES)]
    return [min(round((v - low) * codes_per_volt), board.DAC_FULL) for v in volts]


def as_bytes_literal(name: str, values: list[int], note: str) -> str:
    """Lay out 16-bit values, most significant byte first as in the DAC's frame, as one bytes constant."""
    raw = b"".join(value.to_bytes(2, "big") for value in values)
    lines = [raw[i : i + BYTES_PER_LINE] for i in range(0, len(raw), BYTES_PER_LINE)]
    body = "\n".join('    b"' + "".join(f"\\x{byte:02x}" for byte in line) + '"' for line in lines)
    return f'{name} = (\n{body}\n)\n"""{note}"""\n'


def render() -> str:
    """The text of tables.py."""
    head = '"""Tables made by firmware/tools/make_tables.py; do not edit."""\n\n'
    return head + as_bytes_literal(
        "KBD_CV_CODES", kbd_cv_codes(), "128 DAC codes (u16, most significant byte first), one a note."
    )


if __name__ == "__main__":
    (SOURCES / "tables.py").write_text(render())
