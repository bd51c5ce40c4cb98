"""Takes the tick's memory out of the collector's heap, on a MicroPython whose heap has it (an official image).

The tick works at fixed addresses (state.py). Our own image ends the heap below them; an official one does not, so a
block is allocated exactly there and never let go: the free memory before it is filled first, then the block comes
next, then the filling is freed.
"""

# link: constants

import gc

from build_info import OWN_IMAGE
from rp2040 import TICK_MEMORY, TICK_MEMORY_BYTES
from uctypes import addressof

TRIES = 8
claimed = None


def claim():
    """Keep the collector away from the tick's memory; raises MemoryError where that cannot be done."""
    global claimed
    if OWN_IMAGE or claimed:
        return
    gc.collect()
    large = addressof(bytearray(gc.mem_free() // 2))
    gc.collect()
    filling = [bytearray(TICK_MEMORY - large)]
    for _ in range(TRIES):
        block = bytearray(TICK_MEMORY_BYTES)
        if addressof(block) == TICK_MEMORY:
            claimed = block
            break
        filling.append(block)
    filling.clear()
    gc.collect()
    if not claimed:
        raise MemoryError("the tick's memory at %#x cannot be taken" % TICK_MEMORY)
