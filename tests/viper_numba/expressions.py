"""Turns a viper function's expressions into Python whose 64-bit sums come out as the chip's 32-bit ones.

The low 32 bits of + - * << & | ^ do not depend on the high ones. So a sum is cut to 32 bits only where the high ones
would show: in locals, stores, comparisons, conditions, addresses, arguments and to the left of >>. Worked example:

    level += ((aim - level) >> 12) * rate        level = i32(level + (i32(aim - level) >> 12) * rate)

`value` gives an expression and whether it fits 32 bits as it stands; `narrow` cuts it if it does not; `int32` makes
its type int32 too, which keeps numba's types of locals and stores the same everywhere.
A sum of constants alone is exact, as MicroPython's compiler folds it before there are any 32 bits.
A shift by 32 to 63 gives what the Cortex-M0+ gives, 0 or the sign; other counts outside 0..31 have no meaning.
"""

import ast
from collections.abc import Callable

from .header import BUFFER, UNUSED, Header, read_header
from .names import BANK, REGISTERS, Names, Pointer, fits, is_pointer, safe

WRAPPING = ast.Add | ast.Sub | ast.Mult | ast.LShift
BITWISE = ast.BitAnd | ast.BitOr | ast.BitXor
COMPARISONS = ast.Eq | ast.NotEq | ast.Lt | ast.LtE | ast.Gt | ast.GtE
INT32_CALLS = {"i32", "load8", "load16", "load32"}


def call(name: str, *arguments: ast.expr | int | str) -> ast.Call:
    """Build a call of a name with expressions or constants."""
    built = [a if isinstance(a, ast.expr) else ast.Constant(a) for a in arguments]
    return ast.Call(ast.Name(name), built, [])


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


class Expressions:
    """The expressions of one function; `checked` and `exact` add the objections in machine.py."""

    def __init__(self, header: Header, *, checked: bool, exact: bool):
        self.header, self.checked, self.exact = header, checked, exact
        self.names = Names(header)
        self.constants: dict[str, int] = {}
        self.callees: dict[str, Callable] = {}
        self.registers = ""
        """Where hardware is touched first."""
        self.within = ""
        """The home of the pointer that is being made of an address."""

    def where(self, node: ast.AST) -> ast.Constant:
        """The place in the source, as an argument for machine.py's checks."""
        return ast.Constant(self.header.where(node))

    # --- Numbers ------------------------------------------------------------------------------------------

    def value(self, node: ast.expr) -> tuple[ast.expr, bool]:
        """Translate a number; also tell whether it fits 32 bits before any cut."""
        folded = self.fold(node)
        if folded is not None:
            return folded, True
        match node:
            case ast.Name(name) if self.names.is_number(name):
                return ast.Name(safe(name)), True
            case ast.Subscript():
                return self.load_from(*self.place(node)), True
            case ast.BinOp():
                return self.arithmetic(node, node.op, self.value(node.left), node.right)
            case ast.BoolOp():
                return ast.BoolOp(node.op, [self.narrow(operand) for operand in node.values]), True
            case ast.IfExp():
                return ast.IfExp(
                    self.condition(node.test), self.narrow(node.body), self.narrow(node.orelse)
                ), True
            case ast.Compare() | ast.UnaryOp(ast.Not()):
                return call("i32", self.condition(node)), True
            case ast.UnaryOp():
                raise self.names.refuse(node, "viper spoils the operand of - and ~: write `0 - x` or `x ^ y`")
            case ast.Call(ast.Name("int"), [ast.Name(name)], []) if name in self.names.pointers:
                return self.address(node, name), True
            case ast.Call(ast.Name("int"), [number], []):
                return self.value(number)
            case ast.Call() if not is_pointer(node):
                called, returns = self.viper_call(node)
                if returns:
                    # An override may give more than 32 bits.
                    return call("i32", called), True
        raise self.names.refuse(node, f"`{ast.unparse(node)}` is no number here")

    def narrow(self, node: ast.expr) -> ast.expr:
        """Translate a number, cut to 32 bits."""
        return self.cut(*self.value(node))

    def int32(self, node: ast.expr) -> ast.expr:
        """Translate a number, cut to 32 bits and of type int32."""
        return self.typed(self.narrow(node))

    @staticmethod
    def cut(translated: ast.expr, fit: bool) -> ast.expr:
        """Cut what does not fit."""
        return translated if fit else call("i32", translated)

    def typed(self, translated: ast.expr) -> ast.expr:
        """Make something that fits an int32."""
        match translated:
            case ast.Name(name):
                done = name not in self.constants
            case _:
                done = isinstance(translated, ast.Call) and translated.func.id in INT32_CALLS
        return translated if done else call("i32", translated)

    def fold(self, node: ast.expr) -> ast.expr | None:
        """Translate a sum of constants, by name where every number in it fits; None if it is not one."""
        exact = self.names.folded(node)
        if exact is None:
            return None
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        parts = [self.names.folded(n) for n in ast.walk(node) if isinstance(n, ast.expr)]
        if not fits(exact):
            raise self.names.refuse(node, f"{exact} is a constant of more than 32 bits")
        if not names or not all(map(fits, parts)):
            return ast.Constant(exact)
        self.constants.update({safe(name): self.names.constant(name) for name in names})
        return _renamed(node)

    def arithmetic(self, node, op, left: tuple[ast.expr, bool], right: ast.expr) -> tuple[ast.expr, bool]:
        """Translate an operation of a translated number and one that is not translated yet."""
        if isinstance(op, ast.RShift):
            return ast.BinOp(self.cut(*left), op, self._count(right)), True
        if isinstance(op, ast.LShift):
            number, fit = self._count(right), True
        else:
            number, fit = self.value(right)
        result = ast.BinOp(left[0], op, number)
        if isinstance(op, BITWISE):
            return result, left[1] and fit
        if not isinstance(op, WRAPPING):
            raise self.names.refuse(node, f"`{ast.unparse(node)}`: no such operation in the tick")
        if self.exact:
            return call("exact", result, self.where(node)), True
        return result, False

    def _count(self, node):
        """Translate how far to shift."""
        fixed, count = self.names.folded(node), self.narrow(node)
        if fixed is not None:
            if not 0 <= fixed <= 31:
                raise self.names.refuse(node, f"shift by {fixed}")
            return count
        if self.checked:
            return call("shift_count", count, self.where(node))
        return ast.BinOp(count, ast.BitAnd(), ast.Constant(63))

    def condition(self, node: ast.expr) -> ast.expr:
        """Translate what an `if` or `while` looks at."""
        match node:
            case ast.BoolOp():
                return ast.BoolOp(node.op, [self.condition(operand) for operand in node.values])
            case ast.UnaryOp(ast.Not(), operand):
                return ast.UnaryOp(ast.Not(), self.condition(operand))
            case ast.Compare() if all(isinstance(op, COMPARISONS) for op in node.ops):
                operands = [self.narrow(operand) for operand in node.comparators]
                return ast.Compare(self.narrow(node.left), node.ops, operands)
        return ast.Compare(self.narrow(node), [ast.NotEq()], [ast.Constant(0)])

    # --- Calls --------------------------------------------------------------------------------------------

    def viper_call(self, node: ast.Call) -> tuple[ast.expr, bool]:
        """Translate a call of another viper function; also tell whether it returns a number."""
        function = self.header.function.__globals__.get(getattr(node.func, "id", None))
        if not callable(function) or node.keywords:
            raise self.names.refuse(node, f"`{ast.unparse(node)}` calls something unknown")
        callee = read_header(function)
        if len(node.args) != len(callee.kinds):
            raise self.names.refuse(node, f"{callee.name} takes {len(callee.kinds)} arguments")
        arguments = [
            self._argument(a, kind, callee) for a, kind in zip(node.args, callee.kinds.values(), strict=True)
        ]
        name = safe(node.func.id)
        self.callees[name] = function
        return call(name, ast.Name("memory"), *arguments), callee.returns

    def _argument(self, node, kind, callee):
        if kind == UNUSED:
            return call("i32", 0)
        if kind == BUFFER:
            if isinstance(node, ast.Name) and self.header.kinds.get(node.id) == BUFFER:
                return ast.Name(safe(node.id))
            raise self.names.refuse(node, f"{callee.name} wants a buffer here")
        number = self.int32(node)
        # A real call carries its arguments as objects; a function that is put in line takes them as they are.
        return call("small", number, self.where(node)) if self.exact and not callee.inline else number

    # --- Memory -------------------------------------------------------------------------------------------

    def base(self, node: ast.Call, kind: Pointer) -> ast.expr:
        """Translate `ptr32(...)`: a host address, or for hardware the chip's."""
        target, around = node.args[0], self.within
        self.within = kind.home
        try:
            if kind.home == REGISTERS:
                self.registers = self.registers or f"{self.header.where(node)}: {ast.unparse(node)}"
                return self.int32(target)
            if isinstance(target, ast.Name) and kind.home != BANK:
                return self.origin(kind.home)
            address = ast.BinOp(self.origin(kind.home), ast.Add(), self.narrow(target))
        finally:
            self.within = around
        if self.checked and kind.home == BANK:
            # As in the stand-in, a pointer has to start in the bank.
            return self.inside(node, address, Pointer(1, BANK))
        return address

    def inside(self, node: ast.AST, address: ast.expr, kind: Pointer) -> ast.expr:
        """Check that an address is where its pointer may lead."""
        if kind.home == BANK:
            first = ast.BinOp(ast.Name("memory"), ast.Add(), ast.Name("BANK_ADDRESS"))
            room = ast.Name("BANK_BYTES")
        else:
            first, room = self.origin(kind.home), ast.Attribute(ast.Name(kind.home), "size")
        return call("inside", address, kind.size, first, room, self.where(node))

    def origin(self, home: str) -> ast.expr:
        """The host address of chip address 0; or of the first byte of a buffer or table, which count from 0."""
        return ast.Name("memory") if home == BANK else call("address_of", ast.Name(home))

    def address(self, node: ast.Call, name: str) -> ast.expr:
        """Translate `int(pointer)`."""
        home = self.names.pointers[name].home
        if home == REGISTERS:
            return ast.Name(safe(name))
        if home != BANK and home != self.within:
            raise self.names.refuse(node, f"{ast.unparse(node)} means something only in another pointer")
        return call("i32", ast.BinOp(ast.Name(safe(name)), ast.Sub(), self.origin(home)))

    def place(self, node: ast.Subscript) -> tuple[Pointer, ast.expr]:
        """Translate where a subscript leads: the pointer's kind and the address, checked if so wanted."""
        pointer = node.value
        if is_pointer(pointer):
            kind = self.names.pointer(pointer)
            address = self.base(pointer, kind)
        elif isinstance(pointer, ast.Name) and pointer.id in self.names.pointers:
            kind, address = self.names.pointers[pointer.id], ast.Name(safe(pointer.id))
        else:
            raise self.names.refuse(node, f"{ast.unparse(pointer)} is no pointer")
        index = self.narrow(node.slice)
        if not _is_zero(index):
            scaled = index if kind.size == 1 else ast.BinOp(ast.Constant(kind.size), ast.Mult(), index)
            address = ast.BinOp(address, ast.Add(), scaled)
        if kind.home == REGISTERS:
            if kind.size != 4:
                raise self.names.refuse(node, "hardware is read and written by words")
        elif self.checked:
            address = self.inside(node, address, kind)
        return kind, address

    def load_from(self, kind: Pointer, address: ast.expr) -> ast.expr:
        """What stands at an address: an int32."""
        if kind.home == REGISTERS:
            return call("i32", call("read_register", ast.Name("memory"), call("i32", address)))
        return call(f"load{8 * kind.size}", address)

    def store(self, node: ast.Subscript, kind: Pointer, value: ast.expr, address: ast.expr) -> ast.expr:
        """A store of an int32; the value comes first, as Python works it out before the place."""
        if kind.home.startswith("bytes_of_"):
            raise self.names.refuse(node, "a table is constant")
        if kind.home == REGISTERS:
            return call("write_register", ast.Name("memory"), value, call("i32", address))
        return call(f"store{8 * kind.size}", value, address)


def _renamed(node: ast.expr) -> ast.expr:
    """Copy a sum of constants with its names made safe."""
    match node:
        case ast.Name(name):
            return ast.Name(safe(name))
        case ast.UnaryOp(op, operand):
            return ast.UnaryOp(op, _renamed(operand))
        case ast.BinOp(left, op, right):
            return ast.BinOp(_renamed(left), op, _renamed(right))
    return node
