"""The virtual board's Node process: started, asked one question at a time, and ended whatever happens."""

import contextlib
import itertools
import json
import queue
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from ms20 import board
from ms20.errors import ChipMisuse, EmulatorCrash, ExitCode, FirmwareCrash, Ms20Error

SERVER = board.REPOSITORY / "host_tools" / "virtual_board" / "src" / "server.js"
INSTALL_NODE = "sudo apt-get install nodejs npm"
START_LIMIT_S = 60.0
"""Wall seconds that the process may take to say it is ready."""
SILENCE_LIMIT_S = 120.0
"""Wall seconds that one answer may take: a safety net, well over the slowest step of the client."""
KEPT_LINES = 50

Answer = dict[str, Any]


def find_node() -> str:
    """Path of the `node` program; raises `Ms20Error` (exit code TOOL_MISSING) where there is none."""
    node = shutil.which("node")
    if node is None:
        raise Ms20Error(
            "Node.js is needed to run the virtual board, and is not here.",
            INSTALL_NODE,
            ExitCode.TOOL_MISSING,
        )
    return node


def server_command() -> list[str]:
    """Command that starts the real server; raises `Ms20Error` (TOOL_MISSING) where a part is missing."""
    node = find_node()
    if not (SERVER.parents[1] / "node_modules").is_dir():
        raise Ms20Error(
            "The virtual board's Node packages are not installed.",
            f"npm ci --prefix {SERVER.parents[1].relative_to(board.REPOSITORY)}",
            ExitCode.TOOL_MISSING,
        )
    return [node, str(SERVER)]


class NodeProcess:
    """One running server: `ask` sends a request and returns its answer, or raises what went wrong.

    Its standard output and error are read by threads, so a full pipe or a dying process can't block the
    caller. The process has a session of its own: Ctrl-C reaches Python alone, which then ends it.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        silence_limit_s: float = SILENCE_LIMIT_S,
        start_limit_s: float = START_LIMIT_S,
        cwd: Path | None = None,
    ) -> None:
        self._silence_limit_s = silence_limit_s
        self._unusable = False
        self._answers: queue.Queue[str | None] = queue.Queue()
        self._errors: deque[str] = deque(maxlen=KEPT_LINES)
        self._numbers = itertools.count(1)
        try:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise Ms20Error(
                f"The virtual board could not be started: {error.strerror or error}.",
                INSTALL_NODE,
                ExitCode.TOOL_MISSING,
            ) from error
        self._stdin: IO[str] = _pipe(self._process.stdin)
        self._threads = [
            threading.Thread(target=self._read_answers, args=(_pipe(self._process.stdout),), daemon=True),
            threading.Thread(target=self._read_errors, args=(_pipe(self._process.stderr),), daemon=True),
        ]
        for thread in self._threads:
            thread.start()
        try:
            self.greeting = self._greeting(start_limit_s)
        except BaseException:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the server still runs."""
        return self._process.poll() is None

    def ask(self, do: str, **arguments: Any) -> Answer:
        """Send one request and return its answer.

        Raises `FirmwareCrash`, `ChipMisuse`, `EmulatorCrash` or `Ms20Error`, as the answer's `kind` says, and
        `EmulatorCrash` where the process ended, answered nonsense, or was silent for the limit.
        """
        number = next(self._numbers)
        request = {"id": number, "do": do, **arguments}
        try:
            self._stdin.write(json.dumps(request) + "\n")
            self._stdin.flush()
        except (OSError, ValueError) as error:
            raise self._ended(do) from error
        while True:
            answer = self._next(self._silence_limit_s, do)
            # An interrupted request leaves its answer behind: skip it.
            if answer.get("id") == number:
                if answer.get("ok") is not True:
                    raise _reported(do, answer)
                return answer
            if not isinstance(answer.get("id"), int) or answer["id"] > number:
                raise self._nonsense(json.dumps(answer))

    def quit(self, limit_s: float = 10.0) -> None:
        """Ask the server to write its flash file and end; kill it after `limit_s` wall seconds."""
        if not self._unusable:
            with contextlib.suppress(Ms20Error):
                self._silence_limit_s = limit_s
                self.ask("quit")
        if not self._unusable:
            with contextlib.suppress(OSError):
                self._stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(limit_s)
        self.kill()

    def kill(self) -> None:
        """End the process at once and reap it; safe to call again."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(1.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for thread in self._threads:
            thread.join(1.0)
        for stream in (self._stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError):
                if stream:
                    stream.close()

    def last_errors(self) -> str:
        """Last lines that the server wrote for people."""
        return "\n".join(self._errors)

    def _greeting(self, limit_s: float) -> Answer:
        greeting = self._next(limit_s, "start")
        if "error" in greeting:
            raise _reported("start", greeting)
        if greeting.get("ready") is not True or not isinstance(greeting.get("serial_port"), int):
            raise self._nonsense(json.dumps(greeting))
        return greeting

    def _next(self, limit_s: float, do: str) -> Answer:
        try:
            line = self._answers.get(timeout=limit_s)
        except queue.Empty:
            self._unusable = True
            raise EmulatorCrash(
                f"The virtual board has not answered `{do}` for {limit_s:g} s.",
                "run it again; if it happens again, report the command and the image",
                self.last_errors(),
            ) from None
        if line is None:
            self._answers.put(None)
            raise self._ended(do)
        try:
            answer = json.loads(line)
        except json.JSONDecodeError:
            raise self._nonsense(line) from None
        if not isinstance(answer, dict):
            raise self._nonsense(line)
        return answer

    def _ended(self, do: str) -> EmulatorCrash:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        self._threads[1].join(2.0)
        code = self._process.returncode
        how = f"was ended by signal {-code}" if code is not None and code < 0 else f"ended with code {code}"
        return EmulatorCrash(f"The virtual board's process {how} during `{do}`.", console=self.last_errors())

    def _nonsense(self, line: str) -> EmulatorCrash:
        self._unusable = True
        return EmulatorCrash(
            f"The virtual board answered something that is not in its protocol: {line.strip()[:200]!r}.",
            console=self.last_errors(),
        )

    def _read_answers(self, stream: IO[str]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                if line.strip():
                    self._answers.put(line)
        self._answers.put(None)

    def _read_errors(self, stream: IO[str]) -> None:
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                self._errors.append(line.rstrip("\n"))


def _pipe(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise EmulatorCrash("The virtual board's process was started without a pipe.")
    return stream


def _reported(do: str, answer: Answer) -> Ms20Error:
    """The error that an answer reports; its message is a whole sentence already."""
    error = answer.get("error")
    if not isinstance(error, dict):
        return EmulatorCrash(
            f"The virtual board refused `{do}` without a reason: {json.dumps(answer)[:200]}."
        )
    kind, message = str(error.get("kind", "")), str(error.get("message", "no message"))
    console = error.get("console") or ""
    text = "\n".join(map(str, console)) if isinstance(console, list) else str(console)
    if kind == "firmware-crash":
        return FirmwareCrash(message, console=text)
    if kind == "chip-misuse":
        return ChipMisuse(f"The firmware misused a chip: {message}", console=text)
    if kind == "bad-image":
        hint = "build it anew with `ms20 image`"
        return Ms20Error(message, hint, ExitCode.BAD_IMAGE)
    if kind == "bad-request":
        return Ms20Error(message, exit_code=ExitCode.USAGE)
    return EmulatorCrash(message, console=text)
