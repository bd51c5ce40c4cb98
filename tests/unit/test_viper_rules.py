"""Rules for the native code, each with the fault that taught it."""

import ast
from collections.abc import Iterator

import pytest
from viper_stand_in import SOURCES


def viper_functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every @micropython.viper function of the firmware, with its file's name."""
    for path in sorted(SOURCES.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any("viper" in ast.dump(d) for d in node.decorator_list):
                yield path.name, node


FUNCTIONS = list(viper_functions())


@pytest.mark.parametrize(("file", "function"), FUNCTIONS, ids=[f"{f}:{n.name}" for f, n in FUNCTIONS])
def test_no_unary_operator_on_a_variable(file, function):
    """MicroPython 1.25's viper inverts or negates a variable in its own register: `a & ~b` leaves b inverted.

    Found on the virtual bench: after the first key was released, every key counted as down. Constants are safe.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Invert, ast.USub)):
            assert isinstance(node.operand, ast.Constant), f"{file}:{node.lineno} needs `x ^ y` or `0 - x`"


@pytest.mark.parametrize(("file", "function"), FUNCTIONS, ids=[f"{f}:{n.name}" for f, n in FUNCTIONS])
def test_nothing_that_allocates_or_raises(file, function):
    """No division (it raises), no container, string, closure, exception or generator in the hot path."""
    forbidden = (
        ast.Div,
        ast.FloorDiv,
        ast.Mod,
        ast.List,
        ast.Dict,
        ast.Tuple,
        ast.JoinedStr,
        ast.Lambda,
        ast.Try,
        ast.Raise,
        ast.Yield,
        ast.For,
    )
    for node in ast.walk(function):
        assert not isinstance(node, forbidden), f"{file}:{function.lineno} uses {type(node).__name__}"


@pytest.mark.parametrize(("file", "function"), FUNCTIONS, ids=[f"{f}:{n.name}" for f, n in FUNCTIONS])
def test_at_most_four_arguments(file, function):
    """More would go through a heap-allocated argument array."""
    assert len(function.args.args) <= 4, f"{file}:{function.lineno}"


@pytest.mark.parametrize(("file", "function"), FUNCTIONS, ids=[f"{f}:{n.name}" for f, n in FUNCTIONS])
def test_no_pointer_of_more_than_a_byte_into_a_frozen_object(file, function):
    """A frozen bytes object may stand at an odd address; the processor faults at a half word there."""
    frozen = {
        target.id
        for node in ast.parse((SOURCES / "tables.py").read_text()).body
        if isinstance(node, ast.Assign)
        for target in node.targets
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("ptr16", "ptr32"):
            (argument,) = node.args
            assert getattr(argument, "id", "") not in frozen, f"{file}:{node.lineno} needs an array"
