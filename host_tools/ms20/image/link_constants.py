"""The constant linker: gives native code the constants of other modules.

MicroPython's compiler makes fast, typed integers only of constants that stand in the same file. The firmware
declares each number once (in modules that carry the line `# declares: constants`) and imports it by name. In every
module that carries the line `# link: constants` this build step replaces

    from board import PIN_LDAC, TICK_HZ, PANEL

by

    from micropython import const; from board import PANEL; PIN_LDAC = const(20); TICK_HZ = const(8000)

on the same line, so that line numbers in error messages stay true. A linked module's own whole numbers, such as

    TICK_US = 1_000_000 // TICK_HZ

become constants in the same way (`const(1_000_000 // TICK_HZ)`): every name in capitals that the module sets once, at
its top level, to an expression of numbers and constants. Unlinked, the sources are ordinary Python.
"""

import ast
import io
import json
import operator
import re
import subprocess
import sys
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeGuard

from ms20.errors import ExitCode, Ms20Error

LINK_MARK = "# link: constants"
DECLARE_MARK = "# declares: constants"


@dataclass(frozen=True)
class Declarations:
    """What one declaring module offers: its whole numbers, and the names of everything else in it."""

    numbers: Mapping[str, int]
    others: frozenset[str]


def has_mark(text: str, mark: str) -> bool:
    """Tell whether the comment `mark` stands alone on a line (a string that contains it does not count)."""
    if mark not in text:
        return False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):  # whoever reads the file next says what is wrong with it
        return mark in text.splitlines()
    return any(
        token.type == tokenize.COMMENT and token.string.strip() == mark and token.start[1] == 0
        for token in tokens
    )


def link_directory(source: Path) -> dict[str, str]:
    """Link every Python file below `source`.

    Returns:
        Relative path (with forward slashes) to the text that is to be compiled, for every file, linked or not.

    Raises:
        Ms20Error: A module cannot be linked; the message names the file and the line.
    """
    texts = {path.relative_to(source).as_posix(): _read(path) for path in sorted(source.rglob("*.py"))}
    declaring = [_module_name(name) for name, text in texts.items() if has_mark(text, DECLARE_MARK)]
    declarations = evaluate_declarations(source, declaring)
    return {
        name: link_source(text, str(source / name), declarations) if has_mark(text, LINK_MARK) else text
        for name, text in texts.items()
    }


def evaluate_declarations(source: Path, modules: list[str]) -> dict[str, Declarations]:
    """Import declaring modules under CPython, in a process of their own, and read what they declare."""
    if not modules:
        return {}
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _EVALUATE, str(source), *modules],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    try:
        answer = json.loads(result.stdout)
    except ValueError:
        answer = {
            "error": (result.stderr.strip().splitlines() or ["no reason given"])[-1],
            "where": str(source),
        }
    if "error" in answer:
        raise Ms20Error(
            f"{answer['where']}: a module that declares constants does not run under CPython: {answer['error']}.",
            f"keep hardware modules out of files that say '{DECLARE_MARK}'.",
            ExitCode.BAD_IMAGE,
        )
    return {
        name: Declarations(found["numbers"], frozenset(found["others"]))
        for name, found in answer["modules"].items()
    }


def link_source(text: str, path: str, declarations: Mapping[str, Declarations]) -> str:
    """Replace a module's imports of declared whole numbers by constants, keeping line numbers.

    Args:
        text: The module's source.
        path: Where it came from, for messages.
        declarations: What may be imported, by module name.

    Raises:
        Ms20Error: An import that cannot be linked, or a constant whose name is given another meaning in the file.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise _bad(path, error.lineno or 1, f"{error.msg}") from None
    imports = [node for node in tree.body if _is_linked_import(node, declarations)]
    constants: dict[str, int] = {}
    edits: list[_Edit] = []
    for node in imports:
        numbers, others = _split_import(path, node, declarations[str(node.module)])
        for name in numbers.keys() & constants.keys():
            raise _bad(path, node.lineno, f"{name} is imported twice", "remove one of the imports")
        constants.update(numbers)
        statements = [f"from {node.module} import {', '.join(others)}"] if others else []
        statements += [f"{name} = const({value})" for name, value in numbers.items()]
        edits.append(_Edit.replacing(node, "; ".join(statements)))
    own = _own_constants(tree, constants)
    for assignment, value in own:
        constants[_target(assignment)] = value
        if not _is_const_call(assignment.value):
            edits += _Edit.wrapping_value(text, assignment)
    linked: list[ast.ImportFrom | ast.Assign] = [*imports, *(assignment for assignment, _ in own)]
    _check_meanings(tree, linked, constants, declarations, path)
    if constants:
        first = min(linked, key=lambda node: node.lineno)
        if not any(_imports_const(node) and node.lineno < first.lineno for node in tree.body):
            edits.append(_Edit.inserting(first.lineno, first.col_offset, "from micropython import const; "))
    return _apply(text, edits)


@dataclass(frozen=True, order=True)
class _Edit:
    """A piece of text from line and column to line and column (in bytes, as `ast` counts), and what takes its place."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str

    @classmethod
    def replacing(cls, node: ast.stmt, text: str) -> Self:
        return cls(node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0, text)

    @classmethod
    def inserting(cls, line: int, column: int, text: str) -> Self:
        return cls(line, column, line, column, text)

    @classmethod
    def wrapping_value(cls, text: str, node: ast.Assign) -> list[Self]:
        """Put `const(...)` around everything right of the assignment's sign, parentheses included."""
        line = text.split("\n")[node.lineno - 1].encode()
        sign = line.index(b"=", node.targets[0].end_col_offset)
        start = sign + 1 + len(line[sign + 1 :]) - len(line[sign + 1 :].lstrip())
        return [
            cls.inserting(node.lineno, start, "const("),
            cls.inserting(node.end_lineno or 0, node.end_col_offset or 0, ")"),
        ]


def _target(node: ast.Assign) -> str:
    target = node.targets[0]
    assert isinstance(target, ast.Name)
    return target.id


def _own_constants(tree: ast.Module, known: Mapping[str, int]) -> list[tuple[ast.Assign, int]]:
    """Return the module's own constants: names in capitals, set once, to a whole number that is known here."""
    given = [name for node in ast.walk(tree) for name, _, _ in _meanings(node)]
    values = dict(known)
    found = []
    for node in tree.body:
        if not (
            isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        ):
            continue
        name = _target(node)
        value = _value(node.value, values)
        if value is not None and re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name) and given.count(name) == 1:
            values[name] = value
            found.append((node, value))
    return found


def _value(node: ast.expr, values: Mapping[str, int]) -> int | None:
    """Return the value of an expression of whole numbers and constants, None for any other."""
    if isinstance(node, ast.Constant) and type(node.value) in {int, bool}:
        return int(node.value) if type(node.value) is int else bool(node.value)
    if isinstance(node, ast.Name):
        return values.get(node.id)
    if _is_const_call(node):
        return _value(node.args[0], values)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        value = _value(node.operand, values)
        return None if value is None else _UNARY[type(node.op)](value)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left, values), _value(node.right, values)
        try:
            return None if left is None or right is None else _BINARY[type(node.op)](left, right)
        except (ArithmeticError, ValueError):
            return None
    return None


_UNARY: dict[type[ast.unaryop], Callable[[int], int]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}
_BINARY: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
}


def _is_const_call(node: ast.expr) -> TypeGuard[ast.Call]:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "const"
        and len(node.args) == 1
    )


def _is_linked_import(node: ast.AST, declarations: Mapping[str, Declarations]) -> TypeGuard[ast.ImportFrom]:
    return isinstance(node, ast.ImportFrom) and node.level == 0 and node.module in declarations


def _imports_const(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.ImportFrom)
        and node.module == "micropython"
        and any(alias.name == "const" and alias.asname is None for alias in node.names)
    )


def _split_import(path: str, node: ast.ImportFrom, offered: Declarations) -> tuple[dict[str, int], list[str]]:
    """Return the numbers that an import takes, by the name that they get, and what else it takes, as written."""
    numbers, others = {}, []
    for alias in node.names:
        if alias.name == "*":
            raise _bad(
                path, alias.lineno, f"from {node.module} import * cannot be linked", "name what is imported"
            )
        if alias.name in offered.numbers:
            numbers[alias.asname or alias.name] = offered.numbers[alias.name]
        elif alias.name in offered.others:
            others.append(f"{alias.name} as {alias.asname}" if alias.asname else alias.name)
        else:
            raise _bad(path, alias.lineno, f"{node.module} declares no {alias.name}", "correct the name")
    return numbers, others


def _check_meanings(
    tree: ast.Module,
    linked: list[ast.ImportFrom | ast.Assign],
    constants: Mapping[str, int],
    declarations: Mapping[str, Declarations],
    path: str,
) -> None:
    """Refuse every other use of a constant's name: the compiler would put the number in its place, or fail."""
    own_targets = {id(node.targets[0]) for node in linked if isinstance(node, ast.Assign)}
    for node in ast.walk(tree):
        if node not in linked and _is_linked_import(node, declarations):
            inside = [
                alias.name for alias in node.names if alias.name in declarations[str(node.module)].numbers
            ]
            if inside:
                raise _bad(
                    path,
                    node.lineno,
                    f"{inside[0]} is imported inside a block",
                    "import it at the top of the file",
                )
        for name, line, how in _meanings(node):
            if name in constants and node not in linked and id(node) not in own_targets:
                raise _bad(
                    path,
                    line,
                    f"{name} is a linked constant here and cannot also be {how}",
                    "use another name",
                )


def _meanings(node: ast.AST) -> Iterator[tuple[str, int, str]]:
    """Yield the names that a syntax node gives a meaning to, other than by reading them."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id, node.lineno, "assigned to"
    elif isinstance(node, ast.arg):
        yield node.arg, node.lineno, "a parameter"
    elif isinstance(node, ast.keyword) and node.arg is not None:
        yield node.arg, node.lineno, "an argument's name"
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name, node.lineno, "a function or class"
    elif isinstance(node, ast.Global | ast.Nonlocal):
        for name in node.names:
            yield name, node.lineno, "declared global"
    elif isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield (alias.asname or alias.name).split(".")[0], node.lineno, "imported from elsewhere"
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name, node.lineno, "an exception's name"


def _apply(text: str, edits: list[_Edit]) -> str:
    lines = [line.encode() for line in text.split("\n")]
    for edit in sorted(edits, reverse=True):
        first, last = edit.line - 1, edit.end_line - 1
        line = lines[first][: edit.column] + edit.text.encode() + lines[last][edit.end_column :]
        lines[first : last + 1] = [line] + [b""] * (last - first)
    return b"\n".join(lines).decode()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Ms20Error(
            f"{path} cannot be read: {error}.", "save it as UTF-8 text.", ExitCode.BAD_IMAGE
        ) from None


def _module_name(relative: str) -> str:
    return relative.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _bad(path: str, line: int, message: str, hint: str = "") -> Ms20Error:
    return Ms20Error(f"{path}, line {line}: {message}.", hint and hint + ".", ExitCode.BAD_IMAGE)


_EVALUATE = """
import importlib, json, os, sys, traceback, types
source, modules = sys.argv[1], sys.argv[2:]
stand_in = types.ModuleType("micropython")
stand_in.const = stand_in.native = stand_in.viper = lambda value: value
sys.modules["micropython"] = stand_in
sys.path.insert(0, source)
sys.dont_write_bytecode = True
found = {}
for name in modules:
    try:
        module = importlib.import_module(name)
        if not os.path.realpath(module.__file__ or "").startswith(os.path.realpath(source) + os.sep):
            raise ImportError(f"its name is that of a module of Python itself ({name})")
    except BaseException as error:
        frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename.startswith(source)]
        where = f"{frames[-1].filename}, line {frames[-1].lineno}" if frames else os.path.join(source, name + ".py")
        if isinstance(error, SyntaxError) and error.filename:
            where = f"{error.filename}, line {error.lineno}"
        print(json.dumps({"error": f"{type(error).__name__}: {error}", "where": where}))
        raise SystemExit
    numbers = {key: value for key, value in vars(module).items() if isinstance(value, int) and key[:2] != "__"}
    others = [key for key in vars(module) if key not in numbers]
    found[name] = {"numbers": numbers, "others": others}
print(json.dumps({"modules": found}))
"""
