"""EG 1, EG 2 and MG on the chip: where they start from, and what shares a frame with what."""

import numpy as np
import pytest
from frames import Watch, next_edge, put_to_rest, turn
from on_chip import TICK_S, note_off, note_on, service

CODE_V = 5 / 65536
FULL_V = 4.999
EGS = ("EG1 OUT", "VCA")
SAME_EDGE_S = 1e-9
"""Two things happen at the same edge if they are nearer than this (s)."""


@pytest.fixture(scope="module")
def playing(playing):
    """The board that is on for all tests of this file: no frame of theirs is late."""
    yield playing
    assert service(playing).read("counters")["late_ticks"] == 0


@pytest.fixture
def board(playing):
    """The same board, silent, the basic patch on its panel."""
    put_to_rest(playing, 0.1)
    service(playing).ask("set trigger single")
    return playing


def first(times, which):
    return times[np.flatnonzero(which)[0]]


# --- The envelopes' levels --------------------------------------------------------------------------------------


@pytest.mark.parametrize("trigger", ["single", "multi"])
@pytest.mark.parametrize("phase", ["attack", "release"])
def test_a_retrigger_goes_on_from_the_present_level(board, phase, trigger):
    service(board).ask(f"set trigger {trigger}")
    turn(board, {f"{eg} {side} TIME": 6 for eg in ("EG1", "EG2") for side in ("ATTACK", "RELEASE")})
    board.send_din(note_on(60))
    board.advance(0.08 if phase == "attack" else 0.4)
    if phase == "release" or trigger == "single":
        board.send_din(note_off(60))
        board.advance(0.03)
    watch = Watch(board)
    board.send_din(note_on(62))
    board.advance(0.4)
    times, *levels = watch.frames(*EGS)
    edges, closed = watch.timeline().trigger()
    opened = first(edges, (closed == 1) & (edges > watch.start_s))
    turned = int(np.searchsorted(times, opened - SAME_EDGE_S))
    for level in levels:
        assert 0.5 < level[turned] < 4.8, "somewhere on its way"
        assert np.max(np.abs(np.diff(level))) < 0.01, (
            "an attack of 190 ms makes 5 mV a frame at most: no jump"
        )
        assert np.all(np.diff(level[turned - 1 :]) >= -CODE_V), "from the trigger on it only rises"
        assert level[-1] > FULL_V


def test_eg1_delay_lets_the_old_note_fall_until_it_is_over(board):
    turn(board, {"EG1 DELAY TIME": 4, "EG1 ATTACK TIME": 4, "EG1 RELEASE TIME": 7})
    board.send_din(note_on(60))
    board.advance(0.2)
    board.send_din(note_off(60))
    board.advance(0.05)
    watch = Watch(board)
    board.send_din(note_on(60))
    board.advance(0.2)
    times, level = watch.frames("EG1 OUT")
    opened = first(*watch.timeline().trigger())
    turned = int(np.argmin(level))
    delay_s = 0.001 * 10_000**0.4
    assert times[turned] - opened == pytest.approx(delay_s, abs=0.03 * delay_s)
    assert np.all(np.diff(level[: turned + 1]) <= 0)
    assert np.all(np.diff(level[turned:]) >= 0)
    assert level[turned] > 1, "from where it had fallen to"
    assert level[-1] > FULL_V


def test_a_note_shorter_than_eg1_delay_never_opens_eg1(board):
    turn(board, {"EG1 DELAY TIME": 4})
    watch = Watch(board)
    for _ in range(3):
        board.send_din(note_on(60))
        board.advance(0.02)
        board.send_din(note_off(60))
        board.advance(0.02)
    board.advance(0.1)
    assert watch.moved()["EG1 OUT"] == 0
    assert watch.moved()["VCA"] > 4.99


def test_hold_stretches_short_notes_and_a_retrigger_in_it_starts_from_the_level_held(board):
    turn(board, {"EG2 HOLD TIME": 5, "EG2 ATTACK TIME": 4, "EG2 DECAY TIME": 5, "EG2 SUSTAIN LEVEL": 5})
    hold_s = 0.001 * 20_000**0.5
    watch = Watch(board)
    board.send_din(note_on(60))
    board.advance(0.005)
    board.send_din(note_off(60))
    board.advance(0.1)
    board.send_din(note_on(60))
    board.advance(0.005)
    board.send_din(note_off(60))
    board.advance(0.4)
    times, level, eg1 = watch.frames("VCA", "EG1 OUT")
    edges, closed = watch.timeline().trigger()
    opened = edges[closed == 1]
    released = edges[(closed == 0) & (edges > watch.start_s)]
    again = int(np.searchsorted(times, opened[1] - SAME_EDGE_S))
    assert 2.4 < level[again - 1] < 4.9, "the first note is held on its way to SUSTAIN"
    assert 0 < level[again] - level[again - 1] < 0.2, "attack from there"
    let_go = first(times, (times > released[1] + 0.06) & (np.append(np.diff(level), 0) < -0.02))
    assert let_go - released[1] == pytest.approx(hold_s, abs=0.03 * hold_s)
    assert np.all(eg1[(times > released[1] + 0.002)] < 0.5), "EG 1 knows no hold"
    assert level[-1] == 0


# --- Pitch first ------------------------------------------------------------------------------------------------------

PHASES = {
    # phase of EG 2 (and EG 1): (the note before is held for, then it has been let go for) in seconds
    "delay": (0.004, None),
    "attack": (0.05, None),
    "decay": (0.24, None),
    "sustain": (0.6, None),
    "hold": (0.3, 0.03),
    "release": (0.3, 0.2),
}
SLOW = {
    "PORTAMENTO TIME": 8,
    "EG1 DELAY TIME": 3,
    "EG1 ATTACK TIME": 6,
    "EG1 RELEASE TIME": 6,
    "EG2 HOLD TIME": 4.5,
    "EG2 ATTACK TIME": 6,
    "EG2 DECAY TIME": 6,
    "EG2 SUSTAIN LEVEL": 5,
    "EG2 RELEASE TIME": 6,
}


def play(board, way, note, down):
    if way == "keys":
        (board.press if down else board.release)(note)
    else:
        (board.send_din if way == "DIN" else board.send_usb)(note_on(note) if down else note_off(note))


@pytest.mark.parametrize("way", ["DIN", "USB", "keys"])
@pytest.mark.parametrize("phase", PHASES)
def test_in_a_glide_and_in_every_phase_the_trigger_follows_the_pitch_by_exactly_a_tick(board, phase, way):
    service(board).ask("set trigger multi")
    play(board, way, 72, True)
    board.advance(0.01)
    play(board, way, 72, False)
    turn(board, SLOW)
    held_s, let_go_s = PHASES[phase]
    play(board, way, 50, True)
    board.advance(held_s)
    if let_go_s is not None:
        play(board, way, 50, False)
        board.advance(let_go_s)
    # The glide goes down; the next note turns it round, so that the frame in which it does shows.
    watch = Watch(board)
    board.advance(0.001)
    play(board, way, 80, True)
    board.advance(0.02)
    timeline = watch.timeline()
    times, pitch, other, kbd, vca = watch.frames("VCO 1 PITCH", "VCO 2 PITCH", "KBD CV OUT", "VCA")
    changed = np.flatnonzero(np.diff(kbd)) + 1
    assert len(changed) == 1, "KBD CV OUT steps"
    pitch_s = times[changed[0]]
    assert -10 / 12 < pitch[0] < 2, "in the middle of a glide"
    for course in (pitch, other):
        ways = np.sign(np.diff(course))
        assert np.all(ways[: changed[0] - 1] <= 0)
        assert np.all(ways[changed[0] - 1 :] == 1), "the glide's first step to the note comes with KBD CV"
    edges, closed = timeline.trigger()
    shorted = edges[(closed == 1) & (edges > watch.start_s + TICK_S / 2)]
    assert len(shorted) == 1
    assert shorted[0] - pitch_s == pytest.approx(TICK_S, abs=SAME_EDGE_S)
    if phase in ("decay", "sustain", "hold", "release"):
        rises = np.flatnonzero(np.diff(vca) > 2 * CODE_V) + 1
        assert times[rises[0]] == pytest.approx(shorted[0], abs=SAME_EDGE_S), (
            "EG 2's first step with the trigger"
        )


@pytest.mark.parametrize("way", ["DIN", "USB", "keys"])
def test_with_single_trigger_a_note_in_the_release_and_in_a_glide_follows_by_a_tick_too(board, way):
    service(board).ask("set trigger single")
    turn(board, SLOW)
    for note in (50, 84, 48, 70):
        play(board, way, note, True)
        board.advance(0.05)
        play(board, way, note, False)
        board.advance(0.05)
    watch = Watch(board)
    board.advance(0.001)
    play(board, way, 60, True)
    board.advance(0.02)
    times, kbd = watch.frames("KBD CV OUT")
    pitch_s = times[np.flatnonzero(np.diff(kbd))[0] + 1]
    edges, closed = watch.timeline().trigger()
    assert first(edges, (closed == 1) & (edges > watch.start_s)) - pitch_s == pytest.approx(
        TICK_S, abs=SAME_EDGE_S
    )


# --- MG -------------------------------------------------------------------------------------------------------------------

TOP_V = 2.5
MG_CODE_V = 10 / 65536
PLACES = 1 << 18
"""MG knows its phase to this many places: as much as a slope's step may differ from frame to frame."""


def place_v(share):
    """A place on a side that takes this share of the period (V)."""
    return 2 * TOP_V / share / PLACES


class Side:
    """One side of MG OUT A, as B's level marks it: a straight line through its frames."""

    def __init__(self, edge_s, rises, times, values):
        self.edge_s = edge_s
        self.rises = rises
        self.slope, self._at_edge = np.polyfit(times - edge_s, values, 1)
        self.misfit = float(np.max(np.abs(values - self.at(times))))
        self.began_s = edge_s + ((-TOP_V if rises else TOP_V) - self._at_edge) / self.slope
        """When its line was at the top or the bottom: somewhere between two frames."""

    def at(self, times):
        return self._at_edge + self.slope * (times - self.edge_s)


def sides(watch):
    """The whole sides of MG OUT A since the watch began."""
    times, a = watch.frames("MG OUT A")
    edges, levels = watch.timeline().mg_b()
    found = []
    for level, here, after in zip(levels[1:], edges[1:], edges[2:], strict=False):
        inside = (times > here - TICK_S / 2) & (times < after - TICK_S / 2)
        found.append(Side(here, level == 0, times[inside], a[inside]))
    return found


@pytest.mark.parametrize(
    ("wave_form", "frequency"),
    [(0, 10), (2, 10), (3.3, 10), (5, 10), (6.1, 10), (8, 10), (10, 10), (0, 8), (7.5, 8)],
)
def test_b_changes_at_the_very_edge_at_which_a_turns(board, wave_form, frequency):
    turn(board, {"MG WAVE FORM": wave_form, "MG FREQUENCY": frequency})
    watch = Watch(board)
    board.advance(0.2 if frequency == 10 else 0.5)
    latches = watch.timeline().latches()
    rising = 1 / 64 + wave_form / 10 * 62 / 64
    found = sides(watch)
    assert {side.rises for side in found} == {True, False}
    for before, side in zip([None, *found], found, strict=False):
        coarse_v = place_v(rising if side.rises else 1 - rising)
        assert np.min(np.abs(latches - side.edge_s)) < SAME_EDGE_S, "B moves at an edge of LDAC"
        assert -0.05 * TICK_S <= side.edge_s - side.began_s <= 1.05 * TICK_S, (
            "A's first frame on the new side is B's"
        )
        assert side.misfit <= 2 * MG_CODE_V + coarse_v, "a straight line"
        if before is not None:
            # A code on the gentle side is far on the steep one.
            coarse_v = place_v(1 - rising if side.rises else rising) + MG_CODE_V * abs(
                before.slope / side.slope
            )
            end_v = -TOP_V if side.rises else TOP_V
            assert before.at(side.began_s) == pytest.approx(end_v, abs=2 * MG_CODE_V + coarse_v), (
                "without a step"
            )


def test_mg_runs_on_whatever_is_played(board):
    turn(board, {"MG FREQUENCY": 10, "MG WAVE FORM": 4})
    watch = Watch(board)
    board.advance(0.3)
    start = next_edge(board, 0.002)
    board.schedule_din(
        [(start + 0.0131 * k, note_on(40 + k) if k % 2 == 0 else note_off(39 + k)) for k in range(40)]
    )
    with board.schedule() as later:
        for k in range(20):
            later.at(start + 0.017 * k).press(50 + k)
            later.at(start + 0.017 * k + 0.012).release(50 + k)
            later.at(start + 0.023 * k + 0.001).plug("TRIG IN", 0.0 if k % 2 else 5.0)
    board.advance(0.8)
    for rises in (True, False):
        began = np.array([side.began_s for side in sides(watch) if side.rises == rises])
        k = np.arange(len(began))
        period, offset = np.polyfit(k, began, 1)
        assert len(began) > 15
        assert period == pytest.approx(1 / 20, rel=0.002)
        assert np.max(np.abs(began - offset - period * k)) < 0.05 * TICK_S, (
            "not a twentieth of a tick out of step"
        )


@pytest.mark.parametrize("wave_form", [0, 3, 5, 7, 10])
@pytest.mark.parametrize("frequency", [5, 10])
def test_a_makes_no_step_that_its_slope_does_not_imply(board, wave_form, frequency):
    """Not even where one side ends and the other begins."""
    turn(board, {"MG WAVE FORM": wave_form, "MG FREQUENCY": frequency})
    period = 1 / (0.1 * 200 ** (frequency / 10))
    watch = Watch(board)
    board.advance(1.1 * period)
    _, a = watch.frames("MG OUT A")
    steps = np.diff(a)
    rising = 1 / 64 + wave_form / 10 * 62 / 64
    for side, share in ((steps, rising), (-steps, 1 - rising)):
        slope = np.median(side[side > 0])
        assert slope == pytest.approx(
            2 * TOP_V / share / period * TICK_S, rel=0.015 + 0.003 / share, abs=MG_CODE_V
        )
        assert np.max(side) <= slope + 2 * MG_CODE_V + place_v(share)
    assert np.max(np.abs(a)) <= TOP_V


def shape(phase, rising):
    """MG OUT A at a phase 0..1."""
    return np.where(
        phase < rising,
        -TOP_V + 2 * TOP_V * phase / rising,
        TOP_V - 2 * TOP_V * (phase - rising) / (1 - rising),
    )


@pytest.mark.parametrize(
    ("low", "high", "frequency"),
    [(2.0, 8.0, 7), (8.0, 5.0, 10), (0.0, 2.0, 10), (9.0, 10.0, 10)],
)
def test_while_wave_form_is_turned_slowly_a_is_always_on_the_shape_of_where_the_knob_was(
    board, low, high, frequency
):
    turn(board, {"MG WAVE FORM": low, "MG FREQUENCY": frequency})
    watch = Watch(board)
    board.advance(0.3 if frequency == 10 else 1.0)
    bottoms = np.array([side.began_s for side in sides(watch) if side.rises])
    period, bottom = np.polyfit(np.arange(len(bottoms)), bottoms, 1)
    watch = Watch(board)
    start = next_edge(board, 0.002)
    steps, seconds = 1000, 1.0
    with board.schedule() as later:
        for k in range(1, steps + 1):
            later.at(start + seconds * k / steps).set_knob("MG WAVE FORM", low + (high - low) * k / steps)
    board.advance(seconds + 0.05)
    times, a = watch.frames("MG OUT A")
    phase = (times - bottom) / period % 1

    def rising_at(time):
        knob = low + (high - low) * np.clip((time - start) / seconds, 0, 1)
        return 1 / 64 + np.clip((knob / 10 - 0.004) / 0.992, 0, 1) * 62 / 64

    # Somewhere between the knob's place now and where it was 6 ms ago, give or take what the ADC reads it wrong by.
    places = np.stack([rising_at(times), rising_at(times - 0.006)])
    least = np.maximum(places.min(0) - 0.0035, 1 / 64)
    most = np.minimum(places.max(0) + 0.0035, 63 / 64)
    allowed = np.stack([shape(phase, least + (most - least) * x) for x in np.linspace(0, 1, 9)])
    slope = 2 * TOP_V / np.minimum(least, 1 - most) / period * TICK_S
    above = a - allowed.max(0)
    below = allowed.min(0) - a
    assert np.max(np.maximum(above, below) - 0.1 * slope) <= 0.006
    assert np.max(np.abs(a)) <= TOP_V


def test_wave_form_turned_slowly_makes_steps_as_fine_as_any_knobs(board):
    """The largest step of A beyond its slope, from 2 to 6 in two seconds: as the knob is read, 570 times a second."""
    turn(board, {"MG WAVE FORM": 2, "MG FREQUENCY": 8})
    watch = Watch(board)
    start = next_edge(board, 0.002)
    with board.schedule() as later:
        for k in range(1, 2001):
            later.at(start + k / 1000).set_knob("MG WAVE FORM", 2 + 4 * k / 2000)
    board.advance(2.05)
    _, a = watch.frames("MG OUT A")
    frequency = 0.1 * 200**0.8
    implied = 2 * TOP_V / 0.2 * frequency * TICK_S
    assert np.max(np.abs(np.diff(a))) <= implied + 0.03
