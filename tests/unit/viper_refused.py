"""Viper functions with something in them that is not compiled, each with words from the reason that is given."""
# ruff: noqa: F821

import micropython
from state import STATE
from viper_samples import STEPS, echo, word_at

FIFTH = 5
BIG = 1 << 40


@micropython.viper
def negates(a: int) -> int:
    return -a


@micropython.viper
def divides(a: int) -> int:
    return a // FIFTH


@micropython.viper
def is_too_big(a: int) -> int:
    return a + BIG


@micropython.viper
def shifts_far(a: int) -> int:
    return a << 32


@micropython.viper
def counts(a: int) -> int:
    for _ in range(a):
        pass
    return a


def plain(a):
    return a


@micropython.viper
def calls_plain(a: int) -> int:
    return int(plain(a))


@micropython.viper
def calls_itself(a: int) -> int:
    return int(calls_itself(a - 1))


@micropython.viper
def changes_kind(a: int) -> int:
    p = ptr32(STATE)
    if a:
        p = ptr8(STATE)
    return p[0]


@micropython.viper
def writes_into_a_table(a: int):
    p = ptr16(STEPS)
    p[0] = a


@micropython.viper
def uses_a_pointer_as_number(a: int) -> int:
    p = ptr32(STATE)
    return p + a


@micropython.viper
def gives_a_buffers_address(buffer) -> int:
    p = ptr32(buffer)
    return int(word_at(int(p)))


@micropython.viper
def points_at_two(buffer):
    p = ptr32(STATE + (ptr32(buffer)[0] & 7) * 4)
    q = ptr32(int(p) + int(ptr8(buffer)))
    q[0] = 1


REFUSED = {
    negates: "spoils the operand",
    divides: "no such operation",
    is_too_big: "more than 32 bits",
    shifts_far: "shift by 32",
    counts: "no translation",
    calls_plain: "not a viper function",
    calls_itself: "calls itself",
    changes_kind: "not the same kind of pointer",
    gives_a_buffers_address: "only in another pointer",
    points_at_two: "leads into buffer and the bank",
    writes_into_a_table: "a table is constant",
    uses_a_pointer_as_number: "no number",
    echo: "points at hardware",
}
