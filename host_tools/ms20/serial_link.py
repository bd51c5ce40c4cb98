"""The instrument's serial console for other programs: a pty under a stable name, and a TCP port."""

import contextlib
import errno
import os
import select
import socket
import tempfile
import threading
import time
import tty
from pathlib import Path

PAUSE_S = 0.02
"""Wall seconds between looks at a pty that nobody has open."""
CHUNK = 4096
MOST_WAITING = 65536
"""Bytes held for a side that does not read; reading from the other stops until they are taken."""
LAST_WORDS_S = 0.1
"""Wall seconds that a program has for what the board said before it went: a hang-up drops what is not read."""


class SerialLink:
    """The CDC console as `pty` (a path for mpremote and terminals) and as `tcp` (a pyserial URL).

    The server talks to one client at a time: the pty takes the TCP port while a program has it open, and
    leaves it when that program closes it. The path is a symlink: mpremote never times out on /dev/pts/N.
    When the USB device goes (a reset, a pulled cable, power off), whoever has the pty open sees it hang up, as
    a /dev/ttyACM0 does. The path stays, and can be opened again at once.
    """

    def __init__(self, tcp_port: int, link: Path | None = None) -> None:
        self._tcp_port = tcp_port
        self._link = link
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._pump: PtyPump | None = None

    @property
    def tcp(self) -> str:
        """URL that pyserial and mpremote open: socket://127.0.0.1:PORT."""
        return f"socket://127.0.0.1:{self._tcp_port}"

    @property
    def tcp_port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return self._tcp_port

    @property
    def pty(self) -> Path:
        """Path of the serial port; the pty is made when first asked for."""
        if self._pump is None:
            if self._link is None:
                self._directory = tempfile.TemporaryDirectory(prefix="ms20-")
                self._link = Path(self._directory.name) / "ttyMS20"
            self._pump = PtyPump(self._tcp_port, self._link)
        return self._pump.link

    def close(self) -> None:
        """Remove the pty and its symlink; safe to call again."""
        if self._pump is not None:
            self._pump.close()
            self._pump = None
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None
            self._link = None


class PtyPump:
    """A pty pair whose far side a thread connects to a TCP port while a program has the near side open.

    Only closing the far side hangs the near side up, so each hang-up ends a pair and makes another.
    """

    def __init__(self, tcp_port: int, link: Path) -> None:
        self.link = link
        self._tcp_port = tcp_port
        self._stop = threading.Event()
        link.parent.mkdir(parents=True, exist_ok=True)
        self._master, self.device = _new_pair()
        _point(link, self.device)
        self._thread = threading.Thread(target=self._run, name="ms20-pty", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop the thread, close the pty and remove the symlink if it is still this pty's."""
        self._stop.set()
        self._thread.join(5.0)
        os.close(self._master)
        if self._is_ours():
            self.link.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self._opened():
                self._stop.wait(PAUSE_S)
                continue
            try:
                with socket.create_connection(("127.0.0.1", self._tcp_port), timeout=5.0) as connection:
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    connection.setblocking(False)
                    gone = self._carry(connection)
            except ConnectionRefusedError:
                gone = True
            except OSError:
                # Another client has the port and this one was turned away, or the system is short of something.
                self._stop.wait(PAUSE_S)
                continue
            if gone:
                self._hang_up()

    def _hang_up(self) -> None:
        """Close the pty under the program that has it open; the name leads to a new one by then."""
        left, ours = self._master, self._is_ours()
        self._master, self.device = _new_pair()
        if ours:
            _point(self.link, self.device)
        os.close(left)

    def _is_ours(self) -> bool:
        try:
            return self.link.readlink() == Path(self.device)
        except OSError:
            return False

    def _opened(self, wait_s: float = 0.0) -> bool:
        """Whether a program has the pty open, and keeps it open for so long."""
        poll = select.poll()
        poll.register(self._master, 0)
        return not any(event & select.POLLHUP for _, event in poll.poll(wait_s * 1000))

    def _carry(self, connection: socket.socket) -> bool:
        """Carry bytes both ways until either side closes: whether the program is to see a hang-up."""
        to_board, to_program = bytearray(), bytearray()
        while not self._stop.is_set():
            reading: list[int] = []
            if len(to_board) < MOST_WAITING:
                reading.append(self._master)
            if len(to_program) < MOST_WAITING:
                reading.append(connection.fileno())
            writing = ([self._master] if to_program else []) + ([connection.fileno()] if to_board else [])
            readable, writable, _ = select.select(reading, writing, [], 0.1)
            if self._master in readable:
                data = self._read_pty()
                if data is None:
                    if to_board:
                        connection.setblocking(True)
                        connection.sendall(to_board)
                    return False
                to_board += data
            if connection.fileno() in readable:
                data = connection.recv(CHUNK)
                if not data:
                    return self._say_last(to_program)
                to_program += data
            if self._master in writable:
                with contextlib.suppress(BlockingIOError):
                    del to_program[: os.write(self._master, to_program)]
            if connection.fileno() in writable:
                del to_board[: connection.send(to_board)]
        return False

    def _say_last(self, words: bytearray) -> bool:
        """Give the program time for the board's last words: whether it still has the port open then."""
        end_s = time.monotonic() + LAST_WORDS_S
        while (left_s := end_s - time.monotonic()) > 0.0 and not self._stop.is_set():
            if not self._opened(min(left_s, PAUSE_S)):
                return False
            if words:
                with contextlib.suppress(BlockingIOError):
                    del words[: os.write(self._master, words)]
        return True

    def _read_pty(self) -> bytes | None:
        """Bytes that the program wrote; None once it has closed the port."""
        try:
            return os.read(self._master, CHUNK)
        except BlockingIOError:
            return b""
        except OSError as error:
            if error.errno == errno.EIO:
                return None
            raise


def _new_pair() -> tuple[int, str]:
    """Make a raw pty that nobody has open: its far side, and the path of its near side."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    device = os.ttyname(slave)
    # Closed at least once, an unused pty reports a hang-up, which tells the thread that nobody is there.
    os.close(slave)
    return master, device


def _point(link: Path, device: str) -> None:
    # A symlink can't be replaced in place: make a new one beside it and rename it over the old.
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(device)
    fresh.replace(link)
