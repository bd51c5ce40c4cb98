"""USB-MIDI event packets: four bytes each, made from a plain MIDI byte stream and turned back into one."""

from collections.abc import Iterable

Packet = tuple[int, int, int, int]

DATA_BYTES_OF_STATUS = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
"""Data bytes after a channel message's status byte, by its upper four bits."""
DATA_BYTES_OF_COMMON = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0}
"""Data bytes after a system common status byte; F4 and F5 are undefined and dropped."""
CIN_OF_COMMON_LENGTH = {1: 0x5, 2: 0x2, 3: 0x3}
BYTES_OF_CIN = (0, 0, 2, 3, 3, 1, 2, 3, 3, 3, 3, 3, 2, 2, 3, 1)
"""How many MIDI bytes a packet carries, by its code index number (USB-MIDI 1.0, table 4-1)."""
SYSEX_START, SYSEX_END, FIRST_REAL_TIME = 0xF0, 0xF7, 0xF8


class Packetiser:
    """Turns MIDI bytes into USB-MIDI event packets; keeps running status and an open SysEx between calls.

    As a driver does, it writes running status out in full, passes real-time bytes (F8..FF) on at once, also
    from inside other messages, and drops what can't be sent: stray data bytes, F4, F5, and a message cut
    short by the next status byte. A SysEx that one breaks off is sent as far as it came, without an F7.
    """

    def __init__(self, cable: int = 0) -> None:
        if not 0 <= cable <= 15:
            raise ValueError(f"a USB-MIDI cable number is 0..15, not {cable}")
        self._cable = cable << 4
        self._status = 0
        self._data: list[int] = []
        self._sysex: list[int] | None = None

    def feed(self, data: Iterable[int]) -> list[Packet]:
        """Take MIDI bytes (0..255 each) and return the packets that they complete."""
        packets: list[Packet] = []
        for byte in data:
            if not 0 <= byte <= 255:
                raise ValueError(f"a MIDI byte is 0..255, not {byte}")
            if byte >= FIRST_REAL_TIME:
                packets.append(self._packet(0xF, [byte]))
            elif byte == SYSEX_START:
                packets += self._break_off()
                self._sysex = [byte]
            elif byte == SYSEX_END:
                packets += self._end_sysex()
            elif byte >= 0x80:
                packets += self._break_off()
                packets += self._begin(byte)
            elif self._sysex is not None:
                self._sysex.append(byte)
                if len(self._sysex) == 3:
                    packets.append(self._packet(0x4, self._sysex))
                    self._sysex = []
            else:
                packets += self._data_byte(byte)
        return packets

    def _begin(self, status: int) -> list[Packet]:
        known = status < 0xF0 or status in DATA_BYTES_OF_COMMON
        self._status = status if known else 0
        self._data = []
        if known and self._wanted() == 0:
            self._status = 0
            return [self._packet(CIN_OF_COMMON_LENGTH[1], [status])]
        return []

    def _wanted(self) -> int:
        if self._status < 0xF0:
            return DATA_BYTES_OF_STATUS[self._status >> 4]
        return DATA_BYTES_OF_COMMON[self._status]

    def _data_byte(self, byte: int) -> list[Packet]:
        if not self._status:
            return []
        self._data.append(byte)
        if len(self._data) < self._wanted():
            return []
        message = [self._status, *self._data]
        self._data = []
        if self._status < 0xF0:
            return [self._packet(self._status >> 4, message)]
        self._status = 0
        return [self._packet(CIN_OF_COMMON_LENGTH[len(message)], message)]

    def _break_off(self) -> list[Packet]:
        """A status byte other than F7 arrived: what an open SysEx still holds is sent byte by byte."""
        rest, self._sysex = self._sysex or [], None
        self._status, self._data = 0, []
        return [self._packet(0xF, [byte]) for byte in rest]

    def _end_sysex(self) -> list[Packet]:
        rest, self._sysex = self._sysex, None
        self._status, self._data = 0, []
        if rest is None:
            return []
        rest.append(SYSEX_END)
        return [self._packet(0x4 + len(rest), rest)]

    def _packet(self, code_index: int, message: list[int]) -> Packet:
        first, second, third = [*message, 0, 0][:3]
        return (self._cable | code_index, first, second, third)


def packets_of(data: Iterable[int]) -> list[Packet]:
    """Packets of a MIDI byte stream that starts afresh (no running status carried over)."""
    return Packetiser().feed(data)


def bytes_of(packets: Iterable[Iterable[int]]) -> bytes:
    """MIDI bytes that a sequence of four-byte packets carries."""
    out = bytearray()
    for packet in packets:
        values = list(packet)
        if len(values) != 4:
            raise ValueError(f"a USB-MIDI event packet has 4 bytes, not {len(values)}")
        out += bytes(values[1 : 1 + BYTES_OF_CIN[values[0] & 0x0F]])
    return bytes(out)


def packet_of_word(word: int) -> Packet:
    """Packet from the little-endian 32-bit word that a timeline record holds (signed or not)."""
    first, second, third, fourth = (word & 0xFFFFFFFF).to_bytes(4, "little")
    return (first, second, third, fourth)
