"""Reads a panel file: where every knob of the instrument stands, in the numbers and words printed on its panel.

    [panel]
    name = "Bass"
    description = "..."

    [knobs]
    "VCO 1 WAVE FORM" = "SAW"        # a rotary: its word, or its position 1-4 from counter-clockwise
    "VCO 1 SCALE" = "16'"
    "LPF CUTOFF FREQUENCY" = 3.5     # a knob: 0..10
    "MASTER TUNE" = 0                # a knob with its zero in the middle: -5..+5

Knobs that a file does not name stand as in BASIC_PATCH.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ms20 import board
from ms20.errors import ExitCode, Ms20Error
from ms20.firmware_tables import PANEL_TABLE

Setting = float | str


def _basic_patch() -> dict[str, Setting]:
    """Where the firmware's table lets every control rest, in the panel's numbers and words."""
    by_channel = {control.channel: control for control in board.controls().values()}
    patch: dict[str, Setting] = {}
    for row in PANEL_TABLE.CONTROLS:
        control, rest = by_channel[row[0]], row[7]
        patch[control.name] = control.words[rest - 1] if control.words else float(rest)
    return patch


BASIC_PATCH: Mapping[str, Setting] = _basic_patch()
"""The plainest sound: one saw at 8', both filters open, an organ's envelope, no modulation."""

_TABLES = {"panel": ("name", "description"), "knobs": ()}


@dataclass(frozen=True)
class Panel:
    """Where every knob stands, by its panel name: a number as printed, or a rotary's word."""

    name: str
    description: str
    knobs: Mapping[str, Setting]

    def fractions(self) -> dict[int, float]:
        """Position of every knob as a fraction 0..1 of the ADC's span, by multiplexer channel (0-47)."""
        controls = board.controls()
        return {
            controls[name].channel: controls[name].fraction(setting) for name, setting in self.knobs.items()
        }


def basic_panel() -> Panel:
    """Return the panel on which no file has changed anything."""
    return Panel("Basic patch", "", dict(BASIC_PATCH))


def load_panel(path: Path) -> Panel:
    """Read a panel file. Whatever is wrong with it raises `Ms20Error` with exit code BAD_PANEL."""
    document = _read_toml(path)
    for table in document:
        if table not in _TABLES:
            raise _bad(path, f"has an unknown key '{table}'", "the tables [panel] and [knobs]")
        if not isinstance(document[table], dict):
            raise _bad(
                path, f"has '{table}' as a value where a table belongs", f"a line [{table}] above its keys"
            )
    about = document.get("panel", {})
    for key, value in about.items():
        if key not in _TABLES["panel"]:
            raise _bad(path, f"has an unknown key '{key}' in [panel]", "name and description")
        if not isinstance(value, str):
            raise _bad(path, f"has a '{key}' that is not a text", f'{key} = "..."')
    knobs = dict(BASIC_PATCH)
    named: dict[str, str] = {}
    for word, setting in document.get("knobs", {}).items():
        try:
            control = board.control(word)
        except Ms20Error as error:
            raise _bad(path, f"sets an unknown knob '{word}'", error.hint) from error
        if control.name in named:
            raise _bad(
                path, f"sets {control.name} twice, as '{named[control.name]}' and as '{word}'", "one of them"
            )
        named[control.name] = word
        knobs[control.name] = _setting(path, control, setting)
    return Panel(about.get("name", path.stem), about.get("description", ""), knobs)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError as error:
        raise Ms20Error(
            f"There is no panel file {path}.", "check the name, or the folder you are in", ExitCode.BAD_PANEL
        ) from error
    except OSError as error:
        raise Ms20Error(
            f"The panel file {path} cannot be read: {error.strerror}.", "", ExitCode.BAD_PANEL
        ) from error
    except UnicodeDecodeError as error:
        raise _bad(path, "is not text in UTF-8", "a TOML file") from error
    except tomllib.TOMLDecodeError as error:
        raise _bad(path, f"is not TOML: {error}", '"KNOB NAME" = value, with the name in quotes') from error


def _setting(path: Path, control: board.Control, value: object) -> Setting:
    """Check one knob's value; a rotary's position becomes its word."""
    if control.words:
        allowed = ", ".join(control.words) + f", or a position 1-{len(control.words)}"
        if isinstance(value, str):
            word = " ".join(
                value.replace("\N{PRIME}", "'").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split()
            )
            if word.upper() in control.words:
                return word.upper()
        elif type(value) is int and 1 <= value <= len(control.words):
            return control.words[value - 1]
        raise _bad(path, f"sets {control.name} to {_toml(value)}, which it does not have", allowed)
    allowed = f"a number from {control.lowest:g} to {control.highest:g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(path, f"sets {control.name} to {_toml(value)}, which is not a number", allowed)
    if not math.isfinite(value) or not control.lowest <= value <= control.highest:
        raise _bad(path, f"sets {control.name} to {value:g}, outside its range", allowed)
    return float(value)


def _toml(value: object) -> str:
    """Show a value as it stands in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


def _bad(path: Path, what: str, hint: str) -> Ms20Error:
    return Ms20Error(f"The panel file {path} {what}.", hint, ExitCode.BAD_PANEL)
