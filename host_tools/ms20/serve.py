"""`ms20 serve`: the virtual board running freely, its serial console open to mpremote and terminals."""

import time
from pathlib import Path

from rich.console import Console

from ms20 import node_process
from ms20.image import verify_image
from ms20.panel import Panel, basic_panel, load_panel
from ms20.virtual_board import VirtualBoard

LOOK_S = 1.0
"""Wall seconds between looks at whether the board still runs."""


def serve(
    image: Path,
    console: Console,
    *,
    flash: Path | None = None,
    link: Path | None = None,
    panel: Path | None = None,
    speed: float | None = None,
) -> None:
    """Run the board until Ctrl-C; prints where its console is. A crash of the firmware or emulator raises."""
    knobs: Panel = load_panel(panel) if panel is not None else basic_panel()
    verify_image(image)
    node_process.server_command()
    with VirtualBoard(image, panel=knobs, flash=flash, link=link) as board:
        board.power_on()
        board.wait_until_ready()
        pty, tcp = board.serial.pty, board.serial.tcp
        console.print(f"serial port  {pty}", soft_wrap=True)
        console.print(f"or by TCP    {tcp}", soft_wrap=True)
        console.print(
            f"for instance mpremote connect {pty} exec 'import os; print(os.uname())'", soft_wrap=True
        )
        console.print("Ctrl-C ends it.")
        try:
            with board.running_freely(speed):
                while True:
                    time.sleep(LOOK_S)
                    board.stats()
        except KeyboardInterrupt:
            console.print("ended")
