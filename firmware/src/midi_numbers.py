"""Numbers of the MIDI 1.0 specification, tables I-IV: status bytes of channel 1, real-time bytes, controllers."""

# link: constants
# declares: constants

NOTE_OFF = 0x80
NOTE_ON = 0x90
CONTROL_CHANGE = 0xB0
PROGRAM_CHANGE = 0xC0
CHANNEL_PRESSURE = 0xD0
PITCH_BEND = 0xE0
KEY_VELOCITY = 0x40
"""What an instrument without velocity sends, on and off (facts 3.1)."""
KIND_MASK = 0xF0
CHANNEL_MASK = 0x0F

FIRST_STATUS = 0x80
FIRST_SYSTEM = 0xF0
FIRST_REAL_TIME = 0xF8
CLOCK = 0xF8
START = 0xFA
ACTIVE_SENSING = 0xFE

CC_MODULATION = 1
CC_SUSTAIN = 64
CC_BRIGHTNESS = 74
CC_ALL_SOUND_OFF = 120
CC_RESET_CONTROLLERS = 121
CC_FIRST_NOTES_OFF = 123
"""123-127: all notes off, omni off and on, mono, poly; each ends all notes."""
