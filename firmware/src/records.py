"""Records that survive a pulled plug: appended to flash, each with a check sum, the newest whole one counts.

Flash can only be cleared a sector at a time, and written a page at a time, once; either may be cut short anywhere.
So nothing is ever changed in place:

    sector   a page that says it was cleared to the end, and by which unit; then records, each on pages of its own
    append   the record goes onto the first page of the sector in use behind which nothing is written
    full     the newest record of each kind is copied to another sector that is ready, the new one behind them
    tidy     a sector that holds no newest record is cleared, and marked ready

Worked example, settings S and calibration C: A holds S1 C1 S2 ... S13 and is full. S14 comes: B gets C1
again (as C2) and S14. If the plug is pulled between the two, the newest are C2 in B and S13 in A: both whole. A is
cleared only after B has everything; if that is cut short, A has no mark and is cleared again.

A sector that looks empty may have been half cleared: only the mark, written after clearing, makes it ready. What is
there without any mark or record of ours, or with another unit's, is not ours to clear: `trouble` says so and nothing is
written until `give_up_old`.
"""

# link: constants

import struct
from binascii import crc32

SECTOR_BYTES = 4096
PAGE_BYTES = 256
PAGES = SECTOR_BYTES // PAGE_BYTES
BLANK = b"\xff"

HEAD = "<IBBHII"  # magic, kind, version, length, sequence, unit
HEAD_BYTES = struct.calcsize(HEAD)
SUM_BYTES = 4
MAGIC = 0x3032534D  # "MS20"
KIND_MARK = 0
"""The page that says a sector is ready; kinds from 1 up are the caller's."""
TORN_BY_CUTS = PAGES // 2
"""More pages that are neither blank nor whole than this, and no record at all: not the plug's work."""
LONGEST_BYTES = 2 * PAGE_BYTES - HEAD_BYTES - SUM_BYTES


class Records:
    """The records of one unit in `flash`.

    `flash` has `sectors`, the number of them: two more than there are kinds, so that whatever was cut short there is
    always one that can be cleared. Its verbs are `read(offset, length)`, `program(offset, data)` (whole pages) and
    `erase(sector)`. `unit` is the unit's number, 32 bits.
    """

    def __init__(self, flash, unit):
        self._flash = flash
        self._unit = unit
        self._newest: dict[int, tuple[int, int, bytes, int]] = {}
        """By kind: (sector, version, data, sequence)."""
        self._free: list[int] = []
        """By sector: its first page behind which nothing is written; PAGES = full, 0 = not cleared, or not to the end."""
        self._in_use = -1
        self._sequence = 0
        self._torn = 0
        self.trouble = ""
        """Why nothing is written; empty if all is well."""
        self._look()

    def read(self, kind):
        """The newest whole record of a kind: (version, data), or None."""
        found = self._newest.get(kind)
        return found and (found[1], found[2])

    def append(self, kind, version, data):
        """Write a record; False if there is no room before `tidy` has cleared a sector. Never clears anything."""
        if len(data) > LONGEST_BYTES:
            raise ValueError("a record holds %d bytes at most, not %d" % (LONGEST_BYTES, len(data)))
        if self.trouble:
            return False
        if self._in_use < 0 or not self._room(data):
            ready = [sector for sector in range(self._flash.sectors) if self._free[sector] == 1]
            if not ready:
                return False
            self._in_use = ready[0]
            for other in self._newest:
                if other != kind:
                    self._write(other, *self._newest[other][1:3])
        self._write(kind, version, data)
        return True

    def untidy(self):
        """Whether `tidy` has something to do."""
        return not self.trouble and self._next_to_clear() >= 0

    def tidy(self):
        """Clear one sector that is not needed: 45 ms and more in which the processor stands still."""
        sector = self._next_to_clear()
        if sector < 0 or self.trouble:
            return
        self._free[sector] = 0
        self._flash.erase(sector)
        self._flash.program(sector * SECTOR_BYTES, self._pages(KIND_MARK, 0, b"", 0))
        self._free[sector] = 1

    def give_up_old(self):
        """Take possession of a store that is damaged or another unit's; what was in it may be overwritten from now on."""
        self.trouble = ""

    def _look(self):
        """Read everything once: what is newest, what is free, what is not ours."""
        ours = strange = foreign = 0
        for sector in range(self._flash.sectors):
            mark = self._whole(sector, 0)
            # Records count without a mark too: their check sums are their own, and it may be the mark that is damaged.
            free = self._look_through(sector)
            if mark is not None and mark[4] == self._unit:
                ours += 1
                self._free.append(free)
            else:
                foreign += mark is not None
                strange += mark is None and not self._unfinished(sector)
                self._free.append(0)
        if self._in_use >= 0:
            if not self._free[self._in_use]:
                self._free[self._in_use] = PAGES
        elif foreign and not ours:
            self.trouble = "the memory belongs to another unit"
        elif (strange and not ours) or self._torn > TORN_BY_CUTS:
            self.trouble = "the memory is damaged"

    def _look_through(self, sector):
        page = free = 1
        while page < PAGES:
            found = self._whole(sector, page)
            if found is None:
                if self._page(sector, page) != BLANK * PAGE_BYTES:
                    self._torn += 1
                    free = page + 1
                page += 1
                continue
            kind, version, data, sequence, unit = found
            page += _pages_of(data)
            free = page
            if unit == self._unit and kind != KIND_MARK and sequence > self._sequence_of(kind):
                self._newest[kind] = (sector, version, data, sequence)
                if sequence > self._sequence:
                    self._sequence = sequence
                    self._in_use = sector
        return free

    def _sequence_of(self, kind):
        return self._newest[kind][3] if kind in self._newest else 0

    def _whole(self, sector, page):
        """The record that begins on a page: (kind, version, data, sequence, unit); None if none does, or it is torn."""
        place = sector * SECTOR_BYTES + page * PAGE_BYTES
        head = self._flash.read(place, HEAD_BYTES)
        magic, kind, version, length, sequence, unit = struct.unpack(HEAD, head)
        if magic != MAGIC or length > LONGEST_BYTES or page + _pages(length) > PAGES:
            return None
        rest = self._flash.read(place + HEAD_BYTES, length + SUM_BYTES)
        data = bytes(rest[:length])
        if struct.unpack("<I", rest[length:])[0] != crc32(data, crc32(head)):
            return None
        return kind, version, data, sequence, unit

    def _unfinished(self, sector):
        """Whether a sector holds nothing, or at most a mark of ours that was cut short: nobody's loss."""
        mark = self._pages(KIND_MARK, 0, b"", 0)
        blank = BLANK * PAGE_BYTES
        first = self._page(sector, 0)
        if any(there & wanted != wanted for there, wanted in zip(first, mark)):
            return False
        return all(self._page(sector, page) == blank for page in range(1, PAGES))

    def _next_to_clear(self):
        """A sector that is neither ready nor needed; first of all one that never was ours."""
        needed = {found[0] for found in self._newest.values()}
        needed.add(self._in_use)
        for sector in range(self._flash.sectors):
            if self._free[sector] != 1 and sector not in needed:
                return sector
        return -1

    def _room(self, data):
        return self._free[self._in_use] + _pages_of(data) <= PAGES

    def _write(self, kind, version, data):
        self._sequence += 1
        sector = self._in_use
        page = self._free[sector]
        # Taken before it is written: a page on which programming failed is not written again.
        self._free[sector] = page + _pages_of(data)
        self._flash.program(
            sector * SECTOR_BYTES + page * PAGE_BYTES, self._pages(kind, version, data, self._sequence)
        )
        self._newest[kind] = (sector, version, data, self._sequence)

    def _pages(self, kind, version, data, sequence):
        head = struct.pack(HEAD, MAGIC, kind, version, len(data), sequence, self._unit)
        body = head + data + struct.pack("<I", crc32(data, crc32(head)))
        return body + BLANK * (-len(body) % PAGE_BYTES)

    def _page(self, sector, page):
        return self._flash.read(sector * SECTOR_BYTES + page * PAGE_BYTES, PAGE_BYTES)


def _pages(length):
    return (HEAD_BYTES + length + SUM_BYTES + PAGE_BYTES - 1) // PAGE_BYTES


def _pages_of(data):
    return _pages(len(data))
