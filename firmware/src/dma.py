"""DMA channels without their driver objects: where their registers are, and how far the F-V edges' ring has come."""

# link: constants

import micropython
from rp2040 import BYTE_SHIFT, DMA, DMA_CHANNEL_WORDS, DMA_WRITE_ADDR
from state import F_V_DMA, F_V_EDGES, F_V_EDGES_SIZE, STATE


def registers_of(channel):
    """Address of the registers of an `rp2.DMA` channel (datasheet 2.5.7: 64 bytes each)."""
    return DMA + (channel.channel * DMA_CHANNEL_WORDS << BYTE_SHIFT)


@micropython.viper
def ring_head() -> int:
    """Place in the ring at F_V_EDGES that the channel will write next, 0..F_V_EDGES_SIZE - 1."""
    s = ptr32(STATE)
    channel = ptr32(s[F_V_DMA])
    return ((channel[DMA_WRITE_ADDR] - F_V_EDGES) >> BYTE_SHIFT) & (F_V_EDGES_SIZE - 1)
