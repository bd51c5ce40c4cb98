"""Lets the firmware's pure modules run under CPython: `micropython`, `uctypes` and viper's pointers, checked.

Stricter than the chip on purpose. On the chip a sum past 32 bits wraps in silence; here every number that comes
out of the tick's memory is an `Int32`, and arithmetic on it that leaves the 32-bit range raises `OverflowError`,
so that each unit test is also a proof that its path does not wrap. Memory is one 4 kB bank at TICK_MEMORY, as on
the chip; a pointer outside it raises `IndexError`.
"""

import builtins
import sys
import types
from pathlib import Path

SOURCES = Path(__file__).resolve().parent.parent / "firmware" / "src"
BANK_ADDRESS = 0x2003F000
BANK_BYTES = 4096
INT32_MIN, INT32_MAX = -(1 << 31), (1 << 31) - 1

bank = bytearray(BANK_BYTES)
"""The scratch bank; tests may look at it as bytes."""


class Int32(int):
    """A viper integer: arithmetic that would wrap on the chip raises here."""


def _checked(name):
    plain = getattr(int, name)

    def operation(self, other):
        result = plain(self, other)
        if result is NotImplemented:
            return result
        if not INT32_MIN <= result <= INT32_MAX:
            raise OverflowError(f"{int(self)} {name} {int(other)} leaves 32 bits")
        return Int32(result)

    return operation


for _name in ("add", "sub", "mul", "lshift", "rshift", "and", "or", "xor"):
    setattr(Int32, f"__{_name}__", _checked(f"__{_name}__"))
    if f"__r{_name}__" in vars(int):
        setattr(Int32, f"__r{_name}__", _checked(f"__r{_name}__"))
Int32.__neg__ = lambda self: Int32(-int(self))
Int32.__invert__ = lambda self: Int32(~int(self))


class Pointer:
    """ptr8, ptr16 or ptr32 at an address in the bank, or over a bytes-like object."""

    size = 4
    signed = True

    def __init__(self, target):
        if isinstance(target, int):
            self._memory, self._base = bank, int(target) - BANK_ADDRESS
            if not 0 <= self._base < BANK_BYTES:
                raise IndexError(f"pointer to {target:#x} is outside the tick's memory")
        else:
            self._memory, self._base = memoryview(target).cast("B"), 0

    def __int__(self):
        if self._memory is not bank:
            raise TypeError("only a pointer into the tick's memory has an address here")
        return self._base + BANK_ADDRESS

    def _slot(self, index):
        start = self._base + int(index) * self.size
        if not 0 <= start <= len(self._memory) - self.size:
            raise IndexError(f"word {index} is outside the tick's memory")
        return slice(start, start + self.size)

    def __getitem__(self, index):
        return Int32(int.from_bytes(self._memory[self._slot(index)], "little", signed=self.signed))

    def __setitem__(self, index, value):
        bits = 8 * self.size
        self._memory[self._slot(index)] = (int(value) & ((1 << bits) - 1)).to_bytes(self.size, "little")


class Pointer16(Pointer):
    """ptr16: unsigned half words."""

    size, signed = 2, False


class Pointer8(Pointer):
    """ptr8: unsigned bytes."""

    size, signed = 1, False


def _struct(address, layout):
    """uctypes.struct for the one layout that memory.py uses: a named array of INT32."""
    (name,) = layout
    return types.SimpleNamespace(**{name: Pointer(address)})


def install():
    """Make `import micropython`, `import uctypes` and the firmware's modules work. Safe to call twice."""
    if str(SOURCES) not in sys.path:
        sys.path.insert(0, str(SOURCES))
    micropython = types.ModuleType("micropython")
    micropython.viper = lambda function: function
    micropython.const = lambda value: value
    uctypes = types.ModuleType("uctypes")
    uctypes.ARRAY, uctypes.INT32 = 0, 0
    uctypes.struct = _struct
    uctypes.bytearray_at = lambda address, size: memoryview(bank)[address - BANK_ADDRESS :][:size]
    sys.modules.update(micropython=micropython, uctypes=uctypes)
    builtins.ptr8, builtins.ptr16, builtins.ptr32 = Pointer8, Pointer16, Pointer
