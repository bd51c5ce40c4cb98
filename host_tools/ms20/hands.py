"""What hands do to the instrument: at once on a `VirtualBoard`, or at given times in a `Schedule`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Protocol

from ms20 import board


class HasFractions(Protocol):
    """Anything that gives a fraction 0..1 for panel channels; a `Panel` does."""

    def fractions(self) -> Mapping[int, float]:
        """Fractions by channel number (mux * 16 + address)."""


class Hands(ABC):
    """Switches, knobs, keys, plugs, cables and the oscillators' edges. Unknown names raise `Ms20Error`."""

    @abstractmethod
    def _do(self, do: str, **arguments: Any) -> None:
        """Carry out, or note down, one of the requests that take no time."""

    def power_on(self) -> None:
        """Turn VOLUME's switch on; the firmware boots as time passes."""
        self._do("power", on=True)

    def power_off(self) -> None:
        """Turn VOLUME's switch off: the supply is gone at once."""
        self._do("power", on=False)

    def set_knob(self, name: str, value: float | str) -> None:
        """Turn a knob to its panel value: 0..10, -5..+5 for a centred one, a rotary's word or place 1..4."""
        control = board.control(name)
        self.set_channel(control.channel, control.fraction(value))

    def set_channel(self, channel: int, fraction: float) -> None:
        """Put a fraction 0..1 of the ADC's span on a multiplexer channel (0-47), a monitor's for instance."""
        self._do("knob", channel=channel, fraction=fraction)

    def set_panel(self, panel: HasFractions) -> None:
        """Turn every knob to a panel's settings."""
        self._do("knob_many", values=[[channel, value] for channel, value in panel.fractions().items()])

    def press(self, note: int) -> None:
        """Press the key that plays a MIDI note (48..84)."""
        self._do("key", key=board.key_of_note(note), down=True)

    def release(self, note: int) -> None:
        """Let go of the key that plays a MIDI note (48..84)."""
        self._do("key", key=board.key_of_note(note), down=False)

    def plug(self, jack: str, volts: float = 0.0) -> None:
        """Put a plug that carries a steady voltage into a jack."""
        self._do("jack", name=board.jack(jack), volts=volts)

    def unplug(self, jack: str) -> None:
        """Pull the plug out of a jack."""
        self._do("jack", name=board.jack(jack), volts=None)

    def connect_usb(self) -> None:
        """Plug the USB cable in."""
        self._do("usb", connected=True)

    def disconnect_usb(self) -> None:
        """Pull the USB cable."""
        self._do("usb", connected=False)

    def suspend_usb(self, asleep: bool = True) -> None:
        """Send the computer at the USB cable to sleep (the bus stands still), or with False wake it."""
        self._do("usb_suspend", on=asleep)

    def set_tune_edges(self, hz: float) -> None:
        """Put a square wave on TUNE; 0 stops it."""
        self._do("edges", pin="tune", hz=hz)

    def set_f_v_edges(self, hz: float) -> None:
        """Put a square wave on F-V; 0 stops it."""
        self._do("edges", pin="f_v", hz=hz)


class Schedule:
    """What hands are to do at given times: `schedule.at(1.5).press(60)`, in any order, as often as need be."""

    def __init__(self) -> None:
        self.requests: list[tuple[float, dict[str, Any]]] = []
        """Times in simulated nanoseconds and requests of PROTOCOL.md, as they were given."""

    def at(self, time_s: float) -> Hands:
        """The hands at a simulated time (seconds on the board's clock); they can do several things at once."""
        return _HandsAt(self, nanoseconds(time_s))


class _HandsAt(Hands):
    def __init__(self, schedule: Schedule, at_ns: float) -> None:
        self._schedule = schedule
        self._at_ns = at_ns

    def _do(self, do: str, **arguments: Any) -> None:
        self._schedule.requests.append((self._at_ns, {"do": do, **arguments}))


def nanoseconds(seconds: float) -> float:
    """A time in the protocol's unit; to the picosecond, so that no edge loses its place among thousands."""
    return round(seconds * 1e9, 3)
