"""Compares a compiled viper function with the same function under the stand-in, for one memory and one call.

The stand-in is the judge twice over: as it is, which raises where 32 bits do not hold a sum (so must `exact`), and
with its integers made to wrap as the chip's do (so must the fast one). Worked example, 0x7FFFFFFF + 1:

    stand-in          OverflowError        exact    OverflowError
    made to wrap      -0x80000000          fast     -0x80000000
"""

import ast
import contextlib
import sys
from types import FunctionType
from unittest import mock

import numpy as np
from hypothesis import strategies as st
from viper_numba import BYTES, WORDS, compiled
from viper_numba.header import BUFFER, read_header
from viper_stand_in import BANK_ADDRESS, INT32_MAX, INT32_MIN, Int32, Pointer, bank

LINES_AT_MOST = 20_000
SHIFTS = ("lshift", "rshift")
OPERATIONS = ("add", "sub", "mul", "and", "or", "xor", *SHIFTS)
OBJECTIONS = (IndexError, OverflowError, ValueError, MemoryError)

numbers = st.one_of(
    st.integers(0, 127),
    st.integers(-9, 9),
    st.integers(INT32_MIN, INT32_MAX),
    st.integers(0, 255).map(lambda word: BANK_ADDRESS + 4 * word),
)
memories = st.tuples(st.integers(0, 1 << 32), st.integers(0, 31), st.booleans())
"""A seed; how many bits the words lose at least; whether they keep their signs."""


class EndlessError(Exception):
    """The function has run for so long that this memory probably never lets it end."""


def random_words(memory):
    """Make as many random words as the bank has, most of them small."""
    seed, loss, signed = memory
    random = np.random.default_rng(seed)
    words = random.integers(INT32_MIN, INT32_MAX, WORDS.size) >> random.integers(loss, 32, WORDS.size)
    return (words if signed else np.abs(words)).astype(np.int32)


def _wrapping(name, reflected):
    plain = getattr(int, f"__{'r' if reflected else ''}{name}__")

    def operation(self, other):
        if name in SHIFTS and not 0 <= (int(self) if reflected else other) <= 31:
            raise ValueError("shift count")
        return Int32(((plain(self, other) + (1 << 31)) & 0xFFFF_FFFF) - (1 << 31))

    return operation


class BufferPlace:
    """What `int(pointer)` is for a pointer into a buffer: something that a number can be added to."""

    def __init__(self, pointer):
        self._rest = pointer._memory

    def __add__(self, count):
        return self._rest[count:]


def chip_int(value):
    """`int` for the stand-in: a number stays one that is checked, a pointer becomes its address."""
    if isinstance(value, Pointer):
        return Int32(BANK_ADDRESS + value._base) if value._memory is bank else BufferPlace(value)
    return Int32(value)


def namespaces(function, found):
    """Collect the modules' names for a viper function and all that it calls."""
    names = function.__globals__
    found[id(names)] = names
    for node in ast.walk(read_header(function).node):
        callee = names.get(node.id) if isinstance(node, ast.Name) else None
        if isinstance(callee, FunctionType) and callee is not function:
            namespaces(callee, found)
    return found.values()


WRAPPING = {
    f"__{'r' if reflected else ''}{name}__": _wrapping(name, reflected)
    for name in OPERATIONS
    for reflected in (False, True)
}


@contextlib.contextmanager
def lines_limited():
    """Raise EndlessError in what runs inside after LINES_AT_MOST lines."""
    left = LINES_AT_MOST
    before = sys.gettrace()

    def trace(_frame, event, _argument):
        nonlocal left
        left -= event == "line"
        if left < 0:
            raise EndlessError
        return trace

    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)


def outcome(function, memory, arguments):
    """Call on a fresh memory: what it raised, or its result, the bank's bytes and the buffers' bytes after it."""
    WORDS[:] = random_words(memory)
    arguments = [bytearray(a) if isinstance(a, bytes) else a for a in arguments]
    try:
        result = function(*arguments)
    except (*OBJECTIONS, EndlessError) as error:
        return error
    return (
        None if result is None else int(result),
        BYTES.tobytes(),
        [bytes(a) for a in arguments if isinstance(a, bytearray)],
    )


class Comparison:
    """One function in all its forms."""

    def __init__(self, function):
        self.function = function
        self.namespaces = namespaces(function, {})
        where = function.__module__, function.__name__
        self.fast, self.exact = compiled(*where), compiled(*where, exact=True)
        kinds = read_header(function).kinds.values()
        buffers = memories.map(lambda memory: random_words(memory).tobytes())
        self.arguments = st.tuples(*(buffers if kind == BUFFER else numbers for kind in kinds))

    def judge(self, memory, arguments):
        """Call the stand-in."""
        for names in self.namespaces:
            names["int"] = chip_int
        try:
            with lines_limited():
                return outcome(self.function, memory, arguments)
        finally:
            for names in self.namespaces:
                del names["int"]

    def check(self, memory, arguments) -> bool:
        """Assert that they agree; tell whether there was a result to agree on."""
        typed = [Int32(a) if isinstance(a, int) else a for a in arguments]
        judge = self.judge(memory, typed)
        if isinstance(judge, EndlessError):
            return False
        exact = outcome(self.exact, memory, arguments)
        if isinstance(judge, OBJECTIONS):
            assert isinstance(exact, OBJECTIONS), f"the stand-in raises {judge!r}"
        elif isinstance(exact, OBJECTIONS):
            # It objects to more than the stand-in, but to no result.
            assert not isinstance(exact, OverflowError), exact
            assert not isinstance(exact, IndexError) or "not aligned" in str(exact), exact
        else:
            assert exact == judge
        with mock.patch.multiple(Int32, **WRAPPING):
            judge = self.judge(memory, typed)
        if isinstance(judge, (*OBJECTIONS, EndlessError)):
            return False
        assert outcome(self.fast, memory, arguments) == judge
        return True
