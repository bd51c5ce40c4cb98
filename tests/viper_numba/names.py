"""What the names in a viper function stand for: constants, locals, and pointers to where.

Worked example:

    s = ptr32(STATE)                     STATE is an address in the bank: the pointer leads there
    p = ptr32(STATE + s[N] * 4)          so does this one: a bank address is part of it
    p = ptr32(int(p) + 64)               and this one, since p does
    q = ptr32(place)                     `place` is an argument of type int: taken for an address in the bank
    steps = ptr16(EXP2)                  `EXP2` is an array or bytes of the module: a table
    source = ptr32(buffer)               `buffer` is an argument without a type: the caller's bytes
    sio = ptr32(s[SIO_BASE])             nothing here but what a word holds: hardware
"""

import array
import ast
import operator
from collections.abc import Iterator
from dataclasses import dataclass

from viper_stand_in import BANK_ADDRESS, BANK_BYTES, INT32_MAX, INT32_MIN

from .header import BUFFER, Header, UntranslatableError

POINTER_BYTES = {"ptr8": 1, "ptr16": 2, "ptr32": 4}
BANK, REGISTERS = "the bank", "hardware"
ARGUMENT, ELSEWHERE = "an argument", "elsewhere"
LOWEST_ADDRESS = 0x1000_0000
"""The RP2040's flash; a constant from here on is an address, a smaller one an offset."""
HELPERS = {"memory", "place", "njit", "i32", "address_of", "BANK_ADDRESS", "BANK_BYTES"}
HELPERS |= {"inside", "shift_count", "exact", "small", "read_register", "write_register"}
HELPERS |= {"load8", "load16", "load32", "store8", "store16", "store32"}
"""Names that the generated code uses itself."""
FOLDED = {
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
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: operator.invert,
}


def fits(number: int) -> bool:
    """Tell whether a number is one of signed 32 bits."""
    return INT32_MIN <= number <= INT32_MAX


def safe(name: str) -> str:
    """Give a name that does not hide a helper's."""
    return f"{name}_" if name in HELPERS or name.startswith("bytes_of_") else name


@dataclass(frozen=True)
class Pointer:
    """A pointer's kind: the size of what it points at; BANK, REGISTERS, or the array that it points into."""

    size: int
    home: str


def is_pointer(node: ast.AST) -> bool:
    """Tell whether an expression is `ptr8(...)`, `ptr16(...)` or `ptr32(...)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in POINTER_BYTES


class Names:
    """The names of one function.

    `tables` collects the module's bytes and arrays that it points into; their contents become constants.
    """

    def __init__(self, header: Header):
        self.header = header
        self.tables: dict[str, bytes] = {}
        self._values = self._assignments()
        self.pointers = {
            name: kind for name, values in self._values.items() if (kind := self._kind_of(name, values))
        }

    def refuse(self, node: ast.AST, reason: str) -> UntranslatableError:
        """Make the exception that says where and why."""
        return UntranslatableError(f"{self.header.where(node)}: {reason}")

    def is_number(self, name: str) -> bool:
        """Tell whether a name is a local or argument that holds a number."""
        return (name in self._values and name not in self.pointers) or self.header.kinds.get(name) == "int"

    def constant(self, name: str) -> int | None:
        """Give the module's whole number of that name, if it is one and nothing local hides it."""
        value = self.header.function.__globals__.get(name)
        hidden = name in self._values or name in self.header.kinds
        return int(value) if isinstance(value, int) and not hidden else None

    def folded(self, node: ast.expr) -> int | None:
        """Work a sum of constants out, with any number of bits; None if it is not one."""
        match node:
            case ast.Constant(int(number)):
                return int(number)
            case ast.Name(name):
                return self.constant(name)
            case ast.UnaryOp(op, operand) if type(op) in FOLDED:
                number = self.folded(operand)
                return None if number is None else FOLDED[type(op)](number)
            case ast.BinOp(left, op, right) if type(op) in FOLDED:
                numbers = self.folded(left), self.folded(right)
                return None if None in numbers else FOLDED[type(op)](*numbers)
        return None

    def pointer(self, node: ast.Call) -> Pointer:
        """Say what `ptr32(...)` points at."""
        parts = set(self._parts(node.args[0], frozenset()))
        homes = parts - {ARGUMENT, ELSEWHERE}
        if len(homes) > 1:
            raise self.refuse(node, f"{ast.unparse(node)} leads into {' and '.join(sorted(homes))}")
        home = homes.pop() if homes else BANK if parts <= {ARGUMENT} else REGISTERS
        return Pointer(POINTER_BYTES[node.func.id], home)

    def _assignments(self):
        values: dict[str, list[ast.expr]] = {}
        for node in ast.walk(self.header.node):
            if isinstance(node, ast.Assign | ast.AugAssign):
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Name):
                        values.setdefault(target.id, []).append(node.value)
        return values

    def _kind_of(self, name, values):
        kinds = {self.pointer(value) if is_pointer(value) else None for value in values}
        if len(kinds) > 1 or (name in self.header.kinds and kinds != {None}):
            raise self.refuse(values[-1], f"{name} is not the same kind of pointer everywhere")
        return kinds.pop()

    def _parts(self, node: ast.AST, seen: frozenset) -> Iterator[str]:
        """Say what an address is made of: homes, arguments, and what else is not an offset."""
        match node:
            case ast.Call(ast.Name("int" | "ptr8" | "ptr16" | "ptr32"), [argument], []):
                yield from self._parts(argument, seen)
            case ast.Call() | ast.Subscript():
                yield ELSEWHERE
            case ast.Name(name) if name in self._values and self.header.kinds.get(name) != BUFFER:
                if name in self.header.kinds:
                    yield ARGUMENT
                for value in self._values[name] if name not in seen else []:
                    yield from self._parts(value, seen | {name})
            case ast.Name(name) if name in self.header.kinds:
                yield safe(name) if self.header.kinds[name] == BUFFER else ARGUMENT
            case ast.Name(name) if isinstance(
                table := self.header.function.__globals__.get(name), bytes | array.array
            ):
                self.tables[name] = memoryview(table).tobytes()
                yield f"bytes_of_{name}"
            case ast.Name() | ast.Constant():
                value = self.constant(node.id) if isinstance(node, ast.Name) else node.value
                if not isinstance(value, int):
                    raise self.refuse(node, f"{ast.unparse(node)} is no address, table or buffer argument")
                if BANK_ADDRESS <= value < BANK_ADDRESS + BANK_BYTES:
                    yield BANK
                elif abs(value) >= LOWEST_ADDRESS:
                    yield ELSEWHERE
            case _:
                for child in ast.iter_child_nodes(node):
                    yield from self._parts(child, seen)
