"""Compiles the firmware's viper functions for the host: what the chip computes, some ten million calls a second.

The compiled functions work on the stand-in's bank, so a test may mix: prepare with `memory.state[...]`, run compiled
code, read with `memory.state[...]`. Worked example, the notes that are held after each byte of a stream:

    from viper_numba import WORDS, compiled, driver

    feed = compiled("midi_bytes", "feed")            callable as it is: feed(PORT_DIN, 0x90)

    @driver                                          a loop that numba compiles together with feed
    def notes_after(words, stream, notes):
        for i in range(stream.size):
            feed(PORT_DIN, stream[i])
            notes[i] = words[NOTE_COUNT]

    notes_after(WORDS, stream, notes)                stream and notes: arrays of uint8

    compiled(..., checked=True)                      IndexError, ValueError instead of a crash; names file and line
    compiled(..., exact=True)                        and OverflowError where a sum would wrap
    compiled(..., overrides={"note_on": heard})      `heard` in the place of every note_on below
    feed.source                                      what numba was given

The parts: header (a function's outside), names, expressions, translate (viper to Python), machine (memory and
checks), functions (compiling, files), firmware (`compiled`), drivers (`driver`). Integers, pointers, calls, `if` and
`while` are translated; what else there is, and hardware that no override plays, raises UntranslatableError.
"""

from .drivers import driver, peek32, poke32
from .firmware import compiled, import_module, viper_names
from .functions import Function
from .header import UntranslatableError
from .machine import BYTES, HALVES, WORDS

__all__ = [
    "BYTES",
    "HALVES",
    "WORDS",
    "Function",
    "UntranslatableError",
    "compiled",
    "driver",
    "import_module",
    "peek32",
    "poke32",
    "viper_names",
]
