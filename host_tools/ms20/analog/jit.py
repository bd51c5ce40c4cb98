"""Sets up numba's compiled-code cache, so that only the first render ever on a machine waits for the compiler."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import platformdirs

Function = TypeVar("Function", bound=Callable[..., object])

CACHE_VARIABLE = "NUMBA_CACHE_DIR"


def _source_digest() -> str:
    """Digest of this package's sources: numba does not notice a change in a function that another one calls."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:12]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def choose_cache_folder() -> Path:
    """Pick the user's cache folder for compiled code, or the system's temporary folder if that is not writable."""
    name = f"numba-{_source_digest()}"
    folder = Path(platformdirs.user_cache_dir("ms20")) / name
    return folder if _writable(folder) else Path(tempfile.gettempdir()) / f"ms20-{name}"


os.environ.setdefault(CACHE_VARIABLE, str(choose_cache_folder()))

import numba  # noqa: E402  (the cache folder has to be chosen first)


def compiled(function: Function) -> Function:
    """Compile a function with numba and keep the result in the cache.

    No fast-math: the same control voltages must give the same samples on every run.
    """
    return cast(Function, numba.njit(cache=True, error_model="numpy")(function))
