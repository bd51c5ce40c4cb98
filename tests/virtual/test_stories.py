"""Whole-instrument scenarios, told as stories. Each leaves a picture in build/stories for a person to read."""

import numpy as np
import pytest
from frames import put_to_rest
from ms20.analog import render
from ms20.analysis import frame_stats
from ms20.board import BOARD
from ms20.demo import PANELS
from ms20.panel import load_panel
from ms20.service import BoardService
from ms20.timeline import Kind
from ms20.wav import write_wav
from on_chip import DIN_BYTE_S, TICK_S, note_off, note_on
from story import PICTURES, Story

SAMPLE_HZ = 48_000
C2, C3, D3, E3, G3, C4 = 36, 48, 50, 52, 55, 60


@pytest.fixture
def rested(ready):
    """The basic patch at rest, no plug, no note; at the end no chip has been used wrongly."""
    put_to_rest(ready)
    ready.misuse()
    before = len(ready.misuse())
    yield ready
    assert ready.misuse()[before:] == []


def pitches(timeline, at_s):
    """Notes on VCO 1's pitch CV at times (s)."""
    return BOARD.PITCH_ZERO_VOLT_NOTE + 12 * timeline.cv_at("VCO 1 PITCH", np.array(at_s))


def triggers(timeline):
    """Times at which KBD TRIG OUT was shorted."""
    times_s, levels = timeline.trigger()
    return [
        float(time_s)
        for time_s, level in zip(times_s, levels, strict=True)
        if level and time_s > timeline.start_s
    ]


def all_frames_came(timeline):
    stats = frame_stats(timeline)
    return stats.late == 0 and stats.jitter_ns == 0


# --- A bass line with slides ------------------------------------------------------------------------------------------

STEP_S = 0.125
BASS_LINE = (
    (C2, False),
    (C3, True),
    (C2, False),
    (39, False),
    (43, True),
    (41, True),
    (C2, False),
    (34, True),
)
"""Sixteenths: a note, and whether it is tied to the next one, so that it slides there without a new attack."""


def test_a_bass_line_with_slides(rested):
    rested.set_panel(load_panel(PANELS["bass"]))
    rested.set_knob("PORTAMENTO TIME", 5)
    rested.advance(0.25)
    story = Story(
        rested, "A bass line with slides: tied notes glide on in one breath, the others are plucked"
    )
    starts = []
    for _ in range(2):
        for note, tied in BASS_LINE:
            starts.append(story.now)
            story.din(note_on(note))
            story.begins("din", note)
            if len(story._held) > 1:
                before = next(each for each in story._held if each != ("din", note))
                story.din(note_off(before[1]))
                story.stops(*before)
                story.says("slide")
            story.wait(0.6 * STEP_S)
            if not tied:
                story.din(note_off(note))
                story.stops("din", note)
            story.wait(starts[0] + len(starts) * STEP_S - story.now)
    for _, note in list(story._held):
        story.din(note_off(note))
        story.stops("din", note)
    story.wait(0.3)
    timeline = story.ends("bass_line")

    tied_before = [False, *[tied for _, tied in BASS_LINE * 2][:-1]]
    plucked = [start_s for start_s, slid in zip(starts, tied_before, strict=True) if not slid]
    assert len(triggers(timeline)) == len(plucked)
    assert triggers(timeline) == pytest.approx([start_s + 3 * DIN_BYTE_S for start_s in plucked], abs=0.0005)
    assert triggers(timeline) > [start_s + 3 * DIN_BYTE_S for start_s in plucked]
    # Sixteen steps later every pitch has arrived within a few cents; at first it is still on its way.
    ends_s = [start_s + STEP_S - 0.001 for start_s in starts]
    notes = [note for note, _ in BASS_LINE * 2]
    # The bass patch plays an octave lower: 16'.
    assert pitches(timeline, ends_s) + 12 == pytest.approx(notes, abs=0.12)
    middles = pitches(timeline, [start_s + 0.012 for start_s in starts[1:]]) + 12
    for middle, before, note in zip(middles, notes, notes[1:], strict=False):
        assert min(before, note) - 0.2 < middle < max(before, note) + 0.2
        if abs(note - before) > 2:
            assert abs(middle - note) > 0.3, "it glides"
    # In a slide the VCA goes on falling; a pluck takes it up again.
    vca = timeline.cv_at
    for start_s, slid in list(zip(starts, tied_before, strict=True))[1:]:
        around = vca("VCA", np.array([start_s, start_s + 0.03]))
        assert (around[1] < around[0] + 0.01) if slid else (around[1] > around[0] + 0.5)
    assert all_frames_came(timeline)

    sound = render(timeline)
    write_wav(PICTURES / "bass_line.wav", sound, SAMPLE_HZ)
    assert 0.05 < np.abs(sound).max() < 0.99
    loud = [
        np.abs(sound[round((start_s - timeline.start_s) * SAMPLE_HZ) :][: round(0.1 * SAMPLE_HZ)]).max()
        for start_s in starts
    ]
    assert min(loud) > 0.02, "every step is heard"


# --- A trill ----------------------------------------------------------------------------------------------------------


def test_a_trill_over_a_held_key(rested):
    """C is held; E is hit twelve times a second with all the bounce of a tired keyboard."""
    story = Story(rested, "A trill: C is held, E is hit twelve times a second and bounces")
    story.press(C4)
    story.wait(0.1)
    hits = []
    for _ in range(12):
        hits.append(story.now)
        with rested.schedule() as later:
            for bounce_us in (150, 700):
                later.at(story.now + bounce_us * 1e-6).release(C4 + 4)
                later.at(story.now + (bounce_us + 120) * 1e-6).press(C4 + 4)
        story.press(C4 + 4)
        story.wait(0.042)
        story.release(C4 + 4)
        story.wait(0.041)
    story.release(C4)
    story.wait(0.1)
    timeline = story.ends("trill")

    assert pitches(timeline, [hit_s + 0.003 for hit_s in hits]) == pytest.approx([C4 + 4] * 12, abs=0.01)
    assert pitches(timeline, [hit_s - 0.002 for hit_s in hits]) == pytest.approx([C4] * 12, abs=0.01)
    assert len(triggers(timeline)) == 1, "a trill is one gesture: single trigger, release falls back to C"
    turns_s, _ = timeline.codes("VCO 1 PITCH")
    assert len(turns_s[turns_s > hits[0] - 0.01]) == 24, "no bounce is heard"
    assert all_frames_came(timeline)


# --- A held key while the DAW plays -----------------------------------------------------------------------------------


def test_a_held_key_while_the_daw_plays(rested):
    story = Story(rested, "A held key while the DAW plays by USB, and stops")
    story.press(C3)
    story.says("key C3 down")
    story.wait(0.15)
    at_s = []
    for note in (E3 + 12, G3 + 12, C4 + 12, G3 + 12):
        story.usb(note_on(note))
        story.begins("usb", note)
        story.wait(0.08)
        at_s.append((story.now, note))
        story.usb(note_off(note))
        story.stops("usb", note)
        story.wait(0.04)
        at_s.append((story.now, C3))
    story.usb(note_on(C4 + 12) + note_on(G3))
    story.begins("usb", C4 + 12)
    story.wait(0.1)
    at_s.append((story.now, G3))
    story.says("DAW stops: CC 123")
    story.usb(bytes([0xB0, 123, 0]))
    story.stops("usb", C4 + 12)
    story.wait(0.1)
    at_s.append((story.now, C3))
    story.says("key up")
    story.release(C3)
    story.wait(0.15)
    timeline = story.ends("held_key_and_daw")

    assert pitches(timeline, [time_s for time_s, _ in at_s]) == pytest.approx(
        [note for _, note in at_s], abs=0.01
    )
    assert len(triggers(timeline)) == 1, "the key's note was never let go, so nothing attacked again"
    assert not rested.trigger()
    sent = [record["value"] for record in timeline.of_kind(Kind.USB_MIDI_IN)]
    assert len(sent) == 2, (
        "only the key is sent to the DAW, once down, once up: nothing comes back as an echo"
    )
    assert all_frames_came(timeline)


# --- The cable is pulled ----------------------------------------------------------------------------------------------


def test_the_usb_cable_is_pulled(rested):
    story = Story(rested, "The USB cable is pulled while a note sounds, and comes back")
    story.usb(note_on(C4))
    story.begins("usb", C4)
    story.wait(0.15)
    story.din(note_on(G3))
    story.begins("din", G3)
    story.din(note_off(G3))
    story.stops("din", G3)
    story.wait(0.05)
    assert rested.trigger()
    story.says("cable out")
    pulled_s = story.now
    rested.disconnect_usb()
    story.wait(0.02)
    story.stops("usb", C4)
    assert not rested.trigger(), "the note has ended with the cable"
    story.wait(0.1)
    story.says("DIN goes on")
    story.din(note_on(E3))
    story.begins("din", E3)
    story.wait(0.1)
    assert rested.trigger()
    story.says("cable back")
    rested.connect_usb()
    rested.wait_for_usb()
    story.wait(0.05)
    assert rested.trigger(), "what DIN holds goes on"
    story.usb(note_on(C4 + 7))
    story.begins("usb", C4 + 7)
    story.wait(0.1)
    heard = rested.note_of("VCO 1 PITCH")
    story.usb(note_off(C4 + 7))
    story.stops("usb", C4 + 7)
    story.wait(0.05)
    story.din(note_off(E3))
    story.stops("din", E3)
    story.wait(0.15)
    timeline = story.ends("cable_pulled")

    assert heard == pytest.approx(C4 + 7, abs=0.01)
    times_s, levels = timeline.trigger()
    opened_s = float(times_s[(levels == 0) & (times_s > pulled_s)][0])
    assert opened_s - pulled_s < 0.01
    assert all_frames_came(timeline)


# --- Clock and notes together -----------------------------------------------------------------------------------------

BPM = 120
CLOCK_S = 60 / BPM / 24


@pytest.mark.parametrize("mode", ["faithful", "extended"])
def test_clock_and_notes_on_one_cable(rested, mode):
    """A sequencer sends clock, active sensing and running status; clocks fall inside its messages."""
    service = BoardService(rested)
    service.ask(f"set mode {mode}")
    rested.set_knob("MG FREQUENCY", 7)
    rested.advance(0.25)
    title = "Clock and notes on one DIN cable, 120 BPM, "
    title += "extended: MG turns once a quarter" if mode == "extended" else "faithful: MG follows its knob"
    story = Story(rested, title)
    notes = [C3 + step for step in (0, 7, 12, 7, 3, 7, 10, 7) * 2]
    stream = {0.0: [b"\xfa"]}
    for clock in range(8 * 24):
        stream.setdefault(clock * CLOCK_S, []).append(b"\xf8")
        if clock % 12 == 0:
            note = notes[clock // 12]
            # Running status, a clock in the middle of the message; the note before ends by velocity 0.
            ended = bytes([notes[clock // 12 - 1], 0]) if clock else b""
            stream[clock * CLOCK_S].insert(0, b"\x90" + bytes([note]) if not clock else bytes([note]))
            stream[clock * CLOCK_S].append(bytes([100]) + ended)
    for beat in range(13):
        stream.setdefault(beat * 0.3 + 0.0011, []).append(b"\xfe")
    start_s = story.now + 0.01
    rested.schedule_din([(start_s + time_s, b"".join(parts)) for time_s, parts in sorted(stream.items())])
    for place, note in enumerate(notes):
        story.wait(start_s + place * 12 * CLOCK_S - story.now)
        story.begins("din", note)
        if place:
            story.stops("din", notes[place - 1]) if ("din", notes[place - 1]) in story._held else None
        if place % 4 == 0:
            story.says(f"quarter {place // 2 + 1}")
    story.wait(12 * CLOCK_S)
    rested.send_din(bytes([0x90, notes[-1], 0, 0xFC]))
    story.wait(0.2)
    timeline = story.ends(f"clock_and_notes_{mode}", more=["MG OUT A"])

    late_s = [start_s + (place + 0.9) * 12 * CLOCK_S for place in range(len(notes))]
    assert pitches(timeline, late_s) == pytest.approx(notes, abs=0.01)
    assert len(triggers(timeline)) == 1, "every note but the first is tied to the one before"
    assert not rested.trigger()
    falls_s = mg_falls(timeline)
    turns_s = np.diff(falls_s[(falls_s > start_s + 2.0) & (falls_s < start_s + 3.9)])
    if mode == "extended":
        assert turns_s == pytest.approx(24 * CLOCK_S, rel=0.002)
    else:
        assert not np.any(np.abs(turns_s / (24 * CLOCK_S) - 1) < 0.05)
    assert all_frames_came(timeline)


def mg_falls(timeline):
    """Times (s) at which MG OUT B falls: where MG begins a turn."""
    found = [(record["t_ns"] * 1e-9, record["value"]) for record in timeline.of_kind(Kind.MG_B)]
    return np.array([time_s for time_s, level in found if not level])


# --- Everything at once -----------------------------------------------------------------------------------------------


def test_nothing_ever_takes_longer_than_a_tick(rested):
    """Hands, cables, floods and both CV inputs at once, extended mode, sixteen notes held: no frame is late."""
    service = BoardService(rested)
    for words in ("set mode extended", "set trigger multi", "set priority high"):
        service.ask(words)
    service.ask("clear")
    story = Story(
        rested,
        "Everything at once: keys, DIN, USB, both CV inputs, plugs, knobs; extended mode, high priority",
    )
    start_s = story.now + 0.01
    chance = np.random.default_rng(5)
    seconds = 0.5
    with rested.schedule() as later:
        down = set()
        for place in range(500):
            key = int(chance.integers(BOARD.KEY_LOWEST_NOTE, BOARD.KEY_LOWEST_NOTE + BOARD.KEY_COUNT))
            hand = later.at(start_s + place * 0.001)
            hand.release(key) if key in down else hand.press(key)
            down ^= {key}
            if place % 5 == 0:
                hand.plug("VCO 1+2 CV IN", float(2 ** chance.uniform(-2, 3)))
                hand.plug("VCO 2 CV IN", float(2 ** chance.uniform(-2, 3)))
                for knob in ("LPF CUTOFF FREQUENCY", "FM EG1/EXT", "LPF EG2/EXT", "PORTAMENTO TIME"):
                    hand.set_knob(knob, float(chance.uniform(0, 10)))
            if place % 50 == 0:
                hand.plug("TOTAL", 0.0) if place % 100 else hand.unplug("TOTAL")
    flood = [bytes([0x90, int(chance.integers(36, 96)), int(100 * (place % 2))]) for place in range(1500)]
    rested.schedule_usb([(start_s + place * 0.0005, flood[place]) for place in range(1000)])
    rested.schedule_din([(start_s + place * 0.001, flood[1000 + place]) for place in range(500)])
    story.wait(seconds + 0.1)
    timeline = story.ends("everything_at_once")
    assert frame_stats(timeline).longest_us == pytest.approx(TICK_S * 1e6)
    counters = service.read("counters")
    assert counters["late_ticks"] == 0
    assert counters["tick_us_max"] < TICK_S * 1e6
