"""UF2 files: what is written reads back, and what is damaged is refused with the place of the damage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ms20.errors import ExitCode, Ms20Error
from ms20.image.uf2 import FLASH_BYTES, SECTOR_BYTES, Segment, flatten, read_uf2, write_uf2

BLOCK = 512
RP2350 = (0xE48BFF59).to_bytes(4, "little")


@st.composite
def contents(draw):
    """Runs of flash that do not overlap."""
    place, segments = 0, []
    for data in draw(st.lists(st.binary(min_size=1, max_size=6000), max_size=5)):
        place += draw(st.integers(0, 20_000))
        segments.append(Segment(place, data))
        place += len(data)
    return segments


@given(contents())
def test_what_is_written_reads_back(segments):
    uf2 = write_uf2(segments)
    if not segments:
        assert uf2 == b""
        return
    read = read_uf2(uf2)
    assert flatten(read, 0, FLASH_BYTES) == flatten(segments, 0, FLASH_BYTES)
    assert all(
        segment.offset % SECTOR_BYTES == 0 and len(segment.data) % SECTOR_BYTES == 0 for segment in read
    )


@given(contents().filter(bool), st.data())
def test_any_changed_byte_of_a_header_is_noticed(segments, data):
    uf2 = bytearray(write_uf2(segments))
    block = data.draw(st.integers(0, len(uf2) // BLOCK - 1))
    place = data.draw(
        st.sampled_from([*range(8), *range(16, 32), *range(508, 512)])
    )  # not flags, not address
    uf2[block * BLOCK + place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(Ms20Error) as caught:
        read_uf2(bytes(uf2))
    assert caught.value.exit_code == ExitCode.BAD_IMAGE


def test_segments_may_not_overlap_or_leave_the_flash():
    with pytest.raises(ValueError, match="taken"):
        write_uf2([Segment(0, bytes(300)), Segment(299, bytes(1))])
    with pytest.raises(ValueError, match="outside"):
        write_uf2([Segment(FLASH_BYTES - 1, bytes(2))])


def test_neighbours_in_one_sector_are_joined():
    assert flatten(read_uf2(write_uf2([Segment(10, b"ab"), Segment(12, b"cd")])), 9, 15) == b"\xffabcd\xff"


def _damaged():
    good = write_uf2([Segment(0, bytes(range(256)) * 40)])

    def with_bytes(place, data):
        return good[:place] + data + good[place + len(data) :]

    return [
        (b"", "is not a UF2 file"),
        (b"PK\x03\x04" + bytes(508), "is not a UF2 file"),
        (good[:-1], "ends in the middle of block"),
        (good[:-BLOCK], "a part is missing"),
        (good[BLOCK:], "says that it is block 2"),
        (with_bytes(3 * BLOCK, b"x"), "[bB]lock 4 of 48 of x.uf2 is damaged"),
        (with_bytes(3 * BLOCK + 508, b"x"), "[bB]lock 4 of 48 of x.uf2 is damaged"),
        (with_bytes(28, RP2350), "is for another chip .*0xe48bff59"),
        (with_bytes(12, (0x20000000).to_bytes(4, "little")), "which is no page"),
        (with_bytes(12, (0x10000100).to_bytes(4, "little")), "second time"),
    ]


@pytest.mark.parametrize(("data", "words"), _damaged())
def test_a_damaged_file_is_refused(data, words):
    with pytest.raises(Ms20Error, match=words) as caught:
        read_uf2(data, "x.uf2")
    assert caught.value.exit_code == ExitCode.BAD_IMAGE
    assert caught.value.hint
