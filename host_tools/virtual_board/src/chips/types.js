/** The shapes that the chip models share: the board's declaration, the clock, the settings of a SPI transfer. */

/**
 * The part of `board.json` (`firmware/src/board.py`) that the chips read; tuples are arrays.
 *
 * @typedef {object} Board
 * @property {[string, number][]} CV (name, DACRANGE code); the index is the DAC's channel
 * @property {[number, number, number][]} DAC_RANGE_VOLTS (DACRANGE code, lowest volts, highest volts)
 * @property {[string, number][]} JACK_ADC (jack, range code); the index is the converter's channel
 * @property {number} MUX_COUNT
 * @property {number} MUX_ADDRESSES
 * @property {[string, number][]} PANEL (name, kind); the index is mux * MUX_ADDRESSES + address
 * @property {number} KIND_SPARE
 * @property {number} KIND_ROTARY
 * @property {number[]} ROTARY_LADDER_EIGHTHS
 * @property {number} ADC_BITS
 * @property {number} SHIFT_OUT_BITS
 * @property {number} OUT_KEY_ROW_0
 * @property {number} OUT_TUNE_MUX
 * @property {string[]} TUNE_SOURCES
 * @property {[string, number][]} LEDS (name, bit)
 * @property {number} SHIFT_IN_BITS
 * @property {number} IN_KEY_COLUMN_0
 * @property {[string, number][]} PLUGS (jack, bit)
 * @property {number} KEY_ROWS
 * @property {number} KEY_COLUMNS
 * @property {number} KEY_COUNT
 * @property {number} S_TRIG_THRESHOLD_VOLTS
 */

/**
 * Simulated time, read whenever a model needs it.
 *
 * @typedef {{readonly nanos: number}} Clock
 */

/**
 * How the master clocked a transfer.
 *
 * @typedef {{cpol: number | boolean, cpha: number | boolean, hz: number}} SpiSettings
 */

/**
 * Who is selected on the two converters' shared wires (one bit a chip).
 *
 * @typedef {{selected: number}} SharedBus
 */

/**
 * @typedef {object} DacOptions
 * @property {number[]} [spiModes] modes in which the part hears right; default 1 and 2 (SDI latched on falling edges)
 * @property {boolean} [streaming] false models a part whose STR-EN does nothing; default true
 * @property {'datasheet' | 'ascending'} [rangeOrder] default 'datasheet': 0Ah holds channels 15-12, 0Dh 3-0 (TI's
 *   register table, and an independent driver with a per-channel map); 'ascending': 0Ah holds 0-3, as other field
 *   drivers have it. In both the lowest channel of a register sits in its low nibble.
 * @property {number} [misoIdle] what the master reads while nobody drives MISO: 0 (the RP2040 pad's pull-down) or 1
 * @property {number} [stuckHigh] data bits that DAC0-15 always hold high, as a mask of 16
 * @property {number} [stuckLow] data bits that DAC0-15 always hold low
 * @property {number[][]} [mergedChannels] groups of channels: what is written to one lands in all of its group
 */

/**
 * @typedef {object} JackAdcOptions
 * @property {number[]} [spiModes] modes in which the part hears right; default 1
 * @property {number} [misoIdle] what the master reads while nobody drives MISO: 0 or 1
 * @property {number[]} [offsetCodes] of each channel, added to its code (16 bits); default 0
 * @property {number[]} [gains] of each channel, by which its volts are multiplied; default 1
 * @property {number} [noiseLsb] gaussian noise of a conversion, in LSB rms; default 0.5
 */

/**
 * @typedef {object} MuxOptions
 * @property {number[]} [missing] multiplexers (0-2) that are not fitted: their ADC pins float
 */

/**
 * What the panel's wiring picks up, on top of the converter's own noise; LSB are of the RP2040's ADC, 12 bits.
 *
 * @typedef {object} PanelNoiseOptions
 * @property {number} [wanderLsb] each input wanders within plus or minus this, over seconds; default 0
 * @property {number} [burstsPerSecond] how often a cable is plugged, on average; default 0
 * @property {number} [burstLsb] the most that a burst may swing; default 0
 * @property {number} [burstMs] the longest that a burst may ring; default 10
 */

export {};
