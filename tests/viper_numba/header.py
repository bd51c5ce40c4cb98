"""What can be read from a viper function without translating it: its source, its parameters, what it returns.

Worked example: `def queue_packets(buffer, length: int):` has the kinds ["buffer", "int"] and returns nothing; for the
compiled function these are a uint8 array and an int32.
"""

import ast
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

INLINE_MARK = "# link: inline"
INT, BUFFER, UNUSED = "int", "buffer", "unused"
NUMBA_TYPES = {INT: "int32", BUFFER: "uint8[::1]", UNUSED: "int32"}


class UntranslatableError(Exception):
    """A function that cannot be compiled for the host; the text says where and why."""


@dataclass(frozen=True)
class Header:
    """One viper function's outside. `kinds` maps each parameter to INT, BUFFER or UNUSED, in order."""

    function: FunctionType
    node: ast.FunctionDef
    kinds: dict[str, str]
    returns: bool
    inline: bool

    @property
    def name(self) -> str:
        return f"{self.function.__module__}.{self.function.__name__}"

    @property
    def signature(self) -> str:
        """The compiled function's type, in numba's notation; the first argument is MEMORY."""
        kinds = ["int64", *(NUMBA_TYPES[kind] for kind in self.kinds.values())]
        return f"{'int32' if self.returns else 'void'}({', '.join(kinds)})"

    def where(self, node: ast.AST) -> str:
        """A place in the source as messages name it."""
        return f"{self.function.__module__}.py:{node.lineno}, {self.function.__name__}"


@functools.cache
def _parsed(path: str) -> tuple[ast.Module, list[str]]:
    text = Path(path).read_text()
    return ast.parse(text), text.splitlines()


def is_viper(node: ast.AST) -> bool:
    """Tell whether this is the definition of a viper function."""
    return isinstance(node, ast.FunctionDef) and any("viper" in ast.dump(d) for d in node.decorator_list)


@functools.cache
def read_header(function: Callable) -> Header:
    """Read a function's header. Raises UntranslatableError if it is not viper."""
    if not isinstance(function, FunctionType):
        raise UntranslatableError(f"{function!r} is not a function of the firmware")
    tree, lines = _parsed(inspect.getfile(function))
    for node in tree.body:
        if is_viper(node) and node.name == function.__name__:
            break
    else:
        raise UntranslatableError(f"{function.__module__}.{function.__name__} is not a viper function")
    above = lines[node.decorator_list[0].lineno - 2].strip() if node.decorator_list[0].lineno > 1 else ""
    used = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
    kinds = {}
    for argument in node.args.args:
        if isinstance(argument.annotation, ast.Name) and argument.annotation.id in ("int", "bool"):
            kinds[argument.arg] = INT
        elif argument.annotation is None:
            kinds[argument.arg] = BUFFER if argument.arg in used else UNUSED
        else:
            raise UntranslatableError(
                f"{function.__name__}: type of {argument.arg} is neither int nor an object"
            )
    valued = [n.value is not None for n in ast.walk(node) if isinstance(n, ast.Return)]
    if any(valued) and not all(valued):
        raise UntranslatableError(f"{function.__name__} returns a value in some places only")
    return Header(function, node, kinds, any(valued), above == INLINE_MARK)
