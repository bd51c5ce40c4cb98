"""The tick's memory as the rest of the firmware sees it: `state[NAME]`, and bytes at an address.

Outside the tick, state words are read and written through here; the names are in state.py. Words are signed
32-bit, as in viper.
"""

# link: constants

import uctypes
from state import CC_COUNT, CC_FRESH, KBD_CV_TABLE, KBD_CV_TABLE_BYTES, LOG2_TABLE, STATE, STATE_WORDS
from tables import KBD_CV_CODES, LOG2

state = uctypes.struct(STATE, {"words": (uctypes.ARRAY | 0, uctypes.INT32 | STATE_WORDS)}).words
"""All words of the tick's memory, by index."""


def clear():
    """Zero every word and lay the tables out. Call before the tick runs: the bank holds noise after power-on."""
    for index in range(STATE_WORDS):
        state[index] = 0
    uctypes.bytearray_at(KBD_CV_TABLE, KBD_CV_TABLE_BYTES)[:] = KBD_CV_CODES
    uctypes.bytearray_at(LOG2_TABLE, len(LOG2))[:] = LOG2
    uctypes.bytearray_at(CC_FRESH, CC_COUNT)[:] = bytes(CC_COUNT)
