"""USB-MIDI beside the serial console: one class-compliant interface with one cable each way.

MicroPython's own USB device carries the console; at start-up (boot.py, before the bus is enumerated) this module
adds an Audio Control and a MIDI Streaming interface to its configuration. A received transfer is copied packet by
packet into the tick's ring; when the ring has no room for another transfer the endpoint is left unarmed and
the host waits. Sources: USB MIDI 1.0, appendix B (the example descriptors); MicroPython `machine.USBDevice`.
"""

# link: constants

import micropython
from machine import USBDevice
from state import STATE, USB_DROPPED, USB_HEAD, USB_RING, USB_RING_SIZE, USB_TAIL

PACKET_BYTES = 4
ENDPOINT_BYTES = 64
PACKETS_A_TRANSFER = ENDPOINT_BYTES // PACKET_BYTES
DIRECTION_IN = 0x80


def _descriptors(first_interface, endpoint, name_index):
    """The two interfaces' descriptors; `name_index` is the string that names them and their jacks."""
    control, streaming = first_interface, first_interface + 1
    jacks = (
        # embedded IN 1 <- the host's output, external IN 2, embedded OUT 3 -> the host's input, external OUT 4
        (6, 0x24, 0x02, 1, 1, name_index)
        + (6, 0x24, 0x02, 2, 2, 0)
        + (9, 0x24, 0x03, 1, 3, 1, 2, 1, name_index)
        + (9, 0x24, 0x03, 2, 4, 1, 1, 1, 0)
    )
    endpoints = (
        (9, 5, endpoint, 2, ENDPOINT_BYTES, 0, 0, 0, 0)
        + (5, 0x25, 1, 1, 1)
        + (9, 5, DIRECTION_IN | endpoint, 2, ENDPOINT_BYTES, 0, 0, 0, 0)
        + (5, 0x25, 1, 1, 3)
    )
    class_total = 7 + len(jacks) + len(endpoints)
    return bytes(
        (9, 4, control, 0, 0, 1, 1, 0, name_index)
        + (9, 0x24, 1, 0, 1, 9, 0, 1, streaming)
        + (9, 4, streaming, 0, 2, 1, 3, 0, name_index)
        + (7, 0x24, 1, 0, 1, class_total, 0)
        + jacks
        + endpoints
    )


@micropython.viper
def queue_packets(buffer, length: int):
    """Copy `length` bytes of 4-byte packets from `buffer` to the tick's ring; what finds no room is counted."""
    source = ptr32(buffer)
    s = ptr32(STATE)
    count = length >> 2
    i = 0
    while i < count:
        head = s[USB_HEAD]
        following = (head + 1) & (USB_RING_SIZE - 1)
        if following == s[USB_TAIL]:
            s[USB_DROPPED] += 1
        else:
            s[USB_RING + head] = source[i]
            s[USB_HEAD] = following
        i += 1


@micropython.viper
def room() -> int:
    """Packets that the ring can still take."""
    s = ptr32(STATE)
    return (s[USB_TAIL] - s[USB_HEAD] - 1) & (USB_RING_SIZE - 1)


class UsbMidi:
    """The USB device with MIDI in it: `attach` before enumeration, `poll` from the main loop."""

    def __init__(self):
        self._device = USBDevice()
        self._in = bytearray(ENDPOINT_BYTES)
        self._open = False
        self._armed = False
        self._endpoint = 0

    def attach(self):
        """Describe console and MIDI to the host. Call before the bus is up."""
        device = self._device
        builtin = USBDevice.BUILTIN_CDC
        device.active(False)
        device.builtin_driver = builtin  # type: ignore[attr-defined]  # the stub lacks it
        self._endpoint = builtin.ep_max
        interface = builtin.itf_max
        name_index = builtin.str_max
        configuration = bytearray(builtin.desc_cfg)
        configuration += _descriptors(interface, self._endpoint, name_index)
        configuration[2] = len(configuration) & 0xFF
        configuration[3] = len(configuration) >> 8
        configuration[4] = interface + 2
        device.config(
            desc_dev=builtin.desc_dev,
            desc_cfg=configuration,
            desc_strs={name_index: "MS-20 Pico MIDI"},
            open_itf_cb=self._opened,
            reset_cb=self._reset,
            control_xfer_cb=None,
            xfer_cb=self._transferred,
        )
        device.active(True)

    def poll(self):
        """Arm the receiving endpoint when it is idle and the ring has room for a whole transfer."""
        if self._open and not self._armed and room() >= PACKETS_A_TRANSFER:
            self._armed = True
            try:
                self._device.submit_xfer(self._endpoint, self._in)
            except OSError:
                self._armed = False

    def _opened(self, _descriptor):
        self._open = True
        self._armed = False

    def _reset(self):
        self._open = False
        self._armed = False

    def _transferred(self, endpoint, result, length):
        if endpoint == self._endpoint:
            self._armed = False
            if result == 0:
                queue_packets(self._in, length)
                self.poll()


usb_midi = UsbMidi()
