"""Renders a timeline of control voltages to sound, block by block."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ms20.analog.control import ControlBlocks, ControlVoltages
from ms20.analog.diode_table import feedback_table
from ms20.analog.output_stage import TAPS_PER_SIDE, couple, decimate, decimator
from ms20.analog.voice import new_memory, voice_block
from ms20.errors import Ms20Error

OVERSAMPLINGS = (1, 2, 4, 8)
"""Internal rates that `render` offers, as multiples of the sample rate. 1 is a rough preview."""
BLOCK_SAMPLES = 4800
NOISE_SEED = 0x4D532D32304D494E


def render(
    timeline: ControlVoltages,
    *,
    sample_rate: int = 48_000,
    oversample: int = 2,
    progress: Callable[[float], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Render the voice's sound between the timeline's start and end.

    Returns mono audio, shape (round(duration * sample_rate),), full scale +-1.0 = +-6 V behind the VCA. The gain is
    fixed: a tune's loudness does not depend on what else it holds; no sample goes beyond 0.99. The same timeline gives the same samples.
    `sample_rate` is in hertz, 32 000 to 192 000; `oversample` is one of OVERSAMPLINGS; `progress` is called after
    every tenth of a second of sound with the share done, 0..1.
    """
    if oversample not in OVERSAMPLINGS:
        offered = ", ".join(str(each) for each in OVERSAMPLINGS)
        raise Ms20Error(f"The analog model cannot oversample {oversample} times.", f"one of {offered}")
    if not 32_000 <= sample_rate <= 192_000:
        raise Ms20Error(
            f"The analog model cannot render at {sample_rate} Hz.", "a rate from 32000 to 192000 Hz"
        )
    total = max(0, round((timeline.end_s - timeline.start_s) * sample_rate))
    audio = np.empty(total, np.float32)
    taps = decimator(oversample)
    delay = TAPS_PER_SIDE if oversample > 1 else 0
    blocks = ControlBlocks(timeline, sample_rate, oversample)
    memory, table, coupling = new_memory(), feedback_table(), np.zeros(1)
    generator = np.array([NOISE_SEED], np.uint64)
    previous: npt.NDArray[np.float64] | None = None
    # The decimator looks `delay` samples ahead of each sample and as far back; before the start there is silence.
    volts = np.zeros(2 * delay * oversample)
    written = -delay
    while written < total:
        read_from = written + delay
        count = min(BLOCK_SAMPLES, total - written)
        controls, waves = blocks.read(read_from, count)
        if previous is None:
            previous = controls[:, 0].copy()
        fresh = np.empty(count * oversample)
        voice_block(
            controls, previous, waves, oversample, float(sample_rate), memory, generator, table, fresh
        )
        volts = np.concatenate([volts, fresh])
        block = np.empty(count)
        decimate(volts, taps, oversample, block)
        couple(block, float(sample_rate), coupling)
        audio[max(written, 0) : written + count] = block[max(-written, 0) :]
        volts = volts[count * oversample :]
        written += count
        if progress is not None:
            progress(max(written, 0) / total if total else 1.0)
    if not np.isfinite(audio).all():
        raise Ms20Error(
            "The analog model produced a sample that is not a number.", "report this timeline as a fault"
        )
    return audio
