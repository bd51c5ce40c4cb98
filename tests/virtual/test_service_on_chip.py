"""The service while the instrument plays: every command, every refusal, and that asking is never heard."""

import contextlib
import random
import re
import socket
import time

import pytest
from ms20.board import BOARD, cv_names
from ms20.firmware_tables import load
from ms20.panel import basic_panel
from ms20.service import Refused, answer_in, crc16, frame
from ms20.virtual_board import VirtualBoard
from on_chip import (
    SENSING_S,
    control_change,
    cvs,
    heard,
    hush,
    late_frames,
    moved,
    note_off,
    note_on,
    send,
    service,
    trigger_edges,
)

SETTINGS = {row[0]: row for row in load("settings").SETTINGS}
HAND_OFF_S = 0.25
KNOB_S = 0.06
NOISE_SEED = 7
RANGES = {code: (lowest, highest) for code, lowest, highest in BOARD.DAC_RANGE_VOLTS}
CV_RANGES = {name: RANGES[code] for name, code in BOARD.CV}


@pytest.fixture
def board(playing):
    """The same board, at rest."""
    hush(playing)
    playing.timeline(clear=True)
    return playing


@pytest.fixture
def ask(board):
    """Ask the board's service."""
    return service(board).ask


@pytest.fixture
def read(board):
    """Ask the board's service for data."""
    return service(board).read


# --- Every command answers -----------------------------------------------------------------------------------------

COMMANDS = {
    "about": r"MS-20 Pico \d+\.\d+\.\d+ \(build \w+\); DAC mode 1, ranges descending, streaming",
    "counters": r"\{.*\}",
    "clear": "counting anew",
    "collect": r"\d+",
    "memory": r"\d+",
    "controls": r"\{.*\}",
    "cvs": r"\{.*\}",
    "monitors": r"\{.*\}",
    "plugs": r"\{.*\}",
    "selftest": r'\["nothing wrong was found"\]',
    "settings": r"\{.*\}",
    "get bend": "2",
    "set bend 7": "7",
    "learn LPF PEAK": "LPF PEAK waits for a controller",
    "zero cv12 0.25": r"-?\d+",
    "gain cv12 1": r"-?\d+",
    "hold LPF CUTOFF -1.5": r"LPF CUTOFF at -1\.4999 V",
    "release LPF CUTOFF": "LPF CUTOFF follows",
    "turn LPF PEAK 5": "LPF PEAK at 5",
    "defaults": "defaults",
    "save": "saved",
}


def test_every_command_answers(image_path):
    """And there is no command that is not asked here."""
    with VirtualBoard(image_path, panel=basic_panel()) as board:
        board.power_on()
        board.wait_until_ready()
        board.wait_for_usb()
        asked = service(board)
        with pytest.raises(Refused) as refusal:
            asked.ask("what")
        named = re.fullmatch("there is no command what; there are (.*)", refusal.value.sentence)
        assert sorted(named[1].split(", ")) == sorted({words.split()[0] for words in COMMANDS})
        for words, answer in COMMANDS.items():
            if words.startswith("learn"):
                asked.ask("set mode extended")
            if words.startswith(("zero", "gain")):
                board.plug("VCO 1+2 CV IN", 0.25 if words.startswith("zero") else 1.0)
                board.advance(0.05)
            assert re.fullmatch(answer, asked.ask(words)), words


def test_what_it_says_is_what_is_so(board, read):
    """Controls, CVs, plugs and monitors, against the board itself."""
    board.set_knob("LPF PEAK", 3)
    board.plug("TOTAL", 0)
    board.advance(HAND_OFF_S)
    send(board, "din", note_on(67))
    board.advance(0.1)
    stands = read("controls")
    assert stands["LPF PEAK"] == pytest.approx(3, abs=0.05)
    assert stands["VCO 1 SCALE"] == "8'"
    assert len(stands) == 37
    told = read("cvs")
    assert set(told) == set(cv_names())
    for name, volts in cvs(board).items():
        assert told[name] == pytest.approx(volts, abs=0.0003)
    assert {name for name, there in read("plugs").items() if there} == {"TOTAL"}
    assert len(read("plugs")) == len(BOARD.PLUGS)
    assert all(share == pytest.approx(0.5, abs=0.01) for share in read("monitors").values())
    board.unplug("TOTAL")
    board.set_knob("LPF PEAK", 0)
    board.advance(HAND_OFF_S)


# --- Every refusal names what is allowed ---------------------------------------------------------------------------

REFUSALS = {
    "": "there is no command ; there are about, ",
    "sing": "there is no command sing; there are about, ",
    "get": "get takes 1 words after it",
    "set bend": "set takes 2 words after it",
    "hold VCA": "hold takes 2 words after it",
    "get loudness": "there is no setting loudness; there are mode, priority, .*, cv2_gain",
    "set loudness 1": "there is no setting loudness; there are mode, ",
    "set mode jazz": "mode cannot be jazz: faithful or extended",
    "set priority middle": "priority cannot be middle: last or low or high",
    "set trigger both": "trigger cannot be both: single or multi",
    "set usb none": "usb cannot be none: both or midi",
    "set aux cc2": "aux cannot be cc2: off or velocity or aftertouch or cc1 or cc74",
    "set bend 25": "bend cannot be 25: a whole number from 0 to 24",
    "set bend -1": "bend cannot be -1: a whole number from 0 to 24",
    "set bend 2.5": "bend cannot be 2.5: a whole number from 0 to 24",
    "set bend two": "bend cannot be two: a whole number from 0 to 24",
    "set sensing 299": "sensing cannot be 299: a whole number from 300 to 5000",
    "set sensing 5001": "sensing cannot be 5001: a whole number from 300 to 5000",
    "set aux_volts 0": "aux_volts cannot be 0: a whole number from 1 to 10",
    "set mg_clocks 193": "mg_clocks cannot be 193: a whole number from 0 to 192",
    "set cv12_zero 513": "cv12_zero cannot be 513: a whole number from -512 to 512",
    "learn LPF PEAK": "controllers act in extended mode alone: set mode extended",
    "learn VOLUME": "VOLUME acts in analog alone",
    "learn LPF": "there is no control LPF; there are VCO 1 WAVE FORM, ",
    "turn VOLUME 5": "VOLUME acts in analog alone",
    "turn LPF PEAK 10.5": "LPF PEAK cannot be 10.5: 0 to 10",
    "turn LPF PEAK -1": "LPF PEAK cannot be -1: 0 to 10",
    "turn LPF PEAK up": "LPF PEAK cannot be up: 0 to 10",
    "turn LPF PEAK nan": "LPF PEAK cannot be nan: 0 to 10",
    "hold PITCH 1": "there is no CV PITCH; there are VCO 1 PITCH, .*, AUX",
    "hold VCA 5.1": "VCA cannot be 5.1: 0 to 5 V",
    "hold VCA -0.1": "VCA cannot be -0.1: 0 to 5 V",
    "hold LPF CUTOFF -5.1": "LPF CUTOFF cannot be -5.1: -5 to 5 V",
    "hold KBD CV OUT 11": "KBD CV OUT cannot be 11: 0 to 10 V",
    "hold VCA much": "VCA cannot be much: 0 to 5 V",
    "hold VCA nan": "VCA cannot be nan: 0 to 5 V",
    "hold VCA inf": "VCA cannot be inf: 0 to 5 V",
    "release PITCH": "there is no CV PITCH; there are VCO 1 PITCH, ",
    "zero cv3 0.25": "there is no input cv3; there are cv12 and cv2",
    "zero cv12 0.25": "there is no plug in cv12",
    "gain cv2 1": "there is no plug in cv2",
}


@pytest.mark.parametrize("words", REFUSALS)
def test_every_refusal_says_what_is_allowed_and_changes_nothing(board, ask, read, words):
    before = read("settings"), cvs(board)
    with pytest.raises(Refused) as refusal:
        ask(words)
    assert re.match(REFUSALS[words], refusal.value.sentence), refusal.value.sentence
    assert (read("settings"), cvs(board)) == before


@pytest.mark.parametrize(
    ("words", "allowed"), [("gain cv12 0.2", "0.25 to 10 V"), ("gain cv12 11", "0.25 to 10 V")]
)
def test_a_calibration_is_refused_out_of_its_range(board, ask, words, allowed):
    board.plug("VCO 1+2 CV IN", 1.0)
    board.advance(0.05)
    with pytest.raises(Refused, match=allowed):
        ask(words)
    board.unplug("VCO 1+2 CV IN")
    board.advance(0.05)


@pytest.mark.parametrize("name", [name for name, row in SETTINGS.items() if not isinstance(row[2][0], str)])
def test_both_ends_of_every_range_are_allowed(board, ask, name):
    """And what lies one further is not; `defaults` brings all back."""
    lowest, highest = SETTINGS[name][2]
    for value in (lowest, highest):
        assert ask(f"set {name} {value}") == str(value)
    for value in (lowest - 1, highest + 1):
        with pytest.raises(Refused, match=f"a whole number from {lowest} to {highest}"):
            ask(f"set {name} {value}")
    assert ask(f"get {name}") == str(highest)
    ask("defaults")
    assert ask(f"get {name}") == str(SETTINGS[name][1])


# --- Counters ------------------------------------------------------------------------------------------------------


def test_counters_count(board, read):
    """Notes, bytes, bad ones, breaks, lost links, lost hosts, TRIG IN, each once for once."""
    before = read("counters")
    send(board, "din", note_on(60) + note_on(62) + note_off(62) + note_off(60))
    send(board, "usb", note_on(64) + note_off(64))
    board.press(50)
    board.advance(0.01)
    board.release(50)
    board.advance(0.01)
    board.break_din_byte()
    board.advance(0.005)
    board.break_din(0.002)
    board.advance(0.005)
    board.plug("TRIG IN", 0.0)
    board.advance(0.01)
    board.unplug("TRIG IN")
    board.advance(0.01)
    send(board, "din", b"\xfe")
    board.advance(SENSING_S + 0.01)
    board.suspend_usb()
    board.advance(0.02)
    board.suspend_usb(False)
    board.advance(0.05)
    after = read("counters")
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown.pop("notes_played") == 4
    assert grown.pop("din_bytes") == 12 + 1 + 1 + 1
    assert grown.pop("usb_bytes") == 6
    assert grown.pop("din_bytes_bad") == 2, "the broken byte, and the break's own"
    assert grown.pop("din_breaks") == 1
    assert grown.pop("din_sensing_lost") == 1
    assert grown.pop("usb_losses") == 1
    assert grown.pop("trig_in_falls") == 1
    assert {name for name in grown if not name.startswith(("tick", "entry"))} == set()
    assert after["ticks"] - before["ticks"] == grown["ticks_timed"]


def test_clear_starts_the_ticks_times_anew(board, ask, read):
    """Times in microseconds, least, mean, most, in order and within a tick."""
    ask("clear")
    board.advance(0.1)
    counted = read("counters")
    assert 800 <= counted["ticks_timed"] <= 2000
    assert counted["tick_hz"] == 8000
    assert 0 < counted["entry_us_max"] < counted["tick_us_min"]
    assert counted["tick_us_min"] <= counted["tick_us_mean"] <= counted["tick_us_max"] < 125
    assert counted["late_ticks"] == 0
    ask("clear")
    assert read("counters")["ticks_timed"] < counted["ticks_timed"]


# --- Hold, release, turn -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", cv_names())
def test_a_held_cv_stays_whatever_plays_and_follows_again_after_release(board, ask, name):
    """Both ends and the middle of its range; no other CV moves."""
    send(board, "din", note_on(60))
    board.advance(0.2)
    before = cvs(board)
    lowest, highest = CV_RANGES[name]
    for volts in (lowest, highest, (lowest + highest) / 2 + 0.3):
        ask(f"hold {name} {volts}")
        board.advance(0.002)
        assert board.cv(name) == pytest.approx(volts, abs=0.0002)
        start = board.now
        send(board, "din", note_on(72) + note_off(72))
        board.advance(0.01)
        assert len(board.timeline().between(start, board.now).codes(name)[0]) <= 1, "not for one tick"
    board.advance(0.2)
    assert moved(before, cvs(board), 0.0005) - {"KBD CV OUT"} <= {name}
    ask(f"release {name}")
    board.advance(0.2)
    assert moved(before, cvs(board), 0.0005) == set()
    send(board, "din", note_on(72))
    assert board.note_of("KBD CV OUT") == pytest.approx(72, abs=0.01)


def test_a_knob_that_is_turned_while_its_cv_is_held_counts_after_release(board, ask):
    ask("hold LPF PEAK 1")
    board.set_knob("LPF PEAK", 8)
    board.advance(KNOB_S)
    assert board.cv("LPF PEAK") == pytest.approx(1, abs=0.0002)
    ask("release LPF PEAK")
    board.advance(KNOB_S)
    assert board.cv("LPF PEAK") == pytest.approx(4, abs=0.02)
    board.set_knob("LPF PEAK", 0)
    board.advance(HAND_OFF_S)


def test_all_cvs_can_be_held_at_once(board, ask):
    for place, name in enumerate(cv_names()):
        ask(f"hold {name} {0.1 * place}")
    start = board.now
    send(board, "din", note_on(60) + note_off(60))
    state = board.state()["dac_volts"]
    assert state == pytest.approx([0.1 * place for place in range(16)], abs=0.0002)
    assert late_frames(board, start) == 0
    for name in cv_names():
        ask(f"release {name}")
    send(board, "din", note_on(60))
    board.advance(0.1)
    assert heard(board) == 60
    assert board.cv("VCA") == pytest.approx(5, abs=0.001)


def test_a_turned_control_stands_until_the_hand_takes_it(board, ask, read):
    """0..10 is a share of its travel; a centred knob's number is another; a rotary goes to its place."""
    for number, volts in ((0, 0), (10, 5), (5, 2.5)):
        ask(f"turn LPF PEAK {number}")
        board.advance(0.005)
        assert board.cv("LPF PEAK") == pytest.approx(volts, abs=0.001)
    ask("turn MASTER TUNE 0")
    ask("turn VCO 2 WAVE FORM 10")
    board.advance(0.05)
    stands = read("controls")
    assert stands["MASTER TUNE"] == -5
    assert stands["VCO 2 WAVE FORM"] == "RING"
    assert board.wave("VCO 2") == "RING"
    board.set_knob("LPF PEAK", 2)
    board.set_knob("MASTER TUNE", 2)
    board.advance(KNOB_S)
    stands = read("controls")
    assert stands["LPF PEAK"] == pytest.approx(2, abs=0.05)
    assert stands["MASTER TUNE"] == pytest.approx(2, abs=0.05)
    board.set_panel(basic_panel())
    ask("turn VCO 2 WAVE FORM 0")
    board.advance(HAND_OFF_S)


# --- Keys that stick -----------------------------------------------------------------------------------------------


def test_a_key_that_was_down_before_power_on_is_named_with_its_note(image_path):
    """Stuck, if nobody holds it; one that is held later is named as down now."""
    with VirtualBoard(image_path, panel=basic_panel()) as board:
        board.press(55)
        board.power_on()
        board.wait_until_ready()
        board.wait_for_usb()
        read = service(board).read
        board.press(72)
        board.advance(0.01)
        assert read("selftest") == [
            "keys down since power-on (stuck, if nobody holds them): notes 55",
            "keys down now (stuck, if nobody holds them): notes 55, 72",
        ]
        board.release(72)
        board.release(55)
        board.advance(0.02)
        assert read("selftest") == ["keys down since power-on (stuck, if nobody holds them): notes 55"]
        assert "notes 55" in board.console
        send(board, "din", note_on(60))
        assert heard(board) == 60


def test_a_held_key_is_named(board, read):
    board.press(48)
    board.press(84)
    board.advance(0.01)
    assert read("selftest") == ["keys down now (stuck, if nobody holds them): notes 48, 84"]
    board.release(48)
    board.release(84)
    board.advance(0.01)
    assert read("selftest") == ["nothing wrong was found"]


# --- Asking is never heard -----------------------------------------------------------------------------------------


def test_asking_does_not_disturb_the_music(board, ask):
    """A note sounds, another line is played on DIN, MG runs: no late frame, no trigger, no CV that moves."""
    send(board, "usb", note_on(60))
    board.advance(0.3)
    before, start = cvs(board), board.now
    for words in (
        "about",
        "counters",
        "controls",
        "cvs",
        "monitors",
        "plugs",
        "selftest",
        "settings",
        "get bend",
    ):
        ask(words)
    ask("memory")
    pause_us = int(ask("collect"))
    ask("set bend 3")
    ask("set bend 2")
    assert moved(before, cvs(board), 0.0005) == set()
    assert trigger_edges(board, start) == []
    assert late_frames(board, start) == 0
    print(f"collect: {pause_us} us")
    start = board.now
    board.send_din(b"\x90" + bytes([64, 100, 64, 0]) * 300)
    ask("counters")
    ask("controls")
    ask("collect")
    assert late_frames(board, start) == 0
    assert board.note_of() == pytest.approx(64, abs=0.01) or heard(board) == 60


# --- What comes damaged --------------------------------------------------------------------------------------------


@pytest.fixture
def port(board):
    """The serial port opened: bytes go through as they are."""
    for _ in range(50):
        opened = socket.create_connection(("127.0.0.1", board.serial.tcp_port))
        opened.settimeout(0.02)
        try:
            opened.recv(65536)
        except TimeoutError:
            break
        except ConnectionResetError:  # the last test's has not been let go yet
            time.sleep(0.02)
        opened.close()
    yield opened
    opened.close()


def typed(board, port, data, seconds):
    """Type bytes; return what the console says within some time."""
    port.sendall(data)
    said = b""
    end_s = board.now + seconds
    while board.now < end_s:
        board.advance(0.02)
        with contextlib.suppress(TimeoutError):
            said += port.recv(65536)
    return said.decode(errors="replace")


def good(body):
    """A line with the right sum, whatever it says."""
    return body + f"*{crc16(body):04X}\n".encode()


DAMAGED = {
    "another digit": frame(5, "set bend 9").replace("bend 9", "bend 8").encode(),
    "another sum": b"?5 set bend 9*0000\n",
    "no sum": b"?5 set bend 9\n",
    "no number": good(b"?set bend 9"),
    "a number that is none": good(b"?5x set bend 9"),
    "a bit flipped": bytes([*b"?5 set benD 9*"]) + frame(5, "set bend 9").split("*")[1].encode(),
    "the end cut off": frame(5, "set bend 9").encode()[:-3] + b"\n",
    "bytes that are no text": b"?5 set bend \xff9*1234\n",
    "no text, with the right sum": good(b"?5 set bend \xc3\x28"),
    "twice the line in one": frame(5, "set bend 9").strip().encode() * 2 + b"\n",
    "much too long": b"?5 set bend " + b"9" * 400 + b"*0000\n",
}


@pytest.mark.parametrize("line", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_line_is_answered_with_number_0_and_does_nothing(board, port, ask, line):
    said = typed(board, port, line, max(0.15, len(line) * 0.0015 + 0.05))
    found = answer_in(said, 0)
    assert found is not None, said
    done, sentence = found
    assert not done
    assert "damaged" in sentence
    assert said.count("!") == 1
    assert ask("get bend") == "2"


def test_what_does_not_begin_with_a_question_mark_is_passed_over(board, port, ask):
    """A terminal open beside, its echoes, its empty lines."""
    for line in (
        b"\r\n\r\n",
        b"hello\n",
        b" ?5 get bend\n",
        b"!5 ok*1234\n",
        b"set bend 9\n",
        b"\x04\x01\x02\x05",
    ):
        assert typed(board, port, line, 0.06) == ""
    typed(board, port, b"\n", 0.05)
    assert ask("get bend") == "2"


def test_the_answer_repeats_the_number(board, port):
    for number in (0, 1, 17, 99999, 123456789):
        assert answer_in(typed(board, port, frame(number, "get bend").encode(), 0.1), number) == (True, "2")


def test_random_bytes_typed_for_a_second_do_not_stop_the_instrument(board, port, ask):
    """Every byte but Ctrl-C, a question mark and ends of line often among them; then it plays and answers as before."""
    print(f"seed {NOISE_SEED}")
    randomness = random.Random(NOISE_SEED)
    bytes_all = [byte for byte in range(256) if byte != 3]
    noise = bytes(
        randomness.choice((*bytes_all, *b"?????\n\n\n\r**  ")) if randomness.random() < 0.9 else ord("?")
        for _ in range(1000)
    )
    send(board, "din", note_on(60))
    start = board.now
    typed(board, port, noise, 1.3)
    assert heard(board) == 60
    assert late_frames(board, start) == 0
    typed(board, port, b"\n", 0.1)
    assert ask("get bend") == "2"
    send(board, "usb", note_on(64))
    assert heard(board) == 64


# --- Memory --------------------------------------------------------------------------------------------------------


def play_din(board, count):
    board.send_din(b"".join(note_on(48 + each % 37) + note_off(48 + each % 37) for each in range(count)))
    board.advance(count * 6 * 0.00032 + 0.05)


def play_usb(board, count):
    board.send_usb(b"".join(note_on(48 + each % 37) + note_off(48 + each % 37) for each in range(count)))
    board.advance(count / 1000 + 0.05)


def play_keys(board, count):
    start = board.now + 0.001
    with board.schedule() as later:
        for each in range(count):
            later.at(start + 0.005 * each).press(48 + each % 37)
            later.at(start + 0.005 * each + 0.02).release(48 + each % 37)
    board.advance(count * 0.005 + 0.1)


@pytest.mark.parametrize(
    ("play", "count"), [(play_din, 1000), (play_usb, 1000), (play_keys, 300)], ids=["din", "usb", "keys"]
)
def test_a_note_allocates_nothing(board, ask, read, play, count):
    """Bytes in use before and after, less what asking itself takes.

    Collected first: what is in use then stays below what makes the firmware collect by itself, which would hide it.
    """
    notes = read("counters")["notes_played"]
    ask("collect")
    first, second = read("memory"), read("memory")
    asking = second - first
    ask("collect")
    first = read("memory")
    play(board, count)
    second = read("memory")
    assert second - first - asking == 0
    assert read("counters")["notes_played"] - notes == count


def test_controllers_leave_nothing_behind(board, ask, read):
    """What a turned control's work in the main loop allocates is garbage, and collected."""
    ask("set mode extended")
    send(board, "din", control_change(74, 1) + control_change(1, 1))
    ask("collect")
    first = read("memory")
    for number in range(300):
        send(board, "usb", control_change(74, number % 128) + control_change(1, number % 128))
    ask("collect")
    assert read("memory") <= first + 64
    ask("defaults")
