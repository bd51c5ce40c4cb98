"""Start-up measures what the DAC's papers leave open: the same image on boards whose parts differ.

In each case the builder must hear the same thing: middle C at 0 V, KBD CV at 2 V, the cutoff where its knob is.
"""

import pytest
from ms20 import raw_repl
from ms20.panel import basic_panel
from ms20.virtual_board import VirtualBoard
from on_chip import late_frames

PARTS = {
    "as in TI's data sheet": ({}, "DAC mode 1, ranges descending, streaming"),
    "DACRANGE ascending": ({"rangeOrder": "ascending"}, "DAC mode 1, ranges ascending, streaming"),
    "no streaming": ({"streaming": False}, "DAC mode 1, ranges descending, by frames"),
    "SPI mode 0": ({"spiModes": [0]}, "DAC mode 0, ranges descending, streaming"),
    "all three": (
        {"spiModes": [0], "streaming": False, "rangeOrder": "ascending"},
        "DAC mode 0, ranges ascending, by frames",
    ),
}


@pytest.mark.parametrize(("part", "found"), PARTS.values(), ids=PARTS.keys())
def test_the_same_music_on_every_part(image_path, part, found):
    with VirtualBoard(image_path, panel=basic_panel(), chips={"dac": part}) as board:
        board.power_on()
        board.wait_until_ready()
        board.send_din(bytes([0x90, 60, 100]))
        board.advance(0.01)
        assert board.cv("VCO 1 PITCH") == pytest.approx(0, abs=0.001)
        assert board.cv("KBD CV OUT") == pytest.approx(2, abs=0.001)
        assert board.cv("LPF CUTOFF") == pytest.approx(3.641, abs=0.002)
        assert board.cv("VCA") == pytest.approx(5, abs=0.001)
        start = board.now
        board.advance(0.05)
        assert late_frames(board, start) == 0
        assert board.misuse() == []
        about = raw_repl.execute(board, "import service; print(service.about())")
        assert found in about


@pytest.mark.parametrize("adc", [{"offsetLsb": 15, "gain": 0.993}, {"offsetLsb": -12}, {"gain": 0.9965}])
def test_a_pico_with_a_poor_adc_still_turns_from_end_to_end(image_path, adc):
    """Measured boards are up to 15 codes off at the ends of the span (facts, analog f.2)."""
    with VirtualBoard(image_path, panel=basic_panel(), chips={"adc": adc}) as board:
        board.power_on()
        board.wait_until_ready()
        for value, volts in ((0, 0.0), (10, 5.0)):
            board.set_knob("LPF PEAK", value)
            board.advance(0.15)
            assert board.cv("LPF PEAK") == pytest.approx(volts, abs=0.0001)
