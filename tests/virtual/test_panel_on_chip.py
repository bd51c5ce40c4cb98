"""The panel on the chip: through the multiplexers and the RP2040's imperfect ADC to the voltages."""

import pytest

SETTLE_S = 0.15


@pytest.fixture
def sounding(ready):
    """A held middle C under an organ's envelope, its attack over."""
    ready.set_knob("EG2 SUSTAIN LEVEL", 10)
    ready.send_din(bytes([0x90, 60, 100]))
    ready.advance(SETTLE_S)
    yield ready
    ready.send_din(bytes([0x80, 60, 64]))
    ready.advance(0.05)


@pytest.mark.parametrize(
    ("knob", "cv", "lowest", "highest"),
    [
        ("LPF CUTOFF FREQUENCY", "LPF CUTOFF", -4.930, 3.641),
        ("HPF CUTOFF FREQUENCY", "HPF CUTOFF", -4.930, 3.641),
        ("LPF PEAK", "LPF PEAK", 0, 5),
        ("HPF PEAK", "HPF PEAK", 0, 5),
        ("VCO 1 LEVEL", "VCO 1 LEVEL", 0, 5),
        ("VCO 2 LEVEL", "VCO 2 LEVEL", 0, 5),
        ("VCO 1 PW", "VCO 1 PW", 0, 5),
    ],
)
def test_a_knob_moves_its_cv_over_the_whole_range_and_no_other(sounding, knob, cv, lowest, highest):
    sounding.set_knob(knob, 0)
    sounding.advance(SETTLE_S)
    before = sounding.state()["dac_volts"]
    assert sounding.cv(cv) == pytest.approx(lowest, abs=0.002)
    sounding.set_knob(knob, 10)
    sounding.advance(SETTLE_S)
    after = sounding.state()["dac_volts"]
    assert sounding.cv(cv) == pytest.approx(highest, abs=0.002)
    moved = [i for i, (a, b) in enumerate(zip(before, after, strict=True)) if abs(a - b) > 0.001]
    assert len(moved) == 1
    sounding.set_knob(knob, 5)
    sounding.advance(SETTLE_S)
    assert sounding.cv(cv) == pytest.approx((lowest + highest) / 2, abs=0.02)


@pytest.mark.parametrize(("word", "octaves"), [("32'", -2), ("16'", -1), ("8'", 0), ("4'", 1)])
def test_vco_1_scale(sounding, word, octaves):
    sounding.set_knob("VCO 1 SCALE", word)
    sounding.advance(SETTLE_S)
    assert sounding.cv("VCO 1 PITCH") == pytest.approx(octaves, abs=0.0005)
    assert sounding.cv("VCO 2 PITCH") == pytest.approx(0, abs=0.0005)


@pytest.mark.parametrize(("word", "octaves"), [("16'", -1), ("8'", 0), ("4'", 1), ("2'", 2)])
def test_vco_2_scale(sounding, word, octaves):
    sounding.set_knob("VCO 2 SCALE", word)
    sounding.advance(SETTLE_S)
    assert sounding.cv("VCO 2 PITCH") == pytest.approx(octaves, abs=0.0005)
    assert sounding.cv("VCO 1 PITCH") == pytest.approx(0, abs=0.0005)


@pytest.mark.parametrize(("position", "semitones"), [(-5, -1), (0, 0), (5, 1)])
def test_master_tune_moves_both_oscillators_by_a_semitone(sounding, position, semitones):
    sounding.set_knob("MASTER TUNE", position)
    sounding.advance(SETTLE_S)
    assert sounding.note_of("VCO 1 PITCH") == pytest.approx(60 + semitones, abs=0.005)
    assert sounding.note_of("VCO 2 PITCH") == pytest.approx(60 + semitones, abs=0.005)


@pytest.mark.parametrize(("position", "semitones"), [(-5, -12), (0, 0), (5, 12)])
def test_vco_2_pitch_moves_vco_2_alone_by_an_octave(sounding, position, semitones):
    sounding.set_knob("VCO 2 PITCH", position)
    sounding.advance(SETTLE_S)
    assert sounding.note_of("VCO 2 PITCH") == pytest.approx(60 + semitones, abs=0.005)
    assert sounding.note_of("VCO 1 PITCH") == pytest.approx(60, abs=0.005)


@pytest.mark.parametrize(
    ("oscillator", "word"),
    [("VCO 1", w) for w in ("TRIANGLE", "SAW", "PULSE", "NOISE")]
    + [("VCO 2", w) for w in ("SAW", "SQUARE", "NARROW PULSE", "RING")],
)
def test_wave_form_selectors(ready, oscillator, word):
    ready.set_knob(f"{oscillator} WAVE FORM", word)
    ready.advance(SETTLE_S)
    assert ready.wave(oscillator) == word


def test_an_open_wiper_keeps_the_last_position(ready):
    ready.set_knob("VCO 1 WAVE FORM", "PULSE")
    ready.advance(SETTLE_S)
    ready.set_channel(0, 0.0)
    ready.advance(SETTLE_S)
    assert ready.wave("VCO 1") == "PULSE"


def test_envelope_opens_the_vca_and_closes_it(ready):
    ready.set_knob("EG2 ATTACK TIME", 5)
    ready.set_knob("EG2 DECAY TIME", 4)
    ready.set_knob("EG2 SUSTAIN LEVEL", 5)
    ready.set_knob("EG2 RELEASE TIME", 4)
    ready.advance(SETTLE_S)
    start = ready.now
    ready.send_din(bytes([0x90, 48, 100]))
    ready.advance(0.4)
    assert ready.cv("VCA") == pytest.approx(2.5, abs=0.03)
    ready.send_din(bytes([0x80, 48, 64]))
    ready.advance(0.4)
    assert ready.cv("VCA") == pytest.approx(0, abs=0.01)
    _, volts = ready.timeline().between(start, ready.now).cv("VCA")
    assert max(volts) == pytest.approx(5, abs=0.001)


def test_the_envelope_moves_the_filter_but_sustain_does_not(ready):
    """Facts 6.3: EG 2 reaches the filter as its level minus sustain."""
    ready.set_knob("LPF CUTOFF FREQUENCY", 5)
    ready.set_knob("LPF EG2/EXT", 5)
    ready.set_knob("EG2 SUSTAIN LEVEL", 4)
    ready.set_knob("EG2 RELEASE TIME", 2)
    ready.advance(SETTLE_S)
    middle = (-4.930 + 3.641) / 2
    idle = ready.cv("LPF CUTOFF")
    assert idle < middle - 1.5
    ready.send_din(bytes([0x90, 48, 100]))
    ready.advance(0.3)
    assert ready.cv("LPF CUTOFF") == pytest.approx(middle, abs=0.03)
    ready.send_din(bytes([0x80, 48, 64]))
    ready.advance(0.3)
    assert ready.cv("LPF CUTOFF") == pytest.approx(idle, abs=0.03)


def test_a_turned_knob_reaches_the_cv_in_five_milliseconds(ready):
    ready.set_knob("LPF PEAK", 2)
    ready.advance(SETTLE_S)
    start = ready.now
    ready.set_knob("LPF PEAK", 8)
    ready.advance(0.005)
    assert ready.cv("LPF PEAK") > 1.2
    times, _ = ready.timeline().between(start, ready.now).cv("LPF PEAK")
    assert len([t for t in times if t > start]) >= 1


def test_a_still_panel_moves_nothing_for_seconds(ready):
    for knob, value in (
        ("LPF CUTOFF FREQUENCY", 3.3),
        ("LPF PEAK", 6.28),
        ("VCO 1 LEVEL", 1.25),
        ("MASTER TUNE", 2.1),
    ):
        ready.set_knob(knob, value)
    ready.advance(1.0)
    start = ready.now
    ready.advance(3.0)
    records = ready.timeline().between(start, ready.now).records
    assert [int(r["index"]) for r in records if r["kind"] == 2] == []
