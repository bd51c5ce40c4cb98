"""The serial console while the instrument plays, used by the tools that builders use."""

import subprocess
import sys

import numpy as np
import pytest
from ms20 import raw_repl
from ms20.errors import FirmwareCrash
from on_chip import cvs, heard, late_frames, moved, note_off, note_on, send, trigger_edges

MPREMOTE_LIMIT_S = 60
ABOUT = ("exec", "import service; print(service.about())")
AT_CTRL_C = 2
"""Frames that Ctrl-C costs, once: the tick changes from one interrupt to another (hardware.hand_clock_to_pin)."""
FILL_THE_HEAP = """
def fill():
    filling = []
    while True:
        filling.append(bytearray(500))
fill()
"""
PLAYING_TEXT = "MS-20 Pico"
MIDI_PORT = "MS-20 Pico MIDI"


def run_mpremote(port, *words):
    """Run mpremote against a port to its end, however that is."""
    return subprocess.run(
        [sys.executable, "-m", "mpremote", "connect", str(port), *words],
        capture_output=True,
        text=True,
        timeout=MPREMOTE_LIMIT_S,
        check=False,
    )


def mpremote(port, *words):
    """Run mpremote against a port; returns what it printed."""
    done = run_mpremote(port, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def switched_on(board):
    """The board plays, and the computer has configured it."""
    board.power_on()
    board.wait_until_ready()
    board.wait_for_usb()
    board.advance(0.05)
    return board


def missed_frames(board, since_s):
    """Frames that are not there between `since_s` and now."""
    latches_ns = board.timeline().between(since_s, board.now).latch_times_ns()
    return sum(round(gap / 125_000) - 1 for gap in np.diff(latches_ns))


@pytest.fixture
def in_service_mode(board):
    """A board after Ctrl-C and Ctrl-D."""
    switched_on(board).type_text("\x03")
    board.advance(0.2)
    board.type_text("\x04")
    board.wait_until_ready()
    board.wait_for_usb()
    board.advance(0.3)
    assert MIDI_PORT not in board.usb_strings()
    return board


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
    board.advance(0.3)  # until the prompt is there, and the tick has changed its interrupt
    start = board.now
    board.advance(0.1)
    assert late_frames(board, start) == 0
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


# --- mpremote, as a builder runs it ---------------------------------------------------------------------------------


def test_the_first_mpremote_without_resume_drops_the_port_and_the_second_works(board):
    """MicroPython takes a device that Python described off the bus at a soft reset, under the program that asked.

    Whatever mpremote says then, the instrument is in service mode afterwards: USB is the console alone, and stays. As
    mpremote wants it, nothing else runs meanwhile: the note ends, the music is back after `mpremote reset`.
    """
    switched_on(board)
    send(board, "din", note_on(60))
    port = board.serial.pty
    device = port.readlink()
    with board.running_freely():
        first = run_mpremote(port, *ABOUT)
    print(f"the first: {first.returncode}, {(first.stdout + first.stderr).strip()[-200:]!r}")
    assert not first.stdout.startswith(PLAYING_TEXT)
    board.wait_for_usb()
    assert MIDI_PORT not in board.usb_strings()
    assert port.readlink() != device, "whoever had the port open has seen it hang up"
    assert not board.trigger()
    assert board.cv("VCA") == 0
    device = port.readlink()
    with board.running_freely():
        for _ in range(2):
            assert mpremote(port, *ABOUT).startswith(PLAYING_TEXT)
        assert "settings" in mpremote(port, "exec", "import sys; print(sorted(sys.modules))")
    assert port.readlink() == device
    assert board.state()["usb"] == "configured"
    with board.running_freely():
        mpremote(port, "reset")
    plays_with_usb_midi(board)
    assert board.misuse() == []


def test_with_resume_it_works_at_once_while_a_note_sounds(board):
    """And beside the prompt afterwards: no trigger in between, knobs, USB-MIDI, DIN and keys go on."""
    switched_on(board)
    send(board, "usb", note_on(62))
    board.advance(0.3)
    start = board.now
    with board.running_freely():
        assert mpremote(board.serial.pty, "resume", *ABOUT).startswith(PLAYING_TEXT)
        assert mpremote(board.serial.pty, "resume", "eval", "6 * 7").strip() == "42"
    assert heard(board) == 62
    assert trigger_edges(board, start) == []
    assert missed_frames(board, start) <= AT_CTRL_C
    start = board.now
    board.set_knob("LPF PEAK", 10)
    board.advance(0.06)
    assert board.cv("LPF PEAK") == pytest.approx(5, abs=0.001)
    send(board, "usb", note_on(64))
    assert heard(board) == 64
    send(board, "usb", note_off(64) + note_off(62))
    assert heard(board) is None
    assert late_frames(board, start) == 0
    board.timeline(clear=True)
    board.press(70)
    board.advance(0.01)
    assert heard(board) == 70
    assert board.state()["usb_midi_in"] == [[0x09, 0x90, 70, 0x40]]
    board.disconnect_usb()
    board.advance(0.02)
    assert heard(board) == 70
    assert board.misuse() == []


def test_mpremote_reset_brings_usb_midi_back(in_service_mode):
    board = in_service_mode
    with board.running_freely():
        mpremote(board.serial.pty, "reset")
    plays_with_usb_midi(board)


@pytest.mark.parametrize("how", ["import service; service.play()", "import machine; machine.reset()"])
def test_a_real_reset_by_hand_brings_usb_midi_back(in_service_mode, how):
    board = in_service_mode
    board.type_text("\x03")
    board.advance(0.1)
    board.type_text(how + "\r")
    board.advance(0.1)
    plays_with_usb_midi(board)


def plays_with_usb_midi(board):
    board.wait_until_ready()
    board.wait_for_usb()
    board.advance(0.05)
    assert MIDI_PORT in board.usb_strings()
    send(board, "usb", note_on(64))
    assert heard(board) == 64


def test_switching_off_and_on_leaves_service_mode(in_service_mode):
    board = in_service_mode
    board.power_off()
    board.advance(0.05)
    board.power_on()
    plays_with_usb_midi(board)


# --- Service mode and the prompt ------------------------------------------------------------------------------------


def test_in_service_mode_keys_din_and_knobs_play(in_service_mode):
    board = in_service_mode
    board.press(55)
    board.advance(0.005)
    assert heard(board) == 55
    start = board.now
    send(board, "din", note_on(67))
    assert heard(board) == 67
    send(board, "din", note_off(67))
    board.release(55)
    board.advance(0.01)
    assert heard(board) is None
    board.set_knob("LPF PEAK", 10)
    board.advance(0.06)
    assert board.cv("LPF PEAK") == pytest.approx(5, abs=0.001)
    assert late_frames(board, start) == 0
    assert bytes(board.state()["din_out"]) == bytes([0x90, 55, 0x40, 0x80, 55, 0x40])
    assert "service mode" in board.console


def test_soft_resets_in_service_mode_keep_the_port_and_end_the_note(in_service_mode):
    """Three of them: each ends the note at once, none takes USB off the bus."""
    board = in_service_mode
    for note in (60, 62, 64):
        send(board, "din", note_on(note))
        assert heard(board) == note
        board.type_text("\x03")
        board.advance(0.1)
        board.type_text("\x04")
        board.advance(0.1)
        assert not board.trigger()
        assert board.cv("VCA") == 0
        assert board.state()["usb"] == "configured"
        board.wait_until_ready()
        assert board.state()["usb"] == "configured"
    assert board.misuse() == []


def test_ctrl_c_while_the_instrument_starts_gives_the_prompt(in_service_mode):
    """After a soft reset the console is there from the first moment: whatever is being set up, nothing breaks."""
    board = in_service_mode
    for delay_s in (0.02, 0.06, 0.1, 0.14, 0.18, 0.22, 0.26, 0.3):
        board.type_text("\x03")
        board.advance(0.05)
        board.type_text("\x04")
        board.advance(delay_s)
        try:
            board.type_text("\x03")
            board.advance(0.5)
        except FirmwareCrash as error:
            if "KeyboardInterrupt" not in str(error):
                raise
        assert raw_repl.execute(board, "print(6 * 7)").strip() == "42"


ENDLESS = (
    "def f(): f()",
    "def f(*all): return [f(1, *all)]",
    "f = lambda: sorted([2, 1], key=lambda _: f())",
)


def test_a_recursion_without_end_at_the_prompt_raises_there_and_the_music_is_unharmed(board):
    """Under notes from both inputs: the tick has its own room on the stack, and the tick's memory is not the stack's."""
    switched_on(board)
    send(board, "din", note_on(60))
    board.advance(0.3)
    board.type_text("\x03")
    board.advance(0.2)
    before, start = cvs(board), board.now
    for function in ENDLESS:
        board.schedule_usb([(board.now + 0.001 * ms, note_on(67) + note_off(67)) for ms in range(100)])
        board.send_din((note_on(64) + note_off(64)) * 30)
        with pytest.raises(FirmwareCrash, match="RuntimeError: maximum recursion depth exceeded"):
            raw_repl.execute(board, f"{function}\nf()")
        board.advance(0.2)
    assert heard(board) == 60
    assert moved(before, cvs(board), 0.0005) == set()
    assert late_frames(board, start) == 0
    assert raw_repl.execute(board, "import service; print(service.get('bend'))").strip() == "2"
    send(board, "usb", note_on(67))
    assert heard(board) == 67
    send(board, "din", note_off(60))
    send(board, "usb", note_off(67))
    assert heard(board) is None
    board.set_knob("LPF PEAK", 10)
    board.advance(0.06)
    assert board.cv("LPF PEAK") == pytest.approx(5, abs=0.001)
    assert board.misuse() == []


def test_ctrl_c_at_any_moment_of_a_flood_leaves_a_console_and_usb_midi(board):
    """USB's interrupt has to wait while a transfer begins: Ctrl-C in between must not leave it waiting."""
    for fraction in range(8):
        switched_on(board)
        board.schedule_usb([(board.now + 0.0002 * step, note_on(67) + note_off(67)) for step in range(250)])
        board.advance(0.02 + fraction * 0.00013)
        board.type_text("\x03")
        board.advance(0.3)
        assert raw_repl.execute(board, "print(6 * 7)").strip() == "42"
        send(board, "usb", note_on(62))
        assert heard(board) == 62
        board.power_off()


def test_a_full_heap_at_the_prompt_raises_there_and_the_music_is_unharmed(board):
    """A list that grows until nothing is left, and the same again: the notes need no memory."""
    switched_on(board)
    send(board, "din", note_on(60))
    board.type_text("\x03")
    board.advance(0.2)
    start = board.now
    for _ in range(2):
        with pytest.raises(FirmwareCrash, match="MemoryError"):
            raw_repl.execute(board, FILL_THE_HEAP)
    assert heard(board) == 60
    send(board, "din", note_on(64))
    assert heard(board) == 64
    assert late_frames(board, start) == 0
    send(board, "usb", note_on(67))
    assert heard(board) == 67
    assert board.misuse() == []
