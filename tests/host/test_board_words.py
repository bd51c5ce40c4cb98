"""The panel's words: values to fractions and back, codes to volts and back, and helpful refusals."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ms20 import board
from ms20.errors import ExitCode, Ms20Error

BOARD = board.BOARD


def test_json_holds_every_declared_name_as_it_stands():
    declared = json.loads(board.to_json())
    assert declared["PANEL"][BOARD.LPF_CUTOFF] == ["LPF CUTOFF FREQUENCY", BOARD.KIND_POT]
    assert declared["TICK_HZ"] == 8000
    assert set(declared) == {name for name in vars(BOARD) if name.isupper()}


def test_every_control_but_monitors_and_spares_is_there():
    assert len(board.controls()) == 37  # 36 knobs and the wheel
    assert board.controls()["CONTROL WHEEL"].channel == BOARD.CONTROL_WHEEL


@pytest.mark.parametrize(
    ("name", "value", "fraction"),
    [
        ("LPF CUTOFF FREQUENCY", 0, 0.0),
        ("LPF CUTOFF FREQUENCY", 2.5, 0.25),
        ("lpf  cutoff frequency ", "10", 1.0),
        ("MASTER TUNE", -5, 0.0),
        ("MASTER TUNE", 0, 0.5),
        ("CONTROL WHEEL", 5, 1.0),
        ("VCO 1 SCALE", "8'", 5 / 8),
        ("VCO 1 SCALE", 1, 1 / 8),
        ("VCO 2 WAVE FORM", "ring", 7 / 8),
    ],
)
def test_panel_values_become_fractions(name, value, fraction):
    assert board.control(name).fraction(value) == pytest.approx(fraction)


@given(st.sampled_from(sorted(board.controls())), st.floats(0, 1))
def test_fractions_and_values_agree(name, fraction):
    control = board.control(name)
    again = control.fraction(control.value(fraction))
    assert again == pytest.approx(fraction, abs=1 / 8 + 1e-9 if control.words else 1e-9)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LPF PEAK", 10.1),
        ("LPF PEAK", -1),
        ("LPF PEAK", "loud"),
        ("LPF PEAK", float("nan")),
        ("LPF PEAK", True),
        ("VCO 1 SCALE", "3'"),
        ("VCO 1 SCALE", 0),
        ("VCO 1 SCALE", 5),
        ("VCO 1 SCALE", 1.5),
        ("MASTER TUNE", 6),
    ],
)
def test_impossible_values_are_refused_with_the_possible_ones(name, value):
    with pytest.raises(Ms20Error) as caught:
        board.control(name).fraction(value)
    assert caught.value.exit_code == ExitCode.BAD_PANEL
    assert name in caught.value.message
    assert caught.value.hint


def test_an_unknown_control_is_refused_with_its_nearest():
    with pytest.raises(Ms20Error) as caught:
        board.control("LPF CUTOF FREQENCY")
    assert "LPF CUTOFF FREQUENCY" in caught.value.hint
    with pytest.raises(Ms20Error, match="zzz"):
        board.control("zzz")
    with pytest.raises(Ms20Error):
        board.control("")
    with pytest.raises(Ms20Error, match="jack"):
        board.jack("TOTL")
    with pytest.raises(Ms20Error, match="control voltage"):
        board.cv_channel("VCO 3 PITCH")


@given(st.integers(0, 15), st.integers(0, 65535))
def test_codes_and_volts_agree(channel, code):
    lowest, highest = board.cv_range(channel)
    volts = board.code_to_volts(code, channel)
    assert lowest <= volts < highest
    assert board.volts_to_code(volts, channel) == code


def test_volts_saturate():
    pitch = board.cv_channel("VCO 1 PITCH")
    assert board.code_to_volts(BOARD.DAC_MIDDLE, pitch) == 0.0
    assert board.volts_to_code(7.0, pitch) == 65535
    assert board.volts_to_code(-7.0, pitch) == 0
    with pytest.raises(Ms20Error):
        board.range_volts(0x7)


def test_keys():
    assert [board.key_of_note(note) for note in (48, 84)] == [0, 36]
    for note in (47, 85):
        with pytest.raises(Ms20Error, match=str(note)):
            board.key_of_note(note)


def test_a_missing_declaration_is_an_error_with_a_way_out(tmp_path):
    with pytest.raises(Ms20Error, match="declaration"):
        board.load_board(tmp_path / "board.py")
