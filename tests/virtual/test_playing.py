"""The shipped image on the virtual board, played by hand, by DIN and by USB."""

from itertools import pairwise

import pytest
from ms20 import raw_repl
from ms20.timeline import Kind

TICK_S = 1 / 8000
MIDI_BYTE_S = 10 / 31250


def note_on(note, velocity=100):
    return bytes([0x90, note, velocity])


def note_off(note):
    return bytes([0x80, note, 64])


def test_it_says_that_it_plays_and_lights_standby(ready):
    assert "STANDBY ON" in ready.leds()
    about = raw_repl.execute(ready, "import service; print(service.about())")
    assert about.startswith("MS-20 Pico ")
    assert "DAC mode 1, ranges descending, streaming" in about
    assert ready.misuse() == []


@pytest.mark.parametrize("note", [24, 36, 48, 60, 61, 72, 84, 96])
def test_din_note_gives_its_pitch_on_both_oscillators_and_kbd_cv(ready, note):
    ready.send_din(note_on(note))
    ready.advance(0.005)
    assert ready.note_of("VCO 1 PITCH") == pytest.approx(note, abs=0.005)
    assert ready.note_of("VCO 2 PITCH") == pytest.approx(note, abs=0.005)
    assert ready.cv("KBD CV OUT") == pytest.approx(min(2 ** ((note - 48) / 12), 10), abs=0.001)
    assert ready.trigger()
    ready.send_din(note_off(note))
    ready.advance(0.005)
    assert not ready.trigger()
    assert ready.note_of("VCO 1 PITCH") == pytest.approx(note, abs=0.005)


def test_running_status_with_clock_inside_plays_a_legato_line(ready):
    ready.send_din(bytes.fromhex("90 30 64 F8 32 F8 64 FE 34 64"))
    ready.advance(0.01)
    assert ready.note_of() == pytest.approx(52, abs=0.005)
    ready.send_din(bytes.fromhex("34 00 32 00"))
    ready.advance(0.01)
    assert ready.note_of() == pytest.approx(48, abs=0.005)
    assert ready.trigger()


def test_other_channels_and_strange_bytes_are_silent(ready):
    ready.send_din(bytes.fromhex("91 30 64 B1 7B 00 C0 05 F4 F0 7E 7F 06 01 F7 E0 00 50"))
    ready.advance(0.02)
    assert not ready.trigger()


def test_a_broken_byte_plays_nothing_and_the_next_message_does(ready):
    ready.send_din(bytes([0x90]))
    ready.advance(0.001)
    ready.break_din_byte()
    ready.advance(0.001)
    ready.send_din(bytes([60, 100]))
    ready.advance(0.005)
    assert not ready.trigger()
    ready.send_din(note_on(62))
    ready.advance(0.005)
    assert ready.note_of() == pytest.approx(62, abs=0.005)


def test_pitch_settles_first_and_the_trigger_follows_exactly_one_tick_later(ready):
    for step, note in enumerate((40, 52, 45, 70)):
        ready.send_din(note_on(note), at=ready.now + 0.0001 * step)
        pitch_s, _ = ready.wait_for(Kind.DAC, 0.01, index=0)
        trigger_s = ready.wait_for_trigger(0.01)
        assert trigger_s - pitch_s == pytest.approx(TICK_S, abs=1e-9)
        ready.send_din(note_off(note))
        ready.advance(0.01)


def test_a_key_plays_sends_its_trigger_and_holds_its_cv(ready):
    pressed_s = ready.now
    ready.press(67)
    assert ready.wait_for_trigger(0.005) - pressed_s <= 0.0016
    assert ready.note_of() == pytest.approx(67, abs=0.005)
    ready.release(67)
    ready.advance(0.02)
    assert not ready.trigger()
    assert ready.cv("KBD CV OUT") == pytest.approx(2 ** ((67 - 48) / 12), abs=0.001)


def test_every_key_is_its_own_note(ready):
    for note in range(48, 85):
        ready.press(note)
        ready.advance(0.004)
        assert ready.note_of() == pytest.approx(note, abs=0.005)
        ready.release(note)
        ready.advance(0.012)
    assert not ready.trigger()


def test_a_held_key_survives_the_daw(ready):
    """The player holds C while the sequencer plays over it; its notes end, the finger stays."""
    ready.press(48)
    ready.advance(0.005)
    ready.send_din(note_on(72))
    ready.advance(0.005)
    assert ready.note_of() == pytest.approx(72, abs=0.005)
    ready.send_din(bytes([0xB0, 123, 0]))
    ready.advance(0.005)
    assert ready.note_of() == pytest.approx(48, abs=0.005)
    assert ready.trigger()
    ready.release(48)
    ready.advance(0.02)
    assert not ready.trigger()


def configured(board):
    """Let the host finish its enumeration."""
    while board.state()["usb"] != "configured":
        board.advance(0.01)
    board.advance(0.02)


def test_usb_midi_plays(ready):
    configured(ready)
    ready.send_usb(note_on(55))
    ready.advance(0.01)
    assert ready.note_of() == pytest.approx(55, abs=0.005)
    assert ready.trigger()
    ready.send_usb(note_off(55))
    ready.advance(0.01)
    assert not ready.trigger()


def test_back_to_back_notes_over_usb_still_retrigger(ready):
    """A DAW sends note-off and the next note-on in one packet: the trigger lets go for a tick in between."""
    configured(ready)
    ready.send_usb(note_on(50))
    ready.advance(0.02)
    start = ready.now
    ready.send_usb(note_off(50) + note_on(57))
    ready.advance(0.02)
    times, levels = ready.timeline().between(start, ready.now).trigger()
    edges = [(t, level) for t, level in zip(times, levels, strict=True) if t > start]
    assert [level for _, level in edges] == [0, 1]
    assert edges[1][0] - edges[0][0] == pytest.approx(TICK_S, abs=1e-9)
    assert ready.note_of() == pytest.approx(57, abs=0.005)
    ready.send_usb(note_off(57))
    ready.advance(0.02)


def test_a_note_that_ends_in_the_packet_it_came_in_still_triggers(ready):
    """A drum machine's notes have no length over USB: KBD TRIG OUT is on for the one tick that makes it heard."""
    configured(ready)
    start = ready.now
    ready.send_usb(note_on(64) + note_off(64))
    ready.advance(0.02)
    times, levels = ready.timeline().between(start, ready.now).trigger()
    edges = [(t, level) for t, level in zip(times, levels, strict=True) if t > start]
    assert [level for _, level in edges] == [1, 0]
    assert edges[1][0] - edges[0][0] == pytest.approx(TICK_S, abs=1e-9)
    assert ready.note_of() == pytest.approx(64, abs=0.005)


def test_all_128_notes_gate_and_none_wraps(ready):
    last_volts = -6.0
    for note in range(128):
        ready.send_din(note_on(note))
        ready.advance(0.004)
        assert ready.trigger()
        assert ready.cv("VCO 1 PITCH") >= last_volts
        last_volts = ready.cv("VCO 1 PITCH")
        ready.send_din(note_off(note))
        ready.advance(0.004)
    assert last_volts == pytest.approx(5.0, abs=0.001)
    assert ready.cv("KBD CV OUT") == pytest.approx(10.0, abs=0.001)


def test_no_frame_is_late_or_early(ready):
    """DAC edges are hardware: while bytes, keys and knobs come in, every interval is 125 us to the nanosecond."""
    start = ready.now
    ready.send_din(bytes.fromhex("90 30 64 32 64 34 64 36 64 30 00 32 00 34 00 36 00") * 6)
    for value in range(11):
        ready.set_knob("LPF CUTOFF FREQUENCY", value)
        ready.advance(0.02)
    latches_ns = ready.timeline().between(start, ready.now).latch_times_ns().tolist()
    intervals = {round(after - before) for before, after in pairwise(latches_ns)}
    assert intervals == {125_000}
    assert ready.misuse() == []
