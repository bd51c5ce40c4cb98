"""Timelines made without a virtual board: steady or stepped control voltages, and a tune played by ideal firmware."""

import math
from collections.abc import Mapping, Sequence

from ms20 import board
from ms20.board import BOARD
from ms20.midi_file import MidiTune
from ms20.panel import Panel
from ms20.timeline import Kind, Timeline

OPEN = {"HPF CUTOFF": -5.0, "LPF CUTOFF": 5.0, "VCO 1 LEVEL": 5.0, "VCO 2 LEVEL": 0.0, "VCA": 5.0}
"""Both filters out of the way, VCO 1 alone at full level, the VCA open."""
TICK_HZ = 2000
"""The ideal firmware's rate: a quarter of the real one, for short tests."""


def wave_word(vco1: str, vco2: str) -> int:
    """Shift-register word that selects two wave forms by their panel words."""
    words = dict(BOARD.ROTARY_WORDS)
    place1 = words["VCO 1 WAVE FORM"].index(vco1)
    place2 = words["VCO 2 WAVE FORM"].index(vco2)
    return int(place1 << BOARD.OUT_VCO1_WAVE | place2 << BOARD.OUT_VCO2_WAVE)


def steady(volts: Mapping[str, float], seconds: float, vco1: str = "SAW", vco2: str = "SAW") -> Timeline:
    """Control voltages that stand still; those not named are as in OPEN, else 0 V."""
    return stepped([(0.0, {**OPEN, **volts})], seconds, vco1, vco2)


def stepped(
    steps: Sequence[tuple[float, Mapping[str, float]]], seconds: float, vco1: str = "SAW", vco2: str = "SAW"
) -> Timeline:
    """Control voltages that jump: (seconds, {name: volts}) in time order."""
    records = [(0.0, int(Kind.SHIFT_OUT), 0, wave_word(vco1, vco2))]
    for time_s, volts in steps:
        for name, value in volts.items():
            channel = board.cv_channel(name)
            records.append((time_s * 1e9, int(Kind.DAC), channel, board.volts_to_code(value, channel)))
    return Timeline.from_records(records, 0.0, seconds)


def played(tune: MidiTune, panel: Panel, tail_s: float = 0.0) -> Timeline:
    """The timeline that ideal firmware would make of a tune on a panel: last note, single trigger, EG 2 on the filters."""
    knobs = {name: board.control(name).fraction(setting) for name, setting in panel.knobs.items()}
    octave1 = _position(panel, "VCO 1 SCALE") - 2
    octave2 = _position(panel, "VCO 2 SCALE") - 1 + (knobs["VCO 2 PITCH"] * 2 - 1)
    records: list[tuple[float, int, int, int]] = [
        (
            0.0,
            int(Kind.SHIFT_OUT),
            0,
            wave_word(str(panel.knobs["VCO 1 WAVE FORM"]), str(panel.knobs["VCO 2 WAVE FORM"])),
        )
    ]
    codes: dict[int, int] = {}

    def put(time_s: float, name: str, volts: float) -> None:
        channel = board.cv_channel(name)
        code = board.volts_to_code(volts, channel)
        if codes.get(channel) != code:
            codes[channel] = code
            records.append((time_s * 1e9, int(Kind.DAC), channel, code))

    for name, knob in (
        ("VCO 1 PW", "VCO 1 PW"), ("HPF PEAK", "HPF PEAK"), ("LPF PEAK", "LPF PEAK"),
        ("VCO 1 LEVEL", "VCO 1 LEVEL"), ("VCO 2 LEVEL", "VCO 2 LEVEL"),
    ):  # fmt: skip
        put(0.0, name, 5.0 * knobs[knob])
    attack, decay, release = (
        1 - math.exp(-constants / (0.0005 * 20_000 ** knobs[f"EG2 {stage} TIME"] * TICK_HZ))
        for stage, constants in (("ATTACK", 1.0986), ("DECAY", 4.605), ("RELEASE", 4.605))
    )
    sustain = knobs["EG2 SUSTAIN LEVEL"]
    messages = list(tune.messages)
    held: list[int] = []
    level, rising, trigger = 0.0, False, 0
    for tick in range(round((tune.duration_s + tail_s) * TICK_HZ)):
        time_s = tick / TICK_HZ
        while messages and messages[0][0] <= time_s:
            status, note, velocity = messages.pop(0)[1]
            if status == 0x90 and velocity:
                rising = rising or not held
                held.append(note)
            elif note in held:
                held.remove(note)
        if held:
            put(time_s, "VCO 1 PITCH", (held[-1] - 60) / 12 + octave1)
            put(time_s, "VCO 2 PITCH", (held[-1] - 60) / 12 + octave2)
        if bool(held) != trigger:
            trigger = int(bool(held))
            records.append((time_s * 1e9, int(Kind.TRIGGER), 0, trigger))
        rising = rising and bool(held)
        target, rate = ((1.5, attack) if rising else (sustain, decay)) if held else (0.0, release)
        level = min(level + (target - level) * rate, 1.0)
        rising = rising and level < 1.0
        put(time_s, "VCA", 5.0 * level)
        for filter_name in ("HPF", "LPF"):
            octaves = math.log2(50 / 1330) + knobs[f"{filter_name} CUTOFF FREQUENCY"] * math.log2(300)
            octaves += 10 * knobs[f"{filter_name} EG2/EXT"] * (level - sustain)
            put(time_s, f"{filter_name} CUTOFF", octaves / 0.96)
    return Timeline.from_records(records, 0.0, tune.duration_s + tail_s)


def _position(panel: Panel, rotary: str) -> int:
    return board.control(rotary).words.index(str(panel.knobs[rotary]))
