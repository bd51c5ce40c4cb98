"""The constant linker: gives native code the constants of other modules.

MicroPython's compiler makes fast, typed integers only of constants that stand in the same file. The firmware
declares each number once (in modules that carry the line `# declares: constants`) and imports it by name. In every
module that carries the line `# link: constants` this build step puts the numbers themselves in the names' places:

    from board import PIN_LDAC, TICK_HZ, PANEL          from board import PANEL
    ...                                           ->    ...
    latch = Pin(PIN_LDAC)                               latch = Pin(20)

A linked module's own whole numbers and texts, such as `TICK_US = 1_000_000 // TICK_HZ`, go the same way: every name in
capitals that the module sets once, at its top level, to an expression of numbers and constants, or to a text. What
nobody imports by name is not set at all: names cost memory, which the collector has to look through. Line numbers in
error messages stay true. Unlinked, the sources are ordinary Python.
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
from ms20.image.inline import Inliner, Module

LINK_MARK = "# link: constants"
DECLARE_MARK = "# declares: constants"

Constant = int | str


@dataclass(frozen=True)
class Declarations:
    """What one declaring module offers: its whole numbers and texts, and the names of everything else in it."""

    constants: Mapping[str, Constant]
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


class Linked(dict[str, str]):
    """Texts by relative path (with forward slashes).

    `origins` gives, for a file whose lines have moved, the line of the source that each line came from.
    """

    def __init__(self) -> None:
        super().__init__()
        self.origins: dict[str, list[int]] = {}

    def origin(self, name: str, line: int) -> int:
        """Line of the source that a line of the text of `name` came from, both counted from 1."""
        origins = self.origins.get(name)
        return origins[line - 1] if origins and line <= len(origins) else line


def link_directory(source: Path) -> Linked:
    """Link every Python file below `source`: bodies for marked calls (inline.py), then constants.

    Returns:
        The text that is to be compiled for every file, linked or not.

    Raises:
        Ms20Error: A module cannot be linked; the message names the file and the line.
    """
    texts = {path.relative_to(source).as_posix(): _read(path) for path in sorted(source.rglob("*.py"))}
    declaring = [_module_name(name) for name, text in texts.items() if has_mark(text, DECLARE_MARK)]
    declarations = evaluate_declarations(source, declaring)
    modules = {
        name: Module(_module_name(name), str(source / name), text, constants_of(text, declarations))
        for name, text in texts.items()
        if has_mark(text, LINK_MARK)
    }
    inliner = Inliner(modules.values())
    exports = _exports(texts, declarations)
    linked = Linked()
    for name, text in texts.items():
        linked[name] = text
        if name in modules:
            expanded, linked.origins[name] = inliner.expand(modules[name])
            exported = exports.get(_module_name(name), frozenset())
            linked[name] = link_source(expanded, str(source / name), declarations, exported)
    return linked


def _exports(texts: Mapping[str, str], declarations: Mapping[str, Declarations]) -> dict[str, frozenset[str]]:
    """Return, for each module, the names that others take from it at run time."""
    taken: dict[str, set[str]] = {}
    for text in texts.values():
        try:
            tree = ast.parse(text)
        except SyntaxError:  # whoever links it says what is wrong
            continue
        linked = has_mark(text, LINK_MARK)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                numbers = (
                    declarations[node.module].constants if linked and node.module in declarations else {}
                )
                names = {alias.name for alias in node.names if alias.name not in numbers}
                taken.setdefault(node.module, set()).update(names)
    return {module: frozenset(names) for module, names in taken.items()}


def constants_of(text: str, declarations: Mapping[str, Declarations]) -> dict[str, int]:
    """Return the whole numbers that a linked module knows by name: imported ones, and its own."""
    try:
        tree = ast.parse(text)
    except SyntaxError:  # whoever links it says what is wrong
        return {}
    constants: dict[str, int] = {}
    for node in tree.body:
        if _is_linked_import(node, declarations):
            offered = declarations[str(node.module)].constants
            taken = {
                each.asname or each.name: offered[each.name] for each in node.names if each.name in offered
            }
            constants |= numbers_of(taken)
    return constants | numbers_of({_target(node): value for node, value in _own_constants(tree, constants)})


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
        name: Declarations(found["constants"], frozenset(found["others"]))
        for name, found in answer["modules"].items()
    }


def link_source(
    text: str, path: str, declarations: Mapping[str, Declarations], exports: frozenset[str] = frozenset()
) -> str:
    """Put constants in the places of their names, keeping line numbers.

    Args:
        text: The module's source.
        path: Where it came from, for messages.
        declarations: What may be imported, by module name.
        exports: Names that other modules take from this one at run time; they are still set.

    Raises:
        Ms20Error: An import that cannot be linked, or a constant whose name is given another meaning in the file.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise _bad(path, error.lineno or 1, f"{error.msg}") from None
    imports = [node for node in tree.body if _is_linked_import(node, declarations)]
    constants: dict[str, Constant] = {}
    edits: list[_Edit] = []
    for node in imports:
        numbers, others = _split_import(path, node, declarations[str(node.module)])
        for name in numbers.keys() & constants.keys():
            raise _bad(path, node.lineno, f"{name} is imported twice", "remove one of the imports")
        constants.update(numbers)
        statement = f"from {node.module} import {', '.join(others)}" if others else "pass"
        edits.append(_Edit.replacing(node, statement))
    own = _own_constants(tree, numbers_of(constants))
    for assignment, value in own:
        constants[_target(assignment)] = value
    linked: list[ast.ImportFrom | ast.Assign] = [*imports, *(assignment for assignment, _ in own)]
    _check_meanings(tree, linked, constants, declarations, path)
    gone = [*imports, *(each for each, _ in own if _target(each) not in exports)]
    edits += [_Edit.replacing(each, "pass") for each in gone if isinstance(each, ast.Assign)]
    inside = {id(child) for statement in gone for child in ast.walk(statement)}
    for used in ast.walk(tree):
        if isinstance(used, ast.JoinedStr):
            for child in ast.walk(used):
                if isinstance(child, ast.Name) and child.id in constants:
                    hint = "use % instead of an f-string"
                    raise _bad(path, used.lineno, f"{child.id} is a linked constant here", hint)
        elif (
            isinstance(used, ast.Name)
            and isinstance(used.ctx, ast.Load)
            and used.id in constants
            and id(used) not in inside
        ):
            edits.append(_Edit.replacing(used, _literal(constants[used.id])))
    return _apply(text, edits)


def numbers_of(constants: Mapping[str, Constant]) -> dict[str, int]:
    """Return the whole numbers among constants."""
    return {name: value for name, value in constants.items() if isinstance(value, int)}


def _literal(value: Constant) -> str:
    return f"({value})" if isinstance(value, int) and value < 0 else repr(value)


@dataclass(frozen=True, order=True)
class _Edit:
    """A piece of text from line and column to line and column (in bytes, as `ast` counts), and what takes its place."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str

    @classmethod
    def replacing(cls, node: ast.stmt | ast.expr, text: str) -> Self:
        return cls(node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0, text)


def _target(node: ast.Assign) -> str:
    target = node.targets[0]
    assert isinstance(target, ast.Name)
    return target.id


def _own_constants(tree: ast.Module, known: Mapping[str, int]) -> list[tuple[ast.Assign, Constant]]:
    """Return the module's own constants: names in capitals, set once, to a text or to a number that is known here."""
    given = [name for node in ast.walk(tree) for name, _, _ in _meanings(node)]
    values = dict(known)
    found: list[tuple[ast.Assign, Constant]] = []
    for node in tree.body:
        if not (
            isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name)
        ):
            continue
        name = _target(node)
        if not re.fullmatch(r"_?[A-Z][A-Z0-9_]*", name) or given.count(name) != 1:
            continue
        value = _value(node.value, values)
        if value is not None:
            values[name] = value
            found.append((node, value))
        elif isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found.append((node, node.value.value))
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


def _split_import(
    path: str, node: ast.ImportFrom, offered: Declarations
) -> tuple[dict[str, Constant], list[str]]:
    """Return the constants that an import takes, by the name that they get, and what else it takes, as written."""
    numbers: dict[str, Constant] = {}
    others = []
    for alias in node.names:
        if alias.name == "*":
            raise _bad(
                path, alias.lineno, f"from {node.module} import * cannot be linked", "name what is imported"
            )
        if alias.name in offered.constants:
            numbers[alias.asname or alias.name] = offered.constants[alias.name]
        elif alias.name in offered.others:
            others.append(f"{alias.name} as {alias.asname}" if alias.asname else alias.name)
        else:
            raise _bad(path, alias.lineno, f"{node.module} declares no {alias.name}", "correct the name")
    return numbers, others


def _check_meanings(
    tree: ast.Module,
    linked: list[ast.ImportFrom | ast.Assign],
    constants: Mapping[str, Constant],
    declarations: Mapping[str, Declarations],
    path: str,
) -> None:
    """Refuse every other use of a constant's name: the compiler would put the number in its place, or fail."""
    own_targets = {id(node.targets[0]) for node in linked if isinstance(node, ast.Assign)}
    for node in ast.walk(tree):
        if node not in linked and _is_linked_import(node, declarations):
            inside = [
                alias.name for alias in node.names if alias.name in declarations[str(node.module)].constants
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
    constants = {k: v for k, v in vars(module).items() if isinstance(v, (int, str)) and k.isupper()}
    others = [key for key in vars(module) if key not in constants]
    found[name] = {"constants": constants, "others": others}
print(json.dumps({"modules": found}))
"""
