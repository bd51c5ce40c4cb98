"""The flash's file system, mounted only while something needs it.

A mounted file system keeps 2.4 kB of buffers alive, an eighth of all that a collection has to look at while everything
but the tick waits. So it is let go when playing begins, and comes back for a save and for the prompt. Where the firmware
itself stands in it (an official MicroPython image) it stays.
"""

# link: constants

import vfs
from build_info import OWN_IMAGE
from rp2 import Flash

ROOT = "/"
PAGE_BYTES = 256
"""What flash is written in, as MicroPython's own start-up has it."""

_mounted = True
"""As start-up leaves it."""


def let_go():
    """Unmount it, unless modules may still come from there."""
    global _mounted
    if OWN_IMAGE and _mounted:
        vfs.umount(ROOT)
        _mounted = False


def fetch():
    """Mount it; returns whether it was not."""
    global _mounted
    if _mounted:
        return False
    vfs.mount(vfs.VfsLfs2(Flash(), progsize=PAGE_BYTES), ROOT)  # type: ignore[abstract]  # the stub is wrong
    _mounted = True
    return True
