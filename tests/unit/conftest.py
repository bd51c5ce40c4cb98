"""Unit tests: the firmware's pure modules under CPython, in a fresh bank of memory for each test."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import viper_stand_in

viper_stand_in.install()


@pytest.fixture(autouse=True)
def fresh_memory():
    """The bank after start-up: words zero, tables laid out, byte machines reset."""
    import memory
    import midi_bytes
    from state import PORT_COUNT

    viper_stand_in.bank[:] = bytes(viper_stand_in.BANK_BYTES)
    memory.clear()
    for port in range(PORT_COUNT):
        midi_bytes.reset(port)


@pytest.fixture
def words():
    """The tick's words by index."""
    import memory

    return memory.state
