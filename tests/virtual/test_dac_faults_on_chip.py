"""A DAC that cannot be trusted: said by the console, blinked by STANDBY ON, and nothing plays.

The Pico's own LED blinks along (hardware.show_fault); the virtual board does not show it.
"""

import itertools

import numpy as np
import pytest
from ms20 import raw_repl
from ms20.board import BOARD, cv_names
from ms20.firmware_tables import load
from ms20.panel import basic_panel
from ms20.service import frame
from ms20.virtual_board import VirtualBoard
from on_chip import note_on

BLINK = load("fault_light")
STANDBY = 1 << BOARD.OUT_LED_STANDBY
EXACT_S = 0.005
"""A blink's edge is right to this: Python writes the shift registers, and may collect garbage in between."""
GROUPS_S = 5.5
DATA_BITS = 16

SILENT = {"spiModes": []}
MERGED = {
    "two neighbours": [[3, 5]],
    "both pitches": [[0, 1]],
    "the first and the last": [[0, 15]],
    "three": [[7, 8, 9]],
    "two pairs": [[2, 6], [10, 14]],
}


def stuck(bits, level):
    return {f"stuck{level}": sum(1 << bit for bit in bits)}


def blinks(board, seconds):
    """Lengths (s) of what STANDBY ON does, lit and dark in turn, the first time it is lit first."""
    start = board.now
    board.advance(seconds)
    times, words = board.timeline().between(start, board.now).shift_out()
    lit = (words & STANDBY) != 0
    edges = [0, *(np.flatnonzero(np.diff(lit)) + 1)]
    changes = [(float(times[place]), bool(lit[place])) for place in edges]
    first = next(place for place, (_, is_lit) in enumerate(changes) if is_lit and place)
    return [after - before for (before, _), (after, _) in itertools.pairwise(changes[first:])]


def expected(count):
    """A group of blinks: lit, dark, lit, dark ... and the pause."""
    lit_s, dark_s, pause_s = (
        each / 1000 for each in (BLINK.BLINK_ON_MS, BLINK.BLINK_OFF_MS, BLINK.BLINK_PAUSE_MS)
    )
    return [lit_s, dark_s] * (count - 1) + [lit_s, dark_s + pause_s]


def assert_refused(image, dac, count, sentence):
    """A board with such a DAC blinks `count`, keeps the trigger off, plays nothing, and says why."""
    with VirtualBoard(image, panel=basic_panel(), chips={"dac": dac}) as board:
        board.power_on()
        board.advance(0.6)
        before = board.state()["dac_volts"]
        board.press(60)
        board.send_din(note_on(64) * 3)
        lengths = blinks(board, GROUPS_S)
        group = expected(count)
        assert len(lengths) >= 2 * len(group)
        # It may begin anywhere in a group: turn it until it begins as a group does.
        pause = next(place for place, each in enumerate(lengths) if each > 1) + 1
        for place, length in enumerate(lengths[pause:]):
            assert length == pytest.approx(group[place % len(group)], abs=EXACT_S)
        assert len(lengths[pause:]) >= len(group), "and again"
        assert not board.trigger()
        assert len(board.timeline().trigger()[0]) <= 1, "never closed since power-on"
        state = board.state()
        assert state["dac_volts"] == before
        assert state["dac_volts"][cv_names().index("VCA")] == 0
        board.type_text(frame(1, "about"))
        board.advance(0.1)
        said = raw_repl.execute(board, "import play; print(play.trouble); print(play.instrument)")
        trouble, instrument = said.strip().splitlines()
        assert sentence in trouble
        assert instrument == "None"
        assert f"console; nothing plays: {trouble}" in board.console
        assert not board.trigger()


def test_a_dac_that_does_not_answer_blinks_two(image_path):
    """No SPI mode reads the DEVICEID: a chip that is missing, without power, or with a broken MISO."""
    assert_refused(
        image_path,
        SILENT,
        BLINK.BLINKS_DAC_SILENT,
        "DAC81416 does not answer (DEVICEID wanted 0x29c; mode 1:",
    )


@pytest.mark.parametrize("channels", MERGED.values(), ids=MERGED.keys())
def test_merged_channels_blink_three(image_path, channels):
    """A bridge inside the address decoding: what one is told, the other does too."""
    assert_refused(
        image_path, {"mergedChannels": channels}, BLINK.BLINKS_DAC_WRONG, "DAC81416 reads back wrong on"
    )


@pytest.mark.parametrize("level", ["High", "Low"])
@pytest.mark.parametrize("bits", [(0,), (3,), (15,), (2, 8), (4, 5), (12, 13)], ids=str)
def test_stuck_data_bits_blink_three(image_path, level, bits):
    """Bits 0-3 by the channel's number, the others by the pattern, 15 by the ranges too."""
    assert_refused(image_path, stuck(bits, level), BLINK.BLINKS_DAC_WRONG, "DAC81416 reads back wrong on")


@pytest.mark.parametrize("level", ["High", "Low"])
@pytest.mark.parametrize("bit", range(DATA_BITS))
def test_a_single_stuck_bit_at_any_place_is_found(image_path, bit, level):
    """Whichever way it sticks."""
    with VirtualBoard(image_path, panel=basic_panel(), chips={"dac": stuck((bit,), level)}) as board:
        board.power_on()
        board.advance(0.7)
        said = raw_repl.execute(board, "import play; print(play.trouble)")
        assert "DAC81416 reads back wrong on" in said


def test_a_faulty_dac_keeps_its_console(image_path):
    """Ctrl-C, then the service's words at the prompt: what it is, and that nothing plays."""
    with VirtualBoard(image_path, panel=basic_panel(), chips={"dac": SILENT}) as board:
        board.power_on()
        board.advance(1.0)
        about = raw_repl.execute(board, "import service; print(service.about())")
        assert about.startswith("MS-20 Pico ")
        assert "DAC81416 does not answer" in about
        refused = raw_repl.execute(
            board, "try:\n  service.turn('LPF PEAK', 5)\nexcept service.Refused as refusal:\n  print(refusal)"
        )
        assert "nothing plays: DAC81416 does not answer" in refused


def test_a_dac_that_is_mended_plays_after_the_next_power_on(image_path, tmp_path):
    """The fault leaves no trace in the flash."""
    flash = tmp_path / "flash.bin"
    with VirtualBoard(image_path, panel=basic_panel(), flash=flash, chips={"dac": SILENT}) as board:
        board.power_on()
        board.advance(1.0)
        assert "STANDBY ON" not in board.leds() or not board.trigger()
        board.power_off()
    with VirtualBoard(image_path, panel=basic_panel(), flash=flash) as board:
        board.power_on()
        board.wait_until_ready()
        board.press(60)
        board.wait_for_trigger(0.01)
