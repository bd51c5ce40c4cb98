"""Writes and reads mono WAV files (16 bit PCM), and measures how loud audio is."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ms20.errors import ExitCode, Ms20Error

Audio = npt.NDArray[np.float32]

_FULL = 32_767


@dataclass(frozen=True)
class Levels:
    """Loudness of audio of full scale +-1.0: greatest magnitude, root mean square, seconds."""

    peak: float
    rms: float
    seconds: float


def measure_levels(audio: Audio, sample_rate: int) -> Levels:
    """Measure mono audio, shape (n,); no samples at all give zeros."""
    if not len(audio):
        return Levels(0.0, 0.0, 0.0)
    samples = np.asarray(audio, np.float64)
    return Levels(
        float(np.abs(samples).max()), float(np.sqrt(np.mean(samples**2))), len(samples) / sample_rate
    )


def write_wav(path: Path, audio: Audio, sample_rate: int) -> None:
    """Write mono audio, shape (n,), full scale +-1.0, as 16 bit PCM. A sample beyond full scale raises: it would clip."""
    samples = np.asarray(audio, np.float64)
    if not np.isfinite(samples).all() or (len(samples) and np.abs(samples).max() > 1.0):
        raise Ms20Error(
            "The audio goes beyond full scale.", "report this as a fault: the analog model must not"
        )
    pcm = np.round(samples * _FULL).astype("<i2")
    try:
        with path.open("wb") as raw, wave.open(raw, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(sample_rate)
            file.writeframes(pcm.tobytes())
    except OSError as error:
        raise Ms20Error(
            f"The sound {path} cannot be written: {error.strerror}.",
            "another --out folder",
            ExitCode.NOT_WRITABLE,
        ) from error


def read_wav(path: Path) -> tuple[Audio, int]:
    """Read a WAV file that `write_wav` wrote: audio, shape (n,), and its sample rate in hertz."""
    with wave.open(str(path), "rb") as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return (pcm / _FULL).astype(np.float32), file.getframerate()
