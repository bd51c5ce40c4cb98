"""The client and the real server together, with a stock MicroPython: what the toy server cannot vouch for."""

import os
import select
import subprocess
import sys

import pytest
from ms20 import raw_repl
from ms20.errors import ExitCode, Ms20Error
from ms20.image import build_stock
from ms20.virtual_board import VirtualBoard

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

HOLD_POWER = "from machine import Pin\nPin(22, Pin.OUT, value=1)\n"


@pytest.fixture(scope="module")
def stock():
    return build_stock()


@pytest.fixture
def board(stock):
    """A board at its prompt, which holds its power now and after a reset."""
    with VirtualBoard(stock) as bench:
        bench.power_on()
        bench.wait_for_usb()
        raw_repl.execute(bench, f"{HOLD_POWER}with open('main.py', 'w') as f:\n    f.write({HOLD_POWER!r})")
        yield bench


def mpremote(pty, *words):
    command = [sys.executable, "-m", "mpremote", "connect", str(pty), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_a_reset_hangs_the_port_up_and_mpremote_opens_it_again(board):
    pty = board.serial.pty
    with board.running_freely(speed=1.0):
        assert mpremote(pty, "exec", "print(6 * 7)").stdout == "42\n"
        file = os.open(pty, os.O_RDWR | os.O_NOCTTY)
        os.write(file, b"\r\x03\x02import machine; machine.reset()\r")
        poll = select.poll()
        poll.register(file, 0)
        assert poll.poll(60_000)[0][1] & select.POLLHUP
        os.close(file)
        assert mpremote(pty, "exec", "print(6 * 7)").stdout == "42\n"


def test_hands_and_edges_at_given_times(board):
    count = (
        "from machine import Pin\nimport time\nn = 0\ndef edge(p):\n    global n\n    n += 1\n"
        "Pin(9).irq(handler=edge, trigger=Pin.IRQ_RISING | Pin.IRQ_FALLING)\n"
        "time.sleep_ms(400)\nprint(n, Pin(6).value())"
    )
    start = board.now + 0.1
    board.schedule_edges("f_v", (start + number * 1e-4 for number in range(2000)))
    with board.schedule() as later:
        for number in range(5000):
            later.at(start + number * 1e-5).set_channel(number % 48, number % 10 / 9)
        later.at(start).plug("TRIG IN", 0.0)
    assert raw_repl.execute(board, count).split() == ["2000", "0"]

    now = board.now
    with board.schedule() as later:
        later.at(now).unplug("TRIG IN")
        later.at(now + 0.01).power_off()
        later.at(now + 0.02).power_on()
    board.advance(0.03)
    cut_s, values = board.timeline().power()
    assert values.tolist() == [1, 0, 1]
    assert cut_s[1:] == pytest.approx([now + 0.01, now + 0.02], abs=1e-9)


def test_a_refused_schedule_names_the_place_and_keeps_nothing(board):
    def wrong():
        with board.schedule() as later:
            later.at(board.now + 0.01).power_off()
            later.at(board.now - 0.01).press(60)

    with pytest.raises(Ms20Error, match=r"requests\[1\]: at_ns must be a time from now") as caught:
        wrong()
    assert caught.value.exit_code == ExitCode.USAGE
    board.advance(0.05)
    assert board.state()["power"]


def test_a_computer_that_sleeps_and_a_host_that_refuses(board, stock):
    board.suspend_usb()
    board.type_text("\r\x03\x02\rprint(6 * 7)\r")
    board.advance(0.5)
    assert "\r\n42\r\n" not in board.console
    board.suspend_usb(False)
    board.advance(0.5)
    assert "\r\n42\r\n" in board.console
    with VirtualBoard(stock, usb_host={"refuseComposite": True}) as picky:
        picky.power_on()
        picky.advance(1.0)
        assert picky.state()["usb"] == "refused"


def test_the_parts_that_can_be_given(stock):
    parts = {
        "mux": {"missing": [2]},
        "dac": {"stuckHigh": 1, "stuckLow": 2, "mergedChannels": [[3, 5]]},
        "jackAdc": {"offsetCodes": [1, 2, 3, 4], "gains": [1.001], "noiseLsb": 2},
        "panelNoise": {"wanderLsb": 2, "burstsPerSecond": 1, "burstLsb": 20, "burstMs": 5},
    }
    with VirtualBoard(stock, chips=parts) as board:
        board.power_on()
        board.wait_for_usb()
        read = "from machine import ADC\na = ADC(28)\nprint(a.read_u16() < 200)"
        assert raw_repl.execute(board, read).split() == ["True"]
