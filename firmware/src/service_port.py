"""The service's line on the serial console while the instrument plays: framed, numbered, with a check sum.

    asked      ?17 get bend*5A1C        answered    !17 ok 2*90E1
    asked      ?18 set bend 99*0B7D     answered    !18 no bend cannot be 99: a whole number from 0 to 24*4C02

Between mark and star stand a number that the answer repeats, and the words; after the star the CRC-16 (CCITT, from
FFFF) of everything before it, four hex digits. A line without a good sum is answered with number 0, and does nothing.
Whatever does not begin with `?` is passed over, so that a terminal can be open beside. Ctrl-C, here a byte like
others, leads to the prompt, where the same commands are functions of service.py. Nothing is allocated while nobody asks.
"""

# link: constants

import sys
from select import POLLIN, poll

import service
from service_mode import CTRL_C
from settings import SettingError

ASK = "?"
ANSWER = "!"
STAR = "*"
RETURN, NEW_LINE = 13, 10
LONGEST = 200
CRC_START = 0xFFFF
CRC_POLYNOMIAL = 0x1021


class ServicePort:
    """Reads lines from the console as they come, and answers them; `poll` every round."""

    def __init__(self):
        self._poll = poll()
        self._poll.register(sys.stdin, POLLIN)
        self._line = bytearray()
        self._byte = bytearray(1)

    def poll(self):
        """Take at most one byte. Kept this short, the call's frame stands on the stack, not in the heap."""
        for _ in self._poll.ipoll(0):
            sys.stdin.buffer.readinto(self._byte)
            self._take(self._byte[0])

    def _take(self, byte):
        if byte == CTRL_C:
            raise KeyboardInterrupt
        if byte in (RETURN, NEW_LINE):
            line, self._line = self._line, bytearray()
            if line.startswith(ASK.encode()):
                sys.stdout.write(answer(line))
        elif len(self._line) < LONGEST:
            self._line.append(byte)


def answer(line):
    """The whole answering line for an asking one (bytes), ends of line left out of the one and put to the other."""
    try:
        body, star, total = line.decode().rpartition(STAR)
    except UnicodeError:
        body = star = total = ""
    number, _, words = body[len(ASK) :].partition(" ")
    if not star or total.upper() != "%04X" % crc16(body.encode()) or not number.isdigit():
        return _framed("%s0 no the line came damaged (wrong check sum); ask again" % ANSWER)
    try:
        return _framed("%s%s ok %s" % (ANSWER, number, service.command(words)))
    except (service.Refused, SettingError) as refusal:
        return _framed("%s%s no %s" % (ANSWER, number, refusal))
    except Exception as failure:
        # Whatever goes wrong in an answer, the music goes on.
        return _framed("%s%s no %s failed: %r" % (ANSWER, number, words, failure))


def _framed(body):
    return "%s%s%04X\r\n" % (body, STAR, crc16(body.encode()))


def crc16(data):
    """CRC-16/CCITT-FALSE of bytes."""
    crc = CRC_START
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ CRC_POLYNOMIAL) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc
