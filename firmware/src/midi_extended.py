"""Extended mode inside the tick: what channel-1 messages do beyond the Mini's own, when the setting allows them.

    pitch bend          to the pitch of both oscillators, range a setting
    CC 64               sustain pedal of the input that sends it
    velocity, channel   to AUX, whichever the setting names (also CC 1, CC 74)
    pressure
    CC 121              all of these back to rest
    all controllers     kept for the main loop, which turns panel controls with them (extended.py)

In faithful mode nothing here is called. A controller that comes faster than the main loop looks is kept in its
newest value: floods cost nothing but themselves.
"""

# link: constants

import micropython
from board import CV_AUX
from control_frame import set_code
from midi_numbers import (
    CC_BRIGHTNESS,
    CC_MODULATION,
    CC_RESET_CONTROLLERS,
    CC_SUSTAIN,
    CHANNEL_PRESSURE,
    CONTROL_CHANGE,
    PITCH_BEND,
)
from note_stack import pedal
from state import (
    AUX_AFTERTOUCH,
    AUX_CC1,
    AUX_CC74,
    AUX_CODES_Q7,
    AUX_SOURCE,
    AUX_VELOCITY,
    BEND_Q9,
    BEND_RANGE_Q9,
    CC_FRESH,
    CC_VALUES,
    EXTENDED,
    EXTENDED_NEWS,
    FRAME_CODES,
    STATE,
)

SUSTAIN_DOWN = 64
"""CC 64 from this value on is down."""
BEND_CENTRE = 1 << 13
BEND_SHIFT = 13


@micropython.viper
def extended_message(port: int, status: int, data_1: int, data_2: int):
    """Act on a channel-1 message that faithful mode would not know."""
    s = ptr32(STATE)
    if status == PITCH_BEND:
        s[BEND_Q9] = (((data_2 << 7 | data_1) - BEND_CENTRE) * s[BEND_RANGE_Q9]) >> BEND_SHIFT
    elif status == CHANNEL_PRESSURE:
        if s[AUX_SOURCE] == AUX_AFTERTOUCH:
            to_aux(data_1)
    elif status == CONTROL_CHANGE:
        if data_1 == CC_RESET_CONTROLLERS:
            reset_controllers(port)
            return
        if data_1 == CC_SUSTAIN:
            pedal(port, 1 if data_2 >= SUSTAIN_DOWN else 0)
        elif (data_1 == CC_MODULATION and s[AUX_SOURCE] == AUX_CC1) or (
            data_1 == CC_BRIGHTNESS and s[AUX_SOURCE] == AUX_CC74
        ):
            to_aux(data_2)
        keep_controller(data_1, data_2)


# link: inline
@micropython.viper
def velocity(value: int):
    """Take a note's velocity, 1..127; it goes out in the same frame as the note's pitch."""
    s = ptr32(STATE)
    if s[AUX_SOURCE] == AUX_VELOCITY:
        to_aux(value)


# link: inline
@micropython.viper
def to_aux(value: int):
    """Put a 7-bit value on AUX."""
    s = ptr32(STATE)
    frame = ptr16(FRAME_CODES)
    code = (value * s[AUX_CODES_Q7]) >> 7
    frame[CV_AUX] = (code << 8) | (code >> 8)


@micropython.viper
def keep_controller(number: int, value: int):
    """Leave a controller's value for the main loop."""
    s = ptr32(STATE)
    values = ptr8(CC_VALUES)
    fresh = ptr8(CC_FRESH)
    values[number] = value
    fresh[number] = 1
    s[EXTENDED_NEWS] += 1


@micropython.viper
def reset_controllers(port: int):
    """Bend, pedal, MG depth and pressure to rest (CC 121; also when an input is given up). None acts in faithful mode."""
    s = ptr32(STATE)
    if s[EXTENDED] == 0:
        return
    pedal(port, 0)
    s[BEND_Q9] = 0
    keep_controller(CC_MODULATION, 0)
    if s[AUX_SOURCE] != AUX_VELOCITY:
        set_code(CV_AUX, 0)
