"""The board's file system, for use with an official MicroPython: the firmware as files in a littlefs image.

Official images keep their files in the last 1408 kB of the Pico's flash, as littlefs 2 in 352 blocks of 4096 bytes,
mounted by `_boot.py` with `VfsLfs2(Flash(), progsize=256)`. An image with other parameters would still be found
damaged at start-up and be formatted, so the ones here are those of MicroPython's `vfs_lfsx.c`.

All 352 blocks go into the image, erased ones too: littlefs keeps directories in pairs of blocks, of which the one
with the higher revision counts, and what an earlier firmware left in the other half must not win.
"""

from collections.abc import Mapping

from littlefs import LittleFS, LittleFSError

from ms20.errors import ExitCode, Ms20Error

START = 0xA0000
BLOCK_BYTES = 4096
BLOCK_COUNT = 352


def _volume() -> LittleFS:
    return LittleFS(
        mount=False,
        block_size=BLOCK_BYTES,
        block_count=BLOCK_COUNT,
        read_size=32,
        prog_size=256,
        cache_size=4 * 256,
        lookahead_size=32,
        block_cycles=100,
        disk_version=0x00020001,
    )


def make_filesystem(files: Mapping[str, bytes]) -> bytes:
    """Make a littlefs image with the given files (paths from the root, directories as needed).

    Raises:
        Ms20Error: The files do not fit.
    """
    volume = _volume()
    volume.format()
    volume.mount()
    try:
        for path, data in sorted(files.items()):
            directory = path.rpartition("/")[0]
            if directory:
                volume.makedirs(directory, exist_ok=True)
            with volume.open(path, "wb") as file:
                file.write(data)
    except LittleFSError as error:
        total = sum(map(len, files.values())) // 1024
        raise Ms20Error(
            f"The firmware's files ({total} kB) do not fit the board's file system of "
            f"{BLOCK_BYTES * BLOCK_COUNT // 1024} kB: {error}.",
            "fewer or smaller files in firmware/src.",
            ExitCode.BAD_IMAGE,
        ) from error
    volume.unmount()
    return bytes(volume.context.buffer)


def read_filesystem(image: bytes) -> dict[str, bytes]:
    """Return the files of a littlefs image, by path.

    Raises:
        Ms20Error: The bytes hold no file system that MicroPython would mount.
    """
    volume = _volume()
    volume.context.buffer = bytearray(image)
    try:
        volume.mount()
        files = {}
        for directory, _, names in volume.walk("/"):
            for name in names:
                path = f"{directory.strip('/')}/{name}".lstrip("/")
                with volume.open(path, "rb") as file:
                    files[path] = file.read()
    except LittleFSError as error:
        raise Ms20Error(
            f"The image's file system is damaged: {error}.", "build the image again.", ExitCode.BAD_IMAGE
        ) from error
    return files
