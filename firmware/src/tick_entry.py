"""The way from an interrupt into the tick: past MicroPython's check that the stack has room.

MicroPython checks the stack at every call of a Python function, those inside an interrupt too: while a recursion
without end runs at the prompt, a call of the tick's would be the one that finds the stack full, and raise. A
function written in assembler is called unchecked. It moves the limit out of reach, calls the tick's code as
MicroPython itself would, (tick, 1, 0, where the argument stands), and puts the limit back.

Room for the tick there must be: MicroPython's own limit leaves 256 bytes, less than USB's interrupt and a tick on top
of it use, and below the stack lies the tick's memory. So Python gets one and a half kilobytes less (of eight).

The limit's place is not in any list: `way_into` looks for it, two words that stand together nowhere else, the stack's
top and how far it may grow. Where it finds none, or two, the tick runs with the check.

Source: MicroPython 1.25: py/objfun.c (fun_asm_call checks nothing, fun_viper_call does), py/objfun.h (the code's
address is a function's fourth word), py/mpstate.h (the first two words of a thread's state), py/cstack.h.
"""

# link: constants
# mypy: disable-error-code="name-defined, call-overload"

import micropython
from machine import mem32
from rp2040 import RAM, STACK_LIMIT, STACK_LIMIT_FOR_PYTHON, STACK_TOP, TICK_MEMORY
from state import ENTRY, NO_LIMIT, STACK_LIMIT_ADDRESS, TICK_FUNCTION


def way_into(tick):
    """Return the function that an interrupt should call in order to call `tick`, a viper function of one argument."""
    mem32[TICK_FUNCTION] = id(tick)
    limit = _stack_limit(NO_LIMIT)
    mem32[STACK_LIMIT_ADDRESS] = limit
    mem32[limit] = STACK_LIMIT_FOR_PYTHON
    return _enter_tick


@micropython.viper
def _stack_limit(otherwise: int) -> int:
    """Where MicroPython keeps its main thread's stack limit (an address); `otherwise`, if that cannot be told."""
    found = 0
    address = RAM
    while address < TICK_MEMORY:
        words = ptr32(address)
        if words[0] == STACK_TOP:
            limit = words[1]
            # Lowered already, if MicroPython has had a soft reset since.
            if limit == STACK_LIMIT or limit == STACK_LIMIT_FOR_PYTHON:
                if found:
                    return otherwise
                found = address + 4
        address += 4
    return found if found else otherwise


@micropython.asm_thumb
def _enter_tick(r0):
    # r1 = ENTRY, which the assembler can only take in pieces.
    mov(r1, ENTRY >> 24)
    lsl(r1, r1, 8)
    add(r1, ENTRY >> 16 & 0xFF)
    lsl(r1, r1, 8)
    add(r1, ENTRY >> 8 & 0xFF)
    lsl(r1, r1, 8)
    ldr(r0, [r1, TICK_FUNCTION - ENTRY])
    # r5 keeps where the limit stands, r6 the limit; the tick leaves both as they are.
    ldr(r5, [r1, STACK_LIMIT_ADDRESS - ENTRY])
    ldr(r6, [r5, 0])
    str(r1, [r5, 0])
    mov(r1, 1)
    mov(r2, 0)
    mov(r3, sp)
    ldr(r4, [r0, 12])
    add(r4, 1)  # Thumb
    data(2, 0x47A0)  # blx r4, which the assembler does not know
    str(r6, [r5, 0])
