"""The host's side of the compiled code: where the tick's memory lies, and the loads and stores that reach it.

The bank is the stand-in's bytearray. It is exported to numpy below, and an exported bytearray cannot be resized:
its host address holds for the life of the process. MEMORY is what turns a chip address into a host address:

    chip address of word 3      0x2003F000 + 12
    host address of word 3      MEMORY + 0x2003F000 + 12 = WORDS.ctypes.data + 12

Every compiled function takes MEMORY as its first argument, so that no address is frozen into code that is kept on
disk. A buffer's or table's pointer is its host address itself.
"""

import llvmlite.ir
import numba
import numpy as np
import viper_stand_in
from numba import int32, int64, njit, types
from numba.extending import intrinsic
from viper_stand_in import BANK_ADDRESS, INT32_MAX, INT32_MIN
from viper_stand_in import BANK_BYTES as BANK_BYTES

WORDS = np.frombuffer(viper_stand_in.bank, dtype=np.int32)
"""The bank as signed words: WORDS[n] is memory.state[n], and what a driver takes to read them fast."""
HALVES = np.frombuffer(viper_stand_in.bank, dtype=np.uint16)
BYTES = np.frombuffer(viper_stand_in.bank, dtype=np.uint8)
MEMORY = WORDS.ctypes.data - BANK_ADDRESS
"""The host address of chip address 0."""

SMALL_INT_MIN, SMALL_INT_MAX = -(1 << 30), (1 << 30) - 1
"""What MicroPython on a 32-bit machine keeps in a pointer's place; any other integer object stands on the heap."""


def _load(bits):
    @intrinsic
    def load(_typing, address):
        """Load from a host address: a word is signed, smaller things are not."""

        def generate(_context, builder, _signature, arguments):
            pointer = builder.inttoptr(arguments[0], llvmlite.ir.IntType(bits).as_pointer())
            loaded = builder.load(pointer, align=1)
            return loaded if bits == 32 else builder.zext(loaded, llvmlite.ir.IntType(32))

        return types.int32(types.int64), generate

    return load


def _store(bits):
    @intrinsic
    def store(_typing, value, address):
        """Store the low bits at a host address. The value comes first, as Python evaluates it before the place."""

        def generate(context, builder, _signature, arguments):
            value, address = arguments
            pointer = builder.inttoptr(address, llvmlite.ir.IntType(bits).as_pointer())
            builder.store(
                value if bits == 32 else builder.trunc(value, llvmlite.ir.IntType(bits)), pointer, align=1
            )
            return context.get_dummy_value()

        return types.void(types.int32, types.int64), generate

    return store


load8, load16, load32 = _load(8), _load(16), _load(32)
store8, store16, store32 = _store(8), _store(16), _store(32)
i32 = int32


@njit
def address_of(array):
    """Give the host address of a buffer's or table's first byte."""
    # numba's .ctypes.data is unsigned, and unsigned plus signed would be a float.
    return int64(array.ctypes.data)


# --- What `checked` and `exact` add ----------------------------------------------------------------------
# Each gives its first argument back, or raises; the last one is where in the source it stands. They are written in
# LLVM's terms because an exception whose text numba does not know in advance costs ten times the code.


def _check(error, wrongs, count, where):
    """Say to numba: of `count` numbers and a place, give the first, but raise where a wrong is true of them.

    `wrongs` are pairs of a reason and of a function that builds its condition.
    """
    if not isinstance(where, types.StringLiteral):
        raise numba.errors.TypingError("the place has to be a constant")

    def generate(context, builder, _signature, arguments):
        numbers = arguments[:count]
        for reason, wrong in wrongs:
            with builder.if_then(wrong(builder, *numbers), likely=False):
                context.call_conv.return_user_exc(builder, error, (f"{where.literal_value}: {reason}",))
        return numbers[0]

    return types.int64(*[types.int64] * count, where), generate


def _outside(builder, address, size, first, room):
    place = builder.sub(address, first)
    before = builder.icmp_signed("<", place, size.type(0))
    return builder.or_(before, builder.icmp_signed(">", builder.add(place, size), room))


def _crooked(builder, address, size, first, _room):
    odd = builder.and_(builder.sub(address, first), builder.sub(size, size.type(1)))
    return builder.icmp_signed("!=", odd, size.type(0))


@intrinsic
def inside(_typing, address, size, first, room, where):
    """Object to an address from which the chip cannot load `size` bytes of the `room` bytes from `first` on."""
    return _check(IndexError, [("outside its memory", _outside), ("not aligned", _crooked)], 4, where)


def _check_range(error, reason, lowest, highest):
    def wrong(builder, number):
        low, high = number.type(lowest), number.type(highest)
        return builder.or_(builder.icmp_signed("<", number, low), builder.icmp_signed(">", number, high))

    @intrinsic
    def check(_typing, number, where):
        return _check(error, [(reason, wrong)], 1, where)

    return check


shift_count = _check_range(ValueError, "shift count", 0, 31)
"""Objects to a count that means nothing certain on the chip."""
exact = _check_range(OverflowError, "leaves 32 bits", INT32_MIN, INT32_MAX)
"""Objects to a result that would wrap."""
small = _check_range(MemoryError, "an argument of more than 31 bits", SMALL_INT_MIN, SMALL_INT_MAX)
"""Objects to an argument that would be allocated on its way into a call: in the tick that raises."""
