"""WAV files and level measurements."""

from pathlib import Path

import numpy as np
import pytest
from ms20.errors import ExitCode, Ms20Error
from ms20.wav import Levels, measure_levels, read_wav, write_wav


def test_full_scale_is_written_without_wrapping(tmp_path: Path) -> None:
    audio = np.array([0.0, 1.0, -1.0, 0.5], np.float32)
    write_wav(tmp_path / "x.wav", audio, 48_000)
    back, rate = read_wav(tmp_path / "x.wav")
    assert rate == 48_000
    assert back == pytest.approx(audio, abs=2e-5)


@pytest.mark.parametrize("bad", [1.001, -2.0, np.nan, np.inf])
def test_what_would_clip_is_refused(tmp_path: Path, bad: float) -> None:
    with pytest.raises(Ms20Error, match="full scale"):
        write_wav(tmp_path / "x.wav", np.array([0.0, bad], np.float32), 48_000)


def test_an_empty_sound_is_a_valid_file(tmp_path: Path) -> None:
    write_wav(tmp_path / "x.wav", np.zeros(0, np.float32), 44_100)
    assert len(read_wav(tmp_path / "x.wav")[0]) == 0
    assert measure_levels(np.zeros(0, np.float32), 44_100) == Levels(0.0, 0.0, 0.0)


def test_levels_of_a_sine() -> None:
    sine = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(48_000) / 48_000)
    levels = measure_levels(sine.astype(np.float32), 48_000)
    assert levels.peak == pytest.approx(0.5, abs=1e-3)
    assert levels.rms == pytest.approx(0.5 / np.sqrt(2), abs=1e-3)
    assert levels.seconds == 1.0


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Ms20Error) as caught:
        write_wav(tmp_path / "none" / "x.wav", np.zeros(4, np.float32), 48_000)
    assert caught.value.exit_code == ExitCode.NOT_WRITABLE
