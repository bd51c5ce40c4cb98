"""The inliner: puts the bodies of small native functions in the places of their calls.

A call from one native function to another costs 2.3 us on the RP2040, a fiftieth of a tick, and the tick makes eight
of them. The firmware keeps each step in a module of its own, where it can be read and tested, and marks it:

    # link: inline
    @micropython.viper
    def step_glide():

Where another native function has `step_glide()` as a statement, this build step writes the body instead. Worked
example, with `s = ptr32(STATE)` in both:

    s = ptr32(STATE)             s = ptr32(STATE)
    step_glide()         ->      step_glide_way = s[34] - s[35]
                                 if step_glide_way: ...

The body's own variables get the function's name in front; a statement that the caller has already, such as the
first line above, is shared; constants become numbers, since the caller's file may know other numbers under the same
names; functions that the body calls are imported. The function itself, and its imports elsewhere, disappear.
"""

import ast
import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ms20.errors import ExitCode, Ms20Error

INLINE_MARK = "# link: inline"


@dataclass(frozen=True)
class Inline:
    """A function that is to be inlined, ready to be copied into a caller.

    `body` has its constants replaced; `functions` names the module of every function that it calls.
    """

    module: str
    name: str
    body: tuple[ast.stmt, ...]
    local_names: frozenset[str]
    functions: Mapping[str, str]


def marked_functions(text: str, tree: ast.Module) -> list[ast.FunctionDef]:
    """Return the functions with the mark on the line above their first decorator."""
    lines = text.split("\n")
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
            if first >= 2 and lines[first - 2].strip() == INLINE_MARK:
                found.append(node)
    return found


def prepare(module: str, path: str, text: str, constants: Mapping[str, int]) -> dict[str, Inline]:
    """Return a module's marked functions by name.

    Args:
        module: Its name, for imports.
        path: Where it came from, for messages.
        text: Its source.
        constants: The whole numbers that are known in it, imported or its own.

    Raises:
        Ms20Error: A marked function has parameters, returns, or uses a name that is no constant and no function.
    """
    if INLINE_MARK not in text:
        return {}
    tree = ast.parse(text)
    known = dict.fromkeys(_defined(tree), module) | _imported(tree)
    return {
        function.name: _prepare_one(module, path, function, constants, known)
        for function in marked_functions(text, tree)
    }


def _prepare_one(
    module: str, path: str, function: ast.FunctionDef, constants: Mapping[str, int], known: Mapping[str, str]
) -> Inline:
    arguments = function.args
    if arguments.args or arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
        raise _bad(path, function.lineno, f"{function.name} is to be inlined and cannot take arguments")
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    numbers = _Numbers(constants)
    body = [numbers.statement(statement) for statement in body]
    local_names = {
        node.id for node in _nodes(body) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    functions: dict[str, str] = {}
    for node in _nodes(body):
        if isinstance(node, ast.Return):
            raise _bad(path, node.lineno, f"{function.name} is to be inlined and cannot return")
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in local_names:
            if node.id in known:
                functions[node.id] = known[node.id]
            elif node.id not in _BUILTINS:
                raise _bad(path, node.lineno, f"{function.name} is to be inlined and cannot use {node.id}")
    return Inline(module, function.name, tuple(body), frozenset(local_names), functions)


def expand(path: str, text: str, inlines: Mapping[str, Inline]) -> tuple[str, list[int]]:
    """Write the bodies of `inlines` where a module calls them, and take the marked functions out of it.

    Returns:
        The new text, and for each of its lines the line of `text` that it came from (a body's lines: the call's).

    Raises:
        Ms20Error: A function that is inlined is used otherwise than by a plain call in a native function.
    """
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text, list(range(1, text.count("\n") + 2))  # whoever compiles it says what is wrong
    imported = _imported(tree)
    wanted = {name: each for name, each in inlines.items() if imported.get(name) == each.module}
    lines = text.split("\n")
    replaced: dict[int, list[str]] = {}
    """By line number, what takes its place; a call is one line, an import may become shorter."""
    dropped: set[int] = set()
    for function in marked_functions(text, tree):
        first = min([function.lineno, *(each.lineno for each in function.decorator_list)]) - 1
        dropped |= set(range(first, (function.end_lineno or 0) + 1))
    needed: dict[str, str] = {}
    calls = set()
    for caller in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        for statement in _statements(caller.body):
            called = _called(statement)
            if called is not None and called.id in wanted:
                calls.add(id(called))
                replaced[statement.lineno] = _written(wanted[called.id], caller, statement.col_offset)
                needed |= wanted[called.id].functions
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in wanted and id(node) not in calls:
            raise _bad(path, node.lineno, f"{node.id} is inlined and can only be called, as a statement")
    there: set[str] = set()
    for line in tree.body:
        if isinstance(line, ast.ImportFrom):
            kept = [alias for alias in line.names if alias.name not in wanted]
            if len(kept) < len(line.names):
                needed |= {alias.name: str(line.module) for alias in kept}
                dropped |= set(range(line.lineno, (line.end_lineno or 0) + 1))
            else:
                there |= {alias.asname or alias.name for alias in kept}
    for name, module in needed.items():
        if imported.get(name) not in (None, module):
            raise _bad(path, 1, f"{name} of {module}, which an inlined function needs, is another one here")
    imports = {name: module for name, module in needed.items() if name not in there}
    return _rebuilt(lines, replaced, dropped, imports, tree)


def _rebuilt(
    lines: list[str],
    replaced: Mapping[int, list[str]],
    dropped: set[int],
    imports: Mapping[str, str],
    tree: ast.Module,
) -> tuple[str, list[int]]:
    first_import = next(
        (node.lineno for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)), None
    )
    out: list[str] = []
    origins: list[int] = []
    for number, line in enumerate(lines, start=1):
        written = replaced.get(number, [] if number in dropped else [line])
        if number == first_import:
            written = [
                *(f"from {module} import {name}" for name, module in sorted(imports.items())),
                *written,
            ]
        out += written
        origins += [number] * len(written)
    return "\n".join(out), origins


def _written(inline: Inline, caller: ast.FunctionDef, indent: int) -> list[str]:
    """The body as lines for this caller."""
    mine = {ast.unparse(statement) for statement in caller.body if isinstance(statement, ast.Assign)}
    statements = []
    shared = set()
    for statement in inline.body:
        if isinstance(statement, ast.Assign) and ast.unparse(_unnumbered(statement)) in mine:
            shared.add(ast.unparse(statement.targets[0]))
        else:
            statements.append(statement)
    names = {name: f"{inline.name}_{name}" for name in inline.local_names - shared}
    renamed = [_Renamed(names).visit(copy.deepcopy(statement)) for statement in statements]
    text = "\n".join(ast.unparse(statement) for statement in renamed)
    return [" " * indent + line for line in text.split("\n")]


def _unnumbered(statement: ast.stmt) -> ast.stmt:
    """A statement with its constants' names back, to compare it with the caller's."""
    return getattr(statement, "original", statement)


class _Numbers(ast.NodeTransformer):
    """Constants become numbers; a statement remembers how it was written."""

    def __init__(self, constants: Mapping[str, int]) -> None:
        self._constants = constants

    def statement(self, node: ast.stmt) -> ast.stmt:
        """A copy of a statement with numbers in it."""
        copied: ast.stmt = self.visit(copy.deepcopy(node))
        copied.original = node  # type: ignore[attr-defined]
        return copied

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._constants:
            value = self._constants[node.id]
            number: ast.expr = ast.Constant(abs(value))
            return number if value >= 0 else ast.UnaryOp(ast.USub(), number)
        return node


class _Renamed(ast.NodeTransformer):
    """Variables get other names."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)


def _nodes(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in statements:
        yield from ast.walk(statement)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement, those inside others too."""
    for statement in body:
        yield statement
        for field in ("body", "orelse"):
            yield from _statements(getattr(statement, field, []))


def _called(statement: ast.stmt) -> ast.Name | None:
    """The name that a statement calls, if a call without arguments is all of it."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Name) and not call.args and not call.keywords:
            return call.func
    return None


def _defined(tree: ast.Module) -> list[str]:
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def _imported(tree: ast.Module) -> dict[str, str]:
    """Names that a module imports from others, and which."""
    return {
        alias.asname or alias.name: str(node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _bad(path: str, line: int, message: str) -> Ms20Error:
    return Ms20Error(f"{path}, line {line}: {message}.", exit_code=ExitCode.BAD_IMAGE)


_BUILTINS = frozenset({"ptr8", "ptr16", "ptr32", "int", "uint", "bool"})
