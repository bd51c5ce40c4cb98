"""Panel files: what they set, and what each mistake in them says."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ms20 import board
from ms20.board import BOARD
from ms20.errors import ExitCode, Ms20Error
from ms20.panel import BASIC_PATCH, basic_panel, load_panel


def write(folder: Path, text: str) -> Path:
    path = folder / "patch.toml"
    path.write_text(text, encoding="utf-8")
    return path


def failure(folder: Path, text: str) -> Ms20Error:
    with pytest.raises(Ms20Error) as caught:
        load_panel(write(folder, text))
    assert caught.value.exit_code == ExitCode.BAD_PANEL
    assert caught.value.message.count("\n") == 0
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    return caught.value


def test_the_basic_patch_sets_every_knob_within_its_range() -> None:
    assert set(BASIC_PATCH) == set(board.controls())
    fractions = basic_panel().fractions()
    assert set(fractions) == {control.channel for control in board.controls().values()}
    assert all(0 <= fraction <= 1 for fraction in fractions.values())


def test_an_empty_file_is_the_basic_patch(tmp_path: Path) -> None:
    panel = load_panel(write(tmp_path, ""))
    assert panel.knobs == BASIC_PATCH
    assert panel.name == "patch"


def test_numbers_words_and_positions(tmp_path: Path) -> None:
    text = """
        [panel]
        name = "Test"
        description = "For a test."
        [knobs]
        "LPF CUTOFF FREQUENCY" = 2.5
        "master tune" = -5
        "VCO 2 PITCH" = 2.5
        "VCO 1 SCALE" = "16'"
        "VCO 1 WAVE FORM" = "triangle"
        "VCO 2 WAVE FORM" = 4
    """
    panel = load_panel(write(tmp_path, text))
    fractions = panel.fractions()
    assert (panel.name, panel.description) == ("Test", "For a test.")
    assert fractions[BOARD.LPF_CUTOFF] == 0.25
    assert fractions[BOARD.MASTER_TUNE] == 0.0
    assert fractions[BOARD.VCO2_PITCH] == 0.75
    assert fractions[BOARD.VCO1_SCALE] == 3 / 8
    assert fractions[BOARD.VCO1_WAVE_FORM] == 1 / 8
    assert fractions[BOARD.VCO2_WAVE_FORM] == 7 / 8
    assert panel.knobs["VCO 2 WAVE FORM"] == "RING"


def test_a_printed_prime_is_a_foot_mark(tmp_path: Path) -> None:
    text = '[knobs]\n"VCO 1 SCALE" = "4\N{PRIME}"\n"VCO 2 SCALE" = "2\N{RIGHT SINGLE QUOTATION MARK}"'
    knobs = load_panel(write(tmp_path, text)).knobs
    assert (knobs["VCO 1 SCALE"], knobs["VCO 2 SCALE"]) == ("4'", "2'")


@given(
    value=st.one_of(st.integers(0, 10), st.floats(0, 10)),
    name=st.sampled_from(
        [name for name, control in board.controls().items() if control.kind == BOARD.KIND_POT]
    ),
)
def test_any_number_in_range_lands_where_it_says(
    tmp_path_factory: pytest.TempPathFactory, value: float, name: str
) -> None:
    path = write(tmp_path_factory.mktemp("panel"), f'[knobs]\n"{name}" = {value!r}')
    assert load_panel(path).fractions()[board.control(name).channel] == value / 10


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(Ms20Error, match="There is no panel file") as caught:
        load_panel(tmp_path / "none.toml")
    assert caught.value.exit_code == ExitCode.BAD_PANEL


def test_a_folder_is_not_a_panel(tmp_path: Path) -> None:
    with pytest.raises(Ms20Error, match="cannot be read") as caught:
        load_panel(tmp_path)
    assert caught.value.exit_code == ExitCode.BAD_PANEL


def test_not_toml_says_where(tmp_path: Path) -> None:
    assert "line 2" in failure(tmp_path, "[knobs]\nLPF PEAK = 3\n").message


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "patch.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Ms20Error, match="UTF-8") as caught:
        load_panel(path)
    assert caught.value.exit_code == ExitCode.BAD_PANEL


def test_an_unknown_knob_suggests_the_nearest(tmp_path: Path) -> None:
    error = failure(tmp_path, '[knobs]\n"LPF PAEK" = 3')
    assert "'LPF PAEK'" in error.message
    assert "LPF PEAK" in error.hint


@pytest.mark.parametrize("word", ["+12 V MONITOR", "VCO TEMPERATURE SENSOR", ""])
def test_monitors_and_spares_are_not_knobs(tmp_path: Path, word: str) -> None:
    assert "unknown knob" in failure(tmp_path, f'[knobs]\n"{word}" = 3').message


@pytest.mark.parametrize("value", ["-0.1", "10.01", "11", "nan", "inf", "-inf", "1e300"])
def test_a_value_out_of_range_says_the_range(tmp_path: Path, value: str) -> None:
    error = failure(tmp_path, f'[knobs]\n"LPF PEAK" = {value}')
    assert "LPF PEAK" in error.message
    assert "from 0 to 10" in error.hint


def test_a_centre_knob_has_its_own_range(tmp_path: Path) -> None:
    assert "from -5 to 5" in failure(tmp_path, '[knobs]\n"MASTER TUNE" = 6').hint


@pytest.mark.parametrize("value", ['"3"', "true", "[1]", "{ a = 1 }", "1979-05-27"])
def test_a_knob_wants_a_number(tmp_path: Path, value: str) -> None:
    assert "not a number" in failure(tmp_path, f'[knobs]\n"LPF PEAK" = {value}').message


@pytest.mark.parametrize("value", ['"2\'"', "0", "5", "2.0", "true", '"ring"'])
def test_a_rotary_wants_one_of_its_words(tmp_path: Path, value: str) -> None:
    error = failure(tmp_path, f'[knobs]\n"VCO 1 SCALE" = {value}')
    assert "VCO 1 SCALE" in error.message
    assert "32', 16', 8', 4'" in error.hint


@pytest.mark.parametrize("text", ["[knob]\n", "tempo = 3", "[[knobs]]\n", 'panel = "x"'])
def test_unknown_tables_and_keys(tmp_path: Path, text: str) -> None:
    failure(tmp_path, text)


@pytest.mark.parametrize("text", ['[panel]\ntitle = "x"', "[panel]\nname = 3"])
def test_unknown_or_wrong_keys_of_panel(tmp_path: Path, text: str) -> None:
    failure(tmp_path, text)


def test_a_knob_set_twice(tmp_path: Path) -> None:
    assert "twice" in failure(tmp_path, '[knobs]\n"LPF PEAK" = 3\n"lpf peak" = 4').message
