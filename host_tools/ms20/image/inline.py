"""The inliner: puts the bodies of small native functions in the places of their calls.

A call from one native function to another costs 2 to 3 us on the RP2040, a fiftieth of a tick, and a note would make
a dozen of them. The firmware keeps each step in a function of its own, where it can be read and tested, and marks it:

    # link: inline
    @micropython.viper
    def step_glide():

Where another native function has `step_glide()` as a statement, this build step writes the body instead. Worked
example, with `s = ptr32(STATE)` in both:

    s = ptr32(STATE)             s = ptr32(STATE)
    remove(note | 128)    ->     remove_entry = note | 128
                                 remove_count = s[150]
                                 while ...

The body's own variables, its parameters among them, get the function's name in front; a statement that the caller has
already, such as the first line above, is shared; constants become numbers, since the caller's file may know other
numbers under the same names; functions that the body calls are imported, or inlined in their turn. The function
itself, and its imports elsewhere, disappear.
"""

import ast
import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ms20.errors import ExitCode, Ms20Error

INLINE_MARK = "# link: inline"
_BUILTINS = frozenset({"ptr8", "ptr16", "ptr32", "int", "uint", "bool"})


@dataclass
class Module:
    """A module with what the inliner needs to know of it.

    `constants` are the whole numbers known by name in it, `names` the module that each imported or own function
    comes from, `marked` its functions that are to be inlined.
    """

    name: str
    path: str
    text: str
    constants: Mapping[str, int]
    names: dict[str, str] = field(default_factory=dict)
    marked: dict[str, ast.FunctionDef] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self.tree = ast.parse(self.text)
        except SyntaxError:
            self.tree = ast.Module([], [])  # whoever compiles it says what is wrong
        defined = [node.name for node in self.tree.body if isinstance(node, ast.FunctionDef)]
        self.names = _imported(self.tree) | dict.fromkeys(defined, self.name)
        lines = self.text.split("\n")
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef):
                first = _first_line(node)
                if first >= 2 and lines[first - 2].strip() == INLINE_MARK:
                    self.marked[node.name] = node


@dataclass(frozen=True)
class Inline:
    """A function ready to be copied into a caller.

    `body` has its constants replaced and inline calls expanded; `functions` names the module of every function that
    it still calls.
    """

    name: str
    parameters: tuple[str, ...]
    body: tuple[ast.stmt, ...]
    local_names: frozenset[str]
    functions: Mapping[str, str]


class Inliner:
    """All modules of the firmware; `expand` gives a module's text with the marked functions in their places."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = {each.name: each for each in modules}
        self._ready: dict[tuple[str, str], Inline] = {}
        self._open: list[tuple[str, str]] = []

    def expand(self, module: Module) -> tuple[str, list[int]]:
        """Write bodies where a module calls marked functions, and take its own marked functions out.

        Returns:
            The new text, and for each of its lines the line of the old one that it came from (a body's: the call's).

        Raises:
            Ms20Error: A function that is to be inlined cannot be, or is used otherwise than by a statement.
        """
        wanted = {name for name, origin in module.names.items() if self._is_marked(origin, name)}
        replaced: dict[int, list[str]] = {}
        dropped: set[int] = set()
        for function in module.marked.values():
            dropped |= set(range(_first_line(function) - 1, (function.end_lineno or 0) + 1))
        needed: dict[str, str] = {}
        calls: set[int] = set()
        callers = [node for node in module.tree.body if isinstance(node, ast.FunctionDef)]
        for caller in callers:
            for statement in _statements(caller.body):
                called = _called(statement)
                if called is None or called[0].id not in wanted:
                    continue
                calls.add(id(called[0]))
                if caller.name in module.marked:
                    continue
                inline = self._inline(module, called[0].id)
                lines = self._written(module, inline, caller, called[1], statement)
                replaced[statement.lineno] = lines
                dropped |= set(range(statement.lineno, (statement.end_lineno or 0) + 1))
                needed |= inline.functions
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Name) and node.id in wanted and id(node) not in calls:
                raise _bad(
                    module, node.lineno, f"{node.id} is inlined and can only be called, as a statement"
                )
        imports = self._imports(module, wanted, needed, dropped)
        return _rebuilt(module, replaced, dropped, imports)

    def _imports(
        self, module: Module, wanted: set[str], needed: dict[str, str], dropped: set[int]
    ) -> dict[str, str]:
        """Take inlined names out of the imports; return what must be imported anew."""
        there: set[str] = set()
        for line in module.tree.body:
            if isinstance(line, ast.ImportFrom):
                kept = [alias for alias in line.names if alias.name not in wanted]
                if len(kept) < len(line.names):
                    needed |= {alias.name: str(line.module) for alias in kept}
                    dropped |= set(range(line.lineno, (line.end_lineno or 0) + 1))
                else:
                    there |= {alias.asname or alias.name for alias in kept}
        for name, origin in needed.items():
            if module.names.get(name) not in (None, origin):
                raise _bad(
                    module, 1, f"{name} of {origin}, which an inlined function needs, is another one here"
                )
        return {
            name: origin for name, origin in needed.items() if name not in there and origin != module.name
        }

    def _is_marked(self, origin: str, name: str) -> bool:
        return origin in self._modules and name in self._modules[origin].marked

    def _inline(self, module: Module, name: str) -> Inline:
        origin = module.names[name]
        key = (origin, name)
        if key in self._open:
            raise _bad(module, 1, f"{name} is inlined into itself")
        if key not in self._ready:
            self._open.append(key)
            self._ready[key] = self._prepare(self._modules[origin], self._modules[origin].marked[name])
            self._open.pop()
        return self._ready[key]

    def _prepare(self, module: Module, function: ast.FunctionDef) -> Inline:
        arguments = function.args
        if arguments.posonlyargs or arguments.kwonlyargs or arguments.vararg or arguments.kwarg:
            raise _bad(
                module, function.lineno, f"{function.name} is to be inlined and takes plain arguments only"
            )
        parameters = tuple(each.arg for each in arguments.args)
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        numbers = _Numbers(module.constants)
        functions: dict[str, str] = {}
        expanded: list[ast.stmt] = []
        for statement in body:
            expanded += self._spliced(module, function, statement, functions, numbers)
        local_names = {
            node.id
            for node in _nodes(expanded)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        } | set(parameters)
        for node in _nodes(expanded):
            if isinstance(node, ast.Return):
                raise _bad(module, function.lineno, f"{function.name} is to be inlined and cannot return")
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in local_names:
                if node.id in functions or node.id in _BUILTINS:
                    continue
                if node.id not in module.names:
                    line = getattr(node, "lineno", function.lineno)
                    raise _bad(module, line, f"{function.name} is to be inlined and cannot use {node.id}")
                functions[node.id] = module.names[node.id]
        return Inline(function.name, parameters, tuple(expanded), frozenset(local_names), functions)

    def _spliced(
        self,
        module: Module,
        function: ast.FunctionDef,
        statement: ast.stmt,
        functions: dict[str, str],
        numbers: "_Numbers",
    ) -> list[ast.stmt]:
        """A statement of a body with constants as numbers and inline calls expanded, those inside it too."""
        called = _called(statement)
        if called is not None and self._is_marked(module.names.get(called[0].id, ""), called[0].id):
            inline = self._inline(module, called[0].id)
            functions |= inline.functions
            given = [numbers.expression(each) for each in called[1]]
            return _filled(module, inline, function, given, statement)
        copied = numbers.statement(statement)
        for name in ("body", "orelse"):
            inner: list[ast.stmt] = getattr(statement, name, [])
            if inner:
                spliced = [
                    part
                    for each in inner
                    for part in self._spliced(module, function, each, functions, numbers)
                ]
                setattr(copied, name, spliced)
        return [copied]

    def _written(
        self,
        module: Module,
        inline: Inline,
        caller: ast.FunctionDef,
        given: list[ast.expr],
        statement: ast.stmt,
    ) -> list[str]:
        """The body as lines for this caller; the caller's own constants are linked later, with its other lines."""
        filled = _filled(module, inline, caller, given, statement)
        text = "\n".join(ast.unparse(each) for each in filled)
        return [" " * statement.col_offset + line for line in text.split("\n")]


def _filled(
    module: Module, inline: Inline, caller: ast.FunctionDef, given: list[ast.expr], call: ast.stmt
) -> list[ast.stmt]:
    """The body's statements for this caller: parameters set, names its own, shared statements left out."""
    if len(given) != len(inline.parameters):
        raise _bad(module, call.lineno, f"{inline.name} takes {len(inline.parameters)} arguments")
    mine = {ast.unparse(each) for each in caller.body if isinstance(each, ast.Assign)}
    statements: list[ast.stmt] = []
    shared = set()
    for statement in inline.body:
        original = getattr(statement, "original", statement)
        if isinstance(statement, ast.Assign) and ast.unparse(original) in mine:
            shared.add(ast.unparse(statement.targets[0]))
        else:
            statements.append(statement)
    names = {name: f"{inline.name}_{name}" for name in inline.local_names - shared}
    filled: list[ast.stmt] = [
        ast.Assign([ast.Name(names[parameter], ast.Store())], copy.deepcopy(value), lineno=call.lineno)
        for parameter, value in zip(inline.parameters, given, strict=True)
    ]
    filled += [_Renamed(names).visit(copy.deepcopy(statement)) for statement in statements]
    return filled


def _rebuilt(
    module: Module, replaced: Mapping[int, list[str]], dropped: set[int], imports: Mapping[str, str]
) -> tuple[str, list[int]]:
    first_import = next(
        (node.lineno for node in module.tree.body if isinstance(node, ast.Import | ast.ImportFrom)), None
    )
    out: list[str] = []
    origins: list[int] = []
    for number, line in enumerate(module.text.split("\n"), start=1):
        written = replaced.get(number, [] if number in dropped else [line])
        if number == first_import:
            new = [f"from {origin} import {name}" for name, origin in sorted(imports.items())]
            written = new + written
        out += written
        origins += [number] * len(written)
    return "\n".join(out), origins


class _Numbers(ast.NodeTransformer):
    """Constants become numbers; a copied statement remembers how it was written."""

    def __init__(self, constants: Mapping[str, int]) -> None:
        self._constants = constants

    def statement(self, node: ast.stmt) -> ast.stmt:
        """A copy of a statement with numbers in it."""
        copied: ast.stmt = self.visit(copy.deepcopy(node))
        copied.original = node  # type: ignore[attr-defined]
        return copied

    def expression(self, node: ast.expr) -> ast.expr:
        """A copy of an expression with numbers in it."""
        copied: ast.expr = self.visit(copy.deepcopy(node))
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


def _first_line(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(each.lineno for each in function.decorator_list)])


def _nodes(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in statements:
        yield from ast.walk(statement)


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Every statement, those inside others too."""
    for statement in body:
        yield statement
        for name in ("body", "orelse"):
            yield from _statements(getattr(statement, name, []))


def _called(statement: ast.stmt) -> tuple[ast.Name, list[ast.expr]] | None:
    """The name that a statement calls and the arguments, if a call is all of it."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        call = statement.value
        if isinstance(call.func, ast.Name) and not call.keywords:
            return call.func, call.args
    return None


def _imported(tree: ast.Module) -> dict[str, str]:
    """Names that a module imports from others, and which."""
    return {
        alias.asname or alias.name: str(node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _bad(module: Module, line: int, message: str) -> Ms20Error:
    return Ms20Error(f"{module.path}, line {line}: {message}.", exit_code=ExitCode.BAD_IMAGE)
