"""Timelines, on made-up records: read, cut, joined, and the numbers taken from them."""

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ms20 import analysis, board
from ms20.errors import EmulatorCrash
from ms20.midi_notes import count_note_ons, note_ons
from ms20.timeline import RECORD, Kind, Timeline

TICK_NS = 125_000.0
PITCH = board.cv_channel("VCO 1 PITCH")


def latches(count, missing=()):
    return [(place * TICK_NS, Kind.LATCH, 0, place) for place in range(count) if place not in missing]


def timeline(*records):
    return Timeline.from_records(sorted(records))


def test_file_as_the_protocol_lays_it_out(tmp_path):
    path = tmp_path / "timeline.bin"
    path.write_bytes(struct.pack("<dHHi", 2e9, 2, PITCH, 0x9999) + struct.pack("<dHHi", 3e9, 7, 0, -1))
    whole = Timeline.from_file(path)
    assert (whole.start_s, whole.end_s, whole.duration_s) == (2.0, 3.0, 1.0)
    t_s, codes = whole.codes("VCO 1 PITCH")
    assert (t_s.tolist(), codes.tolist()) == ([2.0], [0x9999])
    assert whole.usb_in() == [(3.0, (255, 255, 255, 255))]
    assert RECORD.itemsize == 16


@pytest.mark.parametrize("data", [b"x" * 17, struct.pack("<dHHidHHi", 2, 1, 0, 0, 1, 1, 0, 0)])
def test_damaged_files_are_refused(tmp_path, data):
    path = tmp_path / "timeline.bin"
    path.write_bytes(data)
    with pytest.raises(EmulatorCrash):
        Timeline.from_file(path)


def test_an_empty_timeline_has_nothing_in_it(tmp_path):
    path = tmp_path / "timeline.bin"
    path.write_bytes(b"")
    whole = Timeline.from_file(path, 1.0, 2.0)
    assert whole.duration_s == 1.0
    assert len(whole.latches()) == len(whole.cv("VCA")[0]) == 0
    assert whole.between(1.2, 1.4).duration_s == pytest.approx(0.2)
    assert analysis.frame_stats(whole) == analysis.FrameStats(0, 0.0, 0, 0, 0.0, 0.0)
    assert Timeline.join([]).duration_s == 0.0


def test_every_course_by_its_name():
    whole = timeline(
        (0, Kind.POWER, 0, 1),
        (1e9, Kind.SHIFT_OUT, 0, 0x4000),
        (2e9, Kind.TRIGGER, 0, 1),
        (3e9, Kind.MG_B, 0, 1),
        (4e9, Kind.DIN_IN, 0, 0x90),
        (5e9, Kind.DIN_OUT, 0, 0x80),
        (6e9, Kind.USB_MIDI_IN, 0, int.from_bytes(bytes([9, 0x90, 60, 64]), "little")),
        (7e9, Kind.DAC, PITCH, 0x8000),
    )
    courses = [
        whole.power(),
        whole.shift_out(),
        whole.trigger(),
        whole.mg_b(),
        whole.din_in(),
        whole.din_out(),
    ]
    assert [(t[0], values[0]) for t, values in courses] == [
        (0, 1),
        (1, 0x4000),
        (2, 1),
        (3, 1),
        (4, 0x90),
        (5, 0x80),
    ]
    assert whole.usb_out() == [(6.0, (9, 0x90, 60, 64))]
    assert whole.cv("VCO 1 PITCH")[1].tolist() == [0.0]


def test_a_cut_knows_what_held_before_it():
    whole = timeline(
        (0, Kind.POWER, 0, 1),
        (1e9, Kind.DAC, PITCH, 0x9000),
        (2e9, Kind.DAC, PITCH, 0xA000),
        (2e9, Kind.TRIGGER, 0, 1),
        (4e9, Kind.DAC, PITCH, 0xB000),
    )
    cut = whole.between(3.0, 5.0)
    assert cut.codes("VCO 1 PITCH")[0].tolist() == [3.0, 4.0]
    assert cut.codes("VCO 1 PITCH")[1].tolist() == [0xA000, 0xB000]
    assert cut.trigger()[1].tolist() == [1]
    assert cut.power()[1].tolist() == [1]
    assert cut.between(3.5, 4.0).codes("VCO 1 PITCH")[1].tolist() == [0xA000]
    assert whole.between(2.0, 3.0).codes("VCO 1 PITCH")[1].tolist() == [0xA000]


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 65535)), max_size=30), st.integers(0, 100))
def test_cut_and_joined_again_is_the_same(changes, where):
    whole = Timeline.from_records(
        sorted((t_ns * 1e6, int(Kind.DAC), PITCH, code) for t_ns, code in changes), 0.0, 0.2
    )
    halves = [whole.between(0.0, where * 1e-3), whole.between(where * 1e-3, 0.2)]
    joined = Timeline.join(halves)
    assert np.array_equal(joined.records, whole.records)
    assert (joined.start_s, joined.end_s) == (0.0, 0.2)
    times_s = np.linspace(0.0, 0.2, 57)
    later = times_s >= halves[1].start_s
    np.testing.assert_array_equal(
        halves[1].cv_at("VCO 1 PITCH", times_s[later]), whole.cv_at("VCO 1 PITCH", times_s[later])
    )


def test_voltage_at_a_time():
    whole = timeline((1e9, Kind.DAC, PITCH, 0x8000), (2e9, Kind.DAC, PITCH, 0xC000))
    volts = whole.cv_at("VCO 1 PITCH", np.array([0.5, 1.0, 1.9, 2.0]))
    assert np.isnan(volts[0])
    assert volts[1:].tolist() == [0.0, 0.0, 2.5]


def test_regular_frames():
    stats = analysis.frame_stats(timeline(*latches(801)))
    assert (stats.count, stats.late, stats.missing, stats.jitter_ns) == (801, 0, 0, 0.0)
    assert stats.rate_hz == pytest.approx(8000.0)
    assert stats.longest_us == 125.0


def test_late_frames_are_counted_and_kept_out_of_the_jitter():
    stats = analysis.frame_stats(timeline(*latches(801, missing=(100, 200, 201))))
    assert (stats.late, stats.missing, stats.jitter_ns) == (2, 3, 0.0)
    assert stats.longest_us == 375.0


def test_jitter_is_peak_to_peak():
    wobbly = [(t_ns + (8.0 if place % 2 else 0.0), *rest) for place, (t_ns, *rest) in enumerate(latches(100))]
    assert analysis.frame_stats(timeline(*wobbly)).jitter_ns == 16.0


def note_records(stop_ns, note, pitch_ns, code, trigger_ns=None):
    stream = [(stop_ns - 640e3, 0x90), (stop_ns - 320e3, note), (stop_ns, 100)]
    records = [(t_ns, Kind.DIN_IN, 0, byte) for t_ns, byte in stream]
    records.append((pitch_ns, Kind.DAC, PITCH, code))
    return records + ([(trigger_ns, Kind.TRIGGER, 0, 1)] if trigger_ns else [])


def test_din_latency_and_trigger_delay():
    whole = timeline(
        *note_records(10e6, 60, 10.2e6, 0x8000, 10.2e6 + TICK_NS),
        *note_records(20e6, 64, 20.15e6, 0x9000),  # legato: no trigger
        (25e6, Kind.TRIGGER, 0, 0),
        *note_records(30e6, 64, 45e6, 0x9001),  # the same pitch again: the change is too late to be its own
        *note_records(40e6, 65, 40.25e6, 0x9100, 40.25e6 + TICK_NS),
    )
    notes = analysis.din_notes(whole)
    assert [each.note for each in notes] == [60, 64, 64, 65]
    answers = analysis.responses(whole, notes)
    assert [each.answered for each in answers] == [True, True, False, True]
    assert analysis.latencies_us(answers) == pytest.approx([200.0, 150.0, 250.0])
    assert analysis.trigger_delays_ticks(answers) == pytest.approx([1.0, 1.0])
    assert analysis.first_trigger_s(whole) == pytest.approx(10.325e-3)
    assert analysis.first_trigger_s(whole, after_s=1.0) is None


def test_usb_notes():
    word = int.from_bytes(bytes([9, 0x90, 60, 64]), "little")
    whole = timeline((1e6, Kind.USB_MIDI_OUT, 0, word), (2e6, Kind.DAC, PITCH, 1))
    answers = analysis.responses(whole, analysis.usb_notes(whole))
    assert analysis.latencies_us(answers) == pytest.approx([1000.0])


@pytest.mark.parametrize(
    ("stream", "notes"),
    [
        ([0x90, 60, 1, 62, 0, 64, 2], [60, 64]),  # running status; velocity 0 is an off
        ([0x90, 0xF8, 60, 0xFE, 5], [60]),  # real-time bytes inside
        ([0x91, 60, 1], []),  # another channel
        ([0xC0, 60, 61, 0x90, 62, 1], [62]),  # one data byte a message
        ([60, 64, 0xF0, 1, 2, 3, 0xF7, 60, 64], []),  # no status
        ([0x80, 60, 64, 0x90, 60], []),  # off; cut short
    ],
)
def test_note_ons_in_a_byte_stream(stream, notes):
    assert [each.note for each in note_ons(enumerate(stream))] == notes
    assert count_note_ons([(0.0, stream[:2]), (1.0, stream[2:])]) == len(notes)


@given(st.integers(0, 10**13))
def test_a_cut_at_a_records_own_time_begins_with_it(t_ns):
    whole = timeline((t_ns, Kind.TRIGGER, 0, 1))
    t_s = whole.trigger()[0][0]
    assert len(whole.between(t_s, t_s + 1.0).records) == 1
    assert len(whole.between(t_s - 1.0, t_s).records) == 0
