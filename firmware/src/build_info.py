"""What the image build knows about itself; it puts its own values in place of these."""

VERSION = "unbuilt"
BUILD_ID = "unbuilt"
HEAP_ENDS_EARLY = True
"""Whether MicroPython's build keeps the tick's memory out of the collector's heap (claim_memory.py)."""
