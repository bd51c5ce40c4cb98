"""Which held note sounds."""

import pytest
from control_frame import code_of
from hypothesis import given
from hypothesis import strategies as st
from note_stack import all_notes_off, note_off, note_on
from state import (
    GATE,
    KEY_PITCH_Q8,
    NOTE_COUNT,
    NOTE_STACK_SIZE,
    PORT_DIN,
    PORT_KEYS,
    PORT_USB,
    RETRIGGER,
)

C4, E4, G4 = 60, 64, 67


def sounding(words):
    """The note that the pitch CVs show."""
    return words[KEY_PITCH_Q8] // 256 + 60


def test_last_note_sounds_and_release_falls_back(words):
    note_on(PORT_DIN, C4)
    note_on(PORT_DIN, E4)
    note_on(PORT_DIN, G4)
    assert sounding(words) == G4
    note_off(PORT_DIN, E4)
    assert sounding(words) == G4
    note_off(PORT_DIN, G4)
    assert sounding(words) == C4
    assert words[GATE] == 1


def test_pitch_holds_after_the_last_release(words):
    note_on(PORT_DIN, G4)
    note_off(PORT_DIN, G4)
    assert words[GATE] == 0
    assert sounding(words) == G4


def test_legato_does_not_retrigger_but_a_first_note_does(words):
    note_on(PORT_DIN, C4)
    assert words[RETRIGGER] == 1
    words[RETRIGGER] = 0
    note_on(PORT_DIN, E4)
    assert words[RETRIGGER] == 0
    all_notes_off(PORT_DIN)
    note_on(PORT_DIN, C4)
    assert words[RETRIGGER] == 1


def test_a_players_finger_is_not_lifted_by_the_daw(words):
    note_on(PORT_KEYS, C4)
    note_on(PORT_USB, C4)
    note_off(PORT_USB, C4)
    assert words[GATE] == 1
    all_notes_off(PORT_DIN)
    assert words[GATE] == 1
    note_off(PORT_KEYS, C4)
    assert words[GATE] == 0


def test_the_same_note_twice_is_one_note(words):
    note_on(PORT_DIN, C4)
    note_on(PORT_DIN, C4)
    assert words[NOTE_COUNT] == 1
    note_off(PORT_DIN, C4)
    assert words[GATE] == 0


def test_the_seventeenth_note_takes_the_oldest_ones_place(words):
    for note in range(40, 40 + NOTE_STACK_SIZE + 1):
        note_on(PORT_DIN, note)
    assert words[NOTE_COUNT] == NOTE_STACK_SIZE
    for note in range(41 + NOTE_STACK_SIZE - 1, 41, -1):
        note_off(PORT_DIN, note)
    assert sounding(words) == 41


@pytest.mark.parametrize(
    ("note", "volts"), [(24, 0.25), (36, 0.5), (48, 1.0), (60, 2.0), (72, 4.0), (84, 8.0)]
)
def test_kbd_cv_is_hz_per_volt(words, note, volts):
    note_on(PORT_DIN, note)
    assert code_of(13) * 10 / 65536 == pytest.approx(volts, abs=0.0001)


@pytest.mark.parametrize("note", [88, 96, 127])
def test_kbd_cv_saturates_at_ten_volts(words, note):
    note_on(PORT_DIN, note)
    assert code_of(13) == 65535


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0, 1, 2]), st.integers(0, 127)), max_size=200))
def test_the_stack_agrees_with_a_list(events):
    """Any order of presses and releases: the stack equals the obvious model, and the top sounds."""
    from memory import state as words

    words[NOTE_COUNT] = 0
    model = []
    for down, source, note in events:
        if (source, note) in model:
            model.remove((source, note))
        if down:
            model = ([*model, (source, note)])[-NOTE_STACK_SIZE:]
            note_on(source, note)
        else:
            note_off(source, note)
        assert words[NOTE_COUNT] == len(model)
        assert words[GATE] == (1 if model else 0)
        if model:
            assert sounding(words) == model[-1][1]
