"""The patch panel's table against the board, the firmware and the tests that it names."""

import importlib.util

import pytest
from ms20.board import BOARD, REPOSITORY

spec = importlib.util.spec_from_file_location("jacks", REPOSITORY / "hardware" / "jacks.py")
jacks = importlib.util.module_from_spec(spec)
spec.loader.exec_module(jacks)

ROWS = {row[0]: row for row in jacks.JACKS}
VIRTUAL = REPOSITORY / "tests" / "virtual"


def test_there_are_35_jacks_each_once():
    """Facts 7: 35 sockets."""
    assert len(jacks.JACKS) == len(ROWS) == 35


@pytest.mark.parametrize("jack", [name for name, _ in BOARD.PLUGS])
def test_a_jack_whose_plug_the_firmware_sees_is_an_input_that_it_has_a_part_in(jack):
    _, way, _, lives, _, test = ROWS[jack]
    assert way == jacks.IN
    assert lives in (jacks.FIRMWARE, jacks.BOTH)
    assert test


@pytest.mark.parametrize("name", ["MG OUT A", "EG1 OUT", "EG2 REV OUT", "KBD CV OUT"])
def test_a_cv_that_leaves_by_a_jack_has_its_row(name):
    assert name in [cv for cv, _ in BOARD.CV]
    assert ROWS[name][1] == jacks.OUT


@pytest.mark.parametrize("row", jacks.JACKS, ids=lambda row: row[0])
def test_every_jack_with_a_firmware_part_names_a_test_that_mentions_it(row):
    name, _, _, lives, _, test = row
    if not test:
        assert lives == jacks.ANALOG
        return
    words = (VIRTUAL / test).read_text()
    generated = "ROWS" in words  # test_every_control.py goes through the panel's table
    mentioned = name.removeprefix("ESP ") in words or name.replace(" REV", "") in words
    assert mentioned or generated
