"""`ms20 serve`: a real process with the toy server, spoken to through its serial port and ended."""

import signal
import subprocess
import time

import pytest
import serial
from fakes import MS20_WITH_FAKE_SERVER, write_image


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_until_it_is_ended(tmp_path, number):
    (tmp_path / "build").mkdir()
    write_image(tmp_path / "build")
    link = tmp_path / "ttyMS20"
    command = [*MS20_WITH_FAKE_SERVER, "serve", "--link", "ttyMS20", "--flash", "unit.bin"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        end_s = time.monotonic() + 60
        while not link.is_symlink() and time.monotonic() < end_s:
            time.sleep(0.05)
        with serial.serial_for_url(str(link), timeout=10) as terminal:
            terminal.write(b"hello")
            assert terminal.read(5) == b"HELLO"
        time.sleep(0.3)
        process.send_signal(number)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == (0 if number == signal.SIGINT else 143)
    assert "ttyMS20" in output
    assert "socket://127.0.0.1:" in output
    assert not link.is_symlink()
    assert (tmp_path / "unit.bin").is_file()


def test_a_crash_ends_it(tmp_path, monkeypatch):
    (tmp_path / "build").mkdir()
    write_image(tmp_path / "build")
    monkeypatch.setenv("FAKE_FAULT", "firmware-crash:free_run")
    done = subprocess.run(
        [*MS20_WITH_FAKE_SERVER, "serve"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 11
    assert "KeyError" in done.stderr
