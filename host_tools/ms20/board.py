"""The board as firmware/src/board.py declares it; the panel's words turned into channels, codes and volts."""

import difflib
import importlib.util
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ms20.errors import ExitCode, Ms20Error

REPOSITORY = Path(__file__).resolve().parents[2]
BOARD_FILE = REPOSITORY / "firmware" / "src" / "board.py"


def load_board(path: Path = BOARD_FILE) -> ModuleType:
    """Run the firmware's board declaration under CPython and return it as a module."""
    spec = importlib.util.spec_from_file_location("ms20_firmware_board", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise Ms20Error(
            f"The board declaration {path} is not there.",
            "run ms20 from a checkout of the repository (python -m pip install -e .)",
            ExitCode.NO_SUCH_FILE,
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


BOARD: Any = load_board()
"""The board declaration of this checkout."""

TICK_S: float = 1.0 / BOARD.TICK_HZ
"""Length of a tick in seconds."""


def to_json(board: Any = BOARD) -> str:
    """Turn every upper-case name of the board into JSON; tuples become arrays."""
    return json.dumps({name: value for name, value in vars(board).items() if name.isupper()}, indent=1)


@dataclass(frozen=True)
class Control:
    """One knob, rotary or wheel of the panel.

    `channel` is mux * 16 + address; `words` are a rotary's four positions from counter-clockwise, else empty.
    """

    name: str
    channel: int
    kind: int
    words: tuple[str, ...] = ()

    @property
    def lowest(self) -> float:
        """Lowest value printed on the panel."""
        return 1.0 if self.words else (-5.0 if self._centred else 0.0)

    @property
    def highest(self) -> float:
        """Highest value printed on the panel."""
        return float(len(self.words)) if self.words else (5.0 if self._centred else 10.0)

    @property
    def _centred(self) -> bool:
        return self.kind in (BOARD.KIND_CENTRE_POT, BOARD.KIND_WHEEL)

    def fraction(self, value: float | str) -> float:
        """Turn a panel value into the fraction 0..1 of the ADC's span.

        A rotary takes one of its words or a position counted from 1; any other control takes a number between
        `lowest` and `highest`. Anything else raises `Ms20Error` (exit code BAD_PANEL).
        """
        if self.words:
            return float(BOARD.ROTARY_LADDER_EIGHTHS[self._position(value)]) / 8.0
        number = _number(value)
        if number is None or not self.lowest <= number <= self.highest:
            raise Ms20Error(
                f"{self.name} cannot be set to {value!r}.",
                f"a number from {self.lowest:g} to {self.highest:g}",
                ExitCode.BAD_PANEL,
            )
        return (number - self.lowest) / (self.highest - self.lowest)

    def value(self, fraction: float) -> float | str:
        """Turn a fraction 0..1 of the ADC's span back into the panel's number or a rotary's word."""
        if self.words:
            places = [eighth / 8.0 for eighth in BOARD.ROTARY_LADDER_EIGHTHS]
            return self.words[min(range(len(places)), key=lambda i: abs(places[i] - fraction))]
        return self.lowest + fraction * (self.highest - self.lowest)

    def _position(self, value: float | str) -> int:
        if isinstance(value, str) and value.strip().upper() in self.words:
            return self.words.index(value.strip().upper())
        number = _number(value)
        if number is not None and number in range(1, len(self.words) + 1):
            return int(number) - 1
        raise Ms20Error(
            f"{self.name} has no position {value!r}.", "one of " + ", ".join(self.words), ExitCode.BAD_PANEL
        )


def _number(value: float | str) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except ValueError:
        return None


@cache
def controls() -> dict[str, Control]:
    """Every knob, rotary and wheel by its panel name; spare channels and monitors are left out."""
    words = dict(BOARD.ROTARY_WORDS)
    return {
        name: Control(name, channel, kind, tuple(words.get(name, ())))
        for channel, (name, kind) in enumerate(BOARD.PANEL)
        if kind not in (BOARD.KIND_SPARE, BOARD.KIND_MONITOR)
    }


def control(name: str) -> Control:
    """Find a control by its panel name (capitals or not); an unknown one raises with the nearest names."""
    return controls()[_nearest(name, controls(), "control")]


def cv_names() -> tuple[str, ...]:
    """Names of the DAC's channels, in channel order."""
    return tuple(name for name, _ in BOARD.CV)


def cv_channel(name: str) -> int:
    """Find a DAC channel (0-15) by its name; an unknown one raises with the nearest names."""
    return cv_names().index(_nearest(name, cv_names(), "control voltage", ExitCode.USAGE))


def cv_range(channel: int) -> tuple[float, float]:
    """Lowest and highest volts of a DAC channel."""
    return range_volts(BOARD.CV[channel][1])


def range_volts(range_code: int) -> tuple[float, float]:
    """Lowest and highest volts of a DACRANGE code."""
    for code, lowest, highest in BOARD.DAC_RANGE_VOLTS:
        if code == range_code:
            return float(lowest), float(highest)
    raise Ms20Error(f"The DAC has no range {range_code:#x}.", exit_code=ExitCode.USAGE)


def code_to_volts(code: float, channel: int) -> float:
    """Volts of a 16-bit code (0..65535) on a DAC channel in its declared range."""
    lowest, highest = cv_range(channel)
    steps: int = 1 << BOARD.DAC_BITS
    return lowest + code * (highest - lowest) / steps


def volts_to_code(volts: float, channel: int) -> int:
    """Nearest 16-bit code of a voltage on a DAC channel; saturates at the range's ends, never wraps."""
    lowest, highest = cv_range(channel)
    code = round((volts - lowest) / (highest - lowest) * (1 << BOARD.DAC_BITS))
    return int(min(max(code, 0), BOARD.DAC_FULL))


def jack_names() -> tuple[str, ...]:
    """Jacks that the firmware reads or whose plug switch it sees."""
    return tuple(dict.fromkeys([name for name, _ in BOARD.PLUGS] + [name for name, _ in BOARD.JACK_ADC]))


def jack(name: str) -> str:
    """Find a jack by its name; an unknown one raises with the nearest names."""
    return _nearest(name, jack_names(), "jack", ExitCode.USAGE)


def key_of_note(note: int) -> int:
    """Key 0-36 that plays a MIDI note (48..84); any other note raises."""
    key = note - BOARD.KEY_LOWEST_NOTE
    if not 0 <= key < BOARD.KEY_COUNT:
        highest = BOARD.KEY_LOWEST_NOTE + BOARD.KEY_COUNT - 1
        raise Ms20Error(
            f"The keyboard has no key for note {note}.",
            f"a note from {BOARD.KEY_LOWEST_NOTE} to {highest}",
            ExitCode.USAGE,
        )
    return int(key)


def _nearest(name: str, known: Iterable[str], what: str, code: ExitCode = ExitCode.BAD_PANEL) -> str:
    """Return the known name that equals `name` but for capitals and blanks, or raise naming the nearest."""
    names = {each.upper(): each for each in known}
    wanted = " ".join(name.upper().split())
    if wanted in names:
        return names[wanted]
    near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    near = near or [each for each in names if wanted and (wanted in each or each in wanted)][:3]
    hint = " or ".join(names[each] for each in near) if near else "one of " + ", ".join(names.values())
    raise Ms20Error(f"There is no {what} {name!r}.", hint, code)
