"""Keys as a player hits them."""

import pytest
from key_matrix import KEY_RELEASE_SCANS, play_key, row_moved
from state import (
    GATE,
    KEY_DOWN,
    KEY_EVENT,
    KEY_EVENT_HEAD,
    KEY_NOTE_TAIL,
    KEY_RELEASING,
    NOTE_COUNT,
    NOTE_STACK,
    NOTES_PLAYED,
)


def scan(words, row, columns):
    """What the ticks do with one reading of a row: the event of one key in each."""
    if columns != words[KEY_DOWN + row] or words[KEY_RELEASING + row]:
        row_moved(row, columns)
    while words[KEY_NOTE_TAIL] != words[KEY_EVENT_HEAD]:
        play_key()


def held(words):
    return sorted(words[NOTE_STACK + i] & 127 for i in range(words[NOTE_COUNT]))


@pytest.mark.parametrize("key", range(37))
def test_every_key_plays_its_own_note_at_once(words, key):
    scan(words, key // 5, 1 << key % 5)
    assert held(words) == [48 + key]


def test_release_waits_for_five_quiet_milliseconds(words):
    scan(words, 0, 1)
    for _ in range(KEY_RELEASE_SCANS):
        scan(words, 0, 0)
        assert words[GATE] == 1
    scan(words, 0, 0)
    assert words[GATE] == 0
    assert KEY_RELEASE_SCANS == 5


def test_bounce_neither_retriggers_nor_releases(words):
    for columns in (1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1):
        scan(words, 0, columns)
    assert words[GATE] == 1
    assert words[NOTES_PLAYED] == 1


def test_a_chord_in_one_row_and_partial_release(words):
    scan(words, 2, 0b10101)
    assert held(words) == [58, 60, 62]
    for _ in range(KEY_RELEASE_SCANS + 1):
        scan(words, 2, 0b00101)
    assert held(words) == [58, 60]


def test_a_key_is_sent_once_down_and_once_up(words):
    for columns in (0b10, 0b00, 0b10):
        scan(words, 3, columns)
    for _ in range(KEY_RELEASE_SCANS + 1):
        scan(words, 3, 0)
    events = [words[KEY_EVENT + i] for i in range(words[KEY_EVENT_HEAD])]
    note = 48 + 3 * 5 + 1
    assert events == [note << 8 | 0x90, note << 8 | 0x80]


def test_all_keys_can_be_down(words):
    for row in range(8):
        scan(words, row, 0b11111 if row < 7 else 0b11)
    assert words[NOTE_COUNT] == 16
    for _ in range(KEY_RELEASE_SCANS + 1):
        for row in range(8):
            scan(words, row, 0)
    assert held(words) == []
