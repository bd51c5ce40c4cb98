"""The other way to an image: an official MicroPython with the firmware as files beside it."""

import pytest
from ms20 import raw_repl
from ms20.errors import FirmwareCrash
from ms20.firmware_tables import load
from ms20.image import build_image, build_stock
from ms20.panel import basic_panel
from ms20.virtual_board import VirtualBoard
from on_chip import late_frames


@pytest.mark.slow
def test_the_official_image_with_our_files_plays_the_same(tmp_path):
    stock = build_stock()
    image = build_image(tmp_path, micropython=stock).uf2
    with VirtualBoard(image, panel=basic_panel()) as board:
        board.power_on()
        board.wait_until_ready()
        board.send_din(bytes([0x90, 64, 100]))
        board.wait_for_trigger(0.01)
        assert board.note_of("VCO 1 PITCH") == pytest.approx(64, abs=0.005)
        start = board.now
        board.advance(0.5)
        assert late_frames(board, start) == 0
        board.wait_for_usb()
        assert "Raspberry Pi Pico" in raw_repl.execute(board, "import os; print(os.uname())")
        # Its heap would reach up to the stack: the tick's memory must have been taken out of it, for good.
        claimed = "import claim_memory, uctypes; print(hex(uctypes.addressof(claim_memory.claimed)))"
        assert int(raw_repl.execute(board, claimed), 16) == load("rp2040").TICK_MEMORY
        with pytest.raises(FirmwareCrash, match="MemoryError"):
            raw_repl.execute(board, "all = []\nwhile True: all.append(bytearray(500))")
        board.send_din(bytes([0x90, 67, 100]))
        board.advance(0.01)
        assert board.note_of("VCO 1 PITCH") == pytest.approx(67, abs=0.005)
        assert board.misuse() == []
