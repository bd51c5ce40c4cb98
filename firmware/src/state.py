"""The tick's memory, named: one array of 32-bit words that the tick, the main loop and the service share.

Everything the 8 kHz tick touches stands here at a fixed address, so the tick never allocates and never looks a
variable up. The names below are word indices: `ptr32(STATE)[EG2_LEVEL_Q28]` in the tick, `state[EG2_LEVEL_Q28]`
outside it (see memory.py). Units and formats are part of the name:

    _q8     1/256 semitone            _q28   1.0 = 1 << 28 (envelope levels)
    _u16    0..65535 for 0..full      _code  DAC code         _ticks  1/TICK_HZ s

Each word has one writer, named in its group's heading; words written by both sides say how.
"""

# declares: constants

from board import CV_COUNT, KEY_ROWS, MUX_COUNT, PANEL_COUNT
from rp2040 import SCRATCH_X

_next = 0


def _word(count=1):
    """Reserve `count` words and return the index of the first."""
    global _next
    first = _next
    _next += count
    return first


# --- Written by the tick --------------------------------------------------------------------------------
TICKS = _word()  # frames since start; wraps after three days, compare by difference
EG_GATE = _word()  # the envelopes' gate: the note stack's, one tick later, so that pitch settles first
EG_RESTART = _word()  # 1 for the one tick in which the envelopes start again
GATE = _word()  # 1 while the note stack holds a note
RETRIGGER = _word()  # set by the note stack when a first note sounds; the pipeline takes it
KEY_PITCH_Q8 = _word()  # sounding note, 0 = note 60
EG2_LEVEL_Q28 = _word()
EG2_STAGE = _word()
EG2_HOLD_LEFT_TICKS = _word()
SHIFT_ROW = _word()  # key row that the next word will drive
MUX_ADDRESS = _word()

# --- Written by the main loop from the panel -----------------------------------------------------------
VCO1_OFFSET_Q8 = _word()  # SCALE + MASTER TUNE
VCO2_OFFSET_Q8 = _word()  # SCALE + MASTER TUNE + VCO 2 PITCH
HPF_CUTOFF_CODE = _word()
LPF_CUTOFF_CODE = _word()
HPF_EG2_DEPTH_Q13 = _word()  # DAC codes per 1/65536 of envelope, times 2^13
LPF_EG2_DEPTH_Q13 = _word()
EG2_SUSTAIN_U16 = _word()
EG2_HOLD_TICKS = _word()
EG2_ATTACK_RATE = _word()  # mantissa, see envelope.py
EG2_ATTACK_SHIFT = _word()
EG2_DECAY_RATE = _word()
EG2_DECAY_SHIFT = _word()
EG2_RELEASE_RATE = _word()
EG2_RELEASE_SHIFT = _word()
SHIFT_WORD = _word()  # wave selects, tune mux, LEDs; the tick adds the key row
DAC_DMA = _word()  # address of the DMA channel that streams frames; 0 = write frame by frame
APB_BASE = _word()  # the address APB, as a word: see hardware.py
SIO_BASE = _word()
CLOCK_DMA = _word()  # address of the DMA channel that makes the tick's interrupt

# --- Remembered by the main loop ---------------------------------------------------------------------------
PANEL_CHANGES_SEEN = _word()
MIDI_ACTIVITY_SEEN = _word()
GATE_SEEN = _word()
ROUND_START = _word()

# --- Notes: written by the tick --------------------------------------------------------------------------
NOTE_COUNT = _word()
NOTE_STACK_SIZE = 16
NOTE_STACK = _word(NOTE_STACK_SIZE)  # oldest first; source << 7 | note
NOTES_PLAYED = _word()

# --- MIDI: written by the tick -----------------------------------------------------------------------------
PORT_DIN = 0
PORT_USB = 1
PORT_KEYS = 2
PORT_COUNT = 2  # inputs with a byte machine
PORT_WORDS = 6
PORTS = _word(PORT_COUNT * PORT_WORDS)
PORT_STATUS = 0  # running status, 0 = none; SYSEX while a system exclusive passes
PORT_DATA_1 = 1  # first data byte, -1 = none yet
PORT_BYTES = 2
PORT_BYTES_BAD = 3  # framing, break, overrun, data with no status
PORT_LAST_BYTE_TICK = 4
PORT_SENSING = 5  # 1 once FE was seen
MIDI_ACTIVITY = _word()  # channel-1 messages acted on; the MIDI LED watches it

# --- USB-MIDI packets: head by the USB driver, tail by the tick ----------------------------------------------
USB_HEAD = _word()
USB_TAIL = _word()
USB_RING_SIZE = 64
USB_RING = _word(USB_RING_SIZE)  # packets as they came, little-endian
USB_DROPPED = _word()

# --- Keys: written by the tick -----------------------------------------------------------------------------
KEY_DOWN = _word(KEY_ROWS)  # accepted columns of each row
KEY_RELEASING = _word(KEY_ROWS)  # columns of each row whose release is being timed
KEY_UP_SCANS = _word(KEY_ROWS)  # scans that row's releasing columns have been up
PLUGS_IN = _word()  # the 165s' word, as last read

# --- Panel: filtered by the tick; `changed` set by the tick, cleared (before reading) by the main loop --------
PANEL_SAMPLE = _word(MUX_COUNT)  # this tick's conversions
PANEL_FILTERED_Q4 = _word(PANEL_COUNT)  # 12-bit code * 16
PANEL_REPORTED_Q4 = _word(PANEL_COUNT)
PANEL_ANCHOR_Q4 = _word(PANEL_COUNT)  # where the wide band is centred
PANEL_MOVING = _word(PANEL_COUNT)  # scans for which fine steps are still followed
PANEL_CHANGED = _word(PANEL_COUNT)
PANEL_CHANGES = _word()  # counts reports, so that the main loop need not look through the panel

# --- Counters: written by the tick, cleared by the service ------------------------------------------------------
EDGE_US = _word()  # time of the tick's LDAC edge; written by the clock's DMA channel
LAST_EDGE_US = _word()
ENTRY_CYCLES_MAX = _word()  # clk_sys cycles from LDAC's edge to the tick's first line
TICK_CYCLES_MIN = _word()  # from LDAC's edge to the tick's last line
TICK_CYCLES_MAX = _word()
TICK_CYCLES_SUM_16 = _word()  # in units of 16 cycles, so that it wraps after half an hour at the earliest
TICKS_TIMED = _word()
LATE_TICKS = _word()

STATE_WORDS = _next

# --- Where it all stands --------------------------------------------------------------------------------------
STATE = SCRATCH_X
"""Address of word 0."""
STATE_ROOM = 2048
"""Bytes kept for the words above."""
FRAME = SCRATCH_X + STATE_ROOM + 1
"""The DAC's streaming frame: an address byte here, then 16 big-endian codes, aligned to two bytes."""
FRAME_CODES = FRAME + 1
FRAME_BYTES = 1 + 2 * CV_COUNT
KBD_CV_TABLE = SCRATCH_X + STATE_ROOM + 64
"""128 DAC codes (u16, in the frame's byte order) of KBD CV OUT, one a note."""
KBD_CV_TABLE_BYTES = 256

if STATE_WORDS * 4 > STATE_ROOM:
    raise ValueError("state.py: the words no longer fit STATE_ROOM")
