"""Small viper functions that use every construct once, for the tests of viper_numba; none is in the firmware.

SAMPLES and BUFFER_SAMPLES agree with the stand-in on any arguments and memory; `echo` wants hardware.
"""
# ruff: noqa: F821

from array import array

import micropython
from note_stack import sound as show
from state import FRAME, STATE

ROOM = 64
MASK = 0xFF00
LOW = -5
TABLE = bytes(range(200, 232))
STEPS = array("H", range(60_000, 60_016))
UART = 0x40034000
BIG = 1 << 70
SIX = 6


@micropython.viper
def sums(a: int, b: int) -> int:
    total = a + b * 3 - (a - b)
    total += a * b
    total -= b << 4
    total *= 7
    return total


@micropython.viper
def wide_inside(a: int, b: int) -> int:
    """High bits must not show in comparisons, conditions and indexes, nor to the left of >>."""
    found = ((a * b) | 1) >> 3
    if a + b > 10:
        found += (a * b) >> 3
    if b > a * b:
        found ^= 1
    if (a >> 16 << 16) << 16:
        found ^= 2
    if (a << 5) - b < LOW:
        found += ((a + b) >> 31) + ((b * 9) >> (a & 31))
    p = ptr32(STATE + ((a * 65537 + b) & (ROOM - 1)) * 4)
    return found - p[(a + a) & 7] - p[(a << 16 << 16) + 3]


@micropython.viper
def bits(a: int, b: int) -> int:
    x = a & MASK | b ^ 0x0F0F0F0F
    x ^= a >> 3
    x |= b & 1
    x &= 0xFFFFFF0
    x <<= b & 7
    x >>= a & 15
    return x ^ -1 ^ ~MASK


@micropython.viper
def folded(a: int) -> int:
    """A sum of constants is exact until it meets a variable."""
    return a + (BIG >> 50) - (ROOM << 30 >> 30) + ROOM // SIX


@micropython.viper
def truths(a: int, b: int) -> int:
    found = 0
    if a and b:
        found |= 1
    if a or b > 3:
        found |= 2
    if not a:
        found |= 4
    elif not (a < b and b != 7):
        found |= 8
    else:
        found |= 16
    if LOW <= a < b:
        found |= 32
    larger = a if a > b else b
    if larger == a:
        return found | 64
    return found


@micropython.viper
def is_more(a: int, b: int) -> bool:
    return a > b


@micropython.viper
def loops(a: int, b: int) -> int:
    i = n = 0
    while True:
        i += 1
        if i > (a & 31):
            break
        if i & 1:
            continue
        n += b
    while i:
        if i & 3:
            pass
        i -= 1
    return n


@micropython.viper
def pointers(a: int, b: int):
    words = ptr32(STATE)
    halves = ptr16(STATE + 128)
    octets = ptr8(STATE + 256)
    words[a & 15] = b
    halves[a & 15] = b
    octets[a & 15] = b
    words[a & 15] += words[b & 15]
    halves[b & 15] -= a
    octets[b & 15] <<= 1
    words[3] = halves[a & 7] - octets[b & 7]
    ptr8(FRAME)[0] = ptr16(STATE + 2)[a & 3]
    words[4]


@micropython.viper
def wanders(index: int, value: int):
    """Leaves the bank with a large index."""
    p = ptr32(STATE)
    p[index] = value


@micropython.viper
def odd_address(offset: int) -> int:
    return ptr32(STATE + offset)[0]


@micropython.viper
def moves_on(index: int, steps: int) -> int:
    """An argument and a pointer that take new values; names that the generated code uses itself."""
    place = exact = 0
    memory = ptr32(STATE)
    steps &= 7
    while steps > 0:
        memory = ptr32(STATE + (index & 31) * 4)
        place += memory[0]
        exact ^= memory[1]
        index += 1
        steps -= 1
    return place + exact


@micropython.viper
def walks(index: int, steps: int) -> int:
    """A pointer as a number, in a sum and as an argument."""
    p = ptr32(STATE + (index & 63) * 4)
    steps &= 3
    while steps:
        p = ptr32(int(p) + 8)
        steps -= 1
    return int(word_at(int(p) + 4)) - int(p)


@micropython.viper
def word_at(address: int) -> int:
    p = ptr32(address)
    return p[0]


@micropython.viper
def table_at(index: int) -> int:
    return ptr16(TABLE)[index & 15] + ptr8(TABLE)[index & 31] - ptr16(STEPS)[index & 15]


@micropython.viper
def bump() -> int:
    p = ptr32(STATE)
    p[0] = (p[0] + 1) & 15
    return p[0]


# link: inline
@micropython.viper
def twice(a: int) -> int:
    return a + a


@micropython.viper
def calls(a: int, b: int) -> int:
    show()
    if is_more(a, b):
        return int(twice(a)) - int(sums(b, LOW))
    return twice(int(twice(b)))


@micropython.viper
def order(a: int):
    """The right side comes before the place; the place of += is worked out once, and read before the right side."""
    p = ptr32(STATE)
    p[0] = a & 7
    p[p[0]] = int(bump())
    p[int(bump())] += int(bump())
    p[int(bump())] = p[0]


SAMPLES = (sums, wide_inside, bits, folded, truths, is_more, loops, pointers, wanders, odd_address, moves_on)
SAMPLES += (walks, word_at, table_at, bump, twice, calls, order)


@micropython.viper
def copy_words(source, count: int):
    """From a buffer to the bank, and a mark back."""
    words = ptr32(source)
    first = ptr8(source)
    p = ptr32(STATE)
    i = 0
    while i < count:
        p[i] = words[i]
        i += 1
    first[1] = first[0] + 1


@micropython.viper
def fill_steps(buffer, step: int) -> int:
    """A pointer that walks through a buffer."""
    out = ptr8(buffer)
    table = ptr16(TABLE)
    left = 5
    while left:
        out[0] = step
        out[1] = table[0]
        out = ptr8(int(out) + 3)
        table = ptr16(int(table) + 2)
        left -= 1
    return out[0]


@micropython.viper
def copy_all(source, unused):
    copy_words(source, 2)


BUFFER_SAMPLES = (copy_words, fill_steps, copy_all)


@micropython.viper
def echo(channel):
    s = ptr32(STATE)
    uart = ptr32(s[0] + 8)
    while uart[6] & 1:
        uart[0] = uart[0] + 1
    ptr32(UART)[2] |= 4
