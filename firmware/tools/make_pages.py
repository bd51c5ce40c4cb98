"""Write the builder's pages that are made from tables: the panel, the settings, the service, the patch panel.

Run `python firmware/tools/make_pages.py`; a test runs it too and compares.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = REPOSITORY / "firmware" / "src"
MADE = "<!-- Made by firmware/tools/make_pages.py; do not edit. -->\n\n"


def load(path: Path) -> ModuleType:
    """Run a table's module; the tables import other tables, and no hardware."""
    if str(SOURCES) not in sys.path:
        sys.path.insert(0, str(SOURCES))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def panel_page() -> str:
    """Every control: where it is wired, its law, its range, what it moves."""
    board, controls = load(SOURCES / "board.py"), load(SOURCES / "panel_table.py")
    words = dict(board.ROTARY_WORDS)
    rows = []
    for channel, law, lowest, highest, unit, kind, _, rest, moves in controls.CONTROLS:
        name = board.PANEL[channel][0]
        mux, address = divmod(channel, board.MUX_ADDRESSES)
        span = (
            ", ".join(words[name]) if law == controls.FOUR_WAY else f"{lowest:g}..{highest:g} {unit}".strip()
        )
        if law == controls.FROM_ZERO:
            span = f"0, then {span}"
        resting = words[name][rest - 1] if law == controls.FOUR_WAY else f"{rest:g}"
        rows.append((name, f"{mux}.{address}", law, span, moves, resting))
    return (
        "# The panel\n\n"
        + MADE
        + "36 knobs and the control wheel. *Input* is multiplexer.address on the control board: the pot's wiper goes "
        "there, its ends to ground and\nto the ADC's reference. *Law* and *range* run from fully counter-clockwise to "
        "fully clockwise. *Rest* is where a control counts as standing\nwhen its multiplexer does not answer.\n\n"
        + table(("control", "input", "law", "range", "moves", "rest"), rows)
        + "\n"
        + "- A rotary is a ladder of resistors R-2R-2R-2R-R between ground and the reference (1 %), its wiper on taps "
        "at 1/8, 3/8, 5/8 and 7/8: an\n  open wiper or a missing resistor reads where no position is; it is reported "
        "(self-test, console) and not played.\n"
        "- Both ends of a pot are dead for 0.4 % of the travel, so that a worn pot still reaches them; centre controls "
        "have a dead zone of 1.5 %\n  around the middle.\n"
        "- A depth's octaves are for a full modulator: MG +-2.5 V, EG 1 5 V, EG 2 from sustain to peak.\n"
        "- DECAY, RELEASE and PORTAMENTO TIME are the times for 99 % of the way, ATTACK TIME that to the top.\n"
        "- Tapers are all linear pots; the curves are made here. What the Mini's own pots do is not known.\n"
    )


def settings_page() -> str:
    """Every setting: what it does, what it allows, its default."""
    settings = load(SOURCES / "settings.py")
    rows = []
    for name, default, allowed, unit, since, does in settings.SETTINGS:
        span = (
            ", ".join(allowed)
            if isinstance(allowed[0], str)
            else f"{allowed[0]}..{allowed[1]} {unit}".strip()
        )
        rows.append((f"`{name}`", does, span, str(default), since))
    cc_map, board = load(SOURCES / "cc_map.py"), load(SOURCES / "board.py")
    mapped = [(str(number), board.PANEL[channel][0]) for number, channel in cc_map.MS20IC]
    return (
        "# Settings\n\n"
        + MADE
        + "`ms20 ask PORT set NAME VALUE` changes one while the instrument plays; `ms20 ask PORT save` keeps them all "
        "over power-off (the\nframes stand still meanwhile, for a tenth of a second and more: save while nothing "
        'plays). At the prompt:\n`import service; service.set("bend", 7)`.\n\n'
        + table(("setting", "does", "allows", "default", "since"), rows)
        + "\n## Controllers of extended mode\n\nThe numbers of Korg's MS-20ic (facts 5.1, unverified). `ms20 ask PORT learn "
        "LPF PEAK` gives the next controller that\ncomes to a control instead. CC 1 deepens MG, CC 64 is the sustain "
        "pedal, CC 121 takes all of it back.\n\n" + table(("CC", "control"), mapped)
    )


def jacks_page() -> str:
    """Every jack: where it lives, what a plug does."""
    jacks = load(REPOSITORY / "hardware" / "jacks.py")
    rows = [
        (str(number), name, way, volts, lives, plug, f"`{test}`" if test else "")
        for number, (name, way, volts, lives, plug, test) in enumerate(jacks.JACKS, start=1)
    ]
    return (
        "# The patch panel\n\n"
        + MADE
        + "*Lives*: `firmware` makes or reads the signal itself; `both`: the jack is analog and the firmware sees its "
        "plug, or makes what is\nnormalled to it; `analog`: the Pico knows nothing of it. *Test*: the file in "
        "`tests/virtual` that shows the firmware's part.\n\n"
        + table(("", "jack", "", "volts", "lives", "plugging", "test"), rows)
    )


def lights_page() -> str:
    """What the LEDs say, and what to look at when STANDBY ON blinks."""
    fault = load(SOURCES / "fault_light.py")
    faults = [
        (
            fault.BLINKS_DAC_SILENT,
            "the DAC does not answer",
            "nothing plays, the trigger stays off; until Ctrl-C",
            "the DAC's supply and ground, its four SPI lines (MISO first), its reset",
        ),
        (
            fault.BLINKS_DAC_WRONG,
            "the DAC reads back other codes than were written",
            "nothing plays, the trigger stays off; until Ctrl-C",
            "solder bridges beside the DAC, its SPI lines' length and ground; the console says which channel",
        ),
        (
            fault.BLINKS_MUX_MISSING,
            "a panel multiplexer is missing",
            "once, then it plays; the controls on it stand at *rest* ([the panel](panel.md))",
            "that multiplexer's orientation, supply, ENABLE and common pin; the console says which of the three",
        ),
    ]
    rows = [(str(count), what, then, look) for count, what, then, look in faults]
    return (
        "# The lights\n\n"
        + MADE
        + "| LED | lit |\n|---|---|\n| STANDBY ON | the instrument plays |\n| MG | while MG OUT B is at "
        "5 V |\n| EG | while EG 2 is gated |\n| MIDI | for 60 ms after each message on channel 1, DIN or USB |\n"
        "\n## STANDBY ON blinks in groups\n\nA group, a pause of "
        f"{fault.BLINK_PAUSE_MS / 1000:g} s, and again; the Pico's own LED blinks along. A blink is "
        f"{fault.BLINK_ON_MS} ms long.\n\n" + table(("blinks", "means", "then", "look at"), rows) + "\n"
        "A terminal on the console says the same in a sentence, after Ctrl-C, with the numbers that were read.\n"
    )


PAGES = {
    REPOSITORY / "firmware" / "docs" / "lights.md": lights_page,
    REPOSITORY / "firmware" / "docs" / "panel.md": panel_page,
    REPOSITORY / "firmware" / "docs" / "settings.md": settings_page,
    REPOSITORY / "hardware" / "jacks.md": jacks_page,
}


if __name__ == "__main__":
    for path, page in PAGES.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(page(), encoding="utf-8")
