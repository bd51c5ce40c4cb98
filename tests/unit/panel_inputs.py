"""What stands at the panel's 48 inputs: a real converter, slow wander, noise, and cables that are plugged.

The converter is the RP2040's as host_tools/virtual_board/src/chips/rp2040_adc.js models it (erratum E11: four wide
codes, the sawtooth and the bow around them), as a table of codes over the input in 1/64 LSB. A cable's burst reaches
all inputs at once, each with its own sign and size: flat for its whole length, or ringing down.
"""

import numpy as np
from board import ADC_FULL, MUX_ADDRESSES, MUX_COUNT, TICK_HZ
from panel_scan import take as take_in_python
from state import (
    MUX_ADDRESS,
    PANEL_ANCHOR_Q4,
    PANEL_CHANGES,
    PANEL_FILTERED_Q4,
    PANEL_MOVING,
    PANEL_REPORTED_Q4,
    PANEL_SAMPLE,
)
from viper_numba import compiled, driver

INPUTS = MUX_COUNT * MUX_ADDRESSES
FULL = ADC_FULL
E11_SPIKES = {511: 8.7, 1535: 8.0, 2559: 7.7, 3583: 8.0}
EDGE_SCATTER, NARROWEST, BOW_LSB = 0.1, 0.3, 2.2
PARTS = 64
"""Of an LSB, in the converter's table."""
MARGIN = 512
"""LSB that the table goes on beyond either end: noise and bursts may leave the span."""

NOISE_LSB = 0.5
WANDER_LSB = 3.0
BURST_LSB = 300.0
BURST_LONGEST_US = 1200.0
BURST_APART_US = 200_000.0
BURST_MEAN_US = 1_000_000.0
RING_HZ_MOST = 20_000.0

TURNED_AT_S = 0.5
TURNED_LSB = 1500.0
SETTLED_AT_S = 1.5

HARD_POSITIONS = (
    *(0, 1, 505, 511, 512.5, 521, 1535, 1544, 2048, 2559, 2567, 3583, 3592),
    *(ADC_FULL - 1, ADC_FULL),
)
"""In codes: both ends, the middle, and the wide codes of E11 with their edges."""

take = compiled("panel_scan", "take")


def converter(seed):
    """Make one converter's curve: the code of every input from -MARGIN to FULL + MARGIN, in parts of an LSB."""
    random = np.random.default_rng(seed)
    codes = FULL + 1
    ordinary = (codes - sum(1 + lsb for lsb in E11_SPIKES.values())) / (codes - len(E11_SPIKES))
    edges = np.zeros(codes + 1)
    position = 0.0
    for code in range(codes):
        beside = code in E11_SPIKES or code - 1 in E11_SPIKES or code == 0
        scatter = 0.0 if beside else EDGE_SCATTER * random.standard_normal()
        bow = BOW_LSB * np.sin(2 * np.pi * code / codes)
        edges[code] = max(position + bow + scatter, edges[code - 1] + NARROWEST if code else 0)
        position += 1 + E11_SPIKES[code] if code in E11_SPIKES else ordinary
    inputs = np.arange(-MARGIN * PARTS, (codes + MARGIN) * PARTS) / PARTS
    return np.clip(np.searchsorted(edges[:-1], inputs, side="right") - 1, 0, FULL).astype(np.int32)


@driver
def phantom_edits(words, curve, positions, wander_hz, seconds, hands, seed):
    """Let the tick's `take` run over inputs that nobody turns any more; count the reports.

    At first either `hands` have turned every knob to its position, a second before the counting begins; or (without)
    the instrument is switched on, and what the filter holds after a while counts as where everything rests
    (instrument.start). Returns the number of reports, and of bursts that there were.
    """
    np.random.seed(seed)
    us = 1e6 / TICK_HZ
    sizes = np.zeros(INPUTS)
    burst_start = BURST_APART_US + np.random.exponential(BURST_MEAN_US - BURST_APART_US)
    burst_us = 0.0
    ring_hz = 0.0
    bursts = 0
    phases = np.random.random(2 * INPUTS) * 2 * np.pi
    wander = np.zeros(INPUTS)
    turned = round(TURNED_AT_S * TICK_HZ)
    settled = round(SETTLED_AT_S * TICK_HZ)
    changes = 0
    for tick in range(round(seconds * TICK_HZ)):
        if tick == settled:
            for channel in range(INPUTS if not hands else 0):
                words[PANEL_MOVING + channel] = 0
                words[PANEL_ANCHOR_Q4 + channel] = words[PANEL_FILTERED_Q4 + channel]
                words[PANEL_REPORTED_Q4 + channel] = words[PANEL_FILTERED_Q4 + channel]
            changes = words[PANEL_CHANGES]
        now = tick * us
        if now >= burst_start + burst_us and burst_us > 0:
            burst_start += burst_us + BURST_APART_US + np.random.exponential(BURST_MEAN_US - BURST_APART_US)
            burst_us = 0.0
        if burst_us == 0 and now >= burst_start - us:
            bursts += 1
            burst_us = BURST_LONGEST_US if bursts & 1 else BURST_LONGEST_US * np.random.random()
            ring_hz = 0.0 if bursts & 2 else RING_HZ_MOST * np.random.random()
            for channel in range(INPUTS):
                sizes[channel] = BURST_LSB * (2 * np.random.random() - 1)
                if bursts & 4:
                    sizes[channel] = BURST_LSB if sizes[channel] > 0 else -BURST_LSB
        if tick % 16 == 0:
            # Two slow waves that together stay within WANDER_LSB.
            for channel in range(INPUTS):
                angle = 2e-6 * np.pi * now * wander_hz[channel]
                waves = np.sin(angle + phases[channel]) + np.sin(angle * 0.382 + phases[INPUTS + channel])
                wander[channel] = (
                    WANDER_LSB * np.sin(angle + phases[channel]) if channel & 1 else WANDER_LSB / 2 * waves
                )
        address = words[MUX_ADDRESS]
        since = now - burst_start
        disturbed = burst_us > 0 and 0 <= since < burst_us
        for mux in range(MUX_COUNT):
            channel = mux * MUX_ADDRESSES + address
            level = positions[channel] + wander[channel] + np.random.normal(0.0, NOISE_LSB)
            if hands and tick < turned:
                level += TURNED_LSB if positions[channel] < FULL / 2 else -TURNED_LSB
            if disturbed:
                shape = 1.0
                if ring_hz > 0:
                    shape = np.exp(-since / BURST_LONGEST_US) * np.cos(2e-6 * np.pi * ring_hz * since)
                level += sizes[channel] * shape
            words[PANEL_SAMPLE + mux] = curve[int((level + MARGIN) * PARTS)]
        take()
    return words[PANEL_CHANGES] - changes, bursts


def quarter_of_an_hour(words, quarter):
    """A quarter of an hour with a converter of its own, the panel in another place every five minutes.

    `quarter` is 0 to 3; in 1 and 3 hands have turned everything before. Returns the number of reports, and of bursts.
    """
    random = np.random.default_rng(quarter)
    curve = converter(quarter)
    edits = bursts = 0
    for _ in range(3):
        positions = random.uniform(0, ADC_FULL, INPUTS)
        positions[: len(HARD_POSITIONS)] = HARD_POSITIONS
        random.shuffle(positions)
        wander_hz = random.uniform(0.05, 1, INPUTS)
        seed = int(random.integers(1 << 31))
        more_edits, more_bursts = phantom_edits(
            words, curve, positions, wander_hz, 300, bool(quarter & 1), seed
        )
        edits, bursts = edits + more_edits, bursts + more_bursts
    return edits, bursts


@driver
def turned(words, channel, codes, reports):
    """Let one input see `codes`, one a tick, and note what the main loop would see after each tick."""
    mux = channel // MUX_ADDRESSES
    address = channel % MUX_ADDRESSES
    for tick in range(codes.size):
        for other in range(MUX_COUNT):
            words[PANEL_SAMPLE + other] = 2000
        if words[MUX_ADDRESS] == address:
            words[PANEL_SAMPLE + mux] = codes[tick]
        take()
        reports[tick] = words[PANEL_REPORTED_Q4 + channel]


def addresses_of(words, ticks):
    """The multiplexers' address in each of so many ticks."""
    found = []
    for _ in range(ticks):
        found.append(int(words[MUX_ADDRESS]))
        take_in_python()
    return found
