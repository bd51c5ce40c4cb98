"""What the tests on the emulated chip share: MIDI messages, the ways in, and what can be heard."""

import numpy as np
from ms20.board import BOARD, cv_names
from ms20.service import BoardService

DIN_BYTE_S = 10 / BOARD.DIN_MIDI_BAUD
TICK_S = 1 / BOARD.TICK_HZ
ACTS_WITHIN_S = 0.001
"""From a DIN byte's stop bit to everything that follows from it, trigger included; in truth a third of this."""
USB_ACTS_WITHIN_S = 0.004
USB_PACKETS_A_SECOND = 8000
"""What a simulated host gets through at least, one packet a transfer or many."""
SENSING_S = 0.33
ALWAYS_MOVES = {"MG OUT A"}

ALL_SOUND_OFF = bytes([0xB0, 120, 0])
ALL_NOTES_OFF = bytes([0xB0, 123, 0])

WAYS = ("din", "usb", "usb byte by byte")
"""The ways in. Some hosts send every byte in a packet of its own (code index F): running status comes through then."""


def note_on(note, velocity=100):
    return bytes([0x90, note, velocity])


def note_off(note):
    return bytes([0x80, note, 64])


def control_change(number, value=0):
    return bytes([0xB0, number, value])


def bend(value):
    """Pitch bend, 0..16383, 8192 at rest."""
    return bytes([0xE0, value & 127, value >> 7])


def send(board, way, data):
    """Send bytes by one of WAYS, and let the time pass that they and what they do need."""
    if way == "din":
        board.send_din(data)
        board.advance(len(data) * DIN_BYTE_S + ACTS_WITHIN_S)
        return
    if way == "usb":
        board.send_usb(data)
    else:
        board.ask("usb_midi", packets=[[0x0F, byte, 0, 0] for byte in data])
    board.advance(len(data) / USB_PACKETS_A_SECOND + USB_ACTS_WITHIN_S)


def heard(board):
    """The note that sounds, by the pitch of VCO 1; None while KBD TRIG OUT is open."""
    state = board.state()
    if not state["trigger"]:
        return None
    volts = state["dac_volts"][BOARD.CV_VCO1_PITCH]
    return round(BOARD.PITCH_ZERO_VOLT_NOTE + 12 * volts / BOARD.PITCH_VOLTS_PER_OCTAVE, 2)


def cvs(board):
    """Volts of every CV that stands still by itself, by name."""
    volts = dict(zip(cv_names(), board.state()["dac_volts"], strict=True))
    return {name: volts[name] for name in volts.keys() - ALWAYS_MOVES}


def moved(before, after, least=0.002):
    """Names of the CVs that differ."""
    return {name for name in before if abs(before[name] - after[name]) > least}


def late_frames(board, since_s):
    """Frames between `since_s` and now that did not follow the one before by exactly a tick."""
    latches_ns = board.timeline().between(since_s, board.now).latch_times_ns()
    assert len(latches_ns) >= (board.now - since_s) * BOARD.TICK_HZ - 2
    return int(np.count_nonzero(np.round(np.diff(latches_ns)) != round(TICK_S * 1e9)))


def trigger_edges(board, since_s):
    """Times (s) and levels of KBD TRIG OUT's edges since a time."""
    times, levels = board.timeline().between(since_s, board.now).trigger()
    return [(float(t), int(level)) for t, level in zip(times, levels, strict=True) if t > since_s]


def hush(board):
    """No key down, no note held on either input, envelopes at rest, jacks empty."""
    for key in range(BOARD.KEY_COUNT):
        board.release(BOARD.KEY_LOWEST_NOTE + key)
    board.send_din(ALL_SOUND_OFF)
    board.send_usb(ALL_SOUND_OFF)
    board.advance(0.015)


def service(board):
    """The instrument's service, in simulated time."""
    return BoardService(board)
