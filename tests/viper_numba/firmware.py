"""Finds the firmware's viper functions and compiles them with all that they call.

Calls are followed as Python would: the name in the calling module leads to the function object, whoever defined it.
A module that makes objects of MicroPython's drivers while it is imported gets mocks of them.
"""

import ast
import importlib
import sys
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from unittest import mock

import viper_stand_in

from .drivers import driver
from .functions import Function, Parts, ViperFunction, build
from .header import UntranslatableError, is_viper, read_header
from .names import HELPERS
from .translate import translate

DRIVER_MODULES = ("machine", "rp2")
REGISTER_HOOKS = ("read_register", "write_register")


def import_module(name: str) -> ModuleType:
    """Import a module of the firmware (or of the tests) under the stand-in."""
    if "micropython" not in sys.modules:
        viper_stand_in.install()
    if not hasattr(sys.modules["micropython"], "asm_thumb"):
        # Assembly cannot be translated, but it may stand beside what can.
        sys.modules["micropython"].asm_thumb = lambda function: function
    absent = [module for module in DRIVER_MODULES if module not in sys.modules]
    sys.modules.update({module: mock.MagicMock() for module in absent})
    try:
        return importlib.import_module(name)
    finally:
        for module in absent:
            del sys.modules[module]


def viper_names() -> list[str]:
    """All viper functions of the firmware, as module.function."""
    return [
        f"{path.stem}.{node.name}"
        for path in sorted(viper_stand_in.SOURCES.glob("*.py"))
        for node in ast.parse(path.read_text()).body
        if is_viper(node)
    ]


class Family:
    """Functions that are compiled the same way and call each other."""

    def __init__(self, *, checked: bool, exact: bool, overrides: Mapping[str, Function]):
        self.checked, self.exact, self.overrides = checked, exact, overrides
        self._known: dict[FunctionType, Function] = {}
        self._in_work: list[str] = []

    def function(self, function: FunctionType) -> Function:
        """Give the compiled form of a viper function, or what overrides it."""
        name = f"{function.__module__}.{function.__name__}"
        for key in (name, function.__name__):
            if key in self.overrides:
                return self.overrides[key]
        if function not in self._known:
            self._known[function] = ViperFunction(name, lambda: self._make(function))
        return self._known[function]

    def _make(self, function) -> Parts:
        header = read_header(function)
        if header.name in self._in_work:
            raise UntranslatableError(f"{header.name} calls itself")
        self._in_work.append(header.name)
        try:
            translation = translate(header, checked=self.checked, exact=self.exact)
            called = {alias: self.function(callee) for alias, callee in translation.callees.items()}
            if translation.registers:
                if not all(hook in self.overrides for hook in REGISTER_HOOKS):
                    raise UntranslatableError(f"{translation.registers} points at hardware")
                called |= {hook: self.overrides[hook] for hook in REGISTER_HOOKS}
            return build(header.name, _text(translation), header.signature, called)
        finally:
            self._in_work.pop()


def _text(translation) -> str:
    used = {node.id for node in ast.walk(translation.node) if isinstance(node, ast.Name)}
    helpers = sorted(used & HELPERS - {"memory", "place", *REGISTER_HOOKS})
    lines = ["import numpy as np"] if translation.tables else []
    lines += [f"from viper_numba.machine import {', '.join(helpers)}"] if helpers else []
    lines += [""]
    lines += [f"{name} = {value}" for name, value in sorted(translation.constants.items())]
    lines += [
        f"{name} = np.frombuffer({table!r}, np.uint8)" for name, table in sorted(translation.tables.items())
    ]
    return "\n".join([*lines, "", ast.unparse(translation.node)])


_families: dict[tuple[bool, bool], Family] = {}


def compiled(
    module: str,
    name: str,
    *,
    checked: bool = False,
    exact: bool = False,
    overrides: Mapping[str, Callable] | None = None,
) -> Function:
    """Compile a viper function of the firmware for the host, with all that it calls, when it is first wanted.

    Args:
        module: The module's name, such as "midi_bytes".
        name: The function's name, such as "feed".
        checked: Raise IndexError outside the bank or a buffer and where an address is not aligned, ValueError for a
            shift by less than 0 or more than 31. Without it such a thing may end the process.
        exact: As `checked`, and raise OverflowError where a sum would wrap and MemoryError where a call would have
            to allocate an argument of more than 31 bits.
        overrides: Functions in the places of others, by name or module.name; see `driver` for what may stand in one.
            "read_register"(address) and "write_register"(value, address) take the places of hardware.
    """
    checked = checked or exact
    if overrides:
        stands = {key: f if isinstance(f, Function) else driver(f) for key, f in overrides.items()}
        family = Family(checked=checked, exact=exact, overrides=stands)
    else:
        family = _families.setdefault((checked, exact), Family(checked=checked, exact=exact, overrides={}))
    return ViperFunction(
        f"{module}.{name}", lambda: family.function(getattr(import_module(module), name)).parts
    )
