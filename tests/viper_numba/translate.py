"""Turns one viper function into Python that numba compiles to what the chip computes.

Worked example, from midi_bytes.feed:

    p = ptr32(STATE + (PORTS + port * PORT_WORDS) * 4)    p = memory + i32(STATE + (PORTS + port * PORT_WORDS) * 4)
    if received & UART_ERROR_BITS:                        if received & UART_ERROR_BITS != 0:
        p[PORT_BYTES_BAD] += 1                                place = p + 4 * PORT_BYTES_BAD
                                                              store32(i32(load32(place) + 1), place)
        p[PORT_DATA_1] = NO_DATA                              store32(i32(NO_DATA), p + 4 * PORT_DATA_1)
        return                                                return

Locals are int32 and keep their names; a pointer is an integer, the host address of what it points at. Pointers to
hardware, such as ptr32(s[SIO_BASE]), are chip addresses that go to `read_register` and `write_register`.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass

from .expressions import Expressions
from .header import Header
from .names import is_pointer, safe


@dataclass(frozen=True)
class Translation:
    """A translated function, and what stands behind the names in it."""

    node: ast.FunctionDef
    constants: dict[str, int]
    tables: dict[str, bytes]
    callees: dict[str, Callable]
    registers: str
    """Where hardware is touched first; empty if nowhere."""


def translate(header: Header, *, checked: bool, exact: bool) -> Translation:
    """Translate one function. Raises UntranslatableError with file, line and reason."""
    statements = _Statements(header, checked=checked, exact=exact)
    tables = statements.names.tables
    body = statements.block(header.node.body)
    # A table is laid out in the compiled code once for every mention: its one mention is here.
    mentions = [ast.Assign([ast.Name(f"bytes_of_{name}")], ast.Name(name)) for name in tables]
    parameters = [ast.arg("memory"), *(ast.arg(safe(name)) for name in header.kinds)]
    arguments = ast.arguments([], parameters, None, [], [], None, [])
    node = ast.FunctionDef(header.function.__name__, arguments, mentions + (body or [ast.Pass()]), [], None)
    return Translation(
        ast.fix_missing_locations(node),
        statements.constants,
        tables,
        statements.callees,
        statements.registers,
    )


class _Statements(Expressions):
    """The statements of one function."""

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        """Translate statements one after the other."""
        return [line for statement in statements for line in self.statement(statement)]

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        """Translate one statement into none, one or two."""
        match node:
            case ast.Pass() | ast.Break() | ast.Continue() | ast.Return(None):
                return [node]
            case ast.Return():
                return [ast.Return(self.int32(node.value))]
            case ast.If():
                return [ast.If(self.condition(node.test), self.block(node.body), self.block(node.orelse))]
            case ast.While(orelse=[]):
                return [ast.While(self.condition(node.test), self.block(node.body), [])]
            case ast.Expr(ast.Constant(str())):
                return []
            case ast.Expr(ast.Subscript()):
                return [ast.Expr(self.int32(node.value))]
            case ast.Expr(ast.Call()) if not is_pointer(node.value):
                return [ast.Expr(self.viper_call(node.value)[0])]
            case ast.Assign(targets=[ast.Name(name)]) if name in self.names.pointers:
                return [ast.Assign([ast.Name(safe(name))], self.base(node.value, self.names.pointers[name]))]
            case ast.Assign() if all(isinstance(target, ast.Name) for target in node.targets):
                return [ast.Assign([ast.Name(safe(t.id)) for t in node.targets], self.int32(node.value))]
            case ast.Assign(targets=[ast.Subscript() as target]):
                value = self.int32(node.value)
                kind, address = self.place(target)
                return [ast.Expr(self.store(target, kind, value, address))]
            case ast.AugAssign(target=ast.Name(name)) if self.names.is_number(name):
                total = self.arithmetic(node, node.op, (ast.Name(safe(name)), True), node.value)
                return [ast.Assign([ast.Name(safe(name))], self.typed(self.cut(*total)))]
            case ast.AugAssign(target=ast.Subscript() as target):
                # The place is worked out once, then the old value is read, then the right side worked out.
                kind, address = self.place(target)
                place = ast.Name("place")
                old = self.load_from(kind, place)
                total = self.arithmetic(node, node.op, (old, True), node.value)
                value = self.typed(self.cut(*total))
                return [ast.Assign([place], address), ast.Expr(self.store(target, kind, value, place))]
        raise self.names.refuse(node, f"`{ast.unparse(node).splitlines()[0]}` has no translation")
