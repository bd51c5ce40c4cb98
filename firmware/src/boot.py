"""Runs before the USB bus is enumerated: the one moment to say that this device has MIDI as well as a console."""

from usb_midi import usb_midi

usb_midi.attach()
