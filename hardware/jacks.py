"""The patch panel: its 35 jacks, where each lives, and what a plug does.

`hardware/jacks.md` is made from this table (firmware/tools/make_pages.py). Sources: facts 7; levels marked with a query
are unverified there. `FIRMWARE`: the signal is made or read by the Pico alone. `BOTH`: the jack itself is analog, at
audio rate, and the firmware sees its plug or makes what is normalled to it. `ANALOG`: the Pico knows nothing of it.
"""

FIRMWARE = "firmware"
BOTH = "both"
ANALOG = "analog"

IN = "in"
OUT = "out"

JACKS = (
    # (name, direction, volts, where it lives, what plugging does, file of the test of the firmware's part)
    (
        "TOTAL",
        IN,
        "-5..+5 V",
        BOTH,
        "breaks MG to both pitches and both cutoffs; feeds their MG/T.EXT knobs",
        "test_normals_on_chip.py",
    ),
    (
        "FREQ",
        IN,
        "-5..+5 V, 1 V/oct at full depth",
        BOTH,
        "breaks EG1 to both pitches; feeds EG1/EXT",
        "test_normals_on_chip.py",
    ),
    ("EXT SIGNAL IN", IN, "3 Vp-p at most", ANALOG, "adds to the oscillators before the HPF", ""),
    (
        "HPF CUTOFF FREQ",
        IN,
        "-5..+5 V, 2 oct/V at full depth",
        BOTH,
        "breaks EG2 to the HPF; feeds its EG2/EXT",
        "test_normals_on_chip.py",
    ),
    (
        "LPF CUTOFF FREQ",
        IN,
        "-5..+5 V, 2 oct/V at full depth",
        BOTH,
        "breaks EG2 to the LPF; feeds its EG2/EXT",
        "test_normals_on_chip.py",
    ),
    ("INITIAL GAIN", IN, "0..+5 V", ANALOG, "adds to EG2 at the VCA", ""),
    ("SIGNAL OUT", OUT, "2 Vp-p", ANALOG, "after VOLUME", ""),
    ("PHONES", OUT, "as SIGNAL OUT", ANALOG, "after VOLUME", ""),
    ("MG OUT A", OUT, "-2.5..+2.5 V", FIRMWARE, "breaks nothing", "test_every_control.py"),
    ("MG OUT B", OUT, "0 / +5 V", FIRMWARE, "breaks nothing", "test_every_control.py"),
    ("EG1 OUT", OUT, "0..+5 V", FIRMWARE, "breaks nothing", "test_every_control.py"),
    ("EG1 REV OUT", OUT, "+5..0 V", BOTH, "EG1 OUT upside down, in analog", "test_every_control.py"),
    (
        "EG1 TRIG IN",
        IN,
        "S-trig, threshold 1.3 V",
        FIRMWARE,
        "takes EG1 from the keyboard or TRIG IN",
        "test_triggers_on_chip.py",
    ),
    ("EG2 REV OUT", OUT, "+S..S-5 V around SUSTAIN", FIRMWARE, "breaks nothing", "test_every_control.py"),
    (
        "TRIG IN",
        IN,
        "S-trig, threshold 1.3 V",
        FIRMWARE,
        "takes both EGs from the keyboard; counts as activity",
        "test_triggers_on_chip.py",
    ),
    (
        "VCO 1+2 CV IN",
        IN,
        "0..+8 V Hz/V",
        FIRMWARE,
        "takes both oscillators from the keyboard",
        "test_cv_inputs_on_chip.py",
    ),
    (
        "VCO 2 CV IN",
        IN,
        "0..+8 V Hz/V",
        FIRMWARE,
        "takes oscillator 2 from the keyboard or VCO 1+2 CV IN",
        "test_cv_inputs_on_chip.py",
    ),
    (
        "KBD CV OUT",
        OUT,
        "0..+8 V Hz/V, up to 10 V",
        FIRMWARE,
        "breaks nothing; holds the last note",
        "test_playing.py",
    ),
    (
        "KBD TRIG OUT",
        OUT,
        "S-trig: open, or shorted to ground",
        FIRMWARE,
        "breaks nothing",
        "test_playing.py",
    ),
    ("S&H IN", IN, "10 Vp-p at most (?)", ANALOG, "no normal", ""),
    ("S&H CLOCK", IN, "above 1.3 V follows, at ground holds", ANALOG, "no normal", ""),
    ("S&H OUT", OUT, "as S&H IN", ANALOG, "breaks nothing", ""),
    ("MVCA IN", IN, "audio or CV", ANALOG, "no normal", ""),
    ("MVCA CONTROL INPUT", IN, "0..+5 V", ANALOG, "breaks EG1 (EG1 OUT, in analog)", ""),
    ("MVCA OUT", OUT, "as MVCA IN", ANALOG, "breaks nothing", ""),
    ("PINK NOISE", OUT, "about 5 Vp-p (?)", ANALOG, "breaks nothing", ""),
    ("WHITE NOISE", OUT, "about 5 Vp-p (?)", ANALOG, "breaks nothing", ""),
    (
        "CONTROL WHEEL",
        OUT,
        "-5..0..+5 V",
        ANALOG,
        "breaks nothing; the service shows where it stands",
        "test_every_control.py",
    ),
    ("MOMENTARY SWITCH", OUT, "switch to ground", ANALOG, "breaks nothing", ""),
    ("ESP SIGNAL IN", IN, "microphone to line", ANALOG, "no normal", ""),
    ("ESP AMP OUT", OUT, "audio", ANALOG, "breaks nothing", ""),
    ("ESP BPF OUT", OUT, "audio", ANALOG, "breaks nothing", ""),
    (
        "ESP F-V CV OUT",
        OUT,
        "0..+8 V Hz/V, up to 10 V",
        BOTH,
        "analog squares the BPF's signal, the firmware counts it",
        "test_f_v_on_chip.py",
    ),
    ("ESP ENV OUT", OUT, "0..+5 V", ANALOG, "breaks nothing", ""),
    ("ESP TRIG OUT", OUT, "S-trig", ANALOG, "breaks nothing", ""),
)
