"""Which held note sounds."""

import pytest
from control_frame import code_of
from hypothesis import given
from hypothesis import strategies as st
from note_stack import all_notes_off, note_off, note_on, pedal
from state import (
    GATE,
    MULTI_TRIGGER,
    NOTE_COUNT,
    NOTE_PRIORITY,
    NOTE_STACK_SIZE,
    PORT_DIN,
    PORT_KEYS,
    PORT_USB,
    PRIORITY_HIGH,
    PRIORITY_LAST,
    PRIORITY_LOW,
    RETRIGGER,
    TARGET_Q20,
)

C4, E4, G4 = 60, 64, 67


def sounding(words):
    """The note that the pitch CVs show."""
    return (words[TARGET_Q20] >> 20) + 60


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


@pytest.mark.parametrize(
    ("priority", "heard"),
    [(PRIORITY_LAST, [64, 60, 67]), (PRIORITY_LOW, [64, 60, 60]), (PRIORITY_HIGH, [64, 64, 67])],
)
def test_priority_chooses_among_held_notes(words, priority, heard):
    words[NOTE_PRIORITY] = priority
    for note, expected in zip((64, 60, 67), heard, strict=True):
        note_on(PORT_DIN, note)
        assert sounding(words) == expected
    note_off(PORT_DIN, expected)
    assert sounding(words) == {PRIORITY_LAST: 60, PRIORITY_LOW: 64, PRIORITY_HIGH: 64}[priority]


@pytest.mark.parametrize(
    ("priority", "note", "starts"),
    [
        (PRIORITY_LAST, 62, 1),
        (PRIORITY_LOW, 62, 0),
        (PRIORITY_LOW, 58, 1),
        (PRIORITY_HIGH, 62, 1),
        (PRIORITY_HIGH, 58, 0),
    ],
)
def test_multiple_trigger_starts_the_envelopes_for_each_note_that_sounds(words, priority, note, starts):
    words[MULTI_TRIGGER] = 1
    words[NOTE_PRIORITY] = priority
    note_on(PORT_DIN, C4)
    words[RETRIGGER] = 0
    note_on(PORT_DIN, note)
    assert words[RETRIGGER] == starts
    words[RETRIGGER] = 0
    note_off(PORT_DIN, note)
    assert words[RETRIGGER] == 0, "the note fallen back to is not played again"


def test_the_pedal_holds_its_own_inputs_notes_until_it_is_up(words):
    pedal(PORT_USB, 1)
    note_on(PORT_USB, C4)
    note_on(PORT_KEYS, E4)
    note_off(PORT_USB, C4)
    note_off(PORT_KEYS, E4)
    assert (words[GATE], sounding(words)) == (1, C4), "the key's note has ended, the pedal's has not"
    note_on(PORT_USB, G4)
    pedal(PORT_USB, 0)
    assert (words[NOTE_COUNT], sounding(words)) == (1, G4), "what a key still holds stays"
    note_off(PORT_USB, G4)
    assert words[GATE] == 0


def test_a_note_played_again_over_the_pedal_is_one_note(words):
    pedal(PORT_USB, 1)
    note_on(PORT_USB, C4)
    note_off(PORT_USB, C4)
    note_on(PORT_USB, C4)
    assert words[NOTE_COUNT] == 1
    pedal(PORT_USB, 0)
    assert words[GATE] == 1, "its key is down"


def test_all_notes_off_does_not_wait_for_the_pedal(words):
    pedal(PORT_USB, 1)
    note_on(PORT_USB, C4)
    note_off(PORT_USB, C4)
    all_notes_off(PORT_USB)
    assert words[GATE] == 0


SOUNDING = {PRIORITY_LAST: lambda notes: notes[-1], PRIORITY_LOW: min, PRIORITY_HIGH: max}


@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0, 1, 2]), st.integers(0, 127)), max_size=200),
    st.sampled_from([PRIORITY_LAST, PRIORITY_LOW, PRIORITY_HIGH]),
)
def test_the_stack_agrees_with_a_list(events, priority):
    """Any order of presses and releases: the stack equals the obvious model, and the right note sounds."""
    from memory import state as words

    words[NOTE_COUNT] = 0
    words[NOTE_PRIORITY] = priority
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
            assert sounding(words) == SOUNDING[priority]([note for _, note in model])
