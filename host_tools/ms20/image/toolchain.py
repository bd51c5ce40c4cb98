"""Running the tools of the build: what they need, where they write, and what is said when one fails."""

import contextlib
import errno
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from ms20.errors import ExitCode, Ms20Error
from ms20.image.progress import Reporter

TOOLS = {
    # command: the Debian packages that bring it
    "arm-none-eabi-gcc": "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    "arm-none-eabi-g++": "gcc-arm-none-eabi libstdc++-arm-none-eabi-newlib",
    "cmake": "cmake",
    "make": "make",
    "gcc": "gcc libc6-dev",
}
FETCH_TOOLS = {"apt-get": "apt", "apt-cache": "apt", "dpkg-deb": "dpkg"}

_LAST_LINES = 15


def cache_directory() -> Path:
    """Return where downloads and compiled trees are kept, for all checkouts of this user."""
    return platformdirs.user_cache_path("ms20")


def require_tools() -> None:
    """Ask for the compilers.

    Raises:
        Ms20Error: Tools are missing; the hint is the one line that installs them.
    """
    missing = {command: packages for command, packages in TOOLS.items() if shutil.which(command) is None}
    if not missing and not all(map(_has_library, ("libc.a", "libstdc++.a"))):
        missing = {
            "the libraries for arm-none-eabi": "libnewlib-arm-none-eabi libstdc++-arm-none-eabi-newlib"
        }
    if missing:
        packages = " ".join(dict.fromkeys(" ".join(missing.values()).split()))
        raise Ms20Error(
            f"Building the image needs tools that are not here: {', '.join(missing)}.",
            f"apt-get install -y --no-install-recommends {packages}",
            ExitCode.TOOL_MISSING,
        )


def compiler_version() -> str:
    """Return what the compiler for the RP2040 calls itself."""
    result = subprocess.run(["arm-none-eabi-gcc", "--version"], capture_output=True, text=True, check=True)
    return result.stdout.splitlines()[0].strip()


def jobs() -> int:
    """Return how many compilers may run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


def run(
    command: Sequence[str | Path],
    log: Path,
    what: str,
    *,
    reporter: Reporter | None = None,
    percent: Callable[[str], float | None] | None = None,
    cwd: Path | None = None,
    extra_env: Mapping[str, str] | None = None,
    hint: str = "the log says more; after an interrupted build, remove the directory it is in.",
    exit_code: int = ExitCode.FAILED,
) -> None:
    """Run a tool, its output going to a log.

    Args:
        command: Program and arguments.
        log: Where its output is added.
        what: What it does, for the message when it fails ("Compiling the firmware").
        reporter: Hears how far it is.
        percent: Reads a line of output and returns how far the tool has come, or None.
        cwd: Where to run it.
        extra_env: Environment variables to add.
        hint: What to try when it fails.
        exit_code: What the failure means.

    Raises:
        Ms20Error: The tool failed; the message ends with the last lines of the log.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8", errors="replace") as out:
        out.write(f"$ {' '.join(map(str, command))}\n")
        out.flush()
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd=cwd,
            env={**_clean_environment(), **(extra_env or {})},
            start_new_session=True,
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                out.write(line)
                value = percent(line) if percent else None
                if value is not None and reporter is not None:
                    reporter.percent(value)
            status = process.wait()
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
            raise
    if status:
        raise Ms20Error(
            f"{what} failed. The last lines of {log}:\n{last_lines(log)}",
            hint,
            exit_code,
        )


def make_percent(line: str) -> float | None:
    """Read the percentage that CMake's makefiles print: `[ 42%] Building C object ...`."""
    found = re.match(r"\[ *(\d+)%\] (?!Built target)", line)
    return float(found[1]) if found else None


def last_lines(log: Path) -> str:
    """Return the end of a log, indented for quoting."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"  | {line}" for line in lines[-_LAST_LINES:])


@contextmanager
def exclusive(path: Path, reporter: Reporter) -> Iterator[None]:
    """Hold a lock file, so that two builds at a time do not work in the same directory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl  # here: not on Windows, which has no image build either
    except ImportError:
        yield
        return
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            reporter.stage("waiting for another image build")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make_directory(path: Path) -> None:
    """Make a directory for results, or say that there can be none."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _not_writable(path, error) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that it is either the old one or the whole new one, whatever happens."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if temporary.read_bytes() != data:
            raise OSError(errno.EIO, "it does not read back as it was written")
        temporary.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise _not_writable(path, error) from error


def _not_writable(path: Path, error: OSError) -> Ms20Error:
    return Ms20Error(
        f"{path} could not be written: {error.strerror}.",
        "another directory, or make room on the disk.",
        ExitCode.NOT_WRITABLE,
    )


def _has_library(name: str) -> bool:
    result = subprocess.run(
        ["arm-none-eabi-gcc", f"-print-file-name={name}"], capture_output=True, text=True, check=False
    )
    return "/" in result.stdout


def _clean_environment() -> dict[str, str]:
    """The environment without what would reach into a build from outside (an outer make, SDK settings, flags)."""
    foreign = re.compile(r"PICO_|MICROPY|MAKE|MFLAGS|C(XX)?FLAGS|LDFLAGS|V$|BOARD|PYTHON(PATH|HOME)|DEBUG$")
    kept = {name: value for name, value in os.environ.items() if not foreign.match(name)}
    return {**kept, "LC_ALL": "C.UTF-8"}
