"""The virtual board's client against a toy server: its words, and every way in which the process can fail."""

import os
import signal
import time

import pytest
from fakes import FAKE_SERVER
from ms20 import board, raw_repl
from ms20.errors import ChipMisuse, EmulatorCrash, ExitCode, FirmwareCrash, Ms20Error, NothingHappened
from ms20.timeline import Kind
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


@pytest.fixture
def playing(toy):
    toy.power_on()
    toy.wait_until_ready()
    return toy


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


# --- words ----------------------------------------------------------------------------------------


def test_power_on_until_ready(toy):
    assert toy.now == 0.0
    assert toy.leds() == set()
    toy.power_on()
    toy.wait_until_ready()
    assert toy.leds() == {"STANDBY ON"}
    assert 0.3 <= toy.now <= 0.35
    assert toy.console == "MS-20 Pico\r\n"
    toy.power_off()
    assert toy.timeline().power()[1].tolist() == [1, 0]


def test_not_ready_in_time(toy):
    with pytest.raises(NothingHappened, match="not ready within"):
        toy.wait_until_ready(limit=0.1)


def test_advance_is_simulated_and_reports_progress(toy):
    done = []
    before_s = time.monotonic()
    toy.advance(1000.0 - 0.1)
    toy.advance(0.6, progress=done.append)
    assert time.monotonic() - before_s < 60.0
    assert toy.now == pytest.approx(1000.5)
    assert done == pytest.approx([0.25, 0.5, 0.6])
    with pytest.raises(ValueError, match="-1"):
        toy.advance(-1.0)


def test_knobs_panel_keys_and_jacks(toy):
    class Panel:
        def fractions(self):
            return {board.BOARD.LPF_PEAK: 0.75}

    toy.set_panel(Panel())
    toy.set_knob("LPF CUTOFF FREQUENCY", 5)
    toy.set_knob("VCO 1 SCALE", "8'")
    toy.press(48)
    toy.press(84)
    toy.release(48)
    toy.plug("FREQ", 1.5)
    toy.plug("TOTAL")
    toy.unplug("FREQ")
    seen = toy.state()
    assert seen["fractions"] == {
        str(board.BOARD.LPF_PEAK): 0.75,
        str(board.BOARD.LPF_CUTOFF): 0.5,
        str(board.BOARD.VCO1_SCALE): 0.625,
    }
    assert seen["keys"] == [36]
    assert seen["jacks"] == {"FREQ": None, "TOTAL": 0.0}
    with pytest.raises(Ms20Error, match="KNOB"):
        toy.set_knob("NO KNOB", 1)
    with pytest.raises(Ms20Error, match="SPEAKER"):
        toy.plug("SPEAKER")


def test_a_panel_given_at_the_start_is_set_before_power(image):
    class Panel:
        def fractions(self):
            return {1: 0.5}

    with VirtualBoard(image, command=FAKE_SERVER, panel=Panel()) as toy:
        assert toy.state()["fractions"] == {"1": 0.5}


def test_a_note_by_din(playing):
    playing.send_din(bytes([0x90, 69, 100]))
    at_s = playing.wait_for_trigger()
    assert at_s == pytest.approx(playing.now)
    assert playing.trigger()
    assert playing.note_of() == pytest.approx(69.0, abs=0.01)
    assert playing.cv("VCO 1 PITCH") == pytest.approx(0.75, abs=0.001)
    assert playing.timeline().din_in()[1].tolist() == [0x90, 69, 100]


def test_midi_sent_at_a_time(playing):
    start_s = playing.now
    playing.send_din(bytes([0x90, 60, 100]), at=start_s + 0.1)
    playing.schedule_din([(start_s + 0.2, bytes([0x90, 60, 0])), (start_s + 0.3, bytes([61, 1]))])
    playing.send_usb(bytes([0x90, 70, 1]), at=start_s + 0.4)
    playing.schedule_usb([(start_s + 0.5, bytes([72, 1])), (start_s + 0.6, b"\x90")])
    playing.advance(1.0)
    heard = playing.timeline()
    t_s, values = heard.din_in()
    assert values.tolist() == [0x90, 60, 100, 0x90, 60, 0, 61, 1]
    assert t_s[[0, 3, 6]] - start_s == pytest.approx([0.10032, 0.20032, 0.30032])
    assert [(t_s - start_s, packet) for t_s, packet in heard.usb_in()] == [
        (pytest.approx(0.4), (9, 0x90, 70, 1)),
        (pytest.approx(0.5), (9, 0x90, 72, 1)),
    ]


def test_usb_is_waited_for(playing):
    with pytest.raises(NothingHappened, match="USB"):
        playing.wait_for_usb(limit=0.05)
    playing.wait_for_usb()
    assert 0.4 <= playing.now <= 0.42


def test_nothing_happened(playing):
    with pytest.raises(NothingHappened, match="TRIGGER"):
        playing.wait_for_trigger(limit=0.05)
    assert playing.now < 0.5
    playing.send_din(bytes([0x90, 60, 100]))
    assert playing.wait_for(Kind.DIN_IN, 0.1, value=60)[1] == 60
    with pytest.raises(NothingHappened):
        playing.wait_for(Kind.DAC, 0.01, index=5)


def test_words_for_what_shows(playing):
    assert playing.wave("VCO 1") == "SAW"
    assert playing.wave("VCO 2") == "RING"
    assert not playing.mg_b()
    assert playing.misuse() == []
    assert playing.usb_strings() == ["MS-20 Pico"]
    with pytest.raises(Ms20Error, match="VCO 3"):
        playing.wave("VCO 3")
    with pytest.raises(Ms20Error, match="pitch"):
        playing.note_of("VCA")
    assert playing.note_of("KBD CV OUT") < 0  # 0 V is no note


def test_misuse_is_told_in_words(image, monkeypatch):
    monkeypatch.setenv("FAKE_FAULT", "misuse")
    with VirtualBoard(image, command=FAKE_SERVER) as toy:
        assert toy.misuse() == ["DAC: torn frame"]


def test_the_rest_of_the_requests_are_accepted(playing):
    playing.disconnect_usb()
    playing.connect_usb()
    playing.break_din(0.05)
    playing.break_din_byte(at=playing.now + 0.1)
    with playing.running_freely(speed=1.0):
        pass
    assert playing.pid > 0


def test_timeline_cleared_in_pieces(playing):
    first = playing.timeline(clear=True)
    playing.advance(0.01)
    second = playing.timeline(clear=True)
    assert first.end_s <= second.start_s
    assert second.end_s == playing.now
    assert len(second.latches()) == pytest.approx(80, abs=1)


def test_stats_of_a_stretch(playing):
    before = playing.stats()
    playing.advance(0.5)
    stretch = playing.stats().since(before)
    assert stretch.simulated_s == pytest.approx(0.5)
    assert stretch.speed > 0
    assert stretch.busy_percent == pytest.approx(25.0, abs=0.1)


def test_python_run_on_the_board(playing):
    assert "'tick_us_max': 40" in raw_repl.execute(playing, "print(counters())")
    with pytest.raises(FirmwareCrash, match="no such module"):
        raw_repl.execute(playing, "import broken")


# --- files and the process ------------------------------------------------------------------------


def test_everything_is_gone_afterwards(image, tmp_path, monkeypatch):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    with VirtualBoard(image, command=FAKE_SERVER) as toy:
        pid = toy.pid
        assert any(temporary.iterdir())
        assert toy.serial.pty.is_symlink()
    assert gone(pid)
    assert list(temporary.iterdir()) == []
    toy.close()
    with pytest.raises(Ms20Error, match="not running"):
        toy.advance(1.0)


def test_a_named_flash_file_stays(image, tmp_path):
    flash = tmp_path / "unit 1.bin"
    for _ in range(2):
        with VirtualBoard(image, command=FAKE_SERVER, flash=flash):
            pass
    assert flash.read_bytes() == b"flashflash"


def test_no_image(tmp_path):
    with pytest.raises(Ms20Error) as caught, VirtualBoard(tmp_path / "none.uf2", command=FAKE_SERVER):
        pass
    assert caught.value.exit_code == ExitCode.BAD_IMAGE


def test_no_node(image, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Ms20Error) as caught, VirtualBoard(image):
        pass
    assert caught.value.exit_code == ExitCode.TOOL_MISSING
    assert "apt-get install nodejs npm" in caught.value.hint


def test_a_program_that_cannot_be_started(image, tmp_path):
    with pytest.raises(Ms20Error) as caught, VirtualBoard(image, command=[str(tmp_path / "none")]):
        pass
    assert caught.value.exit_code == ExitCode.TOOL_MISSING


def start_and_run(image):
    with VirtualBoard(image, command=FAKE_SERVER) as toy:
        toy.power_on()
        toy.advance(0.1)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("die:advance", EmulatorCrash, "ended with code 7 during `advance`"),
        ("garbage:advance", EmulatorCrash, "Segmentation fault"),
        ("list:advance", EmulatorCrash, "not in its protocol"),
        ("wrong-id:advance", EmulatorCrash, "not in its protocol"),
        ("no-reason:advance", EmulatorCrash, "without a reason"),
        ("emulator-crash:advance", EmulatorCrash, "the reason"),
        ("unknown:advance", EmulatorCrash, "the reason"),
        ("firmware-crash:advance", FirmwareCrash, "KeyError"),
        ("chip-misuse:advance", ChipMisuse, "misused a chip: the reason"),
        ("bad-request:advance", Ms20Error, "the reason"),
        ("bad-image:power", Ms20Error, "the reason"),
        ("no-greeting:", EmulatorCrash, "ended with code 3 during `start`"),
        ("bad-greeting:", EmulatorCrash, "not in its protocol"),
        ("no-image:", Ms20Error, "block 3 is torn"),
    ],
)
def test_faults(image, monkeypatch, fault, error, words):
    monkeypatch.setenv("FAKE_FAULT", fault)
    with pytest.raises(error) as caught:
        start_and_run(image)
    assert words in str(caught.value)


def test_the_last_words_of_a_dying_process_are_told(image, monkeypatch):
    monkeypatch.setenv("FAKE_FAULT", "die:advance")
    with pytest.raises(EmulatorCrash) as caught, VirtualBoard(image, command=FAKE_SERVER) as toy:
        toy.advance(0.1)
    assert caught.value.exit_code == ExitCode.EMULATOR_CRASH
    assert "fake: fatal error" in caught.value.console


def test_after_a_crash_every_request_says_so(image, monkeypatch):
    monkeypatch.setenv("FAKE_FAULT", "die:advance")
    with VirtualBoard(image, command=FAKE_SERVER) as toy:
        for _ in range(3):
            with pytest.raises(EmulatorCrash, match="ended with code 7"):
                toy.advance(0.1)


def test_silence_ends_after_its_limit(image, monkeypatch):
    monkeypatch.setenv("FAKE_FAULT", "hang:advance")
    with VirtualBoard(image, command=FAKE_SERVER, silence_limit_s=0.3) as toy:
        pid = toy.pid
        with pytest.raises(EmulatorCrash, match=r"not answered `advance` for 0\.3 s"):
            toy.advance(0.1)
    assert gone(pid)


def test_a_chatty_process_does_not_block(image, monkeypatch):
    monkeypatch.setenv("FAKE_FAULT", "chatter")
    with VirtualBoard(image, command=FAKE_SERVER) as toy:
        toy.advance(0.1)


def test_a_killed_process_is_noticed(toy):
    os.kill(toy.pid, signal.SIGKILL)
    with pytest.raises(EmulatorCrash, match="ended by signal 9"):
        toy.advance(0.1)


def test_an_interrupted_request_does_not_mix_up_the_next(toy, monkeypatch):
    process = toy._running()
    real = process._next

    def interrupted(limit_s, do):
        raise KeyboardInterrupt

    monkeypatch.setattr(process, "_next", interrupted)
    with pytest.raises(KeyboardInterrupt):
        toy.advance(0.1)
    monkeypatch.setattr(process, "_next", real)
    toy.advance(0.2)
    assert toy.now == pytest.approx(0.3)
