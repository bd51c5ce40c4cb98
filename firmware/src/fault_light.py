"""Says by blinking what keeps the instrument from playing, for a builder without a console.

STANDBY ON and the Pico's own LED blink the fault's number, pause, and begin again. No other use of STANDBY ON
blinks in groups with a pause.

    2    the DAC does not answer        3    the DAC reads back wrong        4    a panel multiplexer is missing
"""

# link: constants
# declares: constants

BLINKS_DAC_SILENT = 2
BLINKS_DAC_WRONG = 3
BLINKS_MUX_MISSING = 4
BLINK_ON_MS = 150
BLINK_OFF_MS = 250
BLINK_PAUSE_MS = 1200


def show(hardware, blinks, pause_ms=BLINK_PAUSE_MS):
    """Blink `blinks` times and pause. For when the tick does not run; Ctrl-C gets through."""
    import time

    for _ in range(blinks):
        hardware.show_fault(True)
        time.sleep_ms(BLINK_ON_MS)
        hardware.show_fault(False)
        time.sleep_ms(BLINK_OFF_MS)
    time.sleep_ms(pause_ms)
