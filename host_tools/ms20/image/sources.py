"""The source tree that the image is built from, put together from Debian's source packages.

MicroPython's own release archive brings its libraries along; Debian's leaves them out and packages them apart. Here
they are fetched with apt (which checks signatures), from the machine's own mirror, with a private configuration: the
system's package lists and packages are not touched, and no rights are needed.
"""

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ms20.errors import ExitCode, Ms20Error
from ms20.image.progress import Reporter
from ms20.image.toolchain import FETCH_TOOLS, jobs, run

MICROPYTHON_VERSION = "1.25.0"
SUITE = "trixie"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
MIRROR_VARIABLE = "MS20_DEBIAN_MIRROR"

_RECIPE = 2
"""Goes up when the way of putting the tree together changes, so that old trees in the cache are left alone."""

_OFFICIAL_HINT = "ms20 image --micropython FILE.uf2, with an official MicroPython for the Raspberry Pi Pico."


@dataclass(frozen=True)
class Package:
    """A Debian package, and the version that the image was tested with.

    `series` is the version's beginning: the whole of it where only that one will do, less where Debian's security
    updates may move the rest. What was really used is written in the image's manifest.
    """

    name: str
    series: str
    is_source: bool


PACKAGES = (
    Package("micropython", "1.25.0+ds-1", is_source=True),
    Package("mbedtls", "3.6.", is_source=True),
    Package("pico-sdk-source", "2.1.1-", is_source=False),
    Package("tinyusb-source", "0.18.0+", is_source=False),
)

# What a build reads of the two big archives; the rest is left packed.
_MICROPYTHON_PARTS = re.compile(r"[^/]+/(docs|examples|logo|tests|ports/(?!rp2/)[^/]+/.*)(/|$)")
_MBEDTLS_PARTS = re.compile(r"[^/]+/(library|include|3rdparty)/")


@dataclass(frozen=True)
class Tree:
    """A source tree that is ready to build boards in, with its mpy-cross compiled."""

    path: Path
    versions: dict[str, str]

    @property
    def port(self) -> Path:
        """The RP2040's port."""
        return self.path / "ports" / "rp2"

    @property
    def mpy_cross(self) -> Path:
        """The compiler for MicroPython's modules."""
        return self.path / "mpy-cross" / "build" / "mpy-cross"


def prepare_tree(cache: Path, reporter: Reporter) -> Tree:
    """Return the source tree from the cache, or fetch, unpack and ready it there first."""
    home = cache / f"micropython-{MICROPYTHON_VERSION}-{SUITE}-{_RECIPE}"
    versions_file = home / "versions.json"
    if not versions_file.is_file():
        log = cache / "log" / "sources.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        versions = _fetch(cache, log, reporter)
        fresh = cache / f"{home.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        _unpack(cache / "downloads", versions, fresh, log, reporter)
        _compile_mpy_cross(fresh / "tree", log, reporter)
        (fresh / versions_file.name).write_text(json.dumps(versions, indent=1))
        shutil.rmtree(home, ignore_errors=True)
        fresh.rename(home)
        shutil.rmtree(cache / "apt", ignore_errors=True)  # the package lists, read once
    return Tree(home / "tree", json.loads(versions_file.read_text()))


def find_mirror(apt: Path = Path("/etc/apt")) -> str:
    """Return the Debian mirror that this machine's apt uses.

    Raises:
        Ms20Error: There is none; the hint names the ways out.
    """
    if mirror := os.environ.get(MIRROR_VARIABLE):
        return mirror
    files = [apt / "sources.list", *sorted((apt / "sources.list.d").glob("*"))]
    for file in files:
        if file.suffix in {".list", ".sources"} and file.is_file():
            text = re.sub(r"#.*", "", file.read_text(errors="replace"))
            if found := re.search(r"[a-z+]+://\S+?/debian/?(?=\s|$)", text):
                return found[0]
    raise Ms20Error(
        "This machine's apt sources name no Debian mirror, so MicroPython's sources cannot be fetched.",
        f"set {MIRROR_VARIABLE} to a mirror's address, or: {_OFFICIAL_HINT}",
        ExitCode.TOOL_MISSING,
    )


def choose_versions(madison: str) -> dict[str, str]:
    """Pick from `apt-cache madison`'s table the version of each package that the build takes.

    Raises:
        Ms20Error: A package is no longer there in a version that was tested.
    """
    offered: dict[tuple[str, bool], list[str]] = {}
    for line in madison.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) == 3:
            offered.setdefault((columns[0], columns[2].endswith("Sources")), []).append(columns[1])
    chosen = {}
    for package in PACKAGES:
        versions = offered.get((package.name, package.is_source), [])
        whole = re.search(r"-\d+$", package.series) is not None
        good = [v for v in versions if (v == package.series if whole else v.startswith(package.series))]
        if not good:
            raise Ms20Error(
                f"Debian {SUITE} has no {package.name} {package.series}{'' if whole else '*'}"
                f" (it has {', '.join(versions) or 'none'}), and the image was not tested with another.",
                _OFFICIAL_HINT,
                ExitCode.TOOL_MISSING,
            )
        chosen[package.name] = good[0]
    return chosen


def _fetch(cache: Path, log: Path, reporter: Reporter) -> dict[str, str]:
    missing = {command: package for command, package in FETCH_TOOLS.items() if shutil.which(command) is None}
    if missing or not KEYRING.is_file():
        raise Ms20Error(
            f"MicroPython's sources come as Debian packages, and this machine lacks "
            f"{', '.join(missing) or f'Debian keys ({KEYRING})'}.",
            f"apt-get install -y debian-archive-keyring on Debian; elsewhere: {_OFFICIAL_HINT}",
            ExitCode.TOOL_MISSING,
        )
    mirror = find_mirror()
    private, downloads = cache / "apt", cache / "downloads"
    for directory in (private / "lists" / "partial", private / "archives" / "partial", downloads):
        directory.mkdir(parents=True, exist_ok=True)
    (private / "sources.list").write_text(
        "".join(f"{kind} [signed-by={KEYRING}] {mirror} {SUITE} main\n" for kind in ("deb", "deb-src"))
    )
    settings = {
        "Dir::Etc::sourcelist": private / "sources.list",
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Dir::State::Lists": private / "lists",
        "Dir::Cache": private,
        "APT::Sandbox::User": "root",
        "APT::Status-Fd": "1",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        "Acquire::http::Timeout": "60",
    }
    options = [part for name, value in settings.items() for part in ("-o", f"{name}={value}")]

    def apt(what: str, tool: str, *arguments: str) -> None:
        run(
            [tool, "-qq", *options, *arguments],
            log,
            what,
            reporter=reporter,
            percent=_apt_percent,
            cwd=downloads,
            hint=f"again when the network is there, or: {_OFFICIAL_HINT}",
            exit_code=ExitCode.TOOL_MISSING,
        )

    reporter.stage("reading Debian's package lists")
    apt("Reading Debian's package lists", "apt-get", "update", "--error-on=any")
    names = [package.name for package in PACKAGES]
    madison = subprocess.run(
        ["apt-cache", *options, "madison", *names], capture_output=True, text=True, check=False
    ).stdout
    versions = choose_versions(madison)
    reporter.stage("downloading MicroPython's sources")
    sources = [f"{package.name}={versions[package.name]}" for package in PACKAGES if package.is_source]
    binaries = [f"{package.name}={versions[package.name]}" for package in PACKAGES if not package.is_source]
    apt("Downloading MicroPython's sources", "apt-get", "source", "--download-only", *sources)
    apt("Downloading MicroPython's sources", "apt-get", "download", *binaries)
    return versions


def _apt_percent(line: str) -> float | None:
    found = re.match(r"dlstatus:\d+:([\d.]+):", line)
    return float(found[1]) if found else None


def _unpack(downloads: Path, versions: dict[str, str], fresh: Path, log: Path, reporter: Reporter) -> None:
    reporter.stage("unpacking the sources")
    archive = {
        package.name: _only(
            downloads,
            f"{package.name}_{versions[package.name].rpartition('-')[0]}.orig.tar.*"
            if package.is_source
            else f"{package.name}_{versions[package.name]}_*.deb",
        )
        for package in PACKAGES
    }
    tree, parts = fresh / "tree", fresh / "parts"
    parts.mkdir(parents=True)
    _extract(archive["micropython"], tree, leave_out=_MICROPYTHON_PARTS)
    reporter.percent(40)
    libraries = tree / "lib"
    _extract(archive["mbedtls"], parts / "mbedtls", keep=_MBEDTLS_PARTS)
    reporter.percent(80)
    moves = [("mbedtls", parts / "mbedtls")]
    for package, library in (("pico-sdk-source", "pico-sdk"), ("tinyusb-source", "tinyusb")):
        run(["dpkg-deb", "-x", archive[package], parts / package], log, f"Unpacking {package}")
        moves.append((library, parts / package / "usr" / "src" / library))
    for library, source in moves:
        shutil.rmtree(libraries / library, ignore_errors=True)
        source.rename(libraries / library)
    shutil.rmtree(parts)
    # The build only asks that the collection of libraries is there; nothing of it is used.
    (libraries / "micropython-lib").mkdir(exist_ok=True)
    (libraries / "micropython-lib" / "README.md").touch()


def _extract(
    archive: Path,
    target: Path,
    *,
    keep: re.Pattern[str] | None = None,
    leave_out: re.Pattern[str] | None = None,
) -> None:
    """Unpack an archive whose files all lie in one directory, without that directory."""

    def members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
        for member in tar:
            wanted = (keep is None or keep.match(member.name)) and not (
                leave_out and leave_out.match(member.name)
            )
            top, _, rest = member.name.partition("/")
            if wanted and rest and ".." not in Path(rest).parts and not Path(top).is_absolute():
                member.name = rest
                if member.islnk():
                    member.linkname = member.linkname.partition("/")[2]
                yield member

    try:
        with tarfile.open(archive) as tar:
            # Where there is one, Python's filter looks for paths that lead elsewhere, too.
            safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(target, members=members(tar), **safely)  # type: ignore[arg-type]
    except (tarfile.TarError, OSError, EOFError) as error:
        archive.unlink(missing_ok=True)  # damaged: the next try downloads it again
        raise Ms20Error(
            f"{archive} could not be unpacked: {error}.", "the same again.", ExitCode.BAD_IMAGE
        ) from error


def _only(directory: Path, pattern: str) -> Path:
    found = sorted(directory.glob(pattern))
    if not found:
        raise Ms20Error(
            f"{directory} holds no {pattern} after the download.",
            f"remove {directory} and do it again.",
            ExitCode.FAILED,
        )
    return found[-1]


def _compile_mpy_cross(tree: Path, log: Path, reporter: Reporter) -> None:
    reporter.stage("compiling mpy-cross")
    files = 0

    def percent(line: str) -> float | None:
        nonlocal files
        files += line.startswith("CC ")
        return min(99.0, 100.0 * files / _MPY_CROSS_FILES)

    run(
        ["make", "--no-print-directory", "-C", tree / "mpy-cross", f"-j{jobs()}"],
        log,
        "Compiling mpy-cross",
        reporter=reporter,
        percent=percent,
        extra_env={"MICROPY_GIT_TAG": f"v{MICROPYTHON_VERSION}"},
    )


_MPY_CROSS_FILES = 124
"""About how many files that is, for the bar."""
