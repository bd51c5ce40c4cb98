"""`ms20 bench`: the instrument's numbers, measured on the virtual board, for a file and the README."""

import time
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console

from ms20 import node_process
from ms20.bench_load import din_load
from ms20.bench_scenes import LEAD_IN_S, SCENES, Numbers, run, switched_on
from ms20.bench_table import rewrite_table
from ms20.board import REPOSITORY
from ms20.errors import ExitCode, Ms20Error
from ms20.files import OutputFolder, write_json
from ms20.image import verify_image
from ms20.play import progress_bar
from ms20.timeline import Timeline

RESULTS = "bench.json"
README = REPOSITORY / "README.md"
RENDER_S = 5.0
"""Length of the stretch that is rendered to measure the analog model's speed."""
SHARES = {"everything": 1.0, "patched": 1 / 6, "din": 1 / 6, "usb": 1 / 6, "keys": 1 / 6, "panel": 1 / 6}
"""Length of a scene as a share of the longest's."""


def bench(
    image: Path,
    out: Path,
    seconds: float,
    console: Console,
    page: Path | None = README,
    only: Iterable[str] = (),
) -> Numbers:
    """Play the scenes, write `out`/bench.json and the table on `page`, if any; returns the numbers.

    `seconds` is the length of the longest scene in simulated time; `only` names the scenes to play.
    """
    names = tuple(only) or tuple(SCENES)
    for name in names:
        if name not in SCENES:
            raise Ms20Error(f"There is no scene {name!r}.", "one of " + ", ".join(SCENES), ExitCode.USAGE)
    verify_image(image)
    node_process.server_command()
    numbers: Numbers = {}
    with OutputFolder(out) as folder:
        for name in names:
            with progress_bar(name, console) as show:
                numbers |= SCENES[name](image, seconds * SHARES.get(name, 0.0), show)
        if "everything" in names:
            numbers["render_speed_ratio"] = round(render_speed(image, console), 3)
        write_json(folder.partial / RESULTS, dict(numbers))
        folder.publish()
    if page is not None and not only:
        rewrite_table(page, numbers)
    return numbers


def render_speed(image: Path, console: Console) -> float:
    """Seconds of sound rendered per wall second, compilation left out; 0 where nothing can be rendered."""
    from ms20.analog import render

    with switched_on(image) as board:
        start_s = board.now + LEAD_IN_S
        board.schedule_din([(start_s + t_s, data) for t_s, data in din_load(RENDER_S)])
        held: Timeline = board.timeline()
        stretch = Timeline.join([held, run(board, RENDER_S, lambda _done, _all: None)])
    try:
        render(stretch.between(stretch.start_s, stretch.start_s + LEAD_IN_S))
        started_s = time.monotonic()
        with progress_bar("rendering", console) as show:
            render(stretch, progress=lambda share: show(share * stretch.duration_s, stretch.duration_s))
    except Ms20Error as error:
        console.print(f"[yellow]The render could not be measured:[/] {error}")
        return 0.0
    return stretch.duration_s / max(time.monotonic() - started_s, 1e-9)
