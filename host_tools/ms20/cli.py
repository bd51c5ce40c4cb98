"""The `ms20` command: what it offers, and how it ends when something goes wrong."""

import signal
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from ms20 import __version__
from ms20.errors import ExitCode, Ms20Error

# Everything else is imported by the command that needs it, so that --help comes at once.

DEFAULT_IMAGE = Path("build") / "ms20.uf2"


class Ms20Group(TyperGroup):
    """Commands whose failures end in one sentence and a hint on standard error, and a code of the table."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; turn what it raises into a message and an exit code."""
        try:
            return super().invoke(ctx)
        except Ms20Error as error:
            sys.stderr.write(f"ms20: {error}\n")
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            sys.stderr.write("\nms20: Interrupted; nothing is left half-written.\n")
            raise typer.Exit(ExitCode.INTERRUPTED) from None


app = typer.Typer(cls=Ms20Group, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

ImageOption = Annotated[
    Path | None,
    typer.Option("--image", metavar="FILE.uf2", help="Firmware image; build/ms20.uf2 if not given."),
]
PanelOption = Annotated[
    Path | None,
    typer.Option(
        "--panel", metavar="PANEL.toml", help="Where the knobs stand; the basic patch if not given."
    ),
]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"ms20 {__version__}")
        raise typer.Exit


@app.callback()
def ms20(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and end."),
    ] = False,
) -> None:
    """Host tools of the MS-20 Pico: build its firmware, play and measure it on the virtual board."""


@app.command("image")
def image_command(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for ms20.uf2.")] = Path("build"),
    micropython: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.uf2", help="Add the firmware to this official MicroPython, compile nothing."
        ),
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Build nothing, check the image.")] = False,
) -> None:
    """Build the firmware image: one UF2 file to copy onto the board, or to play on the virtual one."""
    from ms20.image import build_image, console_progress, verify_image

    if check:
        result = verify_image(out)
    else:
        with console_progress() as progress:
            result = build_image(out, micropython, progress)
    done = "whole" if check else (f"built in {result.seconds:.0f} s" if result.rebuilt else "up to date")
    typer.echo(f"{result.uf2}  {done}: firmware {result.version}, MicroPython {result.micropython},")
    typer.echo(f"{result.flash_bytes / 1024:.0f} kB of flash, SHA-256 {result.sha256}")
    for note in result.notes:
        typer.echo(f"note: {note}")


@app.command("play")
def play_command(
    tune: Annotated[
        Path, typer.Argument(metavar="FILE.mid", help="A Standard MIDI File; channel 1 is heard.")
    ],
    panel: PanelOption = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")] = Path("out"),
    image: ImageOption = None,
    usb: Annotated[bool, typer.Option("--usb/--din", help="Which MIDI input the tune goes into.")] = False,
) -> None:
    """Play a MIDI file on the virtual instrument, into a sound, two pictures and a report."""
    from rich.console import Console

    from ms20.play import PlayRequest, play, summary

    request = PlayRequest(tune=tune, out=out, image=image or default_image(), panel=panel, usb=usb)
    report = play(request, Console(stderr=True))
    Console().print(summary(report, out))


@app.command("bench")
def bench_command(
    seconds: Annotated[float, typer.Option(min=0.5, max=3600.0, help="Length of the longest scene.")] = 60.0,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for bench.json.")] = Path("build"),
    image: ImageOption = None,
    publish: Annotated[
        bool, typer.Option("--publish/--no-publish", help="Whether to rewrite the README's table.")
    ] = True,
    scene: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Play this scene alone; may be repeated.")
    ] = None,
) -> None:
    """Measure the instrument's numbers on the virtual board, into bench.json and the README's table."""
    from rich.console import Console

    from ms20.bench import README, bench
    from ms20.bench_table import missed, table_of

    page = README if publish else None
    only = tuple(scene or ())
    numbers = bench(image or default_image(), out, seconds, Console(stderr=True), page, only)
    typer.echo(table_of(numbers))
    for sentence in missed(numbers):
        typer.echo(f"not met: {sentence}", err=True)


@app.command("serve")
def serve_command(
    image: ImageOption = None,
    panel: PanelOption = None,
    flash: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Flash file that keeps the settings; none if not given."),
    ] = None,
    link: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Name of the serial port; a temporary one if not given."),
    ] = None,
    speed: Annotated[
        float | None,
        typer.Option(min=0.01, help="At most so many times real time."),
    ] = None,
) -> None:
    """Run the virtual board freely, its serial console on a pty and a TCP port, until Ctrl-C."""
    from rich.console import Console

    from ms20.serve import serve

    serve(image or default_image(), Console(), flash=flash, link=link, panel=panel, speed=speed)


@app.command("ask")
def ask_command(
    port: Annotated[
        str, typer.Argument(metavar="PORT", help="The instrument's serial port, or a pyserial URL.")
    ],
    words: Annotated[
        list[str],
        typer.Argument(metavar="WORDS...", help="For instance: counters, set bend 7, hold VCA 2.5."),
    ],
) -> None:
    """Ask a playing instrument: its counters, controls, voltages, settings; it plays on meanwhile."""
    from ms20.service import SerialService

    with SerialService(port) as service:
        typer.echo(service.ask(" ".join(words)))


def default_image() -> Path:
    """The image that `ms20 image` builds: in the folder that the command runs in, or else in the checkout."""
    if DEFAULT_IMAGE.is_file():
        return DEFAULT_IMAGE
    from ms20.board import REPOSITORY

    return REPOSITORY / DEFAULT_IMAGE


def _terminated(_number: int, _frame: Any) -> NoReturn:
    sys.exit(128 + signal.SIGTERM)


def main() -> None:
    """Run the command line; being terminated cleans up as Ctrl-C does."""
    signal.signal(signal.SIGTERM, _terminated)
    app(prog_name="ms20")


if __name__ == "__main__":
    main()
