"""Where a DMA channel's registers are, for the tick, which works on them without their driver object."""

# link: constants

from rp2040 import BYTE_SHIFT, DMA, DMA_CHANNEL_WORDS


def registers_of(channel):
    """Address of the registers of an `rp2.DMA` channel (datasheet 2.5.7: 64 bytes each)."""
    return DMA + (channel.channel * DMA_CHANNEL_WORDS << BYTE_SHIFT)
