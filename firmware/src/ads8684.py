"""Numbers of the ADS8684 jack ADC: the first byte of its commands, and its program registers (TI SBAS582)."""

# link: constants
# declares: constants

NO_OP = 0x00
MANUAL_CHANNEL_0 = 0xC0
MANUAL_CHANNEL_STEP = 0x04
RANGE_REGISTER_0 = 0x05
PROGRAM_WRITE = 1
