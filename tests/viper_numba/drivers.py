"""Compiles a test's own loop around compiled functions, so that millions of calls need no Python.

Worked example, the notes after each byte of a stream:

    feed = compiled("midi_bytes", "feed")

    @driver
    def notes_after(words, stream, notes):
        for i in range(stream.size):
            feed(PORT_DIN, stream[i])
            notes[i] = words[NOTE_COUNT]

    notes_after(WORDS, stream, notes)

The names of other modules' functions and constants mean what they mean in the test's module. What numba compiles has
`memory` as first argument and hands it on to `feed`. Its arguments' types are taken from the first call.
"""

import ast
import inspect
import textwrap
from collections.abc import Callable
from types import ModuleType

import numba
import numpy as np

from .functions import Function, Parts, build
from .machine import load32, store32


@numba.njit
def _peek32(memory, address):
    return load32(memory + address)


@numba.njit
def _poke32(memory, value, address):
    store32(value, memory + address)


peek32 = Function("peek32", lambda: Parts(_peek32, "", {}))
"""peek32(address): the word at a chip address in the bank, in a driver or from Python."""
poke32 = Function("poke32", lambda: Parts(_poke32, "", {}))
"""poke32(value, address): put the low 32 bits of a number there."""


def driver(function: Callable) -> Function:
    """Compile a function of a test when it is first called.

    It may use what numba knows, the numbers of its module, numpy, functions compiled by numba, and everything that
    `compiled` and `driver` give. Arrays come as arguments: numba would take a module's array for a constant.
    """
    name = f"{function.__module__}.{function.__qualname__.replace('.<locals>', '')}"
    return Function(name, lambda: _make(name, function))


def _make(name: str, function: Callable) -> Parts:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    (node,) = tree.body
    if not isinstance(node, ast.FunctionDef):
        raise TypeError(f"{name} has to be a function made by `def`")
    node.decorator_list = []
    outside = function.__globals__ | inspect.getclosurevars(function).nonlocals
    inside = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
    inside |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} - inside
    lines, called, given = [], {}, {}
    for alias in sorted(used & outside.keys()):
        match outside[alias]:
            case Function() as compiled:
                called[alias] = compiled
            case ModuleType() as module:
                lines.append(f"import {module.__name__} as {alias}")
            case bool() | int() | float() as number:
                lines.append(f"{alias} = {number!r}")
            case np.generic() as number:
                lines.append(f"{alias} = {number.item()!r}")
            case numba.core.dispatcher.Dispatcher() as dispatcher:
                given[alias] = dispatcher
            case other:
                raise TypeError(f"{name}: {alias} is a {type(other).__name__}: pass it as an argument")
    node.args.args.insert(0, ast.arg("memory"))
    for n in ast.walk(node):
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in called:
            n.args.insert(0, ast.Name("memory"))
    text = "\n".join(["", *lines, "", ast.unparse(ast.fix_missing_locations(tree))])
    return build(name, text, "", called, given)
