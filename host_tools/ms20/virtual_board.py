"""The instrument on the virtual bench, spoken to in its own words; all times are simulated seconds."""

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from ms20 import board
from ms20.board_process import BoardProcess
from ms20.errors import ExitCode, Ms20Error, NothingHappened
from ms20.hands import Hands, HasFractions, Schedule, nanoseconds
from ms20.node_process import SILENCE_LIMIT_S, Answer
from ms20.timeline import Kind
from ms20.usb_midi import Packetiser

READY_LIMIT_S = 3.0
READY_STEP_S = 0.01
BOARD = board.BOARD


class VirtualBoard(Hands, BoardProcess):
    """The instrument: its knobs, keys, jacks, MIDI inputs and lights, and its voltages.

    `panel` is set before power is switched on. For the other arguments, and for what can be raised, see
    `BoardProcess`; for what a player can do, `Hands`. Unknown names raise `Ms20Error` with the nearest ones.
    """

    def __init__(
        self,
        image: Path,
        *,
        flash: Path | None = None,
        panel: HasFractions | None = None,
        link: Path | None = None,
        command: Sequence[str] | None = None,
        chips: Mapping[str, Any] | None = None,
        usb_host: Mapping[str, Any] | None = None,
        silence_limit_s: float = SILENCE_LIMIT_S,
        usb: bool = True,
    ) -> None:
        super().__init__(
            image,
            flash=flash,
            link=link,
            command=command,
            chips=chips,
            usb_host=usb_host,
            silence_limit_s=silence_limit_s,
            usb=usb,
        )
        self._panel = panel
        self._packetiser = Packetiser()

    def start(self) -> None:
        """Start the Node process: a board without power, its knobs at the panel's settings."""
        super().start()
        try:
            if self._panel is not None:
                self.set_panel(self._panel)
        except BaseException:
            self.close(at_once=True)
            raise

    # --- what a player does --------------------------------------------------------------------------------

    def _do(self, do: str, **arguments: Any) -> None:
        self.ask(do, **arguments)

    @contextlib.contextmanager
    def schedule(self) -> Iterator[Schedule]:
        """Note down what hands do at which simulated times; all of it is sent when the block ends.

            with board.schedule() as later:
                later.at(1.0).press(60)
                later.at(1.5).set_knob("LPF CUTOFF FREQUENCY", 7)

        The times are exact, later than now, and in any order; thousands are one request. Of a block that
        raises, or that holds something the board refuses, nothing is scheduled.
        """
        schedule = Schedule()
        yield schedule
        self.ask("schedule", requests=schedule.requests)

    def schedule_edges(self, pin: Literal["tune", "f_v"], times: Iterable[float]) -> None:
        """Make TUNE or F-V toggle at these times (s, ascending, later than now), and then stand still.

        It ends the square wave of `set_tune_edges` or `set_f_v_edges`, and what was scheduled before.
        """
        self.ask("edge_times", pin=pin, times_ns=[nanoseconds(float(each)) for each in times])

    def type_text(self, text: str) -> None:
        """Type into the serial console."""
        self.ask("terminal", text=text)

    # --- MIDI ----------------------------------------------------------------------------------------------

    def send_din(self, data: bytes, at: float | None = None) -> None:
        """Send MIDI bytes to the DIN input at 31 250 baud, the first not before `at` (s), else from now."""
        self.ask("din", bytes=list(data), **_at(at))

    def schedule_din(self, messages: Iterable[tuple[float, bytes]]) -> None:
        """Send timed messages (seconds, bytes) to the DIN input, a whole file at once."""
        self.ask("din_many", messages=[[_ns(at), list(data)] for at, data in messages])

    def send_usb(self, data: bytes, at: float | None = None) -> None:
        """Send MIDI bytes by USB as event packets, from `at` (s), else from now; running status goes on."""
        self.ask("usb_midi", packets=[list(each) for each in self._packetiser.feed(data)], **_at(at))

    def schedule_usb(self, messages: Iterable[tuple[float, bytes]]) -> None:
        """Send timed messages (seconds, bytes) by USB, a whole file at once."""
        timed = [[_ns(at), [list(each) for each in self._packetiser.feed(data)]] for at, data in messages]
        self.ask("usb_midi_many", messages=[each for each in timed if each[1]])

    def break_din_byte(self, at: float | None = None) -> None:
        """Send one byte with a broken stop bit to the DIN input."""
        self.ask("din_fault", kind="framing", at_ns=_ns(self._now_s if at is None else at))

    def break_din(self, duration: float, at: float | None = None) -> None:
        """Hold the DIN line low for `duration` seconds."""
        start_ns = _ns(self._now_s if at is None else at)
        self.ask("din_fault", kind="break", at_ns=start_ns, duration_ns=_ns(duration))

    # --- what there is to see ------------------------------------------------------------------------------

    def state(self) -> Answer:
        """Everything that the board shows just now (PROTOCOL.md, `state`)."""
        return self.ask("state")

    def cv(self, name: str) -> float:
        """Volts on a DAC output."""
        return float(self.state()["dac_volts"][board.cv_channel(name)])

    def note_of(self, name: str = "VCO 1 PITCH") -> float:
        """The MIDI note that a pitch CV stands for, fractions included; for Hz/V outputs likewise."""
        channel, volts = board.cv_channel(name), self.cv(name)
        if channel in (BOARD.CV_VCO1_PITCH, BOARD.CV_VCO2_PITCH):
            return float(BOARD.PITCH_ZERO_VOLT_NOTE + 12.0 * volts / BOARD.PITCH_VOLTS_PER_OCTAVE)
        if channel in (BOARD.CV_KBD_CV_OUT, BOARD.CV_F_V_CV_OUT):
            return float(BOARD.KBD_CV_ONE_VOLT_NOTE + 12.0 * math.log2(max(volts, 1e-9)))
        raise Ms20Error(f"{name} does not carry a pitch.", exit_code=ExitCode.USAGE)

    def trigger(self) -> bool:
        """Whether KBD TRIG OUT is shorted to ground."""
        return bool(self.state()["trigger"])

    def mg_b(self) -> bool:
        """Whether MG OUT B is high."""
        return bool(self.state()["mg_b"])

    def leds(self) -> set[str]:
        """Names of the LEDs that are lit."""
        return set(self.state()["leds"])

    def wave(self, oscillator: str) -> str:
        """The wave form that the selector of "VCO 1" or "VCO 2" is switched to, in the panel's word."""
        bits = {"VCO 1": BOARD.OUT_VCO1_WAVE, "VCO 2": BOARD.OUT_VCO2_WAVE}
        if oscillator not in bits:
            raise Ms20Error(f"There is no oscillator {oscillator!r}.", "VCO 1 or VCO 2", ExitCode.USAGE)
        position = self.state()["shift_out"] >> bits[oscillator] & 3
        return board.control(f"{oscillator} WAVE FORM").words[int(position)]

    @property
    def console(self) -> str:
        """All that the firmware has printed on its console."""
        return str(self.state()["console"])

    def usb_strings(self) -> list[str]:
        """The texts of the USB descriptors, the maker's and the product's name among them."""
        found = self.state()["usb_strings"]
        return [str(each) for each in (found.values() if isinstance(found, dict) else found)]

    def misuse(self) -> list[str]:
        """What the chip models found wrong with the way they were used."""
        return [f"{each['chip']}: {each['sentence']}" for each in self.state()["misuse"]]

    # --- waiting -------------------------------------------------------------------------------------------

    def wait_for_trigger(self, limit: float = 1.0) -> float:
        """Run until KBD TRIG OUT is shorted: that time (s). Raises `NothingHappened` at the limit."""
        return self.wait_for(Kind.TRIGGER, limit, value=1)[0]

    def wait_until_ready(self, limit: float = READY_LIMIT_S) -> None:
        """Run until STANDBY ON is lit and the DAC is being renewed. Raises `NothingHappened` at the limit."""
        end_s = self._now_s + limit
        latched = self.stats().latches
        while not ("STANDBY ON" in self.leds() and self.stats().latches > latched):
            if self._now_s >= end_s:
                raise NothingHappened(
                    f"The instrument was not ready within {limit:g} simulated s.\n{self.console[-1000:]}",
                    "look at its console with `ms20 serve` and a terminal",
                    ExitCode.FIRMWARE_CRASH,
                )
            self.advance(READY_STEP_S)

    def wait_for_usb(self, limit: float = READY_LIMIT_S) -> None:
        """Run until the host has configured the USB device. Raises `NothingHappened` at the limit."""
        end_s = self._now_s + limit
        while self.state()["usb"] != "configured":
            if self._now_s >= end_s:
                raise NothingHappened(f"USB was not configured within {limit:g} simulated s.")
            self.advance(READY_STEP_S)


def _ns(seconds: float) -> int:
    return round(seconds * 1e9)


def _at(seconds: float | None) -> dict[str, int]:
    return {} if seconds is None else {"at_ns": _ns(seconds)}
