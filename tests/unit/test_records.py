"""The memory's records on a model of flash that is cut anywhere: inside an erase, inside a program, in between."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import BLANK, LONGEST_BYTES, PAGE_BYTES, PAGES, SECTOR_BYTES, Records

UNIT, OTHER_UNIT = 0x1234ABCD, 0x0BADCAFE
SETTINGS, CALIBRATION = 1, 2
SECTORS = 4
CUTS = 10_000


class PowerCutError(Exception):
    """The plug is out."""


class Flash:
    """Sectors of NOR flash. With `random_cut`, the operation that takes the last of `operations_left` is cut inside."""

    def __init__(self, sectors=SECTORS):
        self.sectors = sectors
        self.cells = bytearray(BLANK * SECTOR_BYTES * sectors)
        self.operations_left = None
        self.random_cut = random.Random(0)
        self.erased = [0] * sectors

    def read(self, offset, length):
        assert 0 <= offset <= offset + length <= len(self.cells)
        return bytes(self.cells[offset : offset + length])

    def program(self, offset, data):
        assert offset % PAGE_BYTES == 0
        assert len(data) % PAGE_BYTES == 0
        for page in range(0, len(data), PAGE_BYTES):
            place = offset + page
            there = self.cells[place : place + PAGE_BYTES]
            self._change(
                place, bytes(a & b for a, b in zip(there, data[page : page + PAGE_BYTES], strict=True))
            )

    def erase(self, sector):
        self.erased[sector] += 1
        self._change(sector * SECTOR_BYTES, BLANK * SECTOR_BYTES)

    def _change(self, place, wanted):
        part = 1.0
        if self.operations_left is not None:
            self.operations_left -= 1
            if self.operations_left < 0:
                raise PowerCutError
            if self.operations_left == 0:
                part = self.random_cut.choice((0.0, self.random_cut.random(), 1.0))
        if part == 1.0:
            self.cells[place : place + len(wanted)] = wanted
        elif part:
            for i, new in enumerate(wanted):
                mask = sum(1 << bit for bit in range(8) if self.random_cut.random() < part)
                self.cells[place + i] = self.cells[place + i] & ~mask | new & mask
        if self.operations_left == 0:
            raise PowerCutError


def ready(flash=None):
    flash = flash or Flash()
    records = Records(flash, UNIT)
    while records.untidy():
        records.tidy()
    return flash, records


def test_a_blank_flash_holds_nothing_and_is_nobodys_trouble():
    records = Records(Flash(), UNIT)
    assert records.read(SETTINGS) is None
    assert records.trouble == ""
    assert records.untidy()


def test_nothing_is_written_before_a_sector_is_known_to_be_clear():
    flash = Flash()
    assert not Records(flash, UNIT).append(SETTINGS, 1, b"x")
    assert flash.cells == BLANK * len(flash.cells)


@given(
    st.lists(
        st.tuples(st.sampled_from((SETTINGS, CALIBRATION)), st.binary(max_size=LONGEST_BYTES)), max_size=60
    )
)
def test_the_newest_of_each_kind_comes_back_after_a_restart(written):
    flash, records = ready()
    wanted = {}
    for version, (kind, data) in enumerate(written):
        if not records.append(kind, version % 200, data):
            records.tidy()
            assert records.append(kind, version % 200, data)
        wanted[kind] = (version % 200, data)
        for reader in (records, Records(flash, UNIT)):
            assert {kind: reader.read(kind) for kind in wanted} == wanted


def test_a_save_while_playing_clears_nothing():
    """The sectors take so many saves until one must be cleared, which waits for `tidy`."""
    flash, records = ready()
    cleared = list(flash.erased)
    saves = 0
    while records.append(SETTINGS, 1, b"%d" % saves):
        saves += 1
    assert saves == SECTORS * (PAGES - 1)
    assert flash.erased == cleared
    assert Records(flash, UNIT).read(SETTINGS) == (1, b"%d" % (saves - 1))
    records.tidy()
    assert records.append(SETTINGS, 1, b"again")


def test_a_record_too_long_is_refused_with_what_it_may_hold():
    _, records = ready()
    with pytest.raises(ValueError, match=f"{LONGEST_BYTES} bytes at most, not {LONGEST_BYTES + 1}"):
        records.append(SETTINGS, 1, bytes(LONGEST_BYTES + 1))


def test_ten_thousand_pulled_plugs_lose_nothing_but_the_write_in_flight():
    """At every operation, at any bit of it: what comes back is the last that was written, or the one being written."""
    rng = random.Random(4)
    flash = Flash()
    flash.random_cut = rng
    stored = {SETTINGS: None, CALIBRATION: None}
    cuts = 0
    while cuts < CUTS:
        flash.operations_left = rng.randint(1, 40)
        in_flight = None
        try:
            records = Records(flash, UNIT)
            assert records.trouble == ""
            for kind in stored:
                assert records.read(kind) == stored[kind]
            while True:
                if records.untidy() and rng.random() < 0.5:
                    records.tidy()
                kind = rng.choice((SETTINGS, SETTINGS, SETTINGS, CALIBRATION))
                new = (rng.randrange(256), rng.randbytes(rng.randint(0, LONGEST_BYTES)))
                in_flight = (kind, new)
                if records.append(kind, *new):
                    stored[kind] = new
                else:
                    in_flight = None
                    records.tidy()
                in_flight = None
        except PowerCutError:
            cuts += 1
            flash.operations_left = None
            if in_flight:
                kind, new = in_flight
                found = Records(flash, UNIT).read(kind)
                assert found in (stored[kind], new)
                stored[kind] = found


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_said_and_kept(seed):
    """Defaults, a sentence, and not a bit of it changed until the owner gives it up."""
    flash = Flash()
    flash.cells[:] = random.Random(seed).randbytes(len(flash.cells))
    before = bytes(flash.cells)
    records = Records(flash, UNIT)
    assert records.trouble == "the memory is damaged"
    assert records.read(SETTINGS) is None
    assert not records.append(SETTINGS, 1, b"new")
    assert not records.untidy()
    records.tidy()
    assert flash.cells == before
    records.give_up_old()
    records.tidy()
    assert records.append(SETTINGS, 1, b"new")
    assert Records(flash, UNIT).read(SETTINGS) == (1, b"new")


def test_another_units_memory_is_said_and_kept():
    flash, records = ready()
    records.append(CALIBRATION, 1, b"theirs")
    before = bytes(flash.cells)
    ours = Records(flash, OTHER_UNIT)
    assert ours.trouble == "the memory belongs to another unit"
    assert ours.read(CALIBRATION) is None
    assert not ours.append(CALIBRATION, 1, b"ours")
    assert flash.cells == before


@given(st.integers(0, SECTOR_BYTES - 1), st.integers(0, 7))
def test_a_bit_that_rots_costs_at_most_its_own_record(place, bit):
    """One older record comes back instead; or the newest, if the bit was not in it."""
    flash, records = ready()
    for number in range(5):
        records.append(SETTINGS, 1, b"settings %d" % number)
        records.append(CALIBRATION, 1, b"calibration %d" % number)
    flash.cells[place] ^= 1 << bit
    again = Records(flash, UNIT)
    assert again.trouble == ""
    assert again.read(SETTINGS)[1] in (b"settings 4", b"settings 3")
    assert again.read(CALIBRATION)[1] in (b"calibration 4", b"calibration 3")
    assert again.append(SETTINGS, 1, b"new")
    assert Records(flash, UNIT).read(SETTINGS) == (1, b"new")
