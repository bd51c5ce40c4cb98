"""Component values and control-voltage laws of the analog board: the only place where they stand as numbers.

Source of the filter's values: Rene Schmitz's public "late MS-20" schematic (two LM13700 OTAs, 1 nF capacitors),
checked against ngspice. Converter ranges and the pitch and cutoff laws come from the board declaration.
"""

from ms20.board import BOARD

# --- Control voltages ---------------------------------------------------------------------------------------------
PITCH_ZERO_VOLT_HZ: float = 440.0 * 2.0 ** ((BOARD.PITCH_ZERO_VOLT_NOTE - 69) / 12)
"""Frequency of a VCO at 0 V: middle C, 261.63 Hz."""
PITCH_OCTAVES_PER_VOLT: float = 1.0 / BOARD.PITCH_VOLTS_PER_OCTAVE
VCO_LOWEST_HZ = 1.0
VCO_HIGHEST_HZ = 20_000.0
"""The AS3340's exponential converter covers 1 Hz to 20 kHz."""

CUTOFF_ZERO_VOLT_HZ: float = BOARD.CUTOFF_ZERO_VOLT_HZ
CUTOFF_OCTAVES_PER_VOLT: float = BOARD.CUTOFF_OCTAVES_PER_VOLT
CUTOFF_LOWEST_HZ = 20.0
CUTOFF_HIGHEST_HZ = 40_000.0
CUTOFF_HIGHEST_OF_RATE = 0.25
"""The cutoff is also kept below this fraction of the internal sample rate (24 kHz at 2 x 48 kHz): further up the
trapezoidal rule no longer follows an oscillating filter, and the difference cannot be heard."""

FULL_SCALE_VOLTS = 5.0
"""CV at which a level, the peak, or the VCA is fully open, and at which the pulse has narrowed to nothing."""
WIDEST_DUTY = 0.5
"""Duty cycle of VCO 1's pulse at 0 V of pulse-width CV."""
NARROW_DUTY = 0.25
"""Duty cycle of VCO 2's narrow pulse."""

CV_SMOOTHING_HZ = 2_000.0
"""Corner of the one-pole RC that follows every DAC output and takes the edge off its 8 kHz steps."""

# --- Oscillators and mixer ------------------------------------------------------------------------------------------
VCO_PEAK_VOLTS = 2.5
"""Every wave form is level-matched to +-2.5 V."""
MIXER_GAIN = 0.7
"""Gain of a mixer channel whose level CV is 5 V: one VCO (+-1.75 V) stays below the filters' knee of 2.4 V, two
at full level overdrive it, as the instrument is known for. Chosen: no measurement was found."""
NOISE_RMS_VOLTS = 0.8
"""White noise before the mixer, in the audible half of the spectrum."""
HISS_VOLTS = 20e-6
"""Circuit noise at the filter's input; without it a filter could not begin to oscillate."""

# --- Filters ----------------------------------------------------------------------------------------------------------
THERMAL_VOLTS = 0.02585
"""kT/q at 27 degrees Celsius."""
OTA1_ATTENUATION = 220.0 / (10_000.0 + 2 * 220.0)
"""Divider in front of the first OTA, which two 10 kilohm resistors feed."""
OTA2_ATTENUATION = 220.0 / (10_000.0 + 220.0)
OTA1_PER_VOLT = OTA1_ATTENUATION / (2 * THERMAL_VOLTS)
"""An OTA's output current is Iabc * tanh(this * volts): it is half saturated near 1.3 V, fully above 2.4 V."""
OTA2_PER_VOLT = OTA2_ATTENUATION / (2 * THERMAL_VOLTS)

FEEDBACK_OHMS = 10_000.0
FEEDBACK_GROUND_OHMS = 1_800.0
FEEDBACK_GAIN = 1.0 + FEEDBACK_OHMS / FEEDBACK_GROUND_OHMS
"""Small-signal gain of the resonance amplifier, 6.56. Oscillation starts where PEAK makes it 2: at 1.53 V."""
DIODE_SATURATION_AMPERES = 1e-19
DIODE_EMISSION = 1.9
"""The two antiparallel light-emitting diodes across the feedback resistor."""
FEEDBACK_RAIL_VOLTS = 10.5
"""The resonance amplifier's output cannot come nearer to the 12 V rails."""

# --- VCA and output -----------------------------------------------------------------------------------------------------
VCA_LINEAR_VOLTS = 4.0
"""The VCA's input stage is linear up to here: beyond what one filter oscillates with at full PEAK (3 V)."""
VCA_LIMIT_VOLTS = 5.4
"""It bends towards this, which only both filters driven hard at high PEAK reach. Chosen: no measurement was found."""
DC_BLOCKER_HZ = 5.0
"""Corner of the output's coupling capacitor."""
OUTPUT_VOLTS_AT_FULL_SCALE = 6.0
"""Voltage behind the VCA that becomes 1.0 in the rendered audio: what the VCA lets through peaks at 0.9."""
SAFETY_FROM = 0.9
SAFETY_TO = 0.99
"""Of full scale: what the coupling capacitor still lifts beyond the first bends towards the second, so that a render
cannot clip whatever the control voltages do. Random patches at full VCA peak at 0.5 (median) and 0.94 (greatest)."""
