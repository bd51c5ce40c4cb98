"""The firmware's own declarations beside its board: controls and their laws, jacks, settings, as modules of this process."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from ms20.board import BOARD_FILE

SOURCES = BOARD_FILE.parent


def load(name: str) -> ModuleType:
    """Import one of the firmware's modules that need no hardware, without leaving its names to other imports.

    The firmware's modules have plain names (`board`, `settings`) that other packages use too: while this one is
    imported they mean the firmware's, afterwards what they meant before.
    """
    ours = {path.stem for path in SOURCES.glob("*.py")}
    theirs = {each: sys.modules.pop(each) for each in ours & sys.modules.keys()}
    sys.path.insert(0, str(SOURCES))
    try:
        return import_module(name)
    finally:
        sys.path.remove(str(SOURCES))
        for each in ours & sys.modules.keys():
            del sys.modules[each]
        sys.modules.update(theirs)


PANEL_TABLE: Any = load("panel_table")
"""Every control's law, range and destination (firmware/src/panel_table.py)."""
