"""Hands at given times, edges at given times, a computer that sleeps: what the client asks of a toy server."""

import contextlib
import os
import select

import pytest
from fakes import FAKE_SERVER
from ms20 import board
from ms20.errors import Ms20Error
from ms20.virtual_board import VirtualBoard


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "ms20.uf2"
    path.write_bytes(b"an image")
    return path


@pytest.fixture
def toy(image):
    with VirtualBoard(image, command=FAKE_SERVER) as bench:
        yield bench


def test_hands_at_given_times(toy):
    with toy.schedule() as later:
        later.at(0.2).press(60)
        later.at(0.3).release(60)
        later.at(0.1).power_on()
        hands = later.at(0.25)
        hands.set_knob("LPF PEAK", 10)
        hands.plug("FREQ", 1.5)
        later.at(0.26).unplug("FREQ")
        later.at(0.26).suspend_usb()
        later.at(0.27).set_tune_edges(440.0)
        with pytest.raises(Ms20Error, match="KNOB"):
            later.at(0.1).set_knob("NO KNOB", 1)
    toy.advance(0.19)
    assert toy.timeline().power()[0].tolist() == [0.1]
    assert toy.state()["keys"] == []
    toy.advance(0.02)
    assert toy.state()["keys"] == [12]
    toy.advance(0.045)
    assert toy.state()["jacks"] == {"FREQ": 1.5}
    assert toy.state()["fractions"] == {str(board.BOARD.LPF_PEAK): 1.0}
    toy.advance(0.1)
    seen = toy.state()
    assert (seen["keys"], seen["jacks"], seen["asleep"]) == ([], {"FREQ": None}, True)
    assert seen["edges"] == {"tune": 440.0}


def test_thousands_of_hands_are_one_request(toy, monkeypatch):
    asked = []
    real = toy.ask
    monkeypatch.setattr(toy, "ask", lambda do, **given: asked.append(do) or real(do, **given))
    with toy.schedule() as later:
        for number in range(5000):
            later.at(number * 1e-4).set_channel(number % 48, (number % 11) / 10)
    assert asked == ["schedule"]
    toy.advance(0.5)
    assert len(toy.state()["fractions"]) == 48


def test_nothing_of_a_schedule_that_fails_is_kept(toy):
    def half_of_it():
        with toy.schedule() as later:
            later.at(0.1).press(60)
            later.at(0.1).press(12)

    with pytest.raises(Ms20Error, match="no key for note 12"):
        half_of_it()
    toy.advance(0.2)
    assert toy.state()["keys"] == []


def test_edges_at_given_times(toy):
    toy.set_f_v_edges(50.0)
    toy.schedule_edges("tune", (0.001 * number + 1e-9 / 3 for number in range(3)))
    assert toy.state()["edges"] == {"f_v": 50.0, "tune": [0.333, 1000000.333, 2000000.333]}
    toy.schedule_edges("tune", [])
    assert toy.state()["edges"]["tune"] == []


def test_the_computer_sleeps_and_wakes(toy):
    toy.suspend_usb()
    assert toy.state()["asleep"]
    toy.suspend_usb(False)
    assert not toy.state()["asleep"]


def test_parts_and_hosts_reach_the_server(image):
    chips, usb_host = {"mux": {"missing": [0]}}, {"refuseComposite": True}
    with VirtualBoard(image, command=FAKE_SERVER, chips=chips, usb_host=usb_host) as toy:
        assert toy.state()["options"] == {"chips": chips, "usb_host": usb_host}


def test_a_pulled_cable_hangs_the_serial_port_up(toy):
    file = os.open(toy.serial.pty, os.O_RDWR | os.O_NOCTTY)
    try:
        os.write(file, b"x")
        assert os.read(file, 1) == b"X"
        toy.disconnect_usb()
        with contextlib.suppress(OSError):
            assert os.read(file, 1) == b""
        poll = select.poll()
        poll.register(file, 0)
        assert poll.poll(10_000)[0][1] & select.POLLHUP
    finally:
        os.close(file)
