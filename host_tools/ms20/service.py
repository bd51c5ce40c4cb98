"""The instrument's service spoken to by programs: framed lines on its serial console while it plays.

The agreement is in firmware/src/service_port.py: `?17 get bend*5A1C` is answered by `!17 ok 2*90E1` or by
`!17 no SENTENCE*....`. What else appears on the console passes by.
"""

import json
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

from ms20.errors import ExitCode, Ms20Error, NothingHappened
from ms20.virtual_board import VirtualBoard

CRC_START = 0xFFFF
CRC_POLYNOMIAL = 0x1021
ANSWER_LIMIT_S = 2.0
TRIES = 3
STEP_S = 0.005


class Refused(Ms20Error):  # noqa: N818 - what the instrument says, not a failure of this program
    """The instrument did not do what it was asked; the message is its own sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(f"The instrument refuses: {sentence}.", exit_code=ExitCode.REFUSED)
        self.sentence = sentence


def crc16(data: bytes) -> int:
    """CRC-16 (CCITT, from FFFF), as service_port.py reckons it."""
    crc = CRC_START
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ CRC_POLYNOMIAL) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def frame(number: int, words: str) -> str:
    """The asking line for a command, its end of line included."""
    body = f"?{number} {words}"
    return f"{body}*{crc16(body.encode()):04X}\n"


def answer_in(text: str, number: int) -> tuple[bool, str] | None:
    """Find the whole answer to a number in console text: whether it was done, and what was said; else None."""
    for line in text.splitlines():
        body, star, total = line.rpartition("*")
        if not body.startswith(f"!{number} ") or not star or total != f"{crc16(body.encode()):04X}":
            continue
        _, verdict, said = [*body.split(" ", 2), ""][:3]
        return verdict == "ok", said
    return None


class Service(ABC):
    """Commands to a playing instrument; `ask` gives the answer as text, `read` as data."""

    def __init__(self) -> None:
        self._number = 0

    def ask(self, words: str) -> str:
        """Carry out a command and return its answer; a refusal raises `Refused`, silence `NothingHappened`.

        A line that was damaged on its way is asked again, a few times.
        """
        for _ in range(TRIES):
            self._number += 1
            found = self._exchange(frame(self._number, words), self._number)
            if found is None:
                continue
            done, said = found
            if not done:
                raise Refused(said)
            return said
        raise NothingHappened(
            "The instrument does not answer.",
            "see that it plays, is in no service mode (power it off and on) and that no terminal holds its port",
            ExitCode.NO_ANSWER,
        )

    def read(self, words: str) -> Any:
        """Carry out a command whose answer is data (JSON)."""
        return json.loads(self.ask(words))

    @abstractmethod
    def _exchange(self, line: str, number: int) -> tuple[bool, str] | None:
        """Send a line and wait for the answer with its number; None if none came."""


class BoardService(Service):
    """The service of a virtual board, in simulated time."""

    def __init__(self, board: VirtualBoard) -> None:
        super().__init__()
        self._board = board

    def _exchange(self, line: str, number: int) -> tuple[bool, str] | None:
        seen = len(self._board.console)
        end_s = self._board.now + ANSWER_LIMIT_S
        self._board.type_text(line)
        while self._board.now < end_s:
            self._board.advance(STEP_S)
            found = answer_in(self._board.console[seen:], number)
            if found is not None:
                return found
        return None


class SerialService(Service):
    """The service of an instrument on a serial port (a path, or a pyserial URL)."""

    def __init__(self, port: str) -> None:
        super().__init__()
        import serial

        try:
            self._serial = serial.serial_for_url(port, timeout=0.05)
        except (OSError, ValueError) as error:
            raise Ms20Error(
                f"{port} cannot be opened: {error}.",
                "another port (python -m serial.tools.list_ports), or close what has it open",
                ExitCode.NO_ANSWER,
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serial.close()

    def _exchange(self, line: str, number: int) -> tuple[bool, str] | None:
        heard = ""
        end_s = time.monotonic() + ANSWER_LIMIT_S
        try:
            self._serial.write(line.encode())
            while time.monotonic() < end_s:
                heard += self._serial.read(4096).decode(errors="replace")
                found = answer_in(heard, number)
                if found is not None:
                    return found
        except OSError as error:
            raise Ms20Error(
                f"The port went away: {error}.", "plug the instrument in again", ExitCode.NO_ANSWER
            ) from error
        return None
