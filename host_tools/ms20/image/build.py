"""Building the firmware image, and checking one.

Two routes lead to one UF2 file. The usual one compiles MicroPython for our board with the firmware frozen in. The
other takes an official MicroPython for the Raspberry Pi Pico and adds a file system with the same firmware.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ms20.errors import ExitCode, Ms20Error
from ms20.image import filesystem
from ms20.image.modules import (
    BUILD_INFO,
    INTERPRETED,
    compile_modules,
    load_modules,
    project_version,
)
from ms20.image.progress import Reporter, Silent
from ms20.image.sources import MICROPYTHON_VERSION, Tree, prepare_tree
from ms20.image.toolchain import (
    cache_directory,
    compiler_version,
    exclusive,
    jobs,
    make_directory,
    make_percent,
    require_tools,
    run,
    write_atomically,
)
from ms20.image.uf2 import Segment, flatten, read_uf2, write_uf2

PROJECT = Path(__file__).resolve().parents[3]
IMAGE_NAME = "ms20.uf2"
BOARD = "MS20"

_RELEASE_DATE = "1744675200"
"""When MicroPython 1.25.0 was released: the image carries this date, so that it is the same on any day."""

_MANIFEST_FORMAT = 1
_STOCK_MANIFEST = 'freeze("$(PORT_DIR)/modules")\ninclude("$(MPY_DIR)/extmod/asyncio")\n'
_KEEP_BUILDS_S = 60 * 24 * 3600.0


@dataclass(frozen=True)
class ImageResult:
    """An image that is there and whole."""

    uf2: Path
    sha256: str
    manifest: Mapping[str, Any]
    rebuilt: bool = False
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        """The firmware's version."""
        return str(self.manifest["firmware"]["version"])

    @property
    def build_id(self) -> str:
        """What the firmware calls its own build."""
        return str(self.manifest["firmware"]["build_id"])

    @property
    def micropython(self) -> str:
        """The version of MicroPython in the image."""
        return str(self.manifest["micropython"]["version"])

    @property
    def flash_bytes(self) -> int:
        """How much of the flash the program takes, the file system not counted."""
        return int(self.manifest["image"]["flash_bytes"])


def build_image(
    out_dir: Path,
    micropython: Path | None = None,
    progress: Reporter | None = None,
    *,
    firmware: Path = PROJECT / "firmware",
    cache: Path | None = None,
) -> ImageResult:
    """Build the image into `out_dir`: ms20.uf2, its SHA-256 and its manifest. With nothing changed, do nothing.

    Args:
        out_dir: Where the files go.
        micropython: An official MicroPython UF2 to add the firmware to, instead of compiling MicroPython.
        progress: Hears of the stages.
        firmware: The directory with `src` and `boards`.
        cache: Where downloads and compiled trees are kept, instead of the user's cache directory.

    Raises:
        Ms20Error: In one sentence, what is wrong with the sources, the machine or the file.
    """
    started = time.monotonic()
    reporter = progress or Silent()
    inputs = _inputs(firmware, micropython)
    git = _git()
    if ready := _still_good(out_dir / IMAGE_NAME, inputs, git):
        return ImageResult(ready.uf2, ready.sha256, ready.manifest, seconds=time.monotonic() - started)
    reporter.stage("linking the firmware's constants")
    source = _shown(firmware / "src")
    texts = load_modules(source, PROJECT, own_image=micropython is None)
    compiled = compile_modules(texts, source)
    make_directory(out_dir)  # before the long part
    notes: tuple[str, ...] = ()
    if micropython is None:
        program, origin = _frozen_program(firmware, texts, cache or cache_directory(), reporter)
        segments = [program]
    else:
        program, origin, notes = _official_program(micropython)
        segments = [program, _firmware_files(texts, compiled)]
    reporter.stage("writing the image")
    uf2 = write_uf2(segments)
    sha256 = hashlib.sha256(uf2).hexdigest()
    build_id = re.search(r'BUILD_ID = "(.*)"', texts[BUILD_INFO])
    assert build_id is not None
    manifest = {
        "format": _MANIFEST_FORMAT,
        "image": {"file": IMAGE_NAME, "sha256": sha256, "bytes": len(uf2), "flash_bytes": len(program.data)},
        "firmware": {
            "version": project_version(PROJECT),
            "build_id": build_id[1],
            "sources": _hashes(firmware / "src", "**/*.py"),
        },
        **origin,
        "git": git,
        "inputs": inputs,
    }
    _save(out_dir / IMAGE_NAME, uf2, manifest)
    return ImageResult(out_dir / IMAGE_NAME, sha256, manifest, True, time.monotonic() - started, notes)


def verify_image(path: Path) -> ImageResult:
    """Check that an image, its SHA-256 and its manifest belong together and are whole.

    Args:
        path: The UF2 file, or the directory that it is in.

    Raises:
        Ms20Error: One of the three is missing, damaged, or of another build.
    """
    uf2 = path / IMAGE_NAME if path.is_dir() else path
    data, sum_text, manifest_text = (_read_built(file) for file in (uf2, _sum_file(uf2), _manifest_file(uf2)))
    sha256 = hashlib.sha256(data).hexdigest()
    read_uf2(data, str(uf2))
    if sum_text.split()[:1] != [sha256.encode()]:
        raise _damaged(f"{uf2} is not what {_sum_file(uf2).name} says: it is damaged or of another build")
    try:
        manifest = json.loads(manifest_text)
        result = ImageResult(uf2, sha256, manifest)
        known = (result.version, result.build_id, result.micropython, result.flash_bytes, manifest["inputs"])
        recorded = manifest["image"]["sha256"]
    except (ValueError, KeyError, TypeError):
        raise _damaged(f"{_manifest_file(uf2)} is not a manifest that this version reads") from None
    if recorded != sha256 or not all(known):
        raise _damaged(f"{_manifest_file(uf2)} belongs to another image than {uf2.name}")
    return result


def build_stock(progress: Reporter | None = None, *, cache: Path | None = None) -> Path:
    """Build MicroPython as it comes, for the plain Raspberry Pi Pico, and return the UF2 (kept in the cache)."""
    reporter = progress or Silent()
    cache = cache or cache_directory()
    require_tools()
    with exclusive(cache / "build.lock", reporter):
        tree = prepare_tree(cache, reporter)
        work = _work_directory(cache, tree, "RPI_PICO", _STOCK_MANIFEST.encode())
        uf2 = work / f"RPI_PICO-{MICROPYTHON_VERSION}.uf2"
        if not uf2.is_file():
            (work / "manifest.py").write_text(_STOCK_MANIFEST)
            settings: dict[str, str | Path] = {
                "MICROPY_BOARD": "RPI_PICO",
                "MICROPY_FROZEN_MANIFEST": work / "manifest.py",
            }
            _configure(tree, work, settings, reporter)
            reporter.stage("compiling MicroPython for the Raspberry Pi Pico")
            _make(work, reporter)
            write_atomically(uf2, write_uf2([Segment(0, (work / "cmake" / "firmware.bin").read_bytes())]))
    return uf2


# --- The usual route: our board, the firmware frozen in -----------------------------------------------------------


def _frozen_program(
    firmware: Path, texts: Mapping[str, str], cache: Path, reporter: Reporter
) -> tuple[Segment, dict[str, Any]]:
    require_tools()
    board = firmware / "boards" / BOARD
    definition = {path.name: path.read_bytes() for path in sorted(board.iterdir()) if path.is_file()}
    with exclusive(cache / "build.lock", reporter):
        tree = prepare_tree(cache, reporter)
        work = _work_directory(cache, tree, BOARD, repr(definition).encode())
        copied = work / "board" / BOARD  # a build directory outlives the checkout that it was made from
        copied.mkdir(parents=True, exist_ok=True)
        for name, data in definition.items():
            if not (copied / name).is_file():
                (copied / name).write_bytes(data)
        _update_linked(work, texts)
        settings: dict[str, str | Path] = {
            "MICROPY_BOARD": BOARD,
            "MICROPY_BOARD_DIR": copied,
            "MICROPY_MANIFEST_MS20_LINKED": work / "linked",
        }
        first = not (work / "cmake" / "firmware.bin").is_file()
        _configure(tree, work, settings, reporter)
        reporter.stage("compiling MicroPython for the MS-20 Pico" if first else "freezing the firmware")
        _make(work, reporter, "all" if first else "BUILD_FROZEN_CONTENT")
        place_native_code(work / "cmake" / "frozen_content.c")
        _make(work, reporter)
        program = Segment(0, (work / "cmake" / "firmware.bin").read_bytes())
        compiler = compiler_version()
    if program.end > filesystem.START:
        raise Ms20Error(
            f"The program takes {program.end // 1024} kB of flash, and {filesystem.START // 1024} kB are left for it.",
            "a smaller firmware: shorter tables, fewer modules.",
            ExitCode.BAD_IMAGE,
        )
    board_name = re.search(rb'MICROPY_HW_BOARD_NAME\s+"(.*)"', definition["mpconfigboard.h"])
    assert board_name is not None
    origin = {
        "micropython": {
            "version": MICROPYTHON_VERSION,
            "board": board_name[1].decode(),
            "packages": tree.versions,
        },
        "compiler": compiler,
    }
    return program, origin


def _work_directory(cache: Path, tree: Tree, board: str, definition: bytes) -> Path:
    """Return the build directory for this board, these sources and this compiler."""
    key = hashlib.sha256(
        "\0".join(
            [json.dumps(tree.versions, sort_keys=True), str(tree.path), compiler_version(), _python(), "1"]
        ).encode()
        + definition
    ).hexdigest()
    builds = cache / "build"
    builds.mkdir(parents=True, exist_ok=True)
    work = builds / f"{board}-{key[:16]}"
    for other in builds.iterdir():
        if other != work and time.time() - other.stat().st_mtime > _KEEP_BUILDS_S:
            shutil.rmtree(other, ignore_errors=True)
    work.mkdir(exist_ok=True)
    work.touch()
    return work


def _update_linked(work: Path, texts: Mapping[str, str]) -> None:
    """Bring the directory that is frozen up to date, and what was made of it out of the way where it is not."""
    linked, cmake = work / "linked", work / "cmake"
    linked.mkdir(exist_ok=True)
    old = {path.relative_to(linked).as_posix(): path.read_text("utf-8") for path in linked.rglob("*.py")}
    if old == texts:
        return
    (cmake / "frozen_content.c").unlink(missing_ok=True)
    for name in old.keys() | texts.keys():
        if old.get(name) != texts.get(name):
            (cmake / "frozen_mpy" / name).with_suffix(".mpy").unlink(missing_ok=True)
            (linked / name).unlink(missing_ok=True)
    for name, text in texts.items():
        if old.get(name) != text:
            (linked / name).parent.mkdir(parents=True, exist_ok=True)
            (linked / name).write_text(text, "utf-8")


def place_native_code(frozen: Path) -> None:
    """Correct where MicroPython's mpy-tool puts native code, in the C file that it makes of the frozen modules.

    Two things: native code goes to RAM (as it does when loaded from a file), where no flash cache can delay it; and
    it is aligned to 4 bytes instead of 2, because code for the RP2040's processor reads its constants relative to
    the program counter rounded down to 4, and would read wrong ones from an odd half-word.
    """
    old = frozen.read_text("utf-8")
    text, corrected = re.subn(
        r"(// frozen native code for file [^\n]*\n[^\n]*section\(\")\.text,([^\n]*aligned \()2(\)\)\) = {)",
        r"\1.time_critical.frozen,\g<2>4\3",
        old,
    )
    if corrected + old.count('section(".time_critical.frozen,') != old.count(
        "// frozen native code for file "
    ):
        raise Ms20Error(f"{frozen} is not laid out as MicroPython {MICROPYTHON_VERSION}'s mpy-tool does it.")
    if corrected:
        write_atomically(frozen, text.encode())


def _configure(tree: Tree, work: Path, settings: Mapping[str, str | Path], reporter: Reporter) -> None:
    cmake, configured = work / "cmake", work / "cmake" / "configured"
    definitions = {
        **settings,
        "Python3_EXECUTABLE": _python(),
        "PICO_BUILD_DOCS": "0",
        "PICO_NO_PICOTOOL": "1",
        "CMAKE_OBJDUMP": shutil.which("true") or "objdump",  # no disassembly after each link: nobody reads it
    }
    wanted = "".join(f"{name}={value}\n" for name, value in definitions.items())
    if configured.is_file() and configured.read_text() == wanted:
        return
    reporter.stage("configuring the build")
    shutil.rmtree(cmake, ignore_errors=True)
    (work / "build.log").unlink(missing_ok=True)
    run(
        [
            "cmake",
            "-S",
            tree.port,
            "-B",
            cmake,
            *(f"-D{name}={value}" for name, value in definitions.items()),
        ],
        work / "build.log",
        "Configuring the build of MicroPython",
        extra_env=_build_environment(),
    )
    configured.write_text(wanted)


def _make(work: Path, reporter: Reporter, target: str = "all") -> None:
    run(
        ["make", "--no-print-directory", "-C", work / "cmake", f"-j{jobs()}", target],
        work / "build.log",
        "Compiling MicroPython",
        reporter=reporter,
        percent=make_percent if target == "all" else None,
        extra_env=_build_environment(),
        hint=f"remove {work} and build again.",
    )


def _build_environment() -> dict[str, str]:
    return {
        "MICROPY_GIT_TAG": f"v{MICROPYTHON_VERSION}",
        "SOURCE_DATE_EPOCH": _RELEASE_DATE,
        "PYTHONHASHSEED": "0",
    }


def _python() -> str:
    """The interpreter behind the virtual environment: build directories outlive environments."""
    return str(Path(getattr(sys, "_base_executable", "") or sys.executable).resolve())


# --- The other route: an official MicroPython, the firmware in its file system -----------------------------------


def _official_program(path: Path) -> tuple[Segment, dict[str, Any], tuple[str, ...]]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Ms20Error(
            f"{path} cannot be read: {error.strerror}.",
            "the path of a MicroPython UF2 file.",
            ExitCode.NO_SUCH_FILE,
        ) from error
    segments = read_uf2(data, str(path))
    program = Segment(0, flatten(segments, 0, max(segment.end for segment in segments)))
    banner = re.search(rb"MicroPython v(\d+)\.(\d+)\.(\d+)(\S*) on \d{4}-\d\d-\d\d", program.data)
    machine = re.search(rb"([ -~]+ with RP2\w+)", program.data)
    download = "RPI_PICO-20250415-v1.25.0.uf2 from MicroPython's download page."
    if banner is None or machine is None:
        raise Ms20Error(f"{path} holds no MicroPython.", download, ExitCode.BAD_IMAGE)
    major, minor, micro = (int(part) for part in banner.groups()[:3])
    version = f"{major}.{minor}.{micro}{banner[4].decode()}"
    board = machine[1].decode().removeprefix("; ")
    if board != "Raspberry Pi Pico with RP2040":
        raise Ms20Error(f"{path} is a MicroPython for another board ({board}).", download, ExitCode.BAD_IMAGE)
    if (major, minor) < (1, 25) or major > 1:
        raise Ms20Error(
            f"{path} is MicroPython {version}; the firmware needs 1.25.", download, ExitCode.BAD_IMAGE
        )
    if program.end > filesystem.START:
        raise Ms20Error(
            f"{path} already has something where the file system goes (from {filesystem.START:#x}).",
            f"a MicroPython as it was downloaded: {download}",
            ExitCode.BAD_IMAGE,
        )
    notes = (
        () if version == MICROPYTHON_VERSION else (f"the firmware was not tested with MicroPython {version}",)
    )
    origin = {
        "micropython": {
            "version": version,
            "board": board,
            "file": path.name,
            "file_sha256": hashlib.sha256(data).hexdigest(),
        },
        "compiler": None,
    }
    return program, origin, notes


def _firmware_files(texts: Mapping[str, str], compiled: Mapping[str, bytes]) -> Segment:
    files = {
        name if name in INTERPRETED else f"lib/{name.removesuffix('.py')}.mpy": (
            texts[name].encode() if name in INTERPRETED else compiled[name]
        )
        for name in texts
    }
    return Segment(filesystem.START, filesystem.make_filesystem(files))


# --- What belongs to an image ----------------------------------------------------------------------------------------


def _sum_file(uf2: Path) -> Path:
    return uf2.with_name(uf2.name + ".sha256")


def _manifest_file(uf2: Path) -> Path:
    return uf2.with_suffix(".manifest.json")


def _save(uf2: Path, data: bytes, manifest: Mapping[str, Any]) -> None:
    read_uf2(data)
    write_atomically(uf2, data)
    write_atomically(_sum_file(uf2), f"{manifest['image']['sha256']}  {uf2.name}\n".encode())
    write_atomically(_manifest_file(uf2), (json.dumps(manifest, indent=1) + "\n").encode())


def _still_good(uf2: Path, inputs: str, git: dict[str, Any] | None) -> ImageResult | None:
    """Return the image that is there if it is whole and of the same inputs; its manifest learns of a new commit."""
    try:
        result = verify_image(uf2)
    except Ms20Error:
        return None
    if result.manifest["inputs"] != inputs:
        return None
    if result.manifest["git"] != git:
        manifest = {**result.manifest, "git": git}
        write_atomically(_manifest_file(uf2), (json.dumps(manifest, indent=1) + "\n").encode())
        return ImageResult(uf2, result.sha256, manifest)
    return result


def _inputs(firmware: Path, micropython: Path | None) -> str:
    """Return one hash over everything that an image is made from."""
    parts = {
        **_hashes(firmware / "src", "**/*.py"),
        **{f"board/{name}": value for name, value in _hashes(firmware / "boards" / BOARD, "*").items()},
        **{f"build/{name}": value for name, value in _hashes(Path(__file__).parent, "*.py").items()},
        "version": project_version(PROJECT),
        "micropython": _hashes(micropython.parent, micropython.name).get(micropython.name)
        if micropython
        else None,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _hashes(directory: Path, pattern: str) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.glob(pattern))
        if path.is_file()
    }


def _git() -> dict[str, Any] | None:
    """Return the commit that the checkout is at, and whether it was changed since; None without git."""

    def ask(*arguments: str) -> str:
        command = ["git", "--no-optional-locks", "-C", str(PROJECT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _shown(path: Path) -> Path:
    """Return a path as a person would write it here."""
    try:
        return path.resolve().relative_to(Path.cwd())
    except ValueError:
        return path


def _read_built(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _damaged(f"{path} cannot be read ({error.strerror})") from error


def _damaged(message: str) -> Ms20Error:
    return Ms20Error(message + ".", "build the image again: ms20 image.", ExitCode.BAD_IMAGE)
