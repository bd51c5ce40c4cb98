"""Compiles generated functions with numba and keeps the results on disk, in files named by what they contain.

Each function becomes one file below build/viper_numba/, for instance

    midi_bytes.feed-3f1c09a2b7d4.py

with the constants that it uses as numbers, and the digests of the functions it calls in its head. The name's digest is
that of the text, so a change anywhere below a function gives it a new file, and numba's cache beside the file, which
knows only the file itself, is never out of date. Files are never changed and all carry the same time stamp: two test
processes that write the same one at once do not spoil each other's cache.
"""

import functools
import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import viper_stand_in

from .machine import MEMORY

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Parts:
    """What a compiled function is made of.

    `njit` is numba's dispatcher, `texts` maps the names of the function and of all below it to their sources, and
    `digest` stands for all of that; it is None if something in it has no text: then it is not kept on disk.
    """

    njit: Any
    digest: str | None
    texts: Mapping[str, str]


class Function:
    """A compiled function: call it from Python, or from a driver. It is compiled when it is first wanted."""

    def __init__(self, name: str, make: Callable[[], Parts]):
        self.name, self._make = name, make

    @functools.cached_property
    def parts(self) -> Parts:
        """What it is made of."""
        return self._make()

    @property
    def njit(self):
        """numba's dispatcher; its first argument is MEMORY."""
        return self.parts.njit

    @property
    def source(self) -> str:
        """What numba compiled: this function's text and those of all that it calls."""
        return "\n\n".join(self.parts.texts.values())

    def __call__(self, *arguments):
        return self.parts.njit(MEMORY, *arguments)

    def __repr__(self):
        return f"<{type(self).__name__} {self.name}>"


class ViperFunction(Function):
    """A viper function compiled for the host. It takes whole numbers, of which 32 bits count, and buffers."""

    def __call__(self, *arguments):
        return self.parts.njit(MEMORY, *map(_on_chip, arguments))


def _on_chip(argument):
    """Make an argument what the chip would see: 32 bits of a number, the bytes of anything else."""
    if isinstance(argument, int | np.integer):
        return ((int(argument) + (1 << 31)) & 0xFFFF_FFFF) - (1 << 31)
    if argument is None:
        return 0
    buffer = np.frombuffer(argument, np.uint8)
    # Constant bytes are of another type to numba; a copy will do, since no store can be meant for them.
    return buffer if buffer.flags.writeable else buffer.copy()


@functools.cache
def package_digest() -> str:
    """Digest of this package, the stand-in and numba's version: what a compiled function depends on besides."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in (Path(viper_stand_in.__file__), *sorted(Path(__file__).parent.glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@functools.cache
def folder() -> Path:
    """Where generated files go: build/ of this checkout, or the temporary folder if nothing can be written there."""
    for parent in (REPOSITORY / "build", Path(tempfile.gettempdir())):
        wanted = parent / "viper_numba"
        try:
            wanted.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=wanted):
                return wanted
        except OSError:
            continue
    raise OSError("no folder for generated sources can be written")


def build(
    name: str,
    text: str,
    signature: str,
    called: Mapping[str, Function],
    given: Mapping[str, Any] | None = None,
) -> Parts:
    """Compile a function.

    Args:
        name: Its full name, such as midi_bytes.feed.
        text: Its definition, with all that it needs but the functions it calls.
        signature: Its type in numba's notation; empty to take the arguments as they come.
        called: The compiled functions behind the names that it calls.
        given: Other things behind names; with any, the result is not kept on disk.
    """
    parts = {alias: function.parts for alias, function in sorted(called.items())}
    kept = not given and all(part.digest is not None for part in parts.values())
    head = [f'"""{name} for the host; made by tests/viper_numba {package_digest()}, to be read only."""']
    head += [f"# {alias} is {called[alias].name} {part.digest}" for alias, part in parts.items()]
    options = [repr(signature)] if signature else []
    options += ["error_model='numpy'", f"cache={kept}"]
    decorator = f"@njit({', '.join(options)})"
    head += ["", "from numba import njit"]
    text = "\n".join([*head, text.replace("\ndef ", f"\n\n{decorator}\ndef ", 1), ""])
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    path = folder() / f"{name}-{digest}.py"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=folder(), suffix=".tmp", delete=False) as file:
            file.write(text)
        os.utime(file.name, (0, 0))
        Path(file.name).replace(path)
    # numba imports a function's module when it takes it from its cache; a generated file cannot be imported.
    namespace = {"__name__": __name__, **{alias: part.njit for alias, part in parts.items()}, **(given or {})}
    exec(compile(text, str(path), "exec"), namespace)
    texts = {name: text}
    for part in parts.values():
        texts.update(part.texts)
    return Parts(namespace[name.rpartition(".")[2]], digest if kept else None, texts)
