"""Runs before the USB bus is enumerated: the one moment to say that this device has MIDI as well as a console."""

import gc

from build_info import OWN_IMAGE

IMPORT_GARBAGE_BYTES = 1024
if OWN_IMAGE:
    # The nearer together the living lie, the shorter every later collection: what the imports leave is collected at
    # once. Not where modules come from files: each leaves so much that the start would take seconds.
    gc.threshold(IMPORT_GARBAGE_BYTES)

import claim_memory
import service_mode
from settings import settings

if service_mode.after_soft_reset:
    # Both need what the life before left in the tick's memory, which claiming it may clear.
    from quiet import quiet

    quiet()

claim_memory.claim()
settings.load()

if service_mode.on:
    service_mode.remember()
else:
    from boot_keys import keys_down
    from usb_midi import KEY_FOR_CONSOLE, usb_midi

    if settings.get("usb") == "midi" and keys_down() >> KEY_FOR_CONSOLE:
        settings.set("usb", "both")
    usb_midi.attach()
