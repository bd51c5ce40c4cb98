"""The packetiser: running status, SysEx and real-time bytes become packets as a driver makes them."""

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ms20.usb_midi import BYTES_OF_CIN, Packetiser, bytes_of, packet_of_word, packets_of

data = st.integers(0, 127)
channel = st.integers(0, 15)
VOICE = ["note_on", "note_off", "control_change", "program_change", "pitchwheel", "aftertouch", "polytouch"]
SYSTEM = ["songpos", "song_select", "quarter_frame", "tune_request", "sysex"]
REAL_TIME = ["clock", "active_sensing", "reset"]
KINDS = [*VOICE, *SYSTEM, *REAL_TIME]


@st.composite
def messages(draw):
    kind = draw(st.sampled_from(KINDS))
    message = mido.Message(kind)
    values = {"channel": channel, "pitch": st.integers(-8192, 8191), "pos": st.integers(0, 16383)}
    values |= {"frame_type": st.integers(0, 7), "frame_value": st.integers(0, 15)}
    values |= {"data": st.lists(data, max_size=12).map(tuple)}
    fields = {name: draw(values.get(name, data)) for name in vars(message) if name not in ("type", "time")}
    return message.copy(**fields)


@given(st.lists(messages(), max_size=20))
def test_packets_carry_every_message_whole(sent):
    stream = b"".join(message.bin() for message in sent)
    packets = packets_of(stream)
    assert bytes_of(packets) == stream
    parser = mido.Parser()
    parser.feed(bytes_of(packets))
    assert list(parser) == sent


@given(st.lists(messages(), max_size=10), st.lists(st.integers(1, 40), max_size=10))
def test_packets_do_not_depend_on_how_the_bytes_are_cut(sent, cuts):
    stream = b"".join(message.bin() for message in sent)
    packetiser, pieces, place = Packetiser(), [], 0
    for length in [*cuts, len(stream)]:
        pieces += packetiser.feed(stream[place : place + length])
        place += length
    assert pieces == packets_of(stream)


@given(st.lists(st.tuples(data, data), min_size=1, max_size=20), channel)
def test_running_status_is_written_out(notes, number):
    status = 0x90 | number
    stream = bytes([status, *[byte for pair in notes for byte in pair]])
    assert packets_of(stream) == [(9, status, note, velocity) for note, velocity in notes]


@given(st.binary(max_size=200))
def test_any_bytes_make_well_formed_packets(stream):
    for packet in packets_of(stream):
        code_index = packet[0]
        length = BYTES_OF_CIN[code_index]
        assert 2 <= code_index <= 15
        assert packet[1 + length :] == (0,) * (3 - length)
        if 0x8 <= code_index <= 0xE:
            assert packet[1] >> 4 == code_index
            assert all(byte < 0x80 for byte in packet[2 : 1 + length])


def test_real_time_inside_a_message_goes_first_and_breaks_nothing():
    assert packets_of(bytes([0x90, 60, 0xF8, 64, 62, 0xFE, 0])) == [
        (0xF, 0xF8, 0, 0),
        (0x9, 0x90, 60, 64),
        (0xF, 0xFE, 0, 0),
        (0x9, 0x90, 62, 0),
    ]


@pytest.mark.parametrize(
    ("stream", "packets"),
    [
        ([0xF0, 0xF7], [(6, 0xF0, 0xF7, 0)]),
        ([0xF0, 1, 0xF7], [(7, 0xF0, 1, 0xF7)]),
        ([0xF0, 1, 2, 0xF7], [(4, 0xF0, 1, 2), (5, 0xF7, 0, 0)]),
        ([0xF0, 1, 2, 3, 0xF7], [(4, 0xF0, 1, 2), (6, 3, 0xF7, 0)]),
        ([0xF0, 1, 0xF8, 2, 0xF7], [(15, 0xF8, 0, 0), (4, 0xF0, 1, 2), (5, 0xF7, 0, 0)]),
        ([0xF6], [(5, 0xF6, 0, 0)]),
        ([0xF2, 1, 2], [(3, 0xF2, 1, 2)]),
        ([0xF3, 5], [(2, 0xF3, 5, 0)]),
        ([0xC0, 5, 6], [(0xC, 0xC0, 5, 0), (0xC, 0xC0, 6, 0)]),
    ],
)
def test_packets_of_the_table(stream, packets):
    assert packets_of(stream) == packets


@pytest.mark.parametrize(
    "stream",
    [
        [60, 64],  # data without a status
        [0xF7],  # the end of no SysEx
        [0xF4, 1, 2],  # undefined
        [0x90, 60],  # cut short
        [0xF2, 1],
    ],
)
def test_what_cannot_be_sent_is_dropped(stream):
    assert packets_of([*stream, 0xF6]) == [(5, 0xF6, 0, 0)]


def test_system_common_ends_running_status():
    assert packets_of([0x90, 60, 64, 0xF3, 1, 61, 64]) == [(9, 0x90, 60, 64), (2, 0xF3, 1, 0)]


def test_a_status_byte_breaks_a_sysex_off():
    assert packets_of([0xF0, 1, 0x90, 60, 64]) == [(15, 0xF0, 0, 0), (15, 1, 0, 0), (9, 0x90, 60, 64)]


def test_the_cable_number_stands_in_every_packet():
    assert Packetiser(cable=3).feed([0x90, 60, 64, 0xF8]) == [(0x39, 0x90, 60, 64), (0x3F, 0xF8, 0, 0)]


def test_impossible_values_are_refused():
    with pytest.raises(ValueError, match="cable"):
        Packetiser(cable=16)
    with pytest.raises(ValueError, match="byte"):
        packets_of([256])
    with pytest.raises(ValueError, match="4 bytes"):
        bytes_of([[9, 0x90, 60]])


@given(st.tuples(*[st.integers(0, 255)] * 4))
def test_a_record_holds_a_packet(packet):
    assert packet_of_word(int.from_bytes(bytes(packet), "little", signed=True)) == packet
