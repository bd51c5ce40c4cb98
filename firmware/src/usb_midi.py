"""USB-MIDI beside the serial console, or alone: one class-compliant interface with one cable each way.

MicroPython's own USB device carries the console; at start-up (boot.py, before the bus is enumerated) this module
adds an Audio Control and a MIDI Streaming interface to its configuration, or puts them in the console's place for
hosts that refuse a device with more than MIDI (setting usb = midi).

    in     A received transfer is copied packet by packet into the tick's ring; when the ring has no room for another
           transfer the endpoint is left unarmed and the host waits.
    out    The keys' events, up to sixteen a transfer. While no program listens, what does not fit is dropped, and
           when one does, every key that is up is sent as a note-off: no note of before can hang.
    gone   A host sends a frame each millisecond. When none has come for five, the cable is out or the computer
           asleep: the tick ends what USB holds, and what the keys do is dropped until the host is back, and is
           told which keys are up.
    reset  A bus reset closes the endpoints in USB's interrupt, long before Python hears of it, and TinyUSB stops the
           processor at a transfer on a closed endpoint. So that interrupt waits while a transfer begins.

Sources: USB MIDI 1.0, appendix B (the example descriptors); USB 2.0, 5.12 (frames); MicroPython `machine.USBDevice`.
"""

# link: constants

import micropython
from board import KEY_COLUMNS, KEY_COUNT, KEY_LOWEST_NOTE
from machine import USBDevice, mem32
from memory import state
from midi_numbers import KEY_VELOCITY, NOTE_OFF
from rp2040 import APB, IRQ_USB, NVIC_CLEAR_ENABLE, NVIC_SET_ENABLE, SIO, USB_RAM, USB_SOF
from settings import settings
from state import (
    APB_BASE,
    GIVE_UP,
    KEY_DOWN,
    KEY_EVENT,
    KEY_EVENT_HEAD,
    KEY_EVENT_SIZE,
    PORT_USB,
    SIO_BASE,
    STATE,
    USB_DROPPED,
    USB_FRAME_SEEN,
    USB_HEAD,
    USB_OUT_TAIL,
    USB_RING,
    USB_RING_SIZE,
    USB_TAIL,
)

PACKET_BYTES = 4
ENDPOINT_BYTES = 64
PACKETS_A_TRANSFER = ENDPOINT_BYTES // PACKET_BYTES
DIRECTION_IN = 0x80
KEY_FOR_CONSOLE = KEY_COUNT - 1
"""The highest key, held down at power-on, brings the console back whatever the setting says."""
DEVICE_CLASS = 4
DEVICE_RELEASE = 12
CONFIGURATION_BYTES = 9
SELF_POWERED = 0xC0
MILLIAMPS_HALF = 50
SILENT_ROUNDS = 5
"""Rounds (a millisecond each) without a new frame after which the host is gone."""
BACKLOG = KEY_EVENT_SIZE - KEY_COUNT // 2
"""So many events waiting for a host that does not listen are given up, before the ring runs over."""
USB_SOF_OFFSET = USB_SOF - APB
USB_RAM_OFFSET = USB_RAM - APB
WORDS_AN_ENDPOINT = 2
"""Control words at the start of USB's RAM: IN and OUT of endpoint 1, of 2 ...; another thing stands in the place of 0's."""
NVIC_SET_ENABLE_OFFSET = NVIC_SET_ENABLE - SIO
NVIC_CLEAR_ENABLE_OFFSET = NVIC_CLEAR_ENABLE - SIO


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
def frame_moved() -> int:
    """1 if the host's frame number is another than at the last call. Lets USB's interrupt go."""
    s = ptr32(STATE)
    nvic = ptr32(s[SIO_BASE] + NVIC_SET_ENABLE_OFFSET)
    nvic[0] = 1 << IRQ_USB
    sof = ptr32(s[APB_BASE] + USB_SOF_OFFSET)
    frame = sof[0]
    if frame == s[USB_FRAME_SEEN]:
        return 0
    s[USB_FRAME_SEEN] = frame
    return 1


@micropython.viper
def events_waiting() -> int:
    """Key events that USB has not sent."""
    s = ptr32(STATE)
    return (s[KEY_EVENT_HEAD] - s[USB_OUT_TAIL]) & (KEY_EVENT_SIZE - 1)


@micropython.viper
def take_events(buffer) -> int:
    """Put the waiting key events into `buffer` as event packets, sixteen at most; return how many."""
    out = ptr8(buffer)
    s = ptr32(STATE)
    count = 0
    tail = s[USB_OUT_TAIL]
    while tail != s[KEY_EVENT_HEAD] and count < PACKETS_A_TRANSFER:
        event = s[KEY_EVENT + tail]
        status = event & 0xFF
        out[0] = status >> 4  # the code index; cable 0
        out[1] = status
        out[2] = event >> 8
        out[3] = KEY_VELOCITY
        out = ptr8(int(out) + PACKET_BYTES)
        count += 1
        tail = (tail + 1) & (KEY_EVENT_SIZE - 1)
    s[USB_OUT_TAIL] = tail
    return count


@micropython.viper
def hold_usb(control: int, packets: int) -> int:
    """Let USB's interrupt wait; return 1 if an endpoint is open and the ring has room for so many packets.

    `control` is the endpoint's word in USB's RAM, which its interrupt clears at a bus reset.
    """
    s = ptr32(STATE)
    nvic = ptr32(s[SIO_BASE] + NVIC_CLEAR_ENABLE_OFFSET)
    nvic[0] = 1 << IRQ_USB
    words = ptr32(s[APB_BASE] + USB_RAM_OFFSET)
    if words[control] and (s[USB_TAIL] - s[USB_HEAD] - 1) & (USB_RING_SIZE - 1) >= packets:
        return 1
    return 0


@micropython.viper
def let_usb_go():
    """Let USB's interrupt come again."""
    s = ptr32(STATE)
    nvic = ptr32(s[SIO_BASE] + NVIC_SET_ENABLE_OFFSET)
    nvic[0] = 1 << IRQ_USB


class UsbMidi:
    """The USB device with MIDI in it: `attach` before enumeration, `poll` every round."""

    def __init__(self):
        self._device = None
        """Made by `attach`: in service mode there is none, for MicroPython would no longer offer its console beside it."""
        self._in = bytearray(ENDPOINT_BYTES)
        self._out = bytearray(ENDPOINT_BYTES)
        whole = memoryview(self._out)
        # Made once: a slice made for each transfer would be garbage for each note.
        self._outs = [whole[: PACKET_BYTES * count] for count in range(PACKETS_A_TRANSFER + 1)]
        self.losses = 0
        """Times the host has gone while it was there."""
        self.given_up = 0
        """Key events that no program on the host took."""
        self._endpoint = 0
        self._to_host = DIRECTION_IN
        self._control = 0
        self._resync_key = KEY_COUNT
        self._silent_rounds = 0
        self._closed()

    def attach(self):
        """Describe MIDI, and the console unless a setting leaves it out, to the host. Call before the bus is up."""
        console = USBDevice.BUILTIN_CDC
        alone = settings.get("usb") == "midi"
        device = self._device = USBDevice()
        device.active(False)
        name_index = console.str_max
        about_device = bytearray(console.desc_dev)
        if alone:
            self._endpoint, interface = 1, 0
            device.builtin_driver = USBDevice.BUILTIN_NONE  # type: ignore[attr-defined]  # the stub lacks it
            configuration = bytearray((CONFIGURATION_BYTES, 2, 0, 0, 0, 1, 0, SELF_POWERED, MILLIAMPS_HALF))
            # Another shape of device: class by interface, and another release, or hosts remember the first.
            about_device[DEVICE_CLASS : DEVICE_CLASS + 3] = bytes(3)
            about_device[DEVICE_RELEASE] += 1
        else:
            self._endpoint, interface = console.ep_max, console.itf_max
            device.builtin_driver = console  # type: ignore[attr-defined]
            configuration = bytearray(console.desc_cfg)
        self._to_host = DIRECTION_IN | self._endpoint
        self._control = WORDS_AN_ENDPOINT * self._endpoint
        configuration += _descriptors(interface, self._endpoint, name_index)
        configuration[2] = len(configuration) & 0xFF
        configuration[3] = len(configuration) >> 8
        configuration[4] = interface + 2
        device.config(
            desc_dev=about_device,
            desc_cfg=configuration,
            desc_strs={name_index: "MS-20 Pico MIDI"},
            open_itf_cb=self._opened,
            reset_cb=self._reset,
            control_xfer_cb=None,
            xfer_cb=self._transferred,
        )
        device.active(True)

    def poll(self):
        """Keep both endpoints going, and notice when the host is gone; called every round."""
        if not self._open:
            state[USB_OUT_TAIL] = state[KEY_EVENT_HEAD]
            return
        if frame_moved():
            self._silent_rounds = 0
        elif self._silent_rounds < SILENT_ROUNDS:
            self._silent_rounds += 1
            if self._silent_rounds == SILENT_ROUNDS:
                self._lose()
        if not self._armed:
            self._arm()
        gone = self._silent_rounds == SILENT_ROUNDS
        waiting = events_waiting()
        if not self._sending and not gone:
            if self._resync_key < KEY_COUNT:
                self._resync()
            elif waiting:
                self._send(take_events(self._out))
        elif waiting > BACKLOG or (waiting and gone):
            self.given_up += waiting
            state[USB_OUT_TAIL] = state[KEY_EVENT_HEAD]
            self._resync_key = 0

    # No `finally` in these two: their frames would stand in the heap. If Ctrl-C comes in between, at the prompt, the
    # next round's frame_moved() lets USB's interrupt go.

    def _arm(self):
        """Let the host send, if the ring has room for a whole transfer."""
        try:
            if hold_usb(self._control + 1, PACKETS_A_TRANSFER):
                self._armed = self._device.submit_xfer(self._endpoint, self._in)  # type: ignore[union-attr]
        except OSError:
            pass
        let_usb_go()

    def _send(self, count):
        try:
            if hold_usb(self._control, 0):
                self._sending = self._device.submit_xfer(self._to_host, self._outs[count])  # type: ignore[union-attr]
        except OSError:
            pass
        let_usb_go()

    def _resync(self):
        """Send the next keys that are up as note-offs, after events were given up."""
        count = 0
        while count < PACKETS_A_TRANSFER and self._resync_key < KEY_COUNT:
            key = self._resync_key
            if not state[KEY_DOWN + key // KEY_COLUMNS] >> key % KEY_COLUMNS & 1:
                packet = (NOTE_OFF >> 4, NOTE_OFF, KEY_LOWEST_NOTE + key, KEY_VELOCITY)
                for place in range(PACKET_BYTES):
                    self._out[PACKET_BYTES * count + place] = packet[place]
                count += 1
            self._resync_key += 1
        if count:
            self._send(count)

    def _lose(self):
        self.losses += 1
        self._resync_key = 0
        state[GIVE_UP + PORT_USB] = 1

    def _closed(self):
        self._open = False
        self._armed = False
        self._sending = False

    def _opened(self, _descriptor):
        self._closed()
        self._open = True
        self._silent_rounds = 0

    def _reset(self):
        """The host resets the bus: it has come, or come back."""
        # As let_usb_go(), which needs what the tick's start leaves in memory: this may come before.
        mem32[NVIC_SET_ENABLE] = 1 << IRQ_USB
        if self._open:
            self._lose()
        self._closed()

    def _transferred(self, endpoint, result, length):
        if endpoint == self._endpoint:
            self._armed = False
            if result == 0:
                queue_packets(self._in, length)
            self._arm()
        elif endpoint == self._to_host:
            self._sending = False


usb_midi = UsbMidi()
