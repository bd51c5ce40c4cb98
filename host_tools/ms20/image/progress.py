"""How a long job tells a person where it is."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn


class Reporter(Protocol):
    """Hears of stages and of how far the present one has come."""

    def stage(self, name: str) -> None:
        """A new stage begins; the one before it is done."""

    def percent(self, value: float) -> None:
        """The present stage has come this far, 0 to 100."""


class Silent:
    """Hears everything and says nothing."""

    def stage(self, name: str) -> None:
        """Ignore it."""

    def percent(self, value: float) -> None:
        """Ignore it."""


class _OnTerminal:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def stage(self, name: str) -> None:
        self.finish()
        self._task = self._bars.add_task(name, total=None)

    def percent(self, value: float) -> None:
        if self._task is not None:
            self._bars.update(self._task, total=100.0, completed=value)

    def finish(self) -> None:
        if self._task is not None:
            self._bars.update(self._task, total=100.0, completed=100.0)


class _OnPaper:
    """For logs: a line a stage, and one a quarter of a long stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._name = ""
        self._next_quarter = 25.0
        self._started = 0.0

    def stage(self, name: str) -> None:
        self.finish()
        self._name, self._next_quarter, self._started = name, 25.0, time.monotonic()
        self._console.print(f"  {name} ...", highlight=False)

    def percent(self, value: float) -> None:
        if value >= self._next_quarter:
            self._next_quarter = value - value % 25.0 + 25.0
            if value < 100.0 and time.monotonic() - self._started > 2.0:
                self._console.print(f"  {self._name}: {value:.0f} %", highlight=False)

    def finish(self) -> None:
        if self._name and (seconds := time.monotonic() - self._started) > 2.0:
            self._console.print(f"  {self._name}: done in {seconds:.0f} s", highlight=False)


@contextmanager
def console_progress(console: Console | None = None) -> Iterator[Reporter]:
    """Show the stages of a job on standard error: bars on a terminal, plain lines elsewhere."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        paper = _OnPaper(console)
        yield paper
        paper.finish()
        return
    bars = Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
    )
    with bars:
        terminal = _OnTerminal(bars)
        yield terminal
        terminal.finish()
