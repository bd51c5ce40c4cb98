"""Service mode: after Ctrl-C, USB is the plain console until the next power-on, so that soft resets do not drop it.

MicroPython takes a USB device that Python has described off the bus at every soft reset: the serial port vanishes
under the program that asked for the reset, as mpremote does at each start. So Ctrl-C leaves a mark in memory that a
soft reset does not touch, and boot.py, finding it, leaves USB as MicroPython has it: console alone, which stays
through soft resets. The mark holds until a real reset (power, machine.reset(), `service.play()`).

A soft reset is known by the USB controller, which only MicroPython's life before it can have turned on; so this module
must be imported before USB is (boot.py does).
"""

# link: constants

from machine import mem32
from rp2040 import USB_MAIN_CTRL, USB_MAIN_CTRL_EN
from state import KEPT

CTRL_C = 3
MARK = 0x20C0FFEE

after_soft_reset = bool(mem32[USB_MAIN_CTRL] & USB_MAIN_CTRL_EN)
"""Whether this life began with a soft reset: the chip, and what was in its memory, went on."""

on = after_soft_reset and mem32[KEPT] == MARK
"""Whether service mode is on."""


def remember():
    """Let the next soft reset lead into service mode."""
    mem32[KEPT] = MARK


def forget():
    """Let the next soft reset lead out of it."""
    mem32[KEPT] = 0
