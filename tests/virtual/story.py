"""A story told on the virtual board: what happens is noted as it is done, and drawn beside what the instrument did."""

import dataclasses
from pathlib import Path

from frames import Watch
from ms20.midi_file import NoteSpan
from ms20.plots import draw_traces
from on_chip import DIN_BYTE_S

PICTURES = Path(__file__).resolve().parents[2] / "build" / "stories"


class Story:
    """Plays and notes; `ends` draws the picture and returns what the instrument did, as a timeline."""

    def __init__(self, board, title):
        self.board = board
        self.title = title
        self.marks = []
        self.spans = []
        self._watch = Watch(board)
        self._held = {}

    @property
    def now(self):
        return self.board.now

    def wait(self, seconds):
        self.board.advance(seconds)

    def says(self, words):
        """A line in the picture, here."""
        self.marks.append((self.now, words))

    def begins(self, source, note):
        """A note has begun that the picture shows as a bar."""
        self._held[source, note] = self.now

    def stops(self, source, note):
        self.spans.append(NoteSpan(self._held.pop((source, note)), self.now, note))

    def press(self, note):
        self.board.press(note)
        self.begins("keys", note)

    def release(self, note):
        self.board.release(note)
        self.stops("keys", note)

    def din(self, data):
        """Send bytes and wait until they are through."""
        self.board.send_din(bytes(data))
        self.wait(len(data) * DIN_BYTE_S)

    def usb(self, data):
        self.board.send_usb(bytes(data))

    def ends(self, name, more=()):
        """Draw build/stories/NAME.png, and give the timeline of it all."""
        for source, note in list(self._held):
            self.stops(source, note)
        timeline = dataclasses.replace(self._watch.timeline(), end_s=self.now)
        PICTURES.mkdir(parents=True, exist_ok=True)
        notes = sorted(self.spans, key=lambda span: span.start_s)
        draw_traces(timeline, PICTURES / f"{name}.png", self.title, notes, marks=self.marks, more=more)
        return timeline
