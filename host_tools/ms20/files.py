"""Files written whole or not at all: a result appears under its name only once it is complete."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ms20.errors import ExitCode, Ms20Error

HINT = "another folder with --out"


class OutputFolder:
    """A folder that results are published into; a context manager.

    Entering makes the folder (and its parents) and a hidden one inside it, `partial`, to write into, or
    raises `Ms20Error` (NOT_WRITABLE). `publish` moves the finished files to their names one by one. Leaving
    removes what was not published, and the folders that were made if nothing was.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.partial = path
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        try:
            for folder in [*reversed(self.path.parents), self.path]:
                if not folder.exists():
                    folder.mkdir()
                    self._made.append(folder)
            self.partial = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=self.path))
        except OSError as error:
            self._remove_made()
            raise Ms20Error(
                f"Nothing can be written into {self.path}: {error.strerror}.", HINT, ExitCode.NOT_WRITABLE
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.partial, ignore_errors=True)
        self._remove_made()

    def publish(self) -> list[Path]:
        """Move every file from `partial` into the folder, each at once over an older one; JSON last."""
        finished = sorted(self.partial.iterdir(), key=lambda path: (path.suffix == ".json", path.name))
        try:
            return [path.replace(self.path / path.name) for path in finished]
        except OSError as error:
            raise Ms20Error(
                f"{self.path} took not all results: {error.strerror}.", HINT, ExitCode.NOT_WRITABLE
            ) from error

    def _remove_made(self) -> None:
        for folder in reversed(self._made):
            with contextlib.suppress(OSError):
                folder.rmdir()


def write_text(path: Path, text: str) -> None:
    """Write a text file at once over an older one, or raise `Ms20Error` (NOT_WRITABLE) and leave it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise Ms20Error(
            f"{path} cannot be written: {error.strerror}.", HINT, ExitCode.NOT_WRITABLE
        ) from error


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a JSON file at once over an older one."""
    write_text(path, json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
