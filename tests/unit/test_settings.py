"""Settings: what each allows and refuses, where it goes, and the file that keeps them."""

import os
from binascii import crc32
from pathlib import Path

import live_settings
import pytest
from board import PANEL, TICK_HZ, VOLUME
from cc_map import LEARNABLE, MS20IC
from extended import NONE, Extended
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from settings import BAD_FILE, FILE, NEW_FILE, SETTINGS, SettingError, Settings
from state import (
    AUX_CODES_Q7,
    AUX_SOURCE,
    BEND_RANGE_Q9,
    CV_GAIN_Q9,
    CV_ZERO_Q4,
    EXTENDED,
    MULTI_TRIGGER,
    NOTE_PRIORITY,
    SENSING_TICKS,
)

WORDED = [(row[0], row[2]) for row in SETTINGS if isinstance(row[2][0], str)]
NUMBERED = [(row[0], *row[2]) for row in SETTINGS if not isinstance(row[2][0], str)]
RETURN = "\r"
"""CPython, not MicroPython, reads it as the end of a line."""
DEFAULTS = {row[0]: row[1] for row in SETTINGS}

values = st.fixed_dictionaries(
    {name: st.sampled_from(words) for name, words in WORDED}
    | {name: st.integers(lowest, highest) for name, lowest, highest in NUMBERED}
)
controllers = st.dictionaries(st.integers(0, 119), st.sampled_from([NONE, *LEARNABLE]), max_size=20)


@pytest.fixture(autouse=True)
def empty_flash(tmp_path, monkeypatch):
    """A file system with nothing in it."""
    monkeypatch.chdir(tmp_path)


def filled(given_values, given_controllers):
    made = Settings()
    for name, value in given_values.items():
        made.set(name, value)
    for number, channel in given_controllers.items():
        made.assign(number, channel)
    return made


def loaded():
    found = Settings()
    found.load()
    return found


def files():
    return {path.name for path in Path().iterdir()}


def write(body, name=FILE):
    Path(name).write_text(f"{body}crc32={crc32(body.encode()):08x}\n")


# --- Values ---------------------------------------------------------------------------------------------------


def test_the_defaults_are_allowed_and_there_at_once():
    fresh = Settings()
    for name, default in DEFAULTS.items():
        assert fresh.get(name) == default
        fresh.set(name, default)


@pytest.mark.parametrize(("name", "words"), WORDED)
def test_a_word_is_one_of_its_words(name, words):
    made = Settings()
    for place, word in enumerate(words):
        made.set(name, word)
        assert (made.get(name), made.index(name)) == (word, place)
    for wrong in (words[0].upper(), words[0] + "x", "", " " + words[0], 0, None):
        with pytest.raises(SettingError) as refusal:
            made.set(name, wrong)
        assert str(refusal.value) == f"{name} cannot be {wrong}: {' or '.join(words)}"
        assert made.get(name) == words[-1], "what was refused changes nothing"


@pytest.mark.parametrize(("name", "lowest", "highest"), NUMBERED)
def test_a_number_is_a_whole_one_of_its_range_also_as_text(name, lowest, highest):
    made = Settings()
    for number in (lowest, highest, (lowest + highest) // 2):
        for given_as in (number, str(number), f"{number} "):
            made.set(name, given_as)
            assert (made.get(name), made.index(name)) == (number, number)
    kept = made.get(name)
    for wrong in (
        lowest - 1,
        highest + 1,
        str(highest + 1),
        "",
        "x",
        "0x10",
        "1.5",
        lowest + 0.5,
        None,
        10**12,
    ):
        with pytest.raises(SettingError) as refusal:
            made.set(name, wrong)
        assert str(refusal.value) == f"{name} cannot be {wrong}: a whole number from {lowest} to {highest}"
        assert made.get(name) == kept


def test_an_unknown_setting_is_answered_with_those_there_are():
    for ask in (lambda made: made.set("volume", 3), lambda made: made.get("volume")):
        with pytest.raises(SettingError, match="there is no setting volume; there are mode, priority, "):
            ask(Settings())


@pytest.mark.parametrize("number", [-1, 120, 123, 127, 128])
def test_controllers_that_end_notes_cannot_be_given_to_a_control(number):
    with pytest.raises(SettingError, match=rf"controller {number}: must be 0 to 119"):
        Settings().assign(number, LEARNABLE[0])


def test_a_control_that_acts_in_analog_cannot_have_a_controller():
    made = Settings()
    with pytest.raises(SettingError, match="VOLUME acts in analog alone"):
        made.assign(7, VOLUME)
    assert made.controllers == {}


# --- To the tick ----------------------------------------------------------------------------------------------


@given(values, controllers)
def test_every_value_reaches_what_obeys_it(given_values, given_controllers):
    from memory import state as words

    made = filled(given_values, given_controllers)
    extended = Extended()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live_settings, "settings", made)
        words[EXTENDED] = 0
        live_settings.apply_settings(extended)
    get = made.get
    assert words[EXTENDED] == (get("mode") == "extended")
    assert words[NOTE_PRIORITY] == ("last", "low", "high").index(get("priority"))
    assert words[MULTI_TRIGGER] == (get("trigger") == "multi")
    assert words[SENSING_TICKS] / TICK_HZ == pytest.approx(get("sensing") / 1000, abs=1 / TICK_HZ)
    assert words[BEND_RANGE_Q9] / 512 == get("bend")
    assert words[AUX_SOURCE] == ("off", "velocity", "aftertouch", "cc1", "cc74").index(get("aux"))
    assert 127 * words[AUX_CODES_Q7] / 128 == pytest.approx(get("aux_volts") * 6553.6, abs=1)
    assert extended.clocks_per_turn == get("mg_clocks")
    for place, name in enumerate(("cv12", "cv2")):
        assert words[CV_ZERO_Q4 + place] == get(f"{name}_zero")
        assert words[CV_GAIN_Q9 + place] == get(f"{name}_gain")
    expected = dict.fromkeys(range(128), NONE) | dict(MS20IC) | given_controllers
    assert {number: extended.map[number] for number in range(128)} == expected


# --- The file -------------------------------------------------------------------------------------------------


def test_without_a_file_the_defaults_hold_and_nothing_is_wrong():
    assert (loaded().values, loaded().trouble) == (DEFAULTS, "")


@examples(max_examples=50)
@given(values, controllers)
def test_what_is_saved_is_loaded(given_values, given_controllers):
    made = filled(given_values, given_controllers)
    made.save()
    found = loaded()
    assert (found.values, found.controllers, found.trouble) == (made.values, made.controllers, "")
    assert files() == {FILE}


def test_defaults_are_kept_like_any_values():
    filled({"bend": 7}, {3: LEARNABLE[0]}).save()
    made = loaded()
    made.reset()
    made.save()
    assert (loaded().values, loaded().controllers) == (DEFAULTS, {})


def whole_file():
    filled({"mode": "extended", "bend": 7}, {3: LEARNABLE[0], 74: NONE}).save()
    return Path(FILE).read_bytes()


@examples(max_examples=200)
@given(st.data())
def test_any_damage_puts_the_file_aside_and_the_defaults_in(data):
    """A byte changed anywhere, or the file cut short anywhere, to nothing too."""
    good = whole_file()
    place = data.draw(st.integers(0, len(good) - 2))
    if data.draw(st.booleans()):
        damaged = good[:place]
    else:
        byte = data.draw(st.integers(0, 255).filter(lambda byte: byte not in (good[place], ord(RETURN))))
        damaged = good[:place] + bytes([byte]) + good[place + 1 :]
    Path(FILE).write_bytes(damaged)
    found = loaded()
    assert (found.values, found.controllers) == (DEFAULTS, {})
    assert found.trouble.startswith(f"{FILE} cannot be used (")
    assert found.trouble.endswith(f"): defaults; it is kept as {BAD_FILE}")
    assert Path(BAD_FILE).read_bytes() == damaged
    assert not Path(FILE).exists()
    again = loaded()
    assert (again.values, again.trouble) == (DEFAULTS, "")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("bend=99", "bend cannot be 99: a whole number from 0 to 24"),
        ("mode=loud", "mode cannot be loud: faithful or extended"),
        ("cc120=LPF PEAK", "controller 120: must be 0 to 119"),
        ("cc7=VOLUME", "VOLUME acts in analog alone; a controller cannot turn it"),
        ("cc7=NO SUCH KNOB", ""),
    ],
)
def test_a_file_that_says_what_is_not_allowed_is_not_used_at_all(line, why):
    write(f"bend=5\n{line}\n")
    found = loaded()
    assert (found.values, found.controllers) == (DEFAULTS, {})
    assert why in found.trouble


def test_a_newer_versions_setting_is_passed_over():
    write("bend=5\nsparkle=much\ncc=3\n")
    assert (loaded().get("bend"), loaded().trouble) == (5, "")


def test_an_older_versions_file_leaves_the_rest_at_their_defaults():
    write("bend=5\n")
    assert loaded().values == {**DEFAULTS, "bend": 5}


@given(st.integers(0, 400))
def test_a_new_file_that_was_cut_off_is_ignored(length):
    good = whole_file()
    Path(NEW_FILE).write_bytes((b"mode=faithful\n" * 40)[:length])
    assert loaded().get("bend") == 7
    assert Path(FILE).read_bytes() == good
    filled({"bend": 9}, {}).save()
    assert (loaded().get("bend"), files()) == (9, {FILE})


def test_a_save_that_fails_leaves_the_old_file(monkeypatch):
    good = whole_file()

    def full(*_):
        raise OSError(28)

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(OSError, match="28"):
        filled({"bend": 9}, {}).save()
    assert Path(FILE).read_bytes() == good


def test_controllers_are_written_by_their_controls_names():
    filled({}, {3: LEARNABLE[0], 74: NONE}).save()
    lines = Path(FILE).read_text().split("\n")
    assert f"cc3={PANEL[LEARNABLE[0]][0]}" in lines
    assert "cc74=" in lines
