"""TRIG IN and EG1 TRIG IN: S-triggers, believed when a pin has kept still for 20 us; and who opens which envelope.

The tick looks at both pins in its first line. Where a pin differs from what was accepted, `confirm` looks again at
least 20 us after that first look: a spike that is shorter cannot be under both. Two spikes can; but then the pin has
moved back in between, and the RP2040 remembers that: its pads keep every edge until it is cleared. So a level counts
if both looks found it and no edge led away from it since `confirm` was last here. Where an older spike has left such
an edge, it waits another 20 us without one, or, late in a tick, leaves the matter to the next.

Worked example: a pulse falls 40 us after an edge of LDAC: the tick at that edge has looked already, the next finds it
low twice, the envelope's first step is in that tick's frame, which the edge after it latches: 210 us, less than two
ticks. Source: RP2040 datasheet 2.19.3 (INTR: edges are kept, whether they interrupt or not).

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
from rp2040 import (
    APB,
    BYTE_SHIFT,
    IO_BANK0,
    LDAC_SLICE,
    PWM,
    PWM_CTR,
    PWM_SLICE_BYTES,
    SIO_GPIO_IN,
)
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
CYCLES_PER_US = CLK_SYS_HZ // 1_000_000
GLITCH_CYCLES = 21 * CYCLES_PER_US
LATEST_CYCLES = 60 * CYCLES_PER_US
"""No second wait begins later than this after LDAC's edge; the frame needs its time too."""
LOOKS = 400
"""The wait ends after so many looks at the clock, whatever it shows: about 40 us."""
PADS_A_WORD = 8
EDGES = IO_BANK0 - APB + 0xF0
"""INTR0: of each of the first eight pads four bits, low, high, has fallen, has risen; a one clears the last two."""
PAD_BITS = 4
HAS_FALLEN = 4
HAS_RISEN = 8
TRIG_EDGES = EDGES + (PIN_TRIG_IN // PADS_A_WORD << BYTE_SHIFT)
TRIG_EDGES_SHIFT = PIN_TRIG_IN % PADS_A_WORD * PAD_BITS
EG1_TRIG_EDGES_SHIFT = (PIN_EG1_TRIG_IN - PIN_TRIG_IN) * PAD_BITS
EDGES_MASK = (1 << EG1_TRIG_EDGES_SHIFT + PAD_BITS) - 1
"""The pins stand side by side: one word holds both. It goes to other functions shifted down: as its bits stand in the
register they would be an object on the heap."""
PLUG_TRIG = 1 << IN_PLUG_TRIG
PLUG_EG1_TRIG = 1 << IN_PLUG_EG1_TRIG


@micropython.viper
def confirm(pins: int, looked_cycles: int):
    """Accept what `pins` (SIO's GPIO_IN, seen at `looked_cycles` of LDAC's counter) shows, where it still does."""
    s = ptr32(STATE)
    pins &= TRIG_MASK
    ldac = ptr32(s[APB_BASE] + LDAC_COUNTER)
    sio = ptr32(s[SIO_BASE])
    pads = ptr32(s[APB_BASE] + TRIG_EDGES)
    looks = LOOKS
    while looks and ldac[0] - looked_cycles < GLITCH_CYCLES:
        looks -= 1
    edges = pads[0]
    second = sio[SIO_GPIO_IN] & TRIG_MASK
    pads[0] = edges
    still = int(kept_still(pins, (edges >> TRIG_EDGES_SHIFT) & EDGES_MASK)) & (pins ^ second ^ TRIG_MASK)
    looked_cycles = ldac[0]
    if (pins ^ s[TRIG_PINS]) & (still ^ TRIG_MASK) and looked_cycles < LATEST_CYCLES:
        pins = sio[SIO_GPIO_IN] & TRIG_MASK
        looks = LOOKS
        while looks and ldac[0] - looked_cycles < GLITCH_CYCLES:
            looks -= 1
        edges = pads[0]
        second = sio[SIO_GPIO_IN] & TRIG_MASK
        pads[0] = edges
        still = int(kept_still(pins, (edges >> TRIG_EDGES_SHIFT) & EDGES_MASK)) & (pins ^ second ^ TRIG_MASK)
    accept(pins, still)


@micropython.viper
def kept_still(pins: int, edges: int) -> int:
    """The pins whose level no edge has led away from; `edges` has TRIG IN's bits lowest."""
    still = TRIG_MASK
    away = HAS_FALLEN if (pins >> PIN_TRIG_IN) & 1 else HAS_RISEN
    if edges & away:
        still ^= 1 << PIN_TRIG_IN
    away = HAS_FALLEN if (pins >> PIN_EG1_TRIG_IN) & 1 else HAS_RISEN
    if (edges >> EG1_TRIG_EDGES_SHIFT) & away:
        still ^= 1 << PIN_EG1_TRIG_IN
    return still


@micropython.viper
def accept(pins: int, still: int):
    """Accept the level of each pin that has kept still."""
    s = ptr32(STATE)
    before = s[TRIG_PINS]
    now = (before & (still ^ TRIG_MASK)) | (pins & still)
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
