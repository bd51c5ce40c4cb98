"""Every control of the panel, by the firmware's own table: what it moves, by which law, and that it moves nothing else.

One test a control: it is turned through the multiplexers and the RP2040's imperfect ADC (INL of 6 codes, so positions
are right to 0.2 %), and the CVs are measured at the DAC.
"""

import itertools

import numpy as np
import pytest
from ms20.board import BOARD, control, cv_names
from ms20.firmware_tables import PANEL_TABLE as table  # noqa: N811
from ms20.panel import basic_panel

ROWS = {BOARD.PANEL[row[0]][0]: row[1:] for row in table.CONTROLS}
NAMES = list(ROWS)
SETTLE_S = 0.06
REST_S = 0.3
"""After this long a knob counts as still."""
POSITION = 0.002
"""A position is right to this share of the travel."""
MOVING = {"MG OUT A"}
"""CVs that always move by themselves."""


@pytest.fixture
def board(playing):
    """The same board, the basic patch on its panel, middle C held, envelopes at rest."""
    playing.send_din(bytes([0xB0, 120, 0]))
    playing.set_panel(basic_panel())
    playing.advance(REST_S)
    playing.send_din(bytes([0x90, 60, 100]))
    playing.advance(SETTLE_S)
    playing.timeline(clear=True)
    return playing


def volts(board):
    return dict(zip(cv_names(), board.state()["dac_volts"], strict=True))


def moved(before, after, least=0.002):
    return {name for name in before if abs(before[name] - after[name]) > least} - MOVING


def turn(board, name, value):
    """Turn a control; return the CVs before and after."""
    before = volts(board)
    board.set_knob(name, value)
    board.advance(SETTLE_S)
    return before, volts(board)


def travel(name):
    """The panel numbers to test a knob at, with their share of the travel."""
    ends = control(name)
    return [(ends.lowest + x * (ends.highest - ends.lowest), x) for x in (0, 0.1, 0.25, 0.5, 0.75, 1)]


def law_at(name, x):
    """A control's value at a share of its travel, and how far the ADC may put it off."""
    law, lowest, highest = ROWS[name][:3]

    def value(share):
        share = min(max(share, 0), 1)
        if law == table.SQUARE:
            return lowest + share * share * (highest - lowest)
        if law in (table.EXPONENTIAL, table.FROM_ZERO):
            return 0 if law == table.FROM_ZERO and share == 0 else lowest * (highest / lowest) ** share
        if law == table.CENTRED:
            y = 2 * share - 1
            y = np.sign(y) * max(abs(y) - 1 / 64, 0) / (1 - 1 / 64)
            return y * highest
        return lowest + share * (highest - lowest)

    # The firmware takes 0.4 % at both ends as the end.
    shares = [(each - 0.004) / 0.992 for each in (x - POSITION, x, x + POSITION)]
    low, middle, high = (value(share) for share in shares)
    return middle, max(high - middle, middle - low) + 1e-4 * abs(middle)


def of_kind(*kinds):
    return [name for name, row in ROWS.items() if row[4] in kinds]


def pressed(board, note=60, hold_s=0.5, release_s=0.5):
    """Play a note afresh and let it go; return the timeline, and when its gate opened and closed."""
    board.send_din(bytes([0x80, 60, 64]))
    board.advance(0.05)
    board.timeline(clear=True)
    board.send_din(bytes([0x90, note, 100]))
    board.advance(hold_s)
    board.send_din(bytes([0x80, note, 64]))
    board.advance(release_s)
    timeline = board.timeline()
    times, levels = timeline.trigger()
    opened = [t for t, level in zip(times, levels, strict=True) if level == 1]
    closed = [t for t, level in zip(times, levels, strict=True) if level == 0 and t > opened[-1]]
    return timeline, opened[-1], closed[-1]


def crossing(timeline, name, level, after_s, rising=True):
    """When a CV first reaches a level after a time."""
    times, values = timeline.cv(name)
    reached = (values >= level) if rising else (values <= level)
    found = times[reached & (times >= after_s - 1e-9)]
    assert len(found), f"{name} never got to {level} V"
    return found[0]


# --- Straight to a CV ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", of_kind(table.TO_CV))
def test_a_level_moves_its_own_cv_alone(board, name):
    cv = cv_names()[ROWS[name][5]]
    for number, x in travel(name):
        before, after = turn(board, name, number)
        expected, off = law_at(name, x)
        assert after[cv] == pytest.approx(expected, abs=off + 0.0005)
        assert moved(before, after) <= {cv}


@pytest.mark.parametrize("name", of_kind(table.TO_CUTOFF))
def test_a_cutoff_moves_its_own_cv_by_octaves(board, name):
    cv = name.replace(" FREQUENCY", "")
    for number, x in travel(name):
        before, after = turn(board, name, number)
        hz = BOARD.CUTOFF_ZERO_VOLT_HZ * 2 ** (after[cv] * BOARD.CUTOFF_OCTAVES_PER_VOLT)
        expected, off = law_at(name, x)
        assert hz == pytest.approx(expected, abs=off)
        assert moved(before, after) <= {cv}


@pytest.mark.parametrize(
    ("name", "cvs"),
    [("VCO 2 PITCH", {"VCO 2 PITCH"}), ("MASTER TUNE", {"VCO 1 PITCH", "VCO 2 PITCH"})],
)
def test_a_tuning_moves_its_pitches_in_semitones(board, name, cvs):
    for number, x in travel(name):
        before, after = turn(board, name, number)
        expected, off = law_at(name, x)
        for cv in cvs:
            assert 12 * after[cv] == pytest.approx(expected, abs=off + 0.003)
        assert moved(before, after, 0.0003) <= cvs
    board.set_knob(name, 0.05)
    board.advance(SETTLE_S)
    assert all(abs(volts(board)[cv]) < 1e-4 for cv in cvs), "a dead zone around the centre"


@pytest.mark.parametrize("name", of_kind(table.TO_SCALE))
def test_a_scale_moves_its_pitch_in_octaves(board, name):
    lowest = ROWS[name][1]
    cv = name.replace("SCALE", "PITCH")
    for position, word in enumerate(control(name).words):
        before, after = turn(board, name, word)
        assert after[cv] == pytest.approx(lowest + position, abs=0.0005)
        assert moved(before, after) <= {cv}


@pytest.mark.parametrize("name", of_kind(table.TO_WAVE))
def test_a_wave_form_selects_and_moves_no_cv(board, name):
    oscillator = name.replace(" WAVE FORM", "")
    other = "VCO 2" if oscillator == "VCO 1" else "VCO 1"
    stays = board.wave(other)
    for word in control(name).words:
        before, after = turn(board, name, word)
        assert board.wave(oscillator) == word
        assert board.wave(other) == stays
        assert moved(before, after) == set()


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row[0] == table.ANALOG])
def test_an_analog_control_moves_no_cv(board, name):
    for number, _ in travel(name):
        before, after = turn(board, name, number)
        assert moved(before, after) == set()


# --- Depths: how much of a modulator arrives where -----------------------------------------------------------


def course(board, cvs, seconds):
    """CVs sampled a tick at a time."""
    start = board.now
    board.advance(seconds)
    timeline = board.timeline()
    times = np.arange(start + 0.001, board.now, 1 / BOARD.TICK_HZ)
    return [timeline.cv_at(cv, times) for cv in cvs]


@pytest.mark.parametrize(
    ("name", "cvs", "octaves_per_volt"),
    [
        ("FM MG/T.EXT", ("VCO 1 PITCH", "VCO 2 PITCH"), 1.0),
        ("HPF MG/T.EXT", ("HPF CUTOFF",), BOARD.CUTOFF_OCTAVES_PER_VOLT),
        ("LPF MG/T.EXT", ("LPF CUTOFF",), BOARD.CUTOFF_OCTAVES_PER_VOLT),
    ],
)
def test_a_depth_of_mg_brings_its_share_of_mg_and_nothing_else_moves(board, name, cvs, octaves_per_volt):
    board.set_knob("MG FREQUENCY", 10)
    for cutoff in ("HPF", "LPF"):
        board.set_knob(f"{cutoff} CUTOFF FREQUENCY", 5)
    board.advance(REST_S)
    still = {cv: volts(board)[cv] for cv in cv_names()}
    for number, x in travel(name):
        board.set_knob(name, number)
        board.advance(SETTLE_S)
        board.timeline(clear=True)
        board.advance(0.001)
        mg, *courses = course(board, ("MG OUT A", *cvs), 0.1)
        expected, off = law_at(name, x)
        for cv, values in zip(cvs, courses, strict=True):
            departures = values[~np.isnan(values)] - still[cv] if x else np.zeros(1)
            depth_octaves = np.max(np.abs(departures)) * octaves_per_volt * 2.5 / np.nanmax(np.abs(mg))
            assert depth_octaves == pytest.approx(expected, abs=off + 0.02 * (x == 1) + 0.002)
            if 0.2 < x < 1:  # at full depth the cutoffs meet the DAC's ends
                good = ~np.isnan(values) & ~np.isnan(mg)
                assert np.corrcoef(values[good], mg[good])[0, 1] > 0.9999, "in step with MG OUT A"
        after = volts(board)
        assert moved(still, after) <= set(cvs)


def test_fm_eg1_raises_both_pitches_by_octaves(board):
    for number, x in travel("FM EG1/EXT"):
        before, after = turn(board, "FM EG1/EXT", number)
        expected, off = law_at("FM EG1/EXT", x)
        for cv in ("VCO 1 PITCH", "VCO 2 PITCH"):
            assert after[cv] == pytest.approx(min(expected, 4.9999), abs=off + 0.0005)
        assert moved(before, after) <= {"VCO 1 PITCH", "VCO 2 PITCH"}


@pytest.mark.parametrize(("name", "cv"), [("HPF EG2/EXT", "HPF CUTOFF"), ("LPF EG2/EXT", "LPF CUTOFF")])
def test_a_depth_of_eg2_brings_its_level_less_sustain(board, name, cv):
    """A held note sits at the knob whatever the depth; released, the cutoff falls by the sustain's share."""
    board.set_knob(cv + " FREQUENCY", 8)
    board.set_knob("EG2 SUSTAIN LEVEL", 5)
    board.advance(REST_S)
    at_knob = volts(board)[cv]
    for number, x in travel(name):
        before, after = turn(board, name, number)
        assert moved(before, after) == set()
        board.send_din(bytes([0x80, 60, 64]))
        board.advance(0.02)
        expected, off = law_at(name, x)
        fall_octaves = (at_knob - volts(board)[cv]) * BOARD.CUTOFF_OCTAVES_PER_VOLT
        lowest = (at_knob + 5) * BOARD.CUTOFF_OCTAVES_PER_VOLT
        assert fall_octaves == pytest.approx(min(0.5 * expected, lowest), abs=off + 0.02)
        board.send_din(bytes([0x90, 60, 100]))
        board.advance(0.05)


# --- Times --------------------------------------------------------------------------------------------------


TIMES = (0, 2, 4, 5.5)
"""Panel numbers at which a time stays below a second."""
TICKS_S = 2.5 / BOARD.TICK_HZ


@pytest.mark.parametrize("number", TIMES)
@pytest.mark.parametrize(("name", "cv"), [("EG1 ATTACK TIME", "EG1 OUT"), ("EG2 ATTACK TIME", "VCA")])
def test_attack(board, name, cv, number):
    board.set_knob(name, number)
    board.advance(SETTLE_S)
    expected, off = law_at(name, number / 10)
    timeline, opened, _ = pressed(board, hold_s=2 * expected + 0.05)
    assert crossing(timeline, cv, 4.9995, opened) - opened == pytest.approx(expected, abs=off + TICKS_S)


@pytest.mark.parametrize("number", TIMES)
@pytest.mark.parametrize(("name", "cv"), [("EG1 RELEASE TIME", "EG1 OUT"), ("EG2 RELEASE TIME", "VCA")])
def test_release_to_one_percent(board, name, cv, number):
    board.set_knob(name, number)
    board.advance(SETTLE_S)
    expected, off = law_at(name, number / 10)
    timeline, _, closed = pressed(board, hold_s=0.05, release_s=2 * expected + 0.05)
    reached = crossing(timeline, cv, 0.05, closed, rising=False)
    assert reached - closed == pytest.approx(expected, abs=off + TICKS_S)


@pytest.mark.parametrize("number", TIMES)
def test_decay_to_one_percent_of_its_way(board, number):
    board.set_knob("EG2 SUSTAIN LEVEL", 0)
    board.set_knob("EG2 DECAY TIME", number)
    board.advance(SETTLE_S)
    expected, off = law_at("EG2 DECAY TIME", number / 10)
    timeline, opened, _ = pressed(board, hold_s=2 * expected + 0.05)
    top = crossing(timeline, "VCA", 4.9, opened)
    reached = crossing(timeline, "VCA", 0.05, top, rising=False)
    assert reached - top == pytest.approx(expected, abs=off + TICKS_S)


@pytest.mark.parametrize("number", TIMES)
def test_delay(board, number):
    board.set_knob("EG1 DELAY TIME", number)
    board.advance(SETTLE_S)
    expected, off = law_at("EG1 DELAY TIME", number / 10)
    timeline, opened, _ = pressed(board, hold_s=expected + 0.1)
    assert crossing(timeline, "EG1 OUT", 0.01, opened) - opened == pytest.approx(expected, abs=off + TICKS_S)


@pytest.mark.parametrize("number", TIMES)
def test_hold_stretches_the_gate(board, number):
    board.set_knob("EG2 HOLD TIME", number)
    board.advance(SETTLE_S)
    expected, off = law_at("EG2 HOLD TIME", number / 10)
    timeline, _, closed = pressed(board, hold_s=0.05, release_s=expected + 0.1)
    fell = crossing(timeline, "VCA", 4.99, closed, rising=False)
    assert fell - closed == pytest.approx(expected, abs=off + TICKS_S)
    assert crossing(timeline, "EG1 OUT", 4.9, closed, rising=False) - closed < 0.001, "EG 1 knows no hold"


def test_sustain_is_where_a_held_note_stays(board):
    for number, x in travel("EG2 SUSTAIN LEVEL"):
        before, after = turn(board, "EG2 SUSTAIN LEVEL", number)
        expected, off = law_at("EG2 SUSTAIN LEVEL", x)
        assert after["VCA"] == pytest.approx(expected / 20, abs=off / 20 + 0.001)
        assert after["EG2 REV OUT"] == pytest.approx(0, abs=0.002)
        assert moved(before, after, 0.002) <= {"VCA"}


@pytest.mark.parametrize("number", TIMES)
def test_portamento_glides_both_pitches_and_not_kbd_cv(board, number):
    board.set_knob("PORTAMENTO TIME", number)
    board.advance(SETTLE_S)
    expected, off = law_at("PORTAMENTO TIME", number / 10)
    board.timeline(clear=True)
    start = board.now
    board.send_din(bytes([0x90, 72, 100]))
    board.advance(2 * expected + 0.05)
    timeline = board.timeline()
    kbd_times, kbd = timeline.cv("KBD CV OUT")
    assert kbd[-1] == pytest.approx(4, abs=0.001)
    assert len(kbd[kbd_times > start]) == 1, "KBD CV OUT steps"
    for cv in ("VCO 1 PITCH", "VCO 2 PITCH"):
        reached = crossing(timeline, cv, 0.99, start)
        assert reached - kbd_times[-1] == pytest.approx(expected, abs=off + TICKS_S)
        _, values = timeline.cv(cv)
        assert all(b >= a for a, b in itertools.pairwise(values)), "straight there"
    board.send_din(bytes([0x80, 72, 64]))
    board.advance(2 * expected + 0.05)
    assert volts(board)["VCO 1 PITCH"] == pytest.approx(0, abs=0.02), "and back, as every note"


# --- MG and F-V ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [4, 6, 8, 10])
def test_mg_frequency(board, number):
    before, after = turn(board, "MG FREQUENCY", number)
    assert moved(before, after) == set()
    expected, off = law_at("MG FREQUENCY", number / 10)
    board.timeline(clear=True)
    board.advance(4 / expected)
    times, levels = board.timeline().mg_b()
    rises = times[levels == 1]
    assert 1 / np.mean(np.diff(rises)) == pytest.approx(expected, abs=off + 0.003 * expected)


@pytest.mark.parametrize(
    ("number", "rising"), [(0, 1 / 64), (2.5, 0.2578), (5, 0.5), (7.5, 0.7422), (10, 63 / 64)]
)
def test_mg_wave_form_shapes_both_outputs_in_step(board, number, rising):
    board.set_knob("MG FREQUENCY", 10)
    before, after = turn(board, "MG WAVE FORM", number)
    assert moved(before, after) == set()
    board.timeline(clear=True)
    board.advance(0.2)
    timeline = board.timeline()
    times, volts_a = timeline.cv("MG OUT A")
    slopes = np.diff(volts_a)
    assert np.mean(slopes > 0) == pytest.approx(rising, abs=0.012)
    assert volts_a.min() == pytest.approx(-2.5, abs=0.5)
    assert volts_a.max() == pytest.approx(2.5, abs=0.5)
    edges, levels = timeline.mg_b()
    tops = times[1:-1][(slopes[:-1] > 0) & (slopes[1:] < 0)]
    for edge in edges[(levels == 1) & (edges > tops[0]) & (edges < tops[-1])]:
        assert np.min(np.abs(tops - edge)) <= 1.01 / BOARD.TICK_HZ, "B rises where A turns down"


@pytest.mark.parametrize(("number", "scale"), [(0, 0.5), (2.5, 2**-0.5), (5, 1), (10, 2)])
def test_cv_adjust_scales_the_f_v_cv(board, number, scale):
    board.set_f_v_edges(261.6256)
    board.advance(0.1)
    before, after = turn(board, "ESP CV ADJUST", number)
    assert after["F-V CV OUT"] == pytest.approx(2 * scale, rel=0.008)
    assert moved(before, after) <= {"F-V CV OUT"}
    board.set_f_v_edges(0)


def test_no_control_is_left_out():
    """Every row of the table is turned by a test above."""
    tested = (
        of_kind(table.TO_CV, table.TO_CUTOFF, table.TO_PITCH, table.TO_SCALE, table.TO_WAVE)
        + [name for name, row in ROWS.items() if row[0] == table.ANALOG]
        + of_kind(table.TO_PITCH_DEPTH, table.TO_CUTOFF_DEPTH, table.TO_SWING_DEPTH)
        + of_kind(table.TO_ATTACK, table.TO_FALL, table.TO_TICKS, table.TO_SHARE)
        + of_kind(table.TO_RATE, table.TO_MG_SHAPE, table.TO_F_V)
    )
    assert sorted(tested) == sorted(NAMES)
