"""Starts the instrument: Ctrl-C on the console leaves it playing and gives the prompt."""

import sys

from play import run

# MicroPython's start-up leaves its `rp2` module here: the PIO assembler, a tenth of what a collection would have to look
# at. Whoever wants it at the prompt imports it.
sys.modules.pop("rp2", None)
globals().pop("rp2", None)

run()
