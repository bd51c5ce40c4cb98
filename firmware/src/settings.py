"""Settings: declared once, checked when they are set, kept in a file.

`docs/settings.md` is made from SETTINGS. A value is a whole number or one of a setting's words. Setting one acts at once
(live_settings.py) and is forgotten at power-off until `save` writes the file. Writing flash stops the processor for a
tenth of a second and more, the tick with it: save while nothing plays. A file that is damaged is put aside as
settings.bad, never overwritten in place, and the defaults are used.
"""

# link: constants

import os
from binascii import crc32

from board import PANEL
from cc_map import LEARNABLE
from midi_numbers import CC_ALL_SOUND_OFF

FILE = "settings.txt"
NEW_FILE = "settings.new"
BAD_FILE = "settings.bad"
SUM_LINE = "crc32="
CONTROLLER = "cc"
"""A line `cc74=LPF PEAK` gives controller 74 to a control, `cc74=` to none."""

NAME = 0
DEFAULT = 1
ALLOWED = 2
SETTINGS = (
    # (name, default, its words or (lowest, highest), unit, since version, what it does)
    (
        "mode",
        "faithful",
        ("faithful", "extended"),
        "",
        "0.2",
        "`extended`: bend, controllers, velocity, pressure and clock act; `faithful`: as the Mini, none does",
    ),
    ("priority", "last", ("last", "low", "high"), "", "0.2", "which of the held notes sounds"),
    ("trigger", "single", ("single", "multi"), "", "0.2", "`multi`: each note played starts the envelopes"),
    (
        "usb",
        "both",
        ("both", "midi"),
        "",
        "0.2",
        "`midi`: no console, for hosts that refuse a device with more than MIDI; acts from the next power-on",
    ),
    ("sensing", 330, (300, 5000), "ms", "0.2", "silence after Active Sensing that ends an input's notes"),
    ("bend", 2, (0, 24), "semitones", "0.2", "extended: range of pitch bend"),
    (
        "aux",
        "velocity",
        ("off", "velocity", "aftertouch", "cc1", "cc74"),
        "",
        "0.2",
        "extended: what AUX carries",
    ),
    ("aux_volts", 5, (1, 10), "V", "0.2", "extended: AUX at the value 127"),
    ("mg_clocks", 24, (0, 192), "clocks", "0.2", "extended: MIDI clocks a turn of MG, 24 a quarter; 0: free"),
    ("cv12_zero", 0, (-512, 512), "1/16 code", "0.2", "VCO 1+2 CV IN calibrated: what it reads too high"),
    ("cv12_gain", 0, (-512, 512), "1/512 semitone", "0.2", "likewise: what its pitch must be raised by"),
    ("cv2_zero", 0, (-512, 512), "1/16 code", "0.2", "VCO 2 CV IN calibrated: what it reads too high"),
    ("cv2_gain", 0, (-512, 512), "1/512 semitone", "0.2", "likewise: what its pitch must be raised by"),
)


class SettingError(ValueError):
    """A setting that does not exist, or a value that it does not allow; the text says what it does."""


class Settings:
    """The values by name, and the controllers that were given to other controls than cc_map.py says."""

    def __init__(self):
        self.values = {}
        self.controllers = {}
        """Controller number to panel channel, -1 for none."""
        self.trouble = ""
        """What was wrong with the file, if anything was."""
        self.reset()

    def reset(self):
        """Defaults everywhere; the file stays."""
        self.controllers.clear()
        for row in SETTINGS:
            self.values[row[NAME]] = row[DEFAULT]

    def get(self, name):
        """The value of a setting: its word, or its number."""
        return self.values[_row(name)[NAME]]

    def index(self, name):
        """The value of a setting as a whole number: a word's place among its words."""
        value = self.values[name]
        return value if isinstance(value, int) else _row(name)[ALLOWED].index(value)

    def set(self, name, value):
        """Set a setting to a word or a number, given as such or as text; anything else raises SettingError."""
        self.values[name] = _checked(_row(name), value)

    def assign(self, number, channel):
        """Give controller `number` to a panel channel, -1 for none."""
        if not 0 <= number < CC_ALL_SOUND_OFF:
            raise SettingError("controller %s: must be 0 to %d" % (number, CC_ALL_SOUND_OFF - 1))
        if channel >= 0 and channel not in LEARNABLE:
            raise SettingError("%s acts in analog alone; a controller cannot turn it" % PANEL[channel][0])
        self.controllers[number] = channel

    def load(self):
        """Read the file, if there is one. What is wrong with it is in `trouble`, and nothing of it is used."""
        self.reset()
        self.trouble = ""
        try:
            with open(FILE) as file:
                self._parse(file.read())
        except OSError:
            return
        except ValueError as error:  # a UnicodeError, from bytes that are no text, is one too
            self.reset()
            self.trouble = "%s cannot be used (%s): defaults; it is kept as %s" % (FILE, error, BAD_FILE)
            os.rename(FILE, BAD_FILE)

    def save(self):
        """Write the file, whole or not at all: a new one first, then its name."""
        lines = ["%s=%s" % (row[NAME], self.values[row[NAME]]) for row in SETTINGS]
        for number in sorted(self.controllers):
            channel = self.controllers[number]
            lines.append("%s%d=%s" % (CONTROLLER, number, "" if channel < 0 else PANEL[channel][0]))
        text = "\n".join(lines) + "\n"
        with open(NEW_FILE, "w") as file:
            file.write(text + "%s%08x\n" % (SUM_LINE, crc32(text.encode())))
        os.rename(NEW_FILE, FILE)

    def _parse(self, text):
        body, mark, total = text.rpartition(SUM_LINE)
        if not mark or total.strip() != "%08x" % crc32(body.encode()):
            raise SettingError("its check sum is wrong")
        names = [name for name, _ in PANEL]
        for line in body.split("\n"):
            name, _, value = line.partition("=")
            if name.startswith(CONTROLLER) and name[len(CONTROLLER) :].isdigit():
                self.assign(int(name[len(CONTROLLER) :]), names.index(value) if value else -1)
            elif name in self.values:
                self.set(name, value)
            # A name that this version does not know belongs to a newer one; it is passed over.


def _row(name):
    for row in SETTINGS:
        if row[NAME] == name:
            return row
    raise SettingError(
        "there is no setting %s; there are %s" % (name, ", ".join(str(row[NAME]) for row in SETTINGS))
    )


def _checked(row, value):
    name, allowed = row[NAME], row[ALLOWED]
    if isinstance(allowed[0], str):
        if value in allowed:
            return value
        raise SettingError("%s cannot be %s: %s" % (name, value, " or ".join(allowed)))
    lowest, highest = allowed
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = highest + 1
    if not lowest <= number <= highest or (number != value and not isinstance(value, str)):
        raise SettingError("%s cannot be %s: a whole number from %d to %d" % (name, value, lowest, highest))
    return number


settings = Settings()
