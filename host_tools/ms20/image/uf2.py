"""UF2, the file format that the RP2040's boot ROM takes over USB: 512-byte blocks with 256 bytes of flash each."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from ms20.errors import ExitCode, Ms20Error

FAMILY_RP2040 = 0xE48BFF56
FLASH_BASE = 0x10000000
FLASH_BYTES = 2 * 1024 * 1024
SECTOR_BYTES = 4096

_BLOCK_BYTES = 512
_PAYLOAD_BYTES = 256
_FLAG_NOT_MAIN_FLASH = 0x00000001
_FLAG_FAMILY = 0x00002000
_MAGIC_FIRST, _MAGIC_SECOND, _MAGIC_LAST = 0x0A324655, 0x9E5D5157, 0x0AB16F30
_HEADER = struct.Struct("<8I")
_BLOCK = struct.Struct("<8I476sI")


@dataclass(frozen=True)
class Segment:
    """A run of bytes and the place in flash, counted from its start, where they go."""

    offset: int
    data: bytes

    @property
    def end(self) -> int:
        """The first place behind the run."""
        return self.offset + len(self.data)


def write_uf2(segments: Iterable[Segment]) -> bytes:
    """Make a UF2 for the RP2040 out of runs of flash contents that do not overlap.

    Every flash sector that is touched is written whole, filled up with FFh, because the boot ROM erases by sector.
    """
    sectors: dict[int, bytearray] = {}
    written_up_to = 0
    for segment in sorted(segments, key=lambda segment: segment.offset):
        if segment.offset < written_up_to or segment.end > FLASH_BYTES:
            raise ValueError(f"flash {segment.offset:#x}..{segment.end:#x} is taken or outside of the chip")
        written_up_to = segment.end
        for place in range(segment.offset - segment.offset % SECTOR_BYTES, segment.end, SECTOR_BYTES):
            sector = sectors.setdefault(place, bytearray(b"\xff" * SECTOR_BYTES))
            first, last = max(place, segment.offset), min(place + SECTOR_BYTES, segment.end)
            sector[first - place : last - place] = segment.data[
                first - segment.offset : last - segment.offset
            ]
    pages = [
        (place + start, bytes(sector[start : start + _PAYLOAD_BYTES]))
        for place, sector in sorted(sectors.items())
        for start in range(0, SECTOR_BYTES, _PAYLOAD_BYTES)
    ]
    return b"".join(
        _BLOCK.pack(
            _MAGIC_FIRST,
            _MAGIC_SECOND,
            _FLAG_FAMILY,
            FLASH_BASE + place,
            _PAYLOAD_BYTES,
            number,
            len(pages),
            FAMILY_RP2040,
            page,
            _MAGIC_LAST,
        )
        for number, (place, page) in enumerate(pages)
    )


def read_uf2(data: bytes, name: str = "the image") -> list[Segment]:
    """Take a UF2 for the RP2040 apart into runs of flash contents, in order of place.

    Args:
        data: The file's bytes.
        name: What to call the file in a message.

    Raises:
        Ms20Error: The bytes are no UF2, are damaged or cut off, or are meant for another chip.
    """
    blocks = len(data) // _BLOCK_BYTES
    if not blocks or _HEADER.unpack_from(data)[:2] != (_MAGIC_FIRST, _MAGIC_SECOND):
        raise _bad(
            f"{name} is not a UF2 file", "a file that ends in .uf2, as MicroPython's download page offers"
        )
    if len(data) % _BLOCK_BYTES:
        raise _bad(f"{name} ends in the middle of block {blocks + 1}")
    pages: dict[int, bytes] = {}
    for number in range(blocks):
        block = data[number * _BLOCK_BYTES : (number + 1) * _BLOCK_BYTES]
        first, second, flags, address, size, written_number, count, family, payload, last = _BLOCK.unpack(
            block
        )
        where = f"block {number + 1} of {blocks} of {name}"
        if (first, second, last) != (_MAGIC_FIRST, _MAGIC_SECOND, _MAGIC_LAST):
            raise _bad(f"{where} is damaged (its magic numbers are wrong)")
        if flags & _FLAG_NOT_MAIN_FLASH:
            continue
        if not flags & _FLAG_FAMILY or family != FAMILY_RP2040:
            raise _bad(
                f"{name} is for another chip (family {family:#010x}, the RP2040's is {FAMILY_RP2040:#010x})",
                "the file for the Raspberry Pi Pico, not for the Pico 2 or another board",
            )
        if (written_number, count) != (number, blocks):
            raise _bad(f"{where} says that it is block {written_number + 1} of {count}: a part is missing")
        place = address - FLASH_BASE
        if size != _PAYLOAD_BYTES or place % _PAYLOAD_BYTES or not 0 <= place < FLASH_BYTES:
            raise _bad(f"{where} goes to {address:#010x}, which is no page of the Pico's 2 MB of flash")
        if place in pages:
            raise _bad(f"{where} writes {address:#010x} for the second time")
        pages[place] = payload[:_PAYLOAD_BYTES]
    return _join(pages)


def flatten(segments: Iterable[Segment], start: int, end: int) -> bytes:
    """Return the flash contents from `start` to `end`, erased (FFh) where no segment says otherwise."""
    flash = bytearray(b"\xff" * (end - start))
    for segment in segments:
        first, last = max(start, segment.offset), min(end, segment.end)
        if first < last:
            flash[first - start : last - start] = segment.data[first - segment.offset : last - segment.offset]
    return bytes(flash)


def _join(pages: dict[int, bytes]) -> list[Segment]:
    runs: list[tuple[int, list[bytes]]] = []
    expected = -1
    for place, page in sorted(pages.items()):
        if place != expected:
            runs.append((place, []))
        runs[-1][1].append(page)
        expected = place + _PAYLOAD_BYTES
    return [Segment(place, b"".join(run)) for place, run in runs]


def _bad(message: str, hint: str = "download or build the file again") -> Ms20Error:
    return Ms20Error(f"{message[0].upper()}{message[1:]}.", hint + ".", ExitCode.BAD_IMAGE)
