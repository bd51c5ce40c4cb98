"""What messages beyond the Mini's own do: in faithful mode nothing at all, in extended mode each its own thing."""

import time
from itertools import pairwise

import live_settings
import memory
import pytest
import viper_stand_in
from board import CV_AUX, CV_COUNT, PANEL, PITCH_ZERO_VOLT_NOTE
from cc_map import MS20IC
from control_frame import code_of
from controls import FM_MG_FULL_Q9, Controls
from extended import NONE, Extended
from hypothesis import given
from hypothesis import strategies as st
from laws import FULL_Q4
from midi_bytes import feed, give_ports_up
from panel_table import CONTROLS, FOUR_WAY
from settings import settings
from state import (
    BEND_Q9,
    CC_COUNT,
    CC_FRESH,
    CC_VALUES,
    DEPTH,
    EXTENDED,
    EXTENDED_NEWS,
    GATE,
    GIVE_UP,
    LET_GO,
    MG_TO_PITCH,
    MIDI_ACTIVITY,
    PANEL_CHANGED,
    PANEL_FILTERED_Q4,
    PANEL_REPORTED_Q4,
    PORT_BYTES,
    PORT_COUNT,
    PORT_DATA_1,
    PORT_DIN,
    PORT_LAST_BYTE_TICK,
    PORT_STATUS,
    PORT_USB,
    PORT_WORDS,
    PORTS,
    STATE,
    TARGET_Q20,
    TICKS,
)

SEMITONE_Q9 = 512
ROUNDS_TO_LET_GO = 8
ROTARIES = {row[0] for row in CONTROLS if row[1] == FOUR_WAY}

ports = st.sampled_from([PORT_DIN, PORT_USB])
bits7 = st.integers(0, 127)


@pytest.fixture(autouse=True)
def default_settings():
    settings.reset()
    yield
    settings.reset()


def send(port, *numbers):
    for byte in numbers:
        feed(port, byte)


def set_up(**values):
    """Settings as given, extended mode unless they say otherwise; the Extended that they were given to."""
    memory.clear()
    settings.reset()
    for name, value in {"mode": "extended", **values}.items():
        settings.set(name, value)
    extended = Extended()
    live_settings.apply_settings(extended)
    return extended


def let_go(words):
    """What the tick does, a thing a round, while a port is to be given up."""
    for _ in range(ROUNDS_TO_LET_GO):
        if words[GIVE_UP] or words[GIVE_UP + 1] or words[LET_GO]:
            give_ports_up()


def aux_volts():
    return code_of(CV_AUX) * 10 / 65536


def semitones(words):
    return words[BEND_Q9] / SEMITONE_Q9


# --- Faithful mode --------------------------------------------------------------------------------------------

ignored = st.one_of(
    st.tuples(st.just(0xE0), bits7, bits7),
    st.tuples(st.just(0xD0), bits7),
    st.tuples(st.just(0xA0), bits7, bits7),
    st.tuples(st.just(0xC0), bits7),
    st.tuples(st.just(0xB0), st.sampled_from([*range(120), 121, 122]), bits7),
    st.tuples(st.integers(1, 15).map(lambda c: 0x90 | c), bits7, bits7),
    st.tuples(st.integers(1, 15).map(lambda c: 0x80 | c), bits7, bits7),
    st.tuples(st.integers(1, 15).map(lambda c: 0xB0 | c), bits7, bits7),
    st.sampled_from([(b,) for b in (0xF6, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD, 0xFF)]),
    st.tuples(st.just(0xF1), bits7),
    st.tuples(st.just(0xF2), bits7, bits7),
    st.tuples(st.just(0xF3), bits7),
    st.lists(bits7, max_size=12).map(lambda data: (0xF0, *data, 0xF7)),
)


@given(ports, st.lists(ignored, min_size=1, max_size=30), st.lists(bits7, max_size=3))
def test_faithful_mode_changes_nothing_for_what_the_mini_does_not_know(port, messages, held):
    """Not one byte of the tick's memory but the input's own: its bytes counted, their time, its running status."""
    set_up(mode="faithful")
    for note in held:
        send(port, 0x90, note, 100)
    memory.state[TICKS] = 4321
    before = bytes(viper_stand_in.bank)
    for message in messages:
        send(port, *message)
    after = bytearray(viper_stand_in.bank)
    for word in (PORT_BYTES, PORT_LAST_BYTE_TICK, PORT_STATUS, PORT_DATA_1):
        place = 4 * (PORTS + port * PORT_WORDS + word)
        after[place : place + 4] = before[place : place + 4]
    assert bytes(after) == before
    assert memory.state[PORTS + port * PORT_WORDS + PORT_BYTES] == 3 * len(held) + sum(map(len, messages))


# --- Pitch bend -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("range_semitones", [0, 1, 2, 7, 12, 24])
def test_bend_is_straight_from_end_to_end_of_its_range(words, range_semitones):
    set_up(bend=range_semitones)
    heard = []
    for value in range(0, 1 << 14, 61):
        send(PORT_DIN, 0xE0, value & 127, value >> 7)
        heard.append(semitones(words))
        assert heard[-1] == pytest.approx((value - 8192) / 8192 * range_semitones, abs=1 / SEMITONE_Q9)
    assert all(a <= b for a, b in pairwise(heard))
    send(PORT_DIN, 0xE0, 0, 64)
    assert semitones(words) == 0
    send(PORT_DIN, 0xE0, 0, 0)
    assert semitones(words) == -range_semitones


# --- The pedal ------------------------------------------------------------------------------------------------


@given(ports, bits7, bits7)
def test_the_pedal_holds_its_inputs_notes_from_64_on(port, value, note):
    set_up()
    words = memory.state
    send(port, 0xB0, 64, value, 0x90, note, 90, 0x80, note, 0)
    assert words[GATE] == (1 if value >= 64 else 0)
    send(port, 0xB0, 64, 0)
    assert words[GATE] == 0


def test_the_other_inputs_pedal_does_not_hold(words):
    set_up()
    send(PORT_USB, 0xB0, 64, 127)
    send(PORT_DIN, 0x90, 60, 90, 60, 0)
    assert words[GATE] == 0


# --- AUX ------------------------------------------------------------------------------------------------------

SOURCES = {
    "off": (),
    "velocity": (0x90, 60),
    "aftertouch": (0xD0,),
    "cc1": (0xB0, 1),
    "cc74": (0xB0, 74),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("full_volts", [1, 5, 10])
def test_aux_carries_its_source_and_no_other_and_127_is_all_of_it(words, source, full_volts):
    set_up(aux=source, aux_volts=full_volts)
    for value in range(1, 128):
        for other in SOURCES.values():
            if other and other != SOURCES[source]:
                send(PORT_DIN, *other, 128 - value)
        if SOURCES[source]:
            send(PORT_DIN, *SOURCES[source], value)
            for other in SOURCES.values():
                if other and other != SOURCES[source]:
                    send(PORT_DIN, *other, 128 - value)
        expected = full_volts * value / 127 if SOURCES[source] else 0
        assert aux_volts() == pytest.approx(expected, abs=0.0005)


def test_velocity_goes_out_with_its_note_and_stays(words):
    """Both are in the frame when the note's last byte has been taken; a release leaves the voltage."""
    set_up()
    send(PORT_USB, 0x90, 60, 127, 0x90, 72)
    before = aux_volts(), words[TARGET_Q20] >> 20
    send(PORT_USB, 64)
    assert (aux_volts(), words[TARGET_Q20] >> 20) == (
        pytest.approx(5 * 64 / 127, abs=0.001),
        72 - PITCH_ZERO_VOLT_NOTE,
    )
    assert before == (pytest.approx(5, abs=0.001), 60 - PITCH_ZERO_VOLT_NOTE)
    send(PORT_USB, 0x80, 72, 1, 0x90, 60, 0)
    assert aux_volts() == pytest.approx(5 * 64 / 127, abs=0.001)


# --- Reset all controllers, and the end of a connection ----------------------------------------------------------


def excite(port):
    """Bend, pedal with a note on it, modulation and pressure, all away from rest."""
    send(port, 0xE0, 127, 127, 0xB0, 64, 127, 0xB0, 1, 100, 0xD0, 99, 0x90, 60, 77, 0x80, 60, 0)


@pytest.mark.parametrize("port", [PORT_DIN, PORT_USB])
def test_cc_121_brings_all_of_it_back_to_rest(words, port):
    extended = set_up(aux="aftertouch")
    excite(port)
    extended.take_news(Controls())
    assert words[BEND_Q9] > 0
    assert words[GATE] == 1
    assert aux_volts() > 3
    assert words[DEPTH + MG_TO_PITCH] > 0
    send(port, 0xB0, 121, 0)
    extended.take_news(Controls())
    assert (words[BEND_Q9], words[GATE], aux_volts(), words[DEPTH + MG_TO_PITCH]) == (0, 0, 0, 0)


def test_cc_121_leaves_the_velocity_of_the_sounding_note(words):
    set_up(aux="velocity")
    send(PORT_DIN, 0x90, 60, 127, 0xB0, 121, 0)
    assert aux_volts() == pytest.approx(5, abs=0.001)


BREAK = 1 << 10


@pytest.mark.parametrize("by", ["break", "main loop"])
def test_an_input_that_is_given_up_takes_its_pedal_and_its_bend_along(words, by):
    set_up()
    excite(PORT_DIN)
    send(PORT_USB, 0x90, 64, 80)
    if by == "break":
        feed(PORT_DIN, BREAK)
    else:
        words[GIVE_UP + PORT_DIN] = 1
    let_go(words)
    assert (words[BEND_Q9], words[LET_GO]) == (0, 0)
    send(PORT_USB, 0x80, 64, 0)
    assert words[GATE] == 0, "nothing of the other input hangs"
    send(PORT_DIN, 0x90, 60, 80, 60, 0)
    assert words[GATE] == 0, "its pedal is up"


# --- Controllers for the main loop ------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 119), bits7), min_size=1, max_size=60))
def test_of_each_controller_the_newest_value_is_kept(messages):
    set_up()
    words = memory.state
    news = words[EXTENDED_NEWS]
    for number, value in messages:
        send(PORT_DIN, 0xB0, number, value)
    newest = dict(messages)
    values = viper_stand_in.bank[CC_VALUES - STATE :][:CC_COUNT]
    fresh = viper_stand_in.bank[CC_FRESH - STATE :][:CC_COUNT]
    assert {number for number in range(CC_COUNT) if fresh[number]} == set(newest)
    assert {number: values[number] for number in newest} == newest
    assert words[EXTENDED_NEWS] - news == len(messages)
    assert words[MIDI_ACTIVITY] == len(messages)


def test_what_the_mini_knows_stays_what_it_is(words):
    """Notes, and controllers 120 and 123-127 that end them, are no panel controllers in extended mode either."""
    set_up()
    for number in (120, *range(123, 128)):
        send(PORT_DIN, 0x90, 60, 100, 0xB0, number, 5)
        assert words[GATE] == 0
    assert words[EXTENDED_NEWS] == 0
    send(PORT_DIN, 0x90, 60, 100, 0xB0, 122, 0, 0xC0, 5, 0xA0, 60, 9)
    assert (words[GATE], words[EXTENDED_NEWS], words[BEND_Q9]) == (1, 0, 0)


@given(ports, st.lists(st.tuples(st.integers(0x80, 0xEF), bits7, bits7), max_size=20))
def test_other_channels_stay_unheard(port, messages):
    set_up()
    before = (
        bytes(viper_stand_in.bank[: 4 * PORTS]),
        bytes(viper_stand_in.bank[4 * (PORTS + PORT_COUNT * PORT_WORDS) :]),
    )
    for status, *data in messages:
        if status & 15:
            send(port, status, *data)
    assert before == (
        bytes(viper_stand_in.bank[: 4 * PORTS]),
        bytes(viper_stand_in.bank[4 * (PORTS + PORT_COUNT * PORT_WORDS) :]),
    )


@pytest.mark.parametrize(("number", "channel"), MS20IC, ids=[f"CC {n} {PANEL[c][0]}" for n, c in MS20IC])
def test_the_ms_20ics_controllers_turn_their_controls(words, number, channel):
    extended = set_up()
    controls = Controls()
    for value in (0, 31, 32, 64, 95, 96, 127):
        send(PORT_USB, 0xB0, number, value)
        extended.take_news(controls)
        if channel in ROTARIES:
            expected = FULL_Q4 * (1, 3, 5, 7)[value * 4 // 128] // 8
        else:
            expected = FULL_Q4 * value // 127
        assert words[PANEL_REPORTED_Q4 + channel] == expected
        assert [c for c in range(len(PANEL)) if words[PANEL_CHANGED + c]] == [channel]
        words[PANEL_CHANGED + channel] = 0


def test_cc_1_deepens_mg_beside_its_knob_up_to_the_knobs_own_full_depth(words):
    extended = set_up()
    controls = Controls()
    for value in range(0, 128, 9):
        send(PORT_DIN, 0xB0, 1, value)
        extended.take_news(controls)
        assert words[DEPTH + MG_TO_PITCH] == pytest.approx(FM_MG_FULL_Q9 * value / 127, abs=1)
    (row,) = [row for row in CONTROLS if row[0] == 10]
    controls.turn(row[0], FULL_Q4)
    controls.apply_changed()
    assert words[DEPTH + MG_TO_PITCH] == FM_MG_FULL_Q9


def test_a_control_learns_the_next_controller_and_forgets_its_old_one(words):
    extended = set_up()
    controls = Controls()
    (old,) = [number for number, channel in MS20IC if PANEL[channel][0] == "LPF PEAK"]
    channel = dict(MS20IC)[old]
    extended.learn(channel)
    send(PORT_DIN, 0xB0, 64, 127, 0xB0, 1, 99)
    extended.take_news(controls)
    assert extended.learning == channel, "pedal and modulation wheel keep their own tasks"
    send(PORT_DIN, 0xB0, 3, 127)
    extended.take_news(controls)
    assert extended.learning == NONE
    assert words[PANEL_REPORTED_Q4 + channel] == FULL_Q4
    send(PORT_DIN, 0xB0, old, 0)
    extended.take_news(controls)
    assert words[PANEL_REPORTED_Q4 + channel] == FULL_Q4
    assert (settings.controllers[3], settings.controllers[old]) == (channel, NONE)


# --- Back to faithful mode ----------------------------------------------------------------------------------------


def test_leaving_extended_mode_ends_what_only_it_holds(words, monkeypatch):
    extended = set_up()
    for port in (PORT_DIN, PORT_USB):
        excite(port)
    extended.take_news(Controls())
    assert aux_volts() > 0
    (peak,) = [number for number, channel in MS20IC if PANEL[channel][0] == "LPF PEAK"]
    channel = dict(MS20IC)[peak]
    words[PANEL_FILTERED_Q4 + channel] = words[PANEL_REPORTED_Q4 + channel] = 4000
    send(PORT_DIN, 0xB0, peak, 127)
    extended.take_news(Controls())
    assert words[PANEL_REPORTED_Q4 + channel] == FULL_Q4
    frame = [code_of(channel) for channel in range(CV_COUNT) if channel != CV_AUX]
    slept_ms = []

    def sleep_ms(ms):
        slept_ms.append(ms)
        let_go_once()

    def let_go_once():
        if words[GIVE_UP] or words[GIVE_UP + 1] or words[LET_GO]:
            give_ports_up()

    monkeypatch.setattr(time, "sleep_ms", sleep_ms, raising=False)
    settings.set("mode", "faithful")
    live_settings.apply_settings(extended)
    assert (words[EXTENDED], words[LET_GO], words[GATE], words[BEND_Q9]) == (0, 0, 0, 0)
    extended.take_news(Controls())
    assert words[DEPTH + MG_TO_PITCH] == 0
    assert aux_volts() == 0
    assert words[PANEL_REPORTED_Q4 + channel] == 4000, "its knob has it again"
    assert frame == [code_of(channel) for channel in range(CV_COUNT) if channel != CV_AUX]
    assert sum(slept_ms) <= 10
    send(PORT_DIN, 0x90, 60, 100, 60, 0)
    assert words[GATE] == 0, "no pedal is left"
