"""MIDI files: times, messages, and what each kind of bad file says."""

import struct
from pathlib import Path

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ms20.errors import ExitCode, Ms20Error
from ms20.midi_file import NoteSpan, load_notes


def save(folder: Path, *tracks: list[object], kind: int = 1, ticks: int = 480) -> Path:
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    path = folder / "tune.mid"
    file.save(str(path))
    return path


def on(note: int, time: int = 0, channel: int = 0, velocity: int = 64) -> mido.Message:
    return mido.Message("note_on", note=note, velocity=velocity, channel=channel, time=time)


def off(note: int, time: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=note, channel=channel, time=time)


def tempo(beats_a_minute: float, time: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_a_minute), time=time)


def end(time: int) -> mido.MetaMessage:
    return mido.MetaMessage("end_of_track", time=time)


def smf(track: bytes, division: int = 480, kind: int = 0, tracks: int = 1) -> bytes:
    return (
        struct.pack(">4sLhhh", b"MThd", 6, kind, tracks, division)
        + struct.pack(">4sL", b"MTrk", len(track))
        + track
    )


def test_times_follow_the_tempo(tmp_path: Path) -> None:
    path = save(tmp_path, [on(60), off(60, 480), tempo(60), on(62, 480), off(62, 480), end(960)], kind=0)
    tune = load_notes(path)
    assert [time_s for time_s, _ in tune.messages] == pytest.approx([0.0, 0.5, 1.5, 2.5])
    assert tune.duration_s == pytest.approx(4.5)
    assert tune.messages[0][1] == bytes([0x90, 60, 64])
    assert tune.messages[1][1] == bytes([0x80, 60, 64])


def test_tracks_are_merged_with_one_tempo_map(tmp_path: Path) -> None:
    path = save(
        tmp_path, [tempo(120), tempo(60, 960)], [on(60, 480), off(60, 960)], [on(40, 1440, channel=4)]
    )
    tune = load_notes(path)
    assert [time_s for time_s, _ in tune.messages] == pytest.approx([0.5, 2.0, 2.0])
    assert tune.channels_with_notes == (1, 5)
    assert tune.messages[2][1] == bytes([0x94, 40, 64])


def test_every_channel_and_system_exclusive_messages_are_kept_but_no_meta(tmp_path: Path) -> None:
    sysex = mido.Message("sysex", data=(0x42, 1, 2))
    bend = mido.Message("pitchwheel", channel=2, pitch=100)
    text = mido.MetaMessage("text", text="hello")
    tune = load_notes(save(tmp_path, [text, sysex, bend, on(60)]))
    assert [message for _, message in tune.messages] == [
        b"\xf0\x42\x01\x02\xf7",
        bytes(bend.bytes()),
        b"\x90\x3c\x40",
    ]


def test_notes_of_a_channel(tmp_path: Path) -> None:
    track = [on(60), on(62, 240), off(60, 240), on(62, 0, velocity=0), on(64, 0, channel=1), on(65), end(480)]
    tune = load_notes(save(tmp_path, track))
    assert tune.notes() == [NoteSpan(0.0, 0.5, 60), NoteSpan(0.25, 0.5, 62), NoteSpan(0.5, 1.0, 65)]
    assert tune.notes(2) == [NoteSpan(0.5, 1.0, 64)]


@pytest.mark.parametrize(
    ("division", "ticks_per_second"), [(0xE728, 1000.0), (0xE250, 2400.0), (0xE350, 30_000 / 1001 * 80)]
)
def test_smpte_time(tmp_path: Path, division: int, ticks_per_second: float) -> None:
    path = tmp_path / "tune.mid"
    tempo_event = b"\x00\xff\x51\x03\x01\x00\x00"  # has no effect on SMPTE time
    path.write_bytes(smf(tempo_event + b"\x87\x68\x90\x3c\x40\x00\xff\x2f\x00", division - 0x10000))
    assert load_notes(path).messages[0][0] == pytest.approx(1000 / ticks_per_second)


def test_running_status(tmp_path: Path) -> None:
    path = tmp_path / "tune.mid"
    path.write_bytes(smf(b"\x00\x90\x3c\x40\x60\x3c\x00\x00\xff\x2f\x00"))
    assert [message for _, message in load_notes(path).messages] == [b"\x90\x3c\x40", b"\x90\x3c\x00"]


def failure(path: Path) -> Ms20Error:
    with pytest.raises(Ms20Error) as caught:
        load_notes(path)
    assert "\n" not in caught.value.message
    assert caught.value.message.endswith(".")
    return caught.value


def test_no_such_file(tmp_path: Path) -> None:
    assert failure(tmp_path / "none.mid").exit_code == ExitCode.NO_SUCH_FILE
    assert failure(tmp_path).exit_code == ExitCode.NO_SUCH_FILE


@pytest.mark.parametrize("data", [b"", b"MT", b"RIFF....WAVE", b"not a MIDI file at all", bytes(100)])
def test_not_a_midi_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "tune.mid"
    path.write_bytes(data)
    assert failure(path).exit_code == ExitCode.NOT_A_MIDI_FILE


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    whole = smf(b"\x00\x90\x3c\x40\x60\x80\x3c\x40\x00\xff\x2f\x00")
    path = tmp_path / "tune.mid"
    for length in range(4, len(whole)):
        path.write_bytes(whole[:length])
        assert failure(path).exit_code == ExitCode.TRUNCATED_MIDI_FILE


@pytest.mark.parametrize(
    "data",
    [
        smf(b"\x00\x90\x3c\x90\x00\xff\x2f\x00"),  # a data byte that is none
        smf(b"\x00\x3c\x40\x00\xff\x2f\x00"),  # running status without a status
        smf(b"\x00\x90\x3c\x40", division=0),
        smf(b"\x00\x90\x3c\x40", kind=7),
        smf(b"\xff\xff\xff\xff\xff\xff\xff\x7f\x90\x3c\x40"),
    ],
)
def test_damaged_files(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "tune.mid"
    path.write_bytes(data)
    error = failure(path)
    assert error.exit_code == ExitCode.NOT_A_MIDI_FILE
    assert "damaged" in error.message


def test_type_2_is_refused(tmp_path: Path) -> None:
    error = failure(save(tmp_path, [on(60)], kind=2))
    assert error.exit_code == ExitCode.NOT_A_MIDI_FILE
    assert "type 2" in error.message


def test_no_note_on_channel_1_names_the_channels_that_have_some(tmp_path: Path) -> None:
    error = failure(
        save(tmp_path, [on(60, channel=1), on(60, channel=9), on(60, channel=4), on(50, velocity=0)])
    )
    assert error.exit_code == ExitCode.NO_NOTES
    assert "on channels 2, 5 and 10" in error.message
    assert "on channel 3." in failure(save(tmp_path, [on(60, channel=2)])).message
    assert "no notes at all" in failure(save(tmp_path, [end(10)])).message


@given(st.binary(max_size=60))
def test_any_track_bytes_load_or_fail_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, track: bytes
) -> None:
    path = tmp_path_factory.mktemp("midi") / "tune.mid"
    path.write_bytes(smf(track))
    outcome = ExitCode.OK
    try:
        load_notes(path)
    except Ms20Error as error:
        outcome = ExitCode(error.exit_code)
    told = (ExitCode.NOT_A_MIDI_FILE, ExitCode.TRUNCATED_MIDI_FILE, ExitCode.NO_NOTES)
    assert outcome in (ExitCode.OK, *told)


@given(st.binary(max_size=40))
def test_any_file_loads_or_fails_in_a_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("midi") / "tune.mid"
    path.write_bytes(b"MThd" + data)
    with pytest.raises(Ms20Error):
        load_notes(path)
