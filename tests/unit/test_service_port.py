"""The service's framed line: what comes whole is answered, what does not is refused, and every refusal is a sentence."""

import io
import sys
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from ms20.service import answer_in, frame
from ms20.service import crc16 as crc16_of_the_host
from settings import SETTINGS, SettingError, settings
from viper_numba import import_module


def import_without_the_chip(name):
    """Import a module of the firmware; what only MicroPython has, for all that it imports, is mocked meanwhile."""
    mocked = []
    try:
        while True:
            try:
                return import_module(name)
            except ModuleNotFoundError as missing:
                sys.modules[missing.name] = mock.MagicMock()
                mocked.append(missing.name)
    finally:
        for absent in mocked:
            del sys.modules[absent]


service_port = import_without_the_chip("service_port")
service = import_without_the_chip("service")

words_asked = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=40)
numbers = st.integers(1, 10**6)


@pytest.fixture(autouse=True)
def default_settings():
    yield
    settings.reset()


def ask(number, words):
    """Send a command as the host frames it; what the host then reads."""
    line = frame(number, words).encode().rstrip(b"\n")
    return answer_in(service_port.answer(line), number)


@given(st.binary(max_size=300))
def test_both_sides_reckon_the_same_check_sum(data):
    assert service_port.crc16(data) == crc16_of_the_host(data)


def test_the_check_sum_is_the_published_one():
    """CRC-16/CCITT-FALSE: 29B1 for the digits 1 to 9."""
    assert service_port.crc16(b"123456789") == 0x29B1


# --- Framing ----------------------------------------------------------------------------------------------------


@given(numbers, words_asked, words_asked)
def test_words_arrive_as_they_were_sent_and_so_does_the_answer(number, asked, said):
    heard = []

    def command(words):
        heard.append(words)
        return said

    with mock.patch.object(service, "command", command):
        assert ask(number, asked) == (True, said)
    assert heard == [asked]


@examples(max_examples=300)
@given(numbers, words_asked, st.data())
def test_a_line_with_any_byte_damaged_does_nothing(number, asked, data):
    line = bytearray(frame(number, asked).encode().rstrip(b"\n"))
    place = data.draw(st.integers(0, len(line) - 1))
    before = line[place]
    line[place] = data.draw(st.integers(0, 255))
    if bytes([before]).upper() == bytes([line[place]]).upper() and place >= len(line) - 4:
        return
    if before == line[place]:
        return
    with mock.patch.object(service, "command") as command:
        answer = service_port.answer(bytes(line))
    assert answer_in(answer, 0) == (False, "the line came damaged (wrong check sum); ask again")
    command.assert_not_called()


@examples(max_examples=100)
@given(numbers, words_asked, st.data())
def test_a_line_cut_short_does_nothing(number, asked, data):
    line = frame(number, asked).encode().rstrip(b"\n")
    with mock.patch.object(service, "command") as command:
        answer = service_port.answer(line[: data.draw(st.integers(1, len(line) - 1))])
    assert answer_in(answer, 0) is not None
    command.assert_not_called()


@examples(max_examples=300)
@given(numbers, words_asked, st.data())
def test_an_answer_with_any_byte_damaged_is_not_believed(number, said, data):
    with mock.patch.object(service, "command", return_value=said):
        answer = service_port.answer(frame(number, "get bend").encode().rstrip(b"\n"))
    damaged = bytearray(answer.encode().rstrip(b"\r\n"))
    place = data.draw(st.integers(0, len(damaged) - 1))
    damaged[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != damaged[place]))
    assert answer_in(damaged.decode(errors="replace"), number) is None


@given(st.binary(max_size=100))
def test_any_noise_is_answered_and_no_more(noise):
    with mock.patch.object(service, "command") as command:
        answer_in(service_port.answer(noise), 0)
    command.assert_not_called()


# --- Refusals -----------------------------------------------------------------------------------------------------


@given(numbers, st.sampled_from([service.Refused, SettingError]), words_asked)
def test_a_refusal_comes_back_as_its_sentence(number, kind, sentence):
    with mock.patch.object(service, "command", mock.Mock(side_effect=kind(sentence))):
        assert ask(number, "set bend 99") == (False, sentence)


@pytest.mark.parametrize("failure", [KeyError("x"), MemoryError(), OSError(5), ZeroDivisionError("by zero")])
def test_whatever_goes_wrong_in_an_answer_is_an_answer_too(failure):
    with mock.patch.object(service, "command", mock.Mock(side_effect=failure)):
        done, said = ask(3, "counters")
    assert not done
    assert said == f"counters failed: {failure!r}"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("set bend 99", "bend cannot be 99: a whole number from 0 to 24"),
        ("set mode loud", "mode cannot be loud: faithful or extended"),
        ("get loudness", f"there is no setting loudness; there are {', '.join(row[0] for row in SETTINGS)}"),
        ("dance", "there is no command dance; there are about, "),
        ("", "there is no command ; there are about, "),
        ("get", "get takes 1 words after it"),
        ("set bend", "set takes 2 words after it"),
        ("clear all", "clear takes 0 words after it"),
        ("counters please", "counters takes 0 words after it"),
        ("hold LPF CUTOFF 7", "LPF CUTOFF cannot be 7: -5 to 5 V"),
        ("hold LPF CUTOFF x", "LPF CUTOFF cannot be x: -5 to 5 V"),
        ("hold LPF CUTOFF nan", "LPF CUTOFF cannot be nan: -5 to 5 V"),
        ("hold PITCH 1", "there is no CV PITCH; there are VCO 1 PITCH, "),
        ("turn LPF PEAK 11", "LPF PEAK cannot be 11: 0 to 10"),
        ("turn VOLUME 5", "VOLUME acts in analog alone"),
        ("turn 5", "turn takes 2 words after it"),
        ("turn BASS 5", "there is no control BASS; there are VCO 1 WAVE FORM, "),
        ("learn VOLUME", "VOLUME acts in analog alone"),
        ("learn LPF PEAK", "controllers act in extended mode alone: set mode extended"),
        ("gain cv12 5", "there is no plug in cv12"),
        ("gain dac 5", "there is no input dac; there are cv12 and cv2"),
        ("turn LPF PEAK 5", "nothing plays: "),
    ],
)
def test_what_the_service_refuses_it_says_with_what_is_allowed(words, sentence):
    done, said = ask(17, words)
    assert not done
    assert said.startswith(sentence)


def test_a_setting_is_read_in_either_case_of_the_check_sum():
    line = frame(17, "get bend").encode().rstrip(b"\n")
    body, _, total = line.rpartition(b"*")
    assert answer_in(service_port.answer(body + b"*" + total.lower()), 17) == (True, "2")


# --- The line ---------------------------------------------------------------------------------------------------


class Console:
    """A console with bytes waiting, and what was written to it."""

    def __init__(self, waiting):
        self.buffer = io.BytesIO(waiting)
        self.written = ""

    def register(self, *_):
        pass

    def ipoll(self, timeout_ms):
        assert timeout_ms == 0, "nothing waits in the loop that plays"
        return [None] if self.buffer.tell() < len(self.buffer.getvalue()) else []

    def write(self, text):
        self.written += text


def typed(monkeypatch, waiting):
    """Let the port take what was typed, a byte a round; what it has written."""
    console = Console(waiting)
    monkeypatch.setattr(service_port, "poll", lambda: console)
    monkeypatch.setattr(service_port, "sys", mock.Mock(stdin=console, stdout=console))
    port = service_port.ServicePort()
    for round_number in range(len(waiting) + 3):
        before = console.buffer.tell()
        port.poll()
        assert console.buffer.tell() - before == (1 if round_number < len(waiting) else 0)
    return console.written


def test_asking_lines_are_answered_and_all_else_is_passed_over(monkeypatch):
    asked = frame(1, "get bend").encode()
    waiting = (
        b"hello\n" + asked + b"\r\n\n!9 ok 5*0000\n  " + asked + asked.replace(b"\n", b"\r\n") + b"?half"
    )
    written = typed(monkeypatch, waiting)
    assert written.count("!1 ok 2*") == 2
    assert written.count("!") == 2
    assert written.endswith("\r\n")


def test_an_endless_line_is_refused_and_the_next_one_answered(monkeypatch):
    written = typed(monkeypatch, b"?" + b"x" * 5000 + b"\n" + frame(2, "get bend").encode())
    assert [answer_in(written, number) for number in (0, 2)] == [
        (False, "the line came damaged (wrong check sum); ask again"),
        (True, "2"),
    ]


def test_ctrl_c_leaves_the_loop(monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        typed(monkeypatch, b"?1 ge\x03t bend")


@given(st.binary(max_size=300).map(lambda noise: noise.replace(b"\x03", b"")))
def test_any_bytes_leave_the_next_line_answered(noise):
    with pytest.MonkeyPatch.context() as monkeypatch:
        written = typed(monkeypatch, noise + b"\n" + frame(3, "get bend").encode())
    assert answer_in(written, 3) == (True, "2")
