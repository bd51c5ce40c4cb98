"""The tick's memory, named: one array of 32-bit words that the tick, the main loop and the service share.

Everything the 8 kHz tick touches stands here at a fixed address, so the tick never allocates and never looks a
variable up. The names below are word indices: `ptr32(STATE)[EG2_LEVEL_Q28]` in the tick, `state[EG2_LEVEL_Q28]`
outside it (see memory.py). Units and formats are part of the name:

    _q9     1/512 semitone            _q20   1/2^20 semitone      _q28   1.0 = 1 << 28 (envelope levels)
    _u16    0..65535 for 0..full      _s16   -32768..32767        _code  DAC code
    _ticks  1/TICK_HZ s

Each word has one writer, named in its group's heading; words written by both sides say how.
"""

# link: constants
# declares: constants

from board import CV_COUNT, KEY_ROWS, MUX_COUNT, PANEL_COUNT
from rp2040 import TICK_MEMORY

_next = 0


def _word(count=1):
    """Reserve `count` words and return the index of the first."""
    global _next
    first = _next
    _next += count
    return first


# --- Time and gates: written by the tick -----------------------------------------------------------------
TICKS = _word()  # frames since start; wraps after three days, compare by difference
GATE = _word()  # 1 while the note stack holds a note
RETRIGGER = _word()  # set by the note stack when the envelopes must start again; the pipeline takes it
KEY_GATE = _word()  # GATE one tick later, so that pitch settles first
KEY_RESTART = _word()  # 1 for the one tick in which the keyboard's envelopes start again
EG1_GATE = _word()  # what the envelopes follow: the keyboard's, or TRIG IN's, or EG1 TRIG IN's
EG1_RESTART = _word()
EG2_GATE = _word()
EG2_RESTART = _word()
TRIG_PINS = _word()  # accepted levels of TRIG IN and EG1 TRIG IN, as bits of SIO's GPIO_IN
TRIG_FELL = _word()  # pins accepted as fallen in this tick
TRIG_IN_FALLS = _word()  # times TRIG IN went low: activity for the auto-off
SHIFT_ROW = _word()  # key row that the next word will drive
SCAN_PLACE = _word()  # place in the panel's scan, 0 .. the number of places - 1
MONITOR_PLACE = _word()  # which of the rarely read addresses comes next
MUX_ADDRESS = _word()  # address that the multiplexers show, for this tick's conversions

# --- Pitch: written by the tick ---------------------------------------------------------------------------
TARGET_Q20 = _word()  # sounding note, 0 = note 60
GLIDE_Q20 = _word()  # where portamento stands on its way there
GLIDE_REST = _word()  # what its last step could not do, less than 1/2^20 semitone: see glide.py
BEND_Q9 = _word()  # extended mode: pitch bend
CV_INPUTS = (
    2  # VCO 1+2 CV IN, VCO 2 CV IN: in the order of the jack ADC's channels and of their plug switches
)
CV_CODE_Q4 = _word(CV_INPUTS)  # jack ADC code * 16, smoothed
CV_PITCH_Q9 = _word(CV_INPUTS)  # its pitch, 0 = note 60
CV_READY = _word()  # bit per input that has been read since its plug went in
JACK_SELECTED = _word()  # jack ADC channel that its next frame will convert

# --- Modulators: written by the tick ------------------------------------------------------------------------
EG1_LEVEL_Q28 = _word()
EG1_STAGE = _word()
EG1_DELAY_LEFT_TICKS = _word()
EG2_LEVEL_Q28 = _word()
EG2_STAGE = _word()
EG2_HOLD_LEFT_TICKS = _word()
MG_PHASE_Q30 = _word()  # 1.0 = one period
MG_LEVEL_S16 = _word()  # MG OUT A: -2.5 .. +2.5 V
MG_PULSE = _word()  # MG OUT B: 1 = +5 V

# --- Written by the main loop from the panel -----------------------------------------------------------------
SCALE_1_Q9 = _word()  # the parts of the two sums below
SCALE_2_Q9 = _word()
TUNE_Q9 = _word()
VCO2_PITCH_Q9 = _word()
VCO1_OFFSET_Q9 = _word()  # SCALE + MASTER TUNE
VCO2_OFFSET_Q9 = _word()  # SCALE + MASTER TUNE + VCO 2 PITCH
HPF_CUTOFF_CODE = _word()
LPF_CUTOFF_CODE = _word()
EG1_DELAY_TICKS = _word()
RATE_BITS = 14
"""A rate is `shift << RATE_BITS | mantissa`, one word, so that the tick never sees half of one: see envelope.py."""
RATE_MASK = (1 << RATE_BITS) - 1
EG1_ATTACK_RATE = _word()
EG1_RELEASE_RATE = _word()
EG2_HOLD_TICKS = _word()
EG2_ATTACK_RATE = _word()
EG2_DECAY_RATE = _word()
EG2_SUSTAIN_U16 = _word()
EG2_RELEASE_RATE = _word()
GLIDE_RATE = _word()  # see glide.py; 0 = no portamento
FM_MG_KNOB_Q9 = _word()  # the parts of DEPTH + MG_TO_PITCH: the knob's, and extended mode's from CC 1
FM_MG_WHEEL_Q9 = _word()
MG_KNOB_INCREMENT = _word()  # phase a tick, as MG FREQUENCY stands
MG_INCREMENT = _word()  # the same, or what follows MIDI clock
MG_FOLLOWS = _word()  # 1 = MIDI clock sets it
MG_SHAPE_WORDS = 4
MG_SHAPE = _word(
    2 * MG_SHAPE_WORDS
)  # two sets of what mg.py needs for a wave form: one in use, one to prepare
MG_SHAPE_IN_USE = _word()  # 0 or MG_SHAPE_WORDS
F_V_CODES_US = _word()  # F-V CV OUT's code times the period in us
SHIFT_WORD = _word()  # wave selects, tune mux, LEDs; the tick adds the key row

# --- Normalled modulation: depths by the main loop, gains and effective depths by the tick (normals.py) --------
MG_TO_PITCH = 0  # q9 of pitch for a full MG
EG1_TO_PITCH = 1  # q9 of pitch for a full EG 1
MG_TO_HPF = 2  # DAC codes for a full MG
EG2_TO_HPF = 3  # DAC codes per 1/65536 of EG 2, times 2^13
MG_TO_LPF = 4
EG2_TO_LPF = 5
DEPTH_COUNT = 6
DEPTH = _word(DEPTH_COUNT)  # as the knobs stand
DEPTH_NOW = _word(DEPTH_COUNT)  # times the gain of the normal: what the sums use
NORMAL_TOTAL = 0
NORMAL_FREQ = 1
NORMAL_HPF = 2
NORMAL_LPF = 3
NORMAL_COUNT = 4
NORMAL_STEP = _word(
    NORMAL_COUNT
)  # 0 = a plug broke the normal .. FADE_STEPS = it is whole .. ROUND_STEPS = 0 (normals.py)
NORMAL_GAIN = _word(NORMAL_COUNT)  # 0..GAIN_FULL, as that step says
NORMALS_FADING = _word()  # 1 while a step is not yet where its plug wants it; written by the tick
DEPTHS_DUE = (
    _word()
)  # 1 = the tick is to work DEPTH_NOW out; set by both sides, cleared (before reading) by the tick

# --- CV inputs' calibration: written by the main loop ------------------------------------------------------------
CV_ZERO_Q4 = _word(CV_INPUTS)  # jack ADC code * 16 at 0 V
CV_GAIN_Q9 = _word(CV_INPUTS)  # added to the pitch: a gain error in Hz/V is an offset in pitch

# --- Drivers' addresses: written at start ----------------------------------------------------------------------
DAC_DMA = _word()  # address of the DMA channel that streams frames; 0 = write frame by frame
APB_BASE = _word()  # the address APB, as a word: see hardware.py
SIO_BASE = _word()
CLOCK_DMA = _word()  # address of the DMA channel that makes the tick's interrupt
F_V_DMA = _word()  # address of the DMA channel that writes the F-V edges' times
SPI_CR0_DAC = _word()  # SSPCR0 of SPI0 for the DAC's frames, and for the jack ADC's
SPI_CR0_JACKS = _word()

# --- Held for the service: written by the main loop (service.py) ---------------------------------------------------
CV_HELD = _word()  # bit per DAC channel that stands at its held code, whatever the sums say
CV_HELD_CODE = _word(CV_COUNT)

# --- Settings that the tick obeys: written by the main loop (settings.py) ----------------------------------------
NOTE_PRIORITY = _word()
PRIORITY_LAST = 0
PRIORITY_LOW = 1
PRIORITY_HIGH = 2
MULTI_TRIGGER = _word()  # 1 = every new sounding note starts the envelopes
EXTENDED = _word()  # 1 = pitch bend, controllers, velocity, clock act
BEND_RANGE_Q9 = _word()
AUX_SOURCE = _word()
AUX_OFF = 0
AUX_VELOCITY = 1
AUX_AFTERTOUCH = 2
AUX_CC1 = 3
AUX_CC74 = 4
AUX_CODES_Q7 = _word()  # DAC codes per step of a 7-bit value, times 128
SENSING_TICKS = _word()  # silence after which a sensing input is given up

# --- Remembered by the main loop ----------------------------------------------------------------------------------
PANEL_CHANGES_SEEN = _word()
MIDI_ACTIVITY_SEEN = _word()
GATE_SEEN = _word()
MG_SEEN = _word()
EXTENDED_SEEN = _word()
ROUND_START = _word()
USB_FRAME_SEEN = _word()

# --- Notes: written by the tick -------------------------------------------------------------------------------------
NOTE_COUNT = _word()
NOTE_STACK_SIZE = 16
NOTE_STACK = _word(NOTE_STACK_SIZE)  # oldest first; see note_stack.py
SOUNDING = _word()  # the entry that sounds, or sounded last; -1 = none since the last silence
NOTES_PLAYED = _word()
PEDALS = _word()  # extended mode: bit per source whose sustain pedal is down

# --- MIDI in: written by the tick --------------------------------------------------------------------------------------
PORT_DIN = 0
PORT_USB = 1
PORT_KEYS = 2
PORT_COUNT = 2  # inputs with a byte machine
PORT_WORDS = 9
PORTS = _word(PORT_COUNT * PORT_WORDS)
PORT_STATUS = 0  # running status, 0 = none
PORT_DATA_1 = 1  # first data byte, -1 = none yet
PORT_BYTES = 2
PORT_BYTES_BAD = 3  # framing, break
PORT_LAST_BYTE_TICK = 4
PORT_SENSING = 5  # 1 once FE was seen
PORT_OVERRUNS = 6
PORT_SENSING_LOST = 7  # times active sensing ended notes
PORT_BREAKS = 8  # times the line was held low
MIDI_ACTIVITY = _word()  # channel-1 messages acted on; the MIDI LED watches it
EXTENDED_NEWS = _word()  # counts what extended mode left for the main loop: controllers, clock
CLOCK_COUNT = _word()  # extended mode: MIDI clocks since the last Start
CLOCK_TICK = _word()  # the tick of the newest one
CLOCK_PHASE_Q30 = _word()  # MG's phase at that tick
CLOCK_STARTED = _word()  # 1 = the next clock is the first of a song

# --- USB-MIDI packets in: head by the USB driver, tail by the tick --------------------------------------------------------
USB_HEAD = _word()
USB_TAIL = _word()
USB_RING_SIZE = 64
USB_RING = _word(USB_RING_SIZE)  # packets as they came, little-endian
USB_DROPPED = _word()
GIVE_UP = _word(
    PORT_COUNT
)  # set to 1 by the main loop: the tick ends what the port holds and clears the word
LET_GO = _word()  # bit per port, the tick's own: its notes have ended, its pedal and its bend have not yet

# --- Keys: written by the tick ------------------------------------------------------------------------------------------------
KEY_DOWN = _word(KEY_ROWS)  # accepted columns of each row
KEY_RELEASING = _word(KEY_ROWS)  # columns of each row whose release is being timed
KEY_UP_SCANS = _word(KEY_ROWS)  # scans that row's releasing columns have been up
PLUGS_IN = _word()  # the plug switches as accepted, at their bits of the 165s' word
PLUGS_SEEN = _word()  # as last read
PLUGS_STEADY_TICKS = _word()  # ticks for which what is read has differed from PLUGS_IN and kept still

# --- Key events: written by the tick; read by the tick for notes and DIN OUT, by the main loop for USB ------------------------------------
KEY_EVENT_HEAD = _word()
KEY_EVENT_SIZE = 64
KEY_EVENT = _word(KEY_EVENT_SIZE)  # note << 8 | status
KEY_NOTE_TAIL = _word()  # events up to here have reached the note stack
DIN_OUT_TAIL = _word()
DIN_OUT_BYTE = _word()  # bytes of the event at the tail that are already out, 0..2
USB_OUT_TAIL = _word()  # written by the main loop

# --- Panel: filtered by the tick; `changed` set by the tick, cleared (before reading) by the main loop ---------------------------
PANEL_SAMPLE = _word(MUX_COUNT)  # this tick's conversions
PANEL_LAST = _word(PANEL_COUNT)  # each input's last two samples, packed: for the median
PANEL_FILTERED_Q4 = _word(PANEL_COUNT)  # 12-bit code * 16
PANEL_REPORTED_Q4 = _word(
    PANEL_COUNT
)  # also written by the main loop, for a CC or the service in a knob's place
PANEL_ANCHOR_Q4 = _word(PANEL_COUNT)  # where an input came to rest
PANEL_MOVING = _word(PANEL_COUNT)  # scans for which it still counts as moving
PANEL_CHANGED = _word(PANEL_COUNT)
PANEL_CHANGES = _word()  # counts reports, so that the main loop need not look through the panel

# --- Counters: written by the tick, cleared by the service ----------------------------------------------------------------------------
EDGE_US = _word()  # time of the tick's LDAC edge; written by the clock's DMA channel
LAST_EDGE_US = _word()
ENTRY_CYCLES_MAX = _word()  # clk_sys cycles from LDAC's edge to the tick's first line
TICK_CYCLES_MIN = _word()  # from LDAC's edge to the tick's last line
TICK_CYCLES_MAX = _word()
TICK_CYCLES_SUM_16 = _word()  # in units of 16 cycles, so that it wraps after half an hour at the earliest
TICKS_TIMED = _word()
LATE_TICKS = _word()

STATE_WORDS = _next

# --- Where it all stands ----------------------------------------------------------------------------------------------------------------
STATE = TICK_MEMORY
"""Address of word 0."""
STATE_ROOM = 2752
"""Bytes kept for the words above."""
FRAME = TICK_MEMORY + STATE_ROOM + 1
"""The DAC's streaming frame: an address byte here, then 16 big-endian codes, aligned to two bytes."""
FRAME_CODES = FRAME + 1
FRAME_BYTES = 1 + 2 * CV_COUNT
KBD_CV_TABLE = TICK_MEMORY + STATE_ROOM + 64
"""128 DAC codes (u16, in the frame's byte order) of KBD CV OUT, one a note."""
KBD_CV_TABLE_BYTES = 256
LOG2_TABLE = KBD_CV_TABLE + KBD_CV_TABLE_BYTES
"""log2(1 + i/64) in 1/4096 semitone (u16), i = 0..64: see cv_in.py."""
LOG2_TABLE_BYTES = 132
CC_VALUES = LOG2_TABLE + LOG2_TABLE_BYTES
"""128 bytes: the newest value of each controller of channel 1, in extended mode."""
CC_COUNT = 128
CC_FRESH = CC_VALUES + CC_COUNT
"""128 bytes: 1 until the main loop has taken the value; it clears this before it reads that."""
F_V_EDGES_SIZE = 64
F_V_EDGES = TICK_MEMORY + 0xE00
"""Ring of the last F-V edges' times (u32 us), written by a DMA channel: aligned to its 256 bytes."""
KEPT = TICK_MEMORY + 0xF00
"""A word that a soft reset of MicroPython must not lose: see service_mode.py."""
ENTRY = KEPT
"""What tick_entry.py needs, below; aligned to 256 bytes."""
TICK_FUNCTION = ENTRY + 4
STACK_LIMIT_ADDRESS = ENTRY + 8
NO_LIMIT = ENTRY + 12
SPARE = ENTRY + 16
"""From here on nothing, up to MicroPython's stack."""

if STATE_WORDS * 4 > STATE_ROOM:
    raise ValueError("state.py: the words no longer fit STATE_ROOM")
if CC_FRESH + CC_COUNT > F_V_EDGES:
    raise ValueError("state.py: the tables no longer fit before F_V_EDGES")
