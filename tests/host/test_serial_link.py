"""The serial console's pty: bytes both ways, opened and closed again and again, and nothing left behind."""

import contextlib
import errno
import os
import select
import socket
import stat
import struct
import threading
import time

import pytest
import serial
from ms20.serial_link import SerialLink

GOODBYE = b"last words"


@pytest.fixture
def port():
    """A TCP port that sends everything back in capitals, one client at a time, as the server does.

    A "!" makes it say its last words and close the connection, as when the USB device goes.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client:
                    while data := client.recv(4096):
                        client.sendall(data.upper())
                        if data.endswith(b"!"):
                            client.sendall(GOODBYE)
                            break

    threading.Thread(target=run, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


@pytest.fixture
def link(port, tmp_path):
    made = SerialLink(port, tmp_path / "run" / "ttyMS20")
    yield made
    made.close()


def asked(path, text, length=None):
    with serial.serial_for_url(str(path), baudrate=115200, timeout=10, exclusive=True) as terminal:
        terminal.write(text)
        return terminal.read(length or len(text))


def test_bytes_go_both_ways_unchanged(link):
    every = bytes(byte for byte in range(256) if not ord("a") <= byte <= ord("z"))
    with serial.serial_for_url(str(link.pty), timeout=10) as terminal:
        terminal.write(every)
        assert terminal.read(len(every)) == every.upper()


def test_opened_again_and_again(link):
    for number in range(5):
        assert asked(link.pty, b"hello %d" % number) == b"HELLO %d" % number


def test_much_at_once(link):
    text = b"abcdefgh" * 30_000
    with serial.serial_for_url(str(link.pty), timeout=20) as terminal:
        writer = threading.Thread(target=terminal.write, args=(text,))
        writer.start()
        assert terminal.read(len(text)) == text.upper()
        writer.join()


def test_the_tcp_port_is_free_while_nobody_has_the_pty_open(link):
    assert asked(link.pty, b"first") == b"FIRST"
    assert asked(link.tcp, b"second") == b"SECOND"
    assert link.tcp == f"socket://127.0.0.1:{link.tcp_port}"


def test_an_old_symlink_is_replaced_and_its_own_removed(port, tmp_path):
    path = tmp_path / "ttyMS20"
    path.symlink_to("/nowhere")
    link = SerialLink(port, path)
    assert asked(link.pty, b"x") == b"X"
    link.close()
    assert not path.is_symlink()
    link.close()


def test_another_symlink_in_its_place_stays(port, tmp_path):
    path = tmp_path / "ttyMS20"
    link = SerialLink(port, path)
    assert link.pty == path
    path.unlink()
    path.symlink_to("/elsewhere")
    link.close()
    assert path.is_symlink()


def test_a_temporary_place_is_removed(port):
    link = SerialLink(port)
    path = link.pty
    assert path.is_symlink()
    link.close()
    assert not path.parent.exists()


def hung_up(file, limit_s=10.0):
    poll = select.poll()
    poll.register(file, 0)
    return any(event & select.POLLHUP for _, event in poll.poll(limit_s * 1000))


def read_to_the_end(file):
    heard = b""
    with contextlib.suppress(OSError):
        while data := os.read(file, 100):
            heard += data
    return heard


def test_the_device_going_hangs_the_port_up(link):
    file = os.open(link.pty, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(file, b"go!")
        assert read_to_the_end(file) == b"GO!" + GOODBYE
        assert hung_up(file)
        with pytest.raises(OSError) as caught:
            os.write(file, b"anybody?")
        assert caught.value.errno == errno.EIO
    finally:
        os.close(file)


def test_after_a_hang_up_the_same_name_opens_again(link):
    for number in range(3):
        assert asked(link.pty, b"before %d" % number) == b"BEFORE %d" % number
        with serial.serial_for_url(str(link.pty), timeout=10, exclusive=True) as terminal:
            place = link.pty.readlink()
            terminal.write(b"!")
            with pytest.raises(serial.SerialException):
                terminal.read(1000)
            # The first program may still hold its dead port when the next opens the name.
            assert asked(link.pty, b"after") == b"AFTER"
            assert link.pty.readlink() != place
    assert stat.S_ISCHR(link.pty.stat().st_mode)


def test_the_name_never_leads_nowhere(link):
    stop, gaps = threading.Event(), []

    def look():
        while not stop.is_set():
            if not link.pty.exists():
                gaps.append(link.pty)

    watcher = threading.Thread(target=look)
    asked(link.pty, b"x")
    watcher.start()
    try:
        for _ in range(3):
            file = os.open(link.pty, os.O_RDWR | os.O_NOCTTY)
            os.write(file, b"!")
            assert hung_up(file)
            os.close(file)
    finally:
        stop.set()
        watcher.join()
    assert gaps == []


def test_a_program_that_has_closed_its_port_leaves_no_hang_up_to_the_next(link):
    file = os.open(link.pty, os.O_RDWR | os.O_NOCTTY)
    before = link.pty.readlink()
    os.write(file, b"!")
    assert os.read(file, 1) == b"!"
    os.close(file)
    time.sleep(0.05)
    assert asked(link.pty, b"next") == b"NEXT"
    assert link.pty.readlink() == before


def test_a_client_that_is_turned_away_waits_for_its_turn(tmp_path):
    listener = socket.create_server(("127.0.0.1", 0))
    link = SerialLink(listener.getsockname()[1], tmp_path / "ttyMS20")
    file = os.open(link.pty, os.O_RDWR | os.O_NOCTTY)
    try:
        for _ in range(2):
            busy, _ = listener.accept()
            # Closed at once instead of after a farewell: a reset, by which the server says "not now".
            busy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            busy.close()
        client, _ = listener.accept()
        with client:
            client.sendall(b"your turn")
            assert os.read(file, 100) == b"your turn"
        assert hung_up(file)
    finally:
        os.close(file)
        link.close()
        listener.close()


def test_a_server_that_is_gone_hangs_up_too(tmp_path):
    listener = socket.create_server(("127.0.0.1", 0))
    link = SerialLink(listener.getsockname()[1], tmp_path / "ttyMS20")
    path = link.pty
    listener.close()
    file = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        assert hung_up(file)
    finally:
        os.close(file)
        link.close()


def test_a_name_that_another_has_taken_stays_so_after_a_hang_up(link):
    file = os.open(link.pty, os.O_RDWR | os.O_NOCTTY)
    link.pty.unlink()
    link.pty.symlink_to("/elsewhere")
    os.write(file, b"!")
    assert hung_up(file)
    os.close(file)
    assert str(link.pty.readlink()) == "/elsewhere"
