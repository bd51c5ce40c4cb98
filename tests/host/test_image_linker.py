"""The constant linker: which constants a linked module gets, and what it refuses."""

import ast

import pytest
from ms20.errors import ExitCode, Ms20Error
from ms20.image.link_constants import Declarations, has_mark, link_directory, link_source

BOARD = Declarations({"PIN": 20, "TICK_HZ": 8000, "SLOW": False, "LOW": -3}, frozenset({"PANEL", "name_of"}))


def link(text):
    return link_source(text, "tick.py", {"board": BOARD})


def test_numbers_become_constants_and_the_rest_stays_an_import():
    assert link("from board import PIN, PANEL, TICK_HZ\n") == (
        "from micropython import const; from board import PANEL; PIN = const(20); TICK_HZ = const(8000)\n"
    )


def test_negative_numbers_and_truth_values_are_constants():
    assert link("from board import LOW, SLOW\n").endswith("LOW = const(-3); SLOW = const(False)\n")


def test_line_numbers_stay():
    text = '"""Doc."""\nfrom board import (\n    PIN,  # a pin\n    PANEL,\n)\n\nx = PIN\n'
    linked = link(text)
    assert linked.count("\n") == text.count("\n")
    assert linked.split("\n")[6] == "x = PIN"


def test_what_else_stands_on_the_line_stays():
    linked = link("import math; from board import PIN; y = 'ü'  # ü\n")
    assert linked == "import math; from micropython import const; PIN = const(20); y = 'ü'  # ü\n"


def test_text_before_an_import_is_counted_in_bytes():
    assert link("y = 'üü'; from board import PIN\n").endswith(
        "'üü'; from micropython import const; PIN = const(20)\n"
    )


def test_const_is_imported_once():
    linked = link("from micropython import const\nfrom board import PIN\n_X = const(PIN * 2)\n")
    assert linked == "from micropython import const\nPIN = const(20)\n_X = const(PIN * 2)\n"


def test_an_import_under_another_name_keeps_that_name():
    assert "PIN_LDAC = const(20)" in link("from board import PIN as PIN_LDAC\n")
    assert "from board import PANEL as P" in link("from board import PANEL as P\n")


def test_own_numbers_in_capitals_become_constants():
    linked = link(
        "from board import TICK_HZ\nTICK_US = 1_000_000 // TICK_HZ\n_LATE = TICK_US + (TICK_US >> 1)\n"
    )
    assert "\nTICK_US = const(1_000_000 // TICK_HZ)\n_LATE = const(TICK_US + (TICK_US >> 1))\n" in linked


def test_parentheses_around_an_own_number_go_inside():
    assert link("MASK = (  # low bits\n    1 << 4\n)\n") == (
        "from micropython import const; MASK = const((  # low bits\n    1 << 4\n))\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "RATIO = 32 / 15\n",
        "NAME = 'x'\n",
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
    text = link("X = 2\nfrom board import PIN\nY = PIN * X\n").replace(
        "from micropython import const", "const = int"
    )
    exec(compile(ast.parse(text), "tick.py", "exec"), names)
    assert names["Y"] == 40


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
    (tmp_path / "tick.py").write_text("# link: constants\nfrom state import NEXT\nfrom board import PANEL\n")
    (tmp_path / "cold.py").write_text("from board import PIN\n")
    linked = link_directory(tmp_path)
    assert "NEXT = const(4)" in linked["tick.py"]
    assert "PIN = const(3)" in linked["state.py"]
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
