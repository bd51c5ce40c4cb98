"""The constant linker: which constants a linked module gets, and what it refuses."""

import ast

import pytest
from ms20.errors import ExitCode, Ms20Error
from ms20.image.link_constants import Declarations, has_mark, link_directory, link_source

BOARD = Declarations(
    {"PIN": 20, "TICK_HZ": 8000, "SLOW": False, "LOW": -3, "NAME": "MS-20"}, frozenset({"PANEL", "name_of"})
)


def link(text, exports=()):
    return link_source(text, "tick.py", {"board": BOARD}, frozenset(exports))


def test_numbers_take_the_names_places_and_the_rest_stays_an_import():
    assert link("from board import PIN, PANEL, TICK_HZ\nx = PIN + TICK_HZ\ny = PANEL[PIN]\n") == (
        "from board import PANEL\nx = 20 + 8000\ny = PANEL[20]\n"
    )


def test_negative_numbers_truth_values_and_texts_are_constants():
    linked = link("from board import LOW, NAME, SLOW\nx = 1-LOW\ny = SLOW\nz = NAME\n")
    assert linked == "pass\nx = 1-(-3)\ny = False\nz = 'MS-20'\n"


def test_line_numbers_stay():
    text = '"""Doc."""\nfrom board import (\n    PIN,  # a pin\n    PANEL,\n)\n\nx = PIN\n'
    linked = link(text)
    assert linked.count("\n") == text.count("\n")
    assert linked.split("\n")[6] == "x = 20"


def test_what_else_stands_on_the_line_stays():
    linked = link("import math; from board import PIN; y = 'ü' * PIN  # ü\n")
    assert linked == "import math; pass; y = 'ü' * 20  # ü\n"


def test_text_before_a_name_is_counted_in_bytes():
    assert link("from board import PIN\ny = 'üü' + str(PIN)\n").endswith("'üü' + str(20)\n")


def test_an_import_under_another_name_is_known_by_that_name():
    assert link("from board import PIN as PIN_LDAC\nx = PIN_LDAC\n") == "pass\nx = 20\n"
    assert "from board import PANEL as P" in link("from board import PANEL as P\n")


def test_own_numbers_in_capitals_go_the_same_way():
    linked = link(
        "from board import TICK_HZ\nTICK_US = 1_000_000 // TICK_HZ\n_LATE = TICK_US + (TICK_US >> 1)\nx = _LATE\n"
    )
    assert linked == "pass\npass\npass\nx = 187\n"


def test_own_names_that_others_take_are_still_set():
    text = "from board import PIN\nMASK = 1 << PIN\nx = MASK\n"
    assert link(text, exports=["MASK"]) == "pass\nMASK = 1 << 20\nx = 1048576\n"


def test_const_calls_are_seen_through():
    linked = link("from micropython import const\nfrom board import PIN\n_X = const(PIN * 2)\ny = _X\n")
    assert linked == "from micropython import const\npass\npass\ny = 40\n"


def test_a_number_over_several_lines_leaves_their_count():
    assert link("MASK = (  # low bits\n    1 << 4\n)\nx = MASK\n") == "pass\n\n\nx = 16\n"


@pytest.mark.parametrize(
    "text",
    [
        "RATIO = 32 / 15\n",
        "NAME = b'x'\n",
        "TABLE = (1, 2)\n",
        "count = 3\n",
        "SUM = other + 1\n",
        "BAD = 1 << -1\n",
        "COUNT = 0\nCOUNT = 1\n",
        "COUNT = 0\ndef f():\n    global COUNT\n    COUNT += 1\n",
        "A = B = 3\n",
    ],
)
def test_what_is_no_whole_number_or_not_fixed_is_left_alone(text):
    assert link(text) == text


def test_imports_of_other_modules_are_left_alone():
    text = "import board\nfrom machine import Pin\nfrom . import board\nx = board.PIN\n"
    assert link(text) == text


def test_a_linked_module_still_runs_under_cpython():
    names = {}
    text = link("X = 2\nfrom board import PIN\ny = PIN * X\n")
    exec(compile(ast.parse(text), "tick.py", "exec"), names)
    assert names["y"] == 40


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("\nfrom board import NO_SUCH\n", 2, "board declares no NO_SUCH"),
        ("from board import (\n    PIN,\n    NO_SUCH,\n)\n", 3, "board declares no NO_SUCH"),
        ("from board import *\n", 1, "cannot be linked"),
        ("from board import PIN\nfrom board import PIN\n", 2, "PIN is imported twice"),
        ("from board import PIN\nPIN = 3\n", 2, "cannot also be assigned to"),
        ("from board import PIN\ndef f(PIN):\n    return PIN\n", 2, "cannot also be a parameter"),
        ("from board import PIN\nf(PIN=1)\n", 2, "cannot also be an argument's name"),
        ("from board import PIN\nfrom machine import PIN\n", 2, "cannot also be imported from elsewhere"),
        ("from board import PIN\nfor PIN in x:\n    pass\n", 2, "cannot also be assigned to"),
        ("from board import PIN\nclass PIN:\n    pass\n", 2, "cannot also be a function or class"),
        (
            "from board import PIN\ntry:\n    f()\nexcept E as PIN:\n    pass\n",
            4,
            "cannot also be an exception's name",
        ),
        ("MASK = 1\ndef f(MASK):\n    return MASK\n", None, None),
        ("def f():\n    from board import PIN\n", 2, "PIN is imported inside a block"),
        ("from board import PIN\nif:\n", 2, "invalid syntax"),
        ("from board import PIN\nx = f'{PIN}'\n", 2, "PIN is a linked constant here"),
    ],
)
def test_what_cannot_be_linked_is_refused_with_file_and_line(text, line, words):
    if words is None:  # a module's own name with two meanings is a variable, not a constant
        assert link(text) == text
        return
    with pytest.raises(Ms20Error) as caught:
        link(text)
    assert caught.value.message.startswith(f"tick.py, line {line}: ")
    assert words in caught.value.message
    assert caught.value.exit_code == ExitCode.BAD_IMAGE


def test_a_mark_counts_only_as_a_comment_on_its_own_line():
    assert has_mark('"""Doc."""\n# link: constants\n', "# link: constants")
    assert not has_mark('"""\n# link: constants\n"""\n', "# link: constants")
    assert not has_mark("x = 1  # link: constants\n", "# link: constants")
    assert not has_mark("# link: constants later\n", "# link: constants")


def test_a_directory_is_linked_by_its_marks(tmp_path):
    (tmp_path / "board.py").write_text("# declares: constants\nPIN = 3\nPANEL = (1,)\n")
    (tmp_path / "state.py").write_text(
        "# declares: constants\n# link: constants\nfrom micropython import const\nfrom board import PIN\nNEXT = const(PIN + 1)\n"
    )
    (tmp_path / "tick.py").write_text(
        "# link: constants\nfrom state import NEXT\nfrom board import PANEL\nx = NEXT\n"
    )
    (tmp_path / "cold.py").write_text("from board import PIN\n")
    linked = link_directory(tmp_path)
    assert linked["tick.py"] == "# link: constants\npass\nfrom board import PANEL\nx = 4\n"
    assert linked["state.py"].endswith("import const\npass\npass\n")
    assert linked["cold.py"] == "from board import PIN\n"
    assert linked["board.py"] == (tmp_path / "board.py").read_text()
    assert not list(tmp_path.rglob("__pycache__"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# declares: constants\n\nimport no_such_machine\n", "line 3: a module that declares constants"),
        ("# declares: constants\nX = (\n", "line 2: "),
        ("# declares: constants\nX = 1 // 0\n", "ZeroDivisionError"),
    ],
)
def test_a_declaring_module_that_does_not_run_is_refused(tmp_path, text, words):
    (tmp_path / "board.py").write_text(text)
    with pytest.raises(Ms20Error, match=words) as caught:
        link_directory(tmp_path)
    assert "board.py" in caught.value.message


def test_a_declaring_module_may_not_hide_behind_one_of_python(tmp_path):
    (tmp_path / "json.py").write_text("# declares: constants\nX = 1\n")
    with pytest.raises(Ms20Error, match="module of Python itself"):
        link_directory(tmp_path)


def test_the_firmware_links(repository):
    linked = link_directory(repository / "firmware" / "src")
    assert {"board.py", "tick.py"} <= linked.keys()
