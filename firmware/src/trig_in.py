"""TRIG IN and EG1 TRIG IN: S-triggers, believed when two looks 20 us apart agree; and who opens which envelope.

The tick looks at both pins in its first line. Where a pin differs from what was accepted, `confirm` looks again at
least 20 us after that first look: a spike that is shorter cannot be under both. Worked example: a pulse falls 40 us
after an edge: the tick at that edge has looked already, the next finds it low twice, the envelope's first step is in
that tick's frame, which the edge after it latches: 210 us, less than two ticks.

    no plug                 the keyboard opens EG 1 and EG 2
    plug in TRIG IN         that jack opens both, the keyboard neither
    plug in EG1 TRIG IN     that jack opens EG 1; EG 2 as above
"""

# link: constants

import micropython
from board import (
    CLK_SYS_HZ,
    IN_PLUG_EG1_TRIG,
    IN_PLUG_TRIG,
    PIN_EG1_TRIG_IN,
    PIN_TRIG_IN,
)
from rp2040 import APB, LDAC_SLICE, PWM, PWM_CTR, PWM_SLICE_BYTES, SIO_GPIO_IN
from state import (
    APB_BASE,
    EG1_GATE,
    EG1_RESTART,
    EG2_GATE,
    EG2_RESTART,
    KEY_GATE,
    KEY_RESTART,
    PLUGS_IN,
    SIO_BASE,
    STATE,
    TRIG_FELL,
    TRIG_IN_FALLS,
    TRIG_PINS,
)

TRIG_MASK = 1 << PIN_TRIG_IN | 1 << PIN_EG1_TRIG_IN
LDAC_COUNTER = PWM - APB + LDAC_SLICE * PWM_SLICE_BYTES + PWM_CTR
GLITCH_CYCLES = CLK_SYS_HZ // 1_000_000 * 21
LOOKS = 400
"""The wait ends after so many looks at the clock, whatever it shows: about 40 us."""
PLUG_TRIG = 1 << IN_PLUG_TRIG
PLUG_EG1_TRIG = 1 << IN_PLUG_EG1_TRIG


@micropython.viper
def confirm(pins: int, looked_cycles: int):
    """Accept what `pins` (SIO's GPIO_IN, seen at `looked_cycles` of LDAC's counter) shows, where it still does."""
    s = ptr32(STATE)
    ldac = ptr32(s[APB_BASE] + LDAC_COUNTER)
    looks = LOOKS
    while looks and ldac[0] - looked_cycles < GLITCH_CYCLES:
        looks -= 1
    sio = ptr32(s[SIO_BASE])
    accept(pins, sio[SIO_GPIO_IN] & TRIG_MASK)


@micropython.viper
def accept(first: int, second: int):
    """Accept each pin's level where two looks agree."""
    s = ptr32(STATE)
    agreed = (first ^ second ^ TRIG_MASK) & TRIG_MASK
    before = s[TRIG_PINS]
    now = (before & (agreed ^ TRIG_MASK)) | (first & agreed)
    fell = before & (now ^ TRIG_MASK)
    s[TRIG_PINS] = now
    s[TRIG_FELL] = fell
    if fell & (1 << PIN_TRIG_IN):
        s[TRIG_IN_FALLS] += 1


# link: inline
@micropython.viper
def step_gates():
    """Give both envelopes their gate and restart for this tick."""
    s = ptr32(STATE)
    plugs = s[PLUGS_IN]
    gate = s[KEY_GATE]
    restart = s[KEY_RESTART]
    if plugs & PLUG_TRIG:
        gate = ((s[TRIG_PINS] >> PIN_TRIG_IN) & 1) ^ 1
        restart = (s[TRIG_FELL] >> PIN_TRIG_IN) & 1
    s[EG2_GATE] = gate
    s[EG2_RESTART] = restart
    if plugs & PLUG_EG1_TRIG:
        gate = ((s[TRIG_PINS] >> PIN_EG1_TRIG_IN) & 1) ^ 1
        restart = (s[TRIG_FELL] >> PIN_EG1_TRIG_IN) & 1
    s[EG1_GATE] = gate
    s[EG1_RESTART] = restart
    s[TRIG_FELL] = 0
