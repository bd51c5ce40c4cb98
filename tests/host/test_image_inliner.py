"""The inliner: bodies in the places of their calls, and what cannot be inlined."""

import ast

import pytest
from ms20.errors import ExitCode, Ms20Error
from ms20.image.inline import Inliner, Module
from ms20.image.link_constants import link_directory

STEP = '''
from other import helper
# link: inline
@viper
def step():
    """Go on."""
    s = ptr32(STATE)
    way = s[TARGET] - s[PLACE]
    if way:
        helper(way)
        s[PLACE] += way

# link: inline
@viper
def put(index: int, value: int):
    """Store, and go on."""
    s = ptr32(STATE)
    s[index] = value
    if value:
        step()
'''
CONSTANTS = {"STATE": 0x1000, "TARGET": 3, "PLACE": -4}
CALLER = """
from glide import step, twice
@viper
def tick():
    s = ptr32(STATE)
    way = 1
    if way:
        step()
    s[0] = way
"""


def expanded(text=CALLER, step=STEP):
    """The caller `tick.py` after `glide.py` was inlined into it, with the origins of its lines."""
    glide = Module("glide", "glide.py", step, CONSTANTS)
    tick = Module("tick", "tick.py", text, {})
    return Inliner([glide, tick]).expand(tick)


def test_the_body_stands_in_the_calls_place_with_names_of_its_own():
    assert (
        expanded()[0]
        == """
from other import helper
from glide import twice
@viper
def tick():
    s = ptr32(STATE)
    way = 1
    if way:
        step_way = s[3] - s[-4]
        if step_way:
            helper(step_way)
            s[-4] += step_way
    s[0] = way
"""
    )


def test_arguments_become_variables_and_calls_inside_are_inlined_in_their_turn():
    text = "from glide import put\ndef tick():\n    s = ptr32(STATE)\n    put(s[1], WORD << 2)\n"
    assert (
        expanded(text)[0]
        == """from other import helper
def tick():
    s = ptr32(STATE)
    put_index = s[1]
    put_value = WORD << 2
    s[put_index] = put_value
    if put_value:
        put_step_way = s[3] - s[-4]
        if put_step_way:
            helper(put_step_way)
            s[-4] += put_step_way
"""
    )


def test_a_statement_that_the_caller_lacks_is_copied_too():
    text = "from glide import step\ndef tick():\n    step()\n"
    assert "    step_s = ptr32(4096)\n    step_way = step_s[3] - step_s[-4]\n" in expanded(text)[0]


def test_a_call_over_several_lines_leaves_nothing_behind():
    text = "from glide import put\ndef tick():\n    put(\n        1,\n        2,\n    )\n    x = 1\n"
    linked, _ = expanded(text)
    assert ast.parse(linked)
    assert linked.endswith("    x = 1\n")


def test_every_line_knows_where_it_came_from():
    text, origins = expanded()
    lines, source = text.split("\n"), CALLER.split("\n")
    assert len(lines) == len(origins)
    assert source[origins[lines.index("    s[0] = way")] - 1] == "    s[0] = way"
    assert source[origins[lines.index("            helper(step_way)")] - 1] == "        step()"


def test_the_functions_themselves_are_gone_from_their_module():
    glide = Module("glide", "glide.py", STEP, CONSTANTS)
    text, _ = Inliner([glide]).expand(glide)
    assert "def step" not in text
    assert "def put" not in text
    assert ast.parse(text)


def test_a_function_of_the_same_module_can_be_inlined():
    text = STEP + "\n@viper\ndef caller():\n    s = ptr32(STATE)\n    put(3, 4)\n"
    module = Module("glide", "glide.py", text, CONSTANTS)
    linked, _ = Inliner([module]).expand(module)
    assert linked.count("def ") == 1
    assert "    s[put_index] = put_value\n" in linked


def test_without_marks_nothing_changes():
    text = "from glide import step\nstep()\n"
    assert expanded(text, STEP.replace("# link: inline\n", "")) == (text, [1, 2, 3])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# link: inline\ndef step(*x):\n    pass\n", "takes plain arguments only"),
        ("# link: inline\ndef step():\n    return 3\n", "cannot return"),
        ("# link: inline\ndef step():\n    x = unknown\n", "cannot use unknown"),
        ("# link: inline\ndef step():\n    step()\n", "inlined into itself"),
        ("# link: inline\ndef step(x):\n    y = x\n", "takes 1 arguments"),
    ],
)
def test_what_cannot_be_inlined_is_refused_with_its_file_and_line(text, words):
    with pytest.raises(Ms20Error, match=words) as caught:
        expanded("from glide import step\ndef tick():\n    step()\n", text)
    assert ".py, line " in caught.value.message
    assert caught.value.exit_code == ExitCode.BAD_IMAGE


@pytest.mark.parametrize(
    "use", ["x = step()", "f = step", "step(x=1)"], ids=["a value", "an object", "by name"]
)
def test_other_uses_than_a_plain_call_are_refused(use):
    with pytest.raises(Ms20Error, match="can only be called, as a statement"):
        expanded(f"from glide import step\ndef tick():\n    {use}\n")


def test_a_name_that_means_something_else_in_the_caller_is_refused():
    with pytest.raises(Ms20Error, match="helper of other"):
        expanded("from glide import step\nfrom elsewhere import helper\ndef tick():\n    step()\n")


def test_the_tick_of_the_firmware_has_its_steps_inside(repository):
    linked = link_directory(repository / "firmware" / "src")
    assert "step_eg2_level" in linked["tick.py"]
    assert "step_eg2()" not in linked["tick.py"]
    assert "def step_eg2" not in linked["envelope.py"]
