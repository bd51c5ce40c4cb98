"""The panel at work: from where a control stands to what it does, rotaries that turn, and parts that are missing."""

import math

import numpy as np
import panel_table as table
import pytest
from board import (
    ADC_FULL,
    CV,
    DAC_RANGE_VOLTS,
    KIND_MONITOR,
    KIND_SPARE,
    LPF_PEAK,
    MG_WAVE_FORM,
    MUX_ADDRESSES,
    MUX_COUNT,
    OUT_LED_STANDBY,
    OUT_VCO1_WAVE,
    OUT_VCO2_WAVE,
    PANEL,
    PANEL_COUNT,
    ROTARY_LADDER_EIGHTHS,
    ROTARY_WORDS,
    TICK_HZ,
    VCO1_SCALE,
    VCO1_WAVE_FORM,
    VCO2_WAVE_FORM,
)
from control_frame import code_of
from controls import Controls
from hypothesis import given
from hypothesis import strategies as st
from laws import ATTACK_TIME_CONSTANTS, FALL_TIME_CONSTANTS, FULL_Q4
from mg import SHAPE_RISE, STEEPEST
from panel_inputs import turned
from state import (
    DEPTH,
    MG_INCREMENT,
    MG_SHAPE,
    MG_SHAPE_IN_USE,
    MG_TO_PITCH,
    PANEL_CHANGED,
    PANEL_REPORTED_Q4,
    SCALE_1_Q9,
    SHIFT_WORD,
    VCO1_OFFSET_Q9,
    VCO2_OFFSET_Q9,
)
from viper_numba import WORDS

ROWS = {PANEL[row[0]][0]: row for row in table.CONTROLS}
PLAIN = [name for name, row in ROWS.items() if row[1] not in (table.FOUR_WAY, table.ANALOG)]
ROTARIES = dict(ROTARY_WORDS)
RESTING_MS = 20
ONE_VOLT_HZ = 440 * 2 ** ((48 - 69) / 12)
names = {PANEL[row[0]][0]: row[0] for row in table.CONTROLS}


@pytest.fixture
def controls(words):
    """The panel with everything at 0 and every rotary in its first position, applied."""
    made = Controls()
    for name in ROTARIES:
        words[PANEL_REPORTED_Q4 + names[name]] = ladder(0)
    made.apply_all()
    return made


def ladder(position):
    return FULL_Q4 * ROTARY_LADDER_EIGHTHS[position] // 8


def turn(controls, name, number):
    """Turn a control to 0..10."""
    controls.turn(names[name], round(FULL_Q4 * number / 10))
    controls.apply_changed()


def wait(controls, ms):
    """What the main loop does each millisecond."""
    for _ in range(ms):
        controls.apply_changed()
        if controls.turning:
            controls.settle()


def time_s(rate, constants):
    """The time of a rate word: its share of the way in a tick."""
    return -constants / math.log1p(-(rate & 0x3FFF) / 2 ** (12 + (rate >> 14))) / TICK_HZ if rate else 0


def value(words, name):
    """What a control makes, in its own unit."""
    _, _, _, _, _, kind, where, _, _ = ROWS[name]
    if kind == table.TO_CV:
        lowest, highest = next((low, high) for code, low, high in DAC_RANGE_VOLTS if code == CV[where][1])
        return lowest + code_of(where) * (highest - lowest) / 65536
    if kind == table.TO_MG_SHAPE:
        rise = words[MG_SHAPE + words[MG_SHAPE_IN_USE] + SHAPE_RISE]
        return 100 * (rise - STEEPEST) / (64 * STEEPEST - 2 * STEEPEST)
    word = int(words[where])
    return {
        table.TO_CUTOFF: lambda: 1330 * 2 ** ((word - 32768) / 6553.6 * 0.96),
        table.TO_TICKS: lambda: word / TICK_HZ,
        table.TO_ATTACK: lambda: time_s(word, ATTACK_TIME_CONSTANTS),
        table.TO_FALL: lambda: time_s(word, FALL_TIME_CONSTANTS),
        table.TO_SHARE: lambda: word / 655.35,
        table.TO_PITCH: lambda: word / 512,
        table.TO_PITCH_DEPTH: lambda: word / 6144,
        table.TO_CUTOFF_DEPTH: lambda: word * 0.96 / 6553.6,
        table.TO_SWING_DEPTH: lambda: word * 65536 / 8192 * 0.96 / 6553.6,
        table.TO_RATE: lambda: word * TICK_HZ / 2**30,
        table.TO_F_V: lambda: word * ONE_VOLT_HZ / 1e6 / 6553.6,
    }[kind]()


# --- Pots -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLAIN)
def test_a_control_makes_what_the_panel_table_says_at_both_ends(words, controls, name):
    _, law, lowest, highest, _, _, _, _, _ = ROWS[name]
    turn(controls, name, 0)
    assert value(words, name) == pytest.approx(0 if law == table.FROM_ZERO else lowest, rel=0.005, abs=0.01)
    turn(controls, name, 10)
    assert value(words, name) == pytest.approx(highest, rel=0.005, abs=0.01)
    if law == table.CENTRED:
        for number in (4.95, 5, 5.05):
            turn(controls, name, number)
            assert value(words, name) == 0
    if law == table.FROM_ZERO:
        turn(controls, name, 0.07)
        assert value(words, name) == pytest.approx(lowest, rel=0.15), "above its zero it begins at its lowest"


@pytest.mark.parametrize("name", PLAIN)
def test_a_control_moves_its_own_destination_alone(words, controls, name):
    before = {other: value(words, other) for other in PLAIN}
    turn(controls, name, 8)
    after = {other: value(words, other) for other in PLAIN}
    assert {other for other in PLAIN if before[other] != after[other]} == {name}


def test_tune_and_pitch_and_scale_add_up(words, controls):
    turn(controls, "MASTER TUNE", 10)
    turn(controls, "VCO 2 PITCH", 0)
    assert words[VCO1_OFFSET_Q9] / 512 == pytest.approx(-24 + 1, abs=0.01)
    assert words[VCO2_OFFSET_Q9] / 512 == pytest.approx(-12 + 1 - 12, abs=0.01)


def test_mg_s_depth_and_rate_reach_the_sums(words, controls):
    turn(controls, "FM MG/T.EXT", 10)
    turn(controls, "MG FREQUENCY", 10)
    assert words[DEPTH + MG_TO_PITCH] / 6144 == pytest.approx(2.5, rel=0.001)
    assert int(words[MG_INCREMENT]) * TICK_HZ / 2**30 == pytest.approx(20, rel=0.005)


def test_all_controls_turned_at_once_are_all_applied(words, controls):
    for name in PLAIN:
        controls.turn(names[name], FULL_Q4)
    controls.apply_changed()
    for name in PLAIN:
        assert value(words, name) == pytest.approx(ROWS[name][3], rel=0.005, abs=0.01)
    assert not any(words[PANEL_CHANGED + channel] for channel in range(PANEL_COUNT))


def test_a_report_that_comes_while_it_is_being_applied_is_seen_next_time(words, controls, monkeypatch):
    """`changed` is cleared before the report is read, so nothing between the two can be lost."""
    import controls as module

    def meanwhile(reported_q4):
        words[PANEL_REPORTED_Q4 + LPF_PEAK] = FULL_Q4
        words[PANEL_CHANGED + LPF_PEAK] = 1
        monkeypatch.undo()
        return position_of(reported_q4)

    position_of = module.position_of
    controls.turn(LPF_PEAK, FULL_Q4 // 2)
    monkeypatch.setattr(module, "position_of", meanwhile)
    controls.apply_changed()
    assert value(words, "LPF PEAK") == pytest.approx(2.5, abs=0.01)
    controls.apply_changed()
    assert value(words, "LPF PEAK") == pytest.approx(5, abs=0.01)


def test_mg_s_wave_form_and_the_monitors_are_no_plain_rows(words, controls):
    controls.turn(MG_WAVE_FORM, FULL_Q4)
    for channel, (_, kind) in enumerate(PANEL):
        if kind in (KIND_MONITOR, KIND_SPARE):
            controls.turn(channel, FULL_Q4)
    before = [code_of(channel) for channel in range(len(CV))]
    controls.apply_changed()
    assert value(words, "MG WAVE FORM") == 100
    assert [code_of(channel) for channel in range(len(CV))] == before


@given(st.sampled_from(PLAIN), st.integers(0, FULL_Q4), st.integers(40, ADC_FULL - 40))
def test_a_control_stands_where_it_was_put_until_its_knob_moves(name, put_q4, knob):
    """By a controller, or the service; then the knob has it again, wherever it is."""
    import memory

    memory.clear()
    channel = names[name]
    made = Controls()
    heights = np.full(TICK_HZ // 2, knob, np.int32)
    reports = np.zeros(heights.size, np.int32)
    turned(WORDS, channel, heights, reports)
    made.apply_changed()
    made.turn(channel, put_q4)
    turned(
        WORDS, channel, heights + np.random.default_rng(knob).integers(-2, 3, heights.size, np.int32), reports
    )
    assert set(reports) == {put_q4}
    turned(WORDS, channel, heights + 30, reports)
    assert reports[-1] / 16 == pytest.approx(knob + 30, abs=1)


# --- Rotaries -----------------------------------------------------------------------------------------------------


def scale_of(words):
    return words[SCALE_1_Q9] // 6144


def test_every_position_of_every_rotary_selects_its_own(words, controls):
    for name, words_of_it in ROTARIES.items():
        _, _, lowest, highest, _, kind, where, _, _ = ROWS[name]
        for position, word in enumerate(words_of_it):
            controls.turn(names[name], ladder(position))
            wait(controls, RESTING_MS + 1)
            assert controls.positions()[name] == word
            if kind == table.TO_SCALE:
                assert words[where] / 6144 == lowest + position
            else:
                assert words[SHIFT_WORD] >> where & 3 == position
        assert lowest + 3 == highest
        assert controls.turning == 0


def test_wave_selects_leave_the_other_bits_alone(words, controls):
    words[SHIFT_WORD] = words[SHIFT_WORD] | 1 << OUT_LED_STANDBY
    controls.turn(VCO1_WAVE_FORM, ladder(2))
    controls.turn(VCO2_WAVE_FORM, ladder(3))
    wait(controls, RESTING_MS + 1)
    assert words[SHIFT_WORD] == 1 << OUT_LED_STANDBY | 2 << OUT_VCO1_WAVE | 3 << OUT_VCO2_WAVE


def test_a_rotary_counts_when_it_has_rested_for_twenty_milliseconds(words, controls):
    controls.turn(VCO1_SCALE, ladder(2))
    wait(controls, RESTING_MS - 1)
    assert (scale_of(words), controls.turning) == (-2, 1)
    wait(controls, 1)
    assert (scale_of(words), controls.turning) == (0, 0)


def test_on_its_way_it_selects_nothing_it_passes(words, controls):
    """From the first position to the last: two others in between, open for some milliseconds before each."""
    seen = set()
    for reported_q4 in (0, ladder(1), FULL_Q4 // 2, ladder(2), FULL_Q4, ladder(3)):
        controls.turn(VCO1_SCALE, reported_q4)
        wait(controls, RESTING_MS - 5)
        seen.add(scale_of(words))
    wait(controls, RESTING_MS)
    assert seen == {-2}
    assert (scale_of(words), controls.faults, controls.turning) == (1, 0, 0)


def test_rotaries_rest_each_for_itself(words, controls):
    controls.turn(VCO1_SCALE, ladder(1))
    wait(controls, 10)
    controls.turn(VCO1_WAVE_FORM, ladder(3))
    wait(controls, 10)
    assert scale_of(words) == -1
    assert controls.turning == 1
    wait(controls, 10)
    assert words[SHIFT_WORD] >> OUT_VCO1_WAVE & 3 == 3


@pytest.mark.parametrize("share", [0, 0.25, 0.5, 0.75, 1])
def test_where_no_position_is_the_last_one_stays_and_the_fault_is_said(words, controls, share):
    controls.turn(VCO1_SCALE, ladder(2))
    wait(controls, RESTING_MS)
    controls.turn(VCO1_SCALE, round(FULL_Q4 * share))
    wait(controls, RESTING_MS)
    assert scale_of(words) == 0
    code = round(FULL_Q4 * share) >> 4
    assert controls.troubles() == [
        f"VCO 1 SCALE reads where no position is ({code} of 4095): open wiper or missing resistor"
    ]
    controls.turn(VCO1_SCALE, ladder(1))
    wait(controls, RESTING_MS)
    assert (scale_of(words), controls.troubles()) == (-1, [])


def test_at_power_on_rotaries_count_at_once_and_a_faulty_one_rests(words):
    made = Controls()
    for name in ROTARIES:
        words[PANEL_REPORTED_Q4 + names[name]] = ladder(3)
    words[PANEL_REPORTED_Q4 + VCO1_SCALE] = FULL_Q4
    made.apply_all()
    positions = made.positions()
    assert [positions[name] for name in ROTARIES] == ["NOISE", "8'", "RING", "2'"]
    assert made.turning == 0
    assert len(made.troubles()) == 1


# --- A missing multiplexer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mux", range(MUX_COUNT))
def test_the_controls_of_a_missing_multiplexer_rest_for_good(words, mux):
    random = np.random.default_rng(mux)
    reference, made = Controls(), Controls()
    for channel in range(PANEL_COUNT):
        words[PANEL_REPORTED_Q4 + channel] = int(random.integers(FULL_Q4))
    for channel, law, _, _, _, _, _, rest, _ in table.CONTROLS:
        if law == table.FOUR_WAY:
            reported_q4 = ladder(rest - 1)
        else:
            reported_q4 = FULL_Q4 * (rest + (5 if law == table.CENTRED else 0)) // 10
        if channel // MUX_ADDRESSES == mux:
            reference.turn(channel, reported_q4)
    reference.apply_all()
    expected = outside(words)
    for channel in range(mux * MUX_ADDRESSES, (mux + 1) * MUX_ADDRESSES):
        words[PANEL_REPORTED_Q4 + channel] = int(random.integers(FULL_Q4))
    made.apply_all()
    assert outside(words) != expected
    made.bury(mux)
    assert outside(words) == expected
    for channel in range(mux * MUX_ADDRESSES, (mux + 1) * MUX_ADDRESSES):
        made.turn(channel, int(random.integers(FULL_Q4)))
    wait(made, 2 * RESTING_MS)
    made.apply_all()
    assert outside(words) == expected, "what floats at its inputs moves nothing any more"
    positions = made.positions()
    dead = {name for name, channel in names.items() if channel // MUX_ADDRESSES == mux}
    assert {name for name, position in positions.items() if position == "?"} == dead
    first = PANEL[mux * MUX_ADDRESSES][0]
    assert made.troubles()[0] == f"multiplexer {mux} does not answer: {first} and its other controls rest"


def outside(words):
    """Everything that the panel has made, in units."""
    scales = [words[ROWS[name][6]] for name in ROTARIES if ROWS[name][5] == table.TO_SCALE]
    return [value(words, name) for name in PLAIN], scales, words[SHIFT_WORD]


# --- Where everything stands ------------------------------------------------------------------------------------------


def test_positions_are_the_panels_own_numbers(words, controls):
    for name in ("LPF PEAK", "VOLUME", "MASTER TUNE", "CONTROL WHEEL"):
        turn(controls, name, 7.5)
    positions = controls.positions()
    assert set(positions) == set(names)
    assert positions["LPF PEAK"] == pytest.approx(7.5, abs=0.03)
    assert positions["VOLUME"] == pytest.approx(7.5, abs=0.03)
    assert positions["MASTER TUNE"] == pytest.approx(2.5, abs=0.03)
    assert positions["CONTROL WHEEL"] == pytest.approx(2.5, abs=0.03)
    assert positions["VCO 1 SCALE"] == "32'"
    for number, shown in ((0, 0), (10, 10), (0.03, 0), (9.97, 10)):
        turn(controls, "LPF PEAK", number)
        assert controls.positions()["LPF PEAK"] == shown
    turn(controls, "MASTER TUNE", 5)
    assert str(controls.positions()["MASTER TUNE"]) in ("0.0", "-0.01", "0.01")
