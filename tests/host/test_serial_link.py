"""The serial console's pty: bytes both ways, opened and closed again and again, and nothing left behind."""

import contextlib
import socket
import threading

import pytest
import serial
from ms20.serial_link import SerialLink


@pytest.fixture
def port():
    """A TCP port that sends everything back in capitals, one client at a time, as the server does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run():
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                with client:
                    while data := client.recv(4096):
                        client.sendall(data.upper())

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
