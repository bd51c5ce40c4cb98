"""The serial console while the instrument plays, used by the tools that builders use."""

import subprocess
import sys

import pytest

MPREMOTE_LIMIT_S = 60


def mpremote(port, *words):
    """Run mpremote against a port; returns what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", str(port), *words],
        capture_output=True,
        text=True,
        timeout=MPREMOTE_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("link", ["pty", "tcp"])
def test_mpremote_asks_a_playing_instrument(board, link):
    """`resume` keeps what runs: the tick goes on, and a note that comes in afterwards still sounds."""
    board.power_on()
    board.wait_until_ready()
    board.wait_for_usb()
    with board.running_freely():
        answer = mpremote(
            getattr(board.serial, link), "resume", "exec", "import service; print(service.about())"
        )
    assert answer.startswith("MS-20 Pico")
    board.send_din(bytes([0x90, 64, 100]))
    board.advance(0.01)
    assert board.trigger()
    assert board.note_of() == pytest.approx(64, abs=0.005)


def test_ctrl_c_gives_the_prompt_and_the_note_goes_on(board):
    board.power_on()
    board.wait_until_ready()
    board.wait_for_usb()
    board.send_din(bytes([0x90, 64, 100]))
    board.advance(0.01)
    board.type_text("\x03")
    board.advance(0.2)
    assert ">>> " in board.console
    assert board.trigger()
    board.type_text("import gc; gc.collect(); print('swept', 6 * 7)\r")
    board.advance(0.2)
    assert "swept 42" in board.console
    start = board.now
    board.send_din(bytes([0x80, 64, 64]))
    board.advance(0.05)
    assert not board.trigger()
    assert len(board.timeline().between(start, board.now).latches()) == pytest.approx(400, abs=1)


def test_a_soft_reset_ends_the_note_and_plays_again_in_service_mode(board):
    """Ctrl-C, Ctrl-D: USB leaves the bus and comes back as the console alone; keys and DIN play on."""
    board.power_on()
    board.wait_until_ready()
    board.wait_for_usb()
    board.send_din(bytes([0x90, 62, 100]))
    board.advance(0.01)
    board.type_text("\x03")
    board.advance(0.2)
    assert board.trigger()
    board.type_text("\x04")
    board.advance(0.1)
    assert not board.trigger()
    assert board.cv("VCA") == 0
    board.wait_until_ready()
    board.wait_for_usb()
    assert "MS-20 Pico MIDI" not in board.usb_strings()
    board.send_din(bytes([0x90, 64, 100]))
    board.wait_for_trigger(0.02)
    assert board.note_of() == pytest.approx(64, abs=0.005)
    start = board.now
    board.advance(0.1)
    assert len(board.timeline().between(start, board.now).latches()) == 800
    assert board.misuse() == []


def test_keys_held_at_power_on_are_themselves_only(board):
    """What the shift registers hold when they wake up is not a key."""
    for note in (48, 50, 52):
        board.press(note)
    board.power_on()
    board.wait_until_ready()
    for note in (48, 50, 52):
        board.release(note)
    board.advance(0.02)
    assert not board.trigger()
