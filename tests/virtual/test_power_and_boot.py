"""Switching on, running out, coming back."""

import pytest
from ms20.timeline import Kind


def test_power_on_to_first_note_within_a_second(board):
    """A sequencer is already running when the player turns VOLUME up."""
    board.power_on()
    powered_s = board.now
    board.schedule_din([(powered_s + 0.02 * i, bytes([0x90, 60, 100, 0x80, 60, 64])) for i in range(60)])
    assert board.wait_for_trigger(1.0) - powered_s <= 1.0


def test_nothing_sounds_while_it_starts(board):
    board.power_on()
    board.wait_until_ready()
    timeline = board.timeline()
    assert 1 not in timeline.trigger()[1]
    _, vca = timeline.cv("VCA")
    assert max(vca, default=0) == 0


def test_switching_off_and_on_again_plays_again(board):
    board.power_on()
    board.wait_until_ready()
    board.power_off()
    board.advance(0.1)
    assert board.leds() == set()
    board.power_on()
    board.wait_until_ready()
    board.press(60)
    board.wait_for_trigger(0.01)
    assert board.state()["reset_cause"] == "power-on"


def test_usb_says_who_it_is(board):
    board.power_on()
    board.wait_until_ready()
    board.advance(0.3)
    state = board.state()
    assert state["usb"] == "configured"
    assert state["usb_strings"]["product"] == "MS-20 Pico"
    assert "MS-20 Pico MIDI" in state["usb_strings"].values()
    assert state["usb_ids"] == [0x1209, 0x0001], "a free test id, not Korg's"


def test_without_usb_it_plays_all_the_same(board):
    board.disconnect_usb()
    board.power_on()
    board.wait_until_ready()
    board.send_din(bytes([0x90, 60, 100]))
    board.wait_for_trigger(0.01)


def test_a_dac_edge_every_tick_from_the_first(board):
    board.power_on()
    board.wait_until_ready()
    latches = board.timeline().of_kind(Kind.LATCH)
    assert len(latches) > 100
    assert board.stats().latches == pytest.approx(len(latches), abs=1)
