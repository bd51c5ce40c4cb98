"""The littlefs image that goes with an official MicroPython."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ms20.errors import ExitCode, Ms20Error
from ms20.image.filesystem import BLOCK_BYTES, BLOCK_COUNT, START, make_filesystem, read_filesystem
from ms20.image.uf2 import FLASH_BYTES

NAMES = st.from_regex(r"(lib/)?[a-z_]{1,12}\.(py|mpy)", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=9000), max_size=12))
def test_files_read_back(files):
    image = make_filesystem(files)
    assert len(image) == BLOCK_BYTES * BLOCK_COUNT == FLASH_BYTES - START
    assert read_filesystem(image) == files


def test_the_image_is_the_same_each_time():
    files = {"main.py": b"import x\n", "lib/x.mpy": bytes(5000)}
    assert make_filesystem(files) == make_filesystem(dict(reversed(files.items())))


def test_the_superblock_says_what_micropython_mounts():
    superblock = make_filesystem({})[:BLOCK_BYTES]
    at = superblock.index(b"littlefs")
    version, block_bytes, block_count = (
        int.from_bytes(superblock[at + 12 + 4 * n : at + 16 + 4 * n], "little") for n in range(3)
    )
    assert (version, block_bytes, block_count) == (0x00020001, 4096, 352)


def test_too_many_bytes_are_refused():
    with pytest.raises(Ms20Error, match=r"1953 kB.* do not fit .*1408 kB") as caught:
        make_filesystem({"big": bytes(2_000_000)})
    assert caught.value.exit_code == ExitCode.BAD_IMAGE


def test_a_damaged_image_is_refused():
    with pytest.raises(Ms20Error, match="file system is damaged"):
        read_filesystem(bytes(BLOCK_BYTES * BLOCK_COUNT))
