"""Boards for the tests on the emulated chip: `board` is new and without power, `ready` is newly on and plays, `playing` is on for a whole file."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ms20.board import BOARD
from ms20.panel import basic_panel
from ms20.virtual_board import VirtualBoard

CONSOLE_LINES = 40
_failed = pytest.StashKey[bool]()
_board = pytest.StashKey[VirtualBoard]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the last lines of the firmware's console."""
    report = yield
    if report.failed:
        item.stash[_failed] = True
        used = item.stash.get(_board, None)
        if used is not None:
            report.sections.append(("the firmware's console", _last_lines(used)))
    return report


def _last_lines(used: VirtualBoard) -> str:
    try:
        return "\n".join(used.console.splitlines()[-CONSOLE_LINES:])
    except Exception as error:  # noqa: BLE001 - whatever it is, the test's own failure matters more
        return f"could not be read: {error}"


@pytest.fixture
def board(image_path: Path, request: pytest.FixtureRequest) -> Iterator[VirtualBoard]:
    """A new board with an empty flash and the basic patch on its panel; power is off."""
    with VirtualBoard(image_path, panel=basic_panel()) as fresh:
        request.node.stash[_board] = fresh
        yield fresh


@pytest.fixture(scope="module")
def playing(image_path: Path) -> Iterator[VirtualBoard]:
    """A board that is on for all tests of a file that need no other power; each begins by putting it to rest."""
    with VirtualBoard(image_path, panel=basic_panel()) as board:
        board.power_on()
        board.wait_until_ready()
        board.wait_for_usb()
        yield board
        assert board.misuse() == []


class Shared:
    """One process for many tests: starting it and warming its compiler up takes longer than a boot."""

    def __init__(self, image: Path) -> None:
        self._image = image
        self._bench: VirtualBoard | None = None

    def switched_on(self) -> VirtualBoard:
        """The board after a cold start, its panel, keys and jacks as in the beginning."""
        if self._bench is None:
            self._bench = VirtualBoard(self._image, panel=basic_panel())
            self._bench.start()
        else:
            self._bench.power_off()
            self._bench.advance(0.05)
            self._bench.set_panel(basic_panel())
            for key in range(BOARD.KEY_COUNT):
                self._bench.release(BOARD.KEY_LOWEST_NOTE + key)
            for jack, _ in BOARD.PLUGS:
                self._bench.unplug(jack)
            self._bench.connect_usb()
            self._bench.timeline(clear=True)
        self._bench.power_on()
        self._bench.wait_until_ready()
        self._bench.wait_for_usb()
        return self._bench

    def close(self) -> None:
        """End the process; the next test gets a new one."""
        if self._bench is not None:
            self._bench.close()
            self._bench = None


@pytest.fixture(scope="session")
def shared_board(image_path: Path) -> Iterator[Shared]:
    """The process that the tests with `ready` share."""
    shared = Shared(image_path)
    yield shared
    shared.close()


@pytest.fixture
def ready(shared_board: Shared, request: pytest.FixtureRequest) -> Iterator[VirtualBoard]:
    """A board just switched on, basic patch, USB configured; after a failure the next gets a new one."""
    try:
        bench = shared_board.switched_on()
    except BaseException:
        shared_board.close()
        raise
    request.node.stash[_board] = bench
    yield bench
    if request.node.stash.get(_failed, False):
        shared_board.close()
