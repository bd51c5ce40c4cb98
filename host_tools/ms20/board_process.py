"""The virtual board's process: its files, its simulated time, its statistics and the recorded timeline."""

import contextlib
import json
import math
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ms20 import board, node_process
from ms20.errors import EmulatorCrash, ExitCode, Ms20Error, NothingHappened
from ms20.node_process import SILENCE_LIMIT_S, Answer, NodeProcess
from ms20.serial_link import SerialLink
from ms20.timeline import Kind, Timeline

STEP_S = 0.25
"""Longest simulated time asked for in one request, so that progress and Ctrl-C come through."""


@dataclass(frozen=True)
class Stats:
    """What running took: simulated and wall seconds, processor cycles, and the latches made."""

    simulated_s: float
    wall_s: float
    cycles: int
    sleep_cycles: int
    tick_cycles: float
    xip_misses: int
    latches: int
    visits: tuple[int, ...] = ()

    @property
    def speed(self) -> float:
        """Simulated seconds per wall second."""
        return self.simulated_s / self.wall_s if self.wall_s else 0.0

    @property
    def busy_percent(self) -> float:
        """Share of the processor's cycles in which it did not sleep."""
        total = self.cycles + self.sleep_cycles
        return 100.0 * self.cycles / total if total else 0.0

    @property
    def tick_load_percent(self) -> float:
        """Share of the processor's cycles, asleep or not, that the tick took: its interrupt's way in and out too."""
        total = self.cycles + self.sleep_cycles
        return 100.0 * self.tick_cycles / total if total else 0.0

    def since(self, earlier: "Stats") -> "Stats":
        """What was added since an earlier reading."""
        mine, theirs = dict(vars(self)), dict(vars(earlier))
        counts = zip(mine.pop("visits"), theirs.pop("visits"), strict=True)
        added = {name: mine[name] - theirs[name] for name in mine}
        return Stats(**added, visits=tuple(now - before for now, before in counts))


class BoardProcess:
    """The board with one firmware image; a context manager that starts and ends its Node process.

    Simulated time passes only in `advance`, `wait_for` and `running_freely`. The flash lives in a
    temporary file unless `flash` names one, which then keeps the settings from one run to the next. `chips`
    gives parts that behave otherwise than the data sheets' first reading (ChipOptions in src/chips/index.js),
    `usb_host` a host that is pickier than a computer (UsbHostOptions in src/usb_host.js).
    Everything may raise `FirmwareCrash`, `ChipMisuse` or `EmulatorCrash` with the console's last lines.
    """

    def __init__(
        self,
        image: Path,
        *,
        flash: Path | None = None,
        link: Path | None = None,
        command: Sequence[str] | None = None,
        chips: Mapping[str, Any] | None = None,
        usb_host: Mapping[str, Any] | None = None,
        silence_limit_s: float = SILENCE_LIMIT_S,
        usb: bool = True,
    ) -> None:
        self.image = image
        self._flash = flash
        self._link = link
        self._command = command
        self._chips = dict(chips or {})
        self._usb_host = dict(usb_host or {})
        self._silence_limit_s = silence_limit_s
        self._usb_connected = usb
        self._process: NodeProcess | None = None
        self._serial: SerialLink | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._now_s = 0.0

    # --- the process ---------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(at_once=error is not None and self._flash is None)

    def start(self) -> None:
        """Start the Node process: a board without power."""
        if not self.image.is_file():
            raise Ms20Error(f"There is no firmware image {self.image}.", "make image", ExitCode.BAD_IMAGE)
        command = list(self._command) if self._command is not None else node_process.server_command()
        self._directory = tempfile.TemporaryDirectory(prefix="ms20-")
        try:
            files = Path(self._directory.name)
            declared = files / "board.json"
            declared.write_text(board.to_json(), encoding="utf-8")
            flash = self._flash if self._flash is not None else files / "flash.bin"
            command += ["--board", str(declared), "--firmware", str(self.image.resolve())]
            command += ["--flash", str(flash.resolve()), "--serial-port", "0"]
            command += [] if self._usb_connected else ["--no-usb"]
            command += ["--chips", json.dumps(self._chips)] if self._chips else []
            command += ["--usb-host", json.dumps(self._usb_host)] if self._usb_host else []
            self._process = NodeProcess(command, silence_limit_s=self._silence_limit_s)
            self._serial = SerialLink(int(self._process.greeting["serial_port"]), self._link)
        except BaseException:
            self.close(at_once=True)
            raise

    def close(self, at_once: bool = False) -> None:
        """End the Node process and remove the temporary files; `at_once` does not wait for it to save."""
        if self._serial is not None:
            self._serial.close()
            self._serial = None
        if self._process is not None:
            process, self._process = self._process, None
            if at_once:
                process.kill()
            else:
                process.quit()
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None

    @property
    def pid(self) -> int:
        """Process id of the Node process."""
        return self._running().pid

    @property
    def serial(self) -> SerialLink:
        """The CDC console for other programs: `.pty` is a path, `.tcp` a URL."""
        self._running()
        assert self._serial is not None
        return self._serial

    @property
    def now(self) -> float:
        """Simulated seconds since the process started, as of the last answer."""
        return self._now_s

    def ask(self, do: str, **arguments: Any) -> Answer:
        """Send one request of PROTOCOL.md and return its answer."""
        answer = self._running().ask(do, **arguments)
        if isinstance(answer.get("now_ns"), int | float):
            self._now_s = answer["now_ns"] / 1e9
        return answer

    def _running(self) -> NodeProcess:
        if self._process is None:
            raise Ms20Error(
                "The virtual board is not running.", "use it inside `with VirtualBoard(...) as ...:`"
            )
        return self._process

    # --- time ----------------------------------------------------------------------------------------------

    def advance(self, seconds: float, progress: Callable[[float], None] | None = None) -> None:
        """Let simulated time pass; `progress` is told the seconds done so far after each step."""
        if not seconds >= 0.0 or math.isinf(seconds):
            raise ValueError(f"time can't advance by {seconds} s")
        total_ns = round(seconds * 1e9)
        step_ns = round(STEP_S * 1e9)
        for start_ns in range(0, total_ns, step_ns):
            this_ns = min(step_ns, total_ns - start_ns)
            self.ask("advance", ns=this_ns)
            if progress is not None:
                progress((start_ns + this_ns) / 1e9)

    def wait_for(
        self, kind: Kind, limit: float, index: int | None = None, value: int | None = None
    ) -> tuple[float, int]:
        """Run until the next record of a kind (and index, and value): its time (s) and value.

        Raises `NothingHappened` where none came within `limit` seconds.
        """
        end_s = self._now_s + limit
        which = {} if index is None else {"index": index}
        while True:
            left_ns = max(0, round((end_s - self._now_s) * 1e9))
            answer = self.ask("advance_until", kind=kind.name, limit_ns=left_ns, **which)
            if answer.get("t_ns") is None:
                raise NothingHappened(f"Nothing of kind {kind.name} happened within {limit:g} s.")
            if value is None or answer["value"] == value:
                return answer["t_ns"] / 1e9, int(answer["value"])

    @contextlib.contextmanager
    def running_freely(self, speed: float | None = None) -> Iterator[None]:
        """Let the board run on its own, for programs on `serial`; at most `speed` x real time."""
        self.ask("free_run", on=True, **({} if speed is None else {"speed": speed}))
        try:
            yield
        finally:
            if self._process is not None and self._process.alive:
                self.ask("free_run", on=False)

    def stats(self) -> Stats:
        """What running took so far."""
        found = self.ask("stats")
        try:
            return Stats(
                simulated_s=found["simulated_ns"] / 1e9,
                wall_s=found["wall_ns"] / 1e9,
                cycles=int(found["cycles"]),
                sleep_cycles=int(found["sleep_cycles"]),
                tick_cycles=float(found["tick_cycles"]),
                xip_misses=int(found["xip_misses"]),
                latches=int(found["latches"]),
                visits=tuple(int(each) for each in found.get("visits", ())),
            )
        except KeyError as error:
            raise EmulatorCrash(f"The virtual board's statistics lack {error}.") from None

    def timeline(self, clear: bool = False) -> Timeline:
        """Everything recorded so far (or since the last `clear`)."""
        self._running()
        assert self._directory is not None
        path = Path(self._directory.name) / "timeline.bin"
        self.ask("timeline", path=str(path), clear=clear)
        try:
            return Timeline.from_file(path, end_s=self._now_s)
        finally:
            path.unlink(missing_ok=True)
