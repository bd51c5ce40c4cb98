"""For the tests of the chip's timing: what every DAC frame carried, and where the ticks stand."""

import dataclasses

import numpy as np
from ms20.analysis import frame_stats
from ms20.board import BOARD, cv_names
from ms20.panel import basic_panel
from ms20.timeline import Kind
from on_chip import TICK_S, hush

REST_S = 0.25
"""After this long knobs count as still, and the quickest envelopes are over."""


def volts(board):
    """All CVs just now, by name."""
    return dict(zip(cv_names(), board.state()["dac_volts"], strict=True))


def put_to_rest(board, rest_s=REST_S):
    """No plug, no key, no note; the basic patch on the panel."""
    for jack, _ in BOARD.PLUGS:
        board.unplug(jack)
    hush(board)
    board.set_f_v_edges(0)
    board.set_panel(basic_panel())
    board.advance(rest_s)


def turn(board, knobs):
    """Turn knobs and let them come to rest."""
    for name, value in knobs.items():
        board.set_knob(name, value)
    board.advance(REST_S)


class Watch:
    """Everything the outputs did from now on; what they showed when it began is known too."""

    def __init__(self, board):
        board.timeline(clear=True)
        state = board.state()
        self.board = board
        self.start_s = board.now
        self._held = {(int(Kind.DAC), channel): int(code) for channel, code in enumerate(state["dac"])}
        self._held[int(Kind.TRIGGER), 0] = int(state["trigger"])
        self._held[int(Kind.MG_B), 0] = int(state["mg_b"])

    def timeline(self):
        return dataclasses.replace(self.board.timeline(), start_s=self.start_s, initial=self._held)

    def frames(self, *names):
        """Times of all frames so far, and for each CV what it carried in each."""
        timeline = self.timeline()
        times = timeline.latches()
        return times, *(timeline.cv_at(name, times) for name in names)

    def moved(self):
        """How far each CV has strayed from where it stood at first (V)."""
        timeline = self.timeline()
        strayed = {}
        for name in cv_names():
            _, values = timeline.cv(name)
            strayed[name] = float(np.max(np.abs(values - values[0])))
        return strayed

    def stats(self):
        return frame_stats(self.timeline())


def next_edge(board, seconds=0.0):
    """The time of an edge of LDAC, `seconds` from now or a little more; edges are exactly a tick apart."""
    latest_s, _ = board.wait_for(Kind.LATCH, 2 * TICK_S)
    return latest_s + np.ceil((seconds + TICK_S / 2) / TICK_S) * TICK_S
