/** @file Model of the RP2040's cache in front of the flash: which reads hit, which miss, never what they read. */

/** The address bits that pick a byte inside one cache line of 8 bytes. */
export const XIP_LINE_BITS = 3;
/** 16 kB in two ways of 8-byte lines: 1024 sets (RP2040 datasheet, "XIP Cache"). */
const SETS = 16384 / 2 / 8;
/** The mask that picks a line's set. */
export const XIP_SET_MASK = SETS - 1;

/**
 * What one missed line costs, an estimate and not a measurement. The Pico's second boot stage (for the W25Q080)
 * reads by quad I/O in continuous mode with clock divider 2: 24 address and 8 mode bits take 8 SCK, the dummies
 * 4 SCK, 8 bytes of data 16 SCK, so 28 SCK or 56 clk_sys; raising chip select, lowering it again and crossing the
 * serial interface's own pipeline are put at 8 more.
 */
export const XIP_MISS_CYCLES_ESTIMATE = 56 + 8;

/**
 * The tags of a two-way set-associative cache with the least recently used way replaced. The datasheet does not say
 * which way silicon replaces; with two ways the choice matters little.
 */
export class XipCache {
  /** @param {number} missCycles Extra processor cycles of a miss; 0 turns the whole model off. */
  constructor(missCycles = 0) {
    /** @type {number} */
    this.missCycles = missCycles;
    /** Line number (flash offset / 8) in the most recently used way of each set, or -1. */
    this.recent = new Int32Array(SETS).fill(-1);
    /** The same for the other way, the next to be replaced. */
    this.older = new Int32Array(SETS).fill(-1);
    /** Look-ups that hit and that missed, as doubles because 2^31 of them is only a minute's work. */
    this.counts = new Float64Array(2);
    /** The CTRL register's EN bit: a disabled cache sends every read to the flash. */
    this.enabled = true;
  }

  /** @returns {number} Look-ups that found their line; runs of fetches from one line are one look-up. */
  get hits() {
    return this.counts[0];
  }

  /** @returns {number} Look-ups that had to read the flash. */
  get misses() {
    return this.counts[1];
  }

  /**
   * Looks a line up and makes it the most recently used of its set.
   * @param {number} line Flash offset / 8.
   * @returns {number} Extra cycles: 0 or `missCycles`.
   */
  touch(line) {
    const set = line & XIP_SET_MASK;
    if (!this.enabled) {
      this.counts[1]++;
      return this.missCycles;
    }
    if (this.recent[set] === line) {
      this.counts[0]++;
      return 0;
    }
    const hit = this.older[set] === line;
    this.older[set] = this.recent[set];
    this.recent[set] = line;
    this.counts[hit ? 0 : 1]++;
    return hit ? 0 : this.missCycles;
  }

  /**
   * A read through one of the aliases of the flash, which differ in what they do with the cache.
   * @param {number} alias 0 = 0x10 (cached), 1 = 0x11 (no allocation), 2 = 0x12 (no look-up), 3 = 0x13 (neither).
   * @param {number} line Flash offset / 8.
   * @returns {number} Extra cycles.
   */
  read(alias, line) {
    if (alias === 0) {
      return this.touch(line);
    }
    const set = line & XIP_SET_MASK;
    if (alias === 1 && this.enabled && (this.recent[set] === line || this.older[set] === line)) {
      this.counts[0]++;
      return 0;
    }
    if (alias === 2 && this.enabled && this.recent[set] !== line) {
      this.older[set] = this.recent[set];
      this.recent[set] = line;
    }
    this.counts[1]++;
    return this.missCycles;
  }

  /**
   * A write to the cached alias, which reaches no flash and only drops the line.
   * @param {number} line Flash offset / 8.
   */
  drop(line) {
    const set = line & XIP_SET_MASK;
    if (this.older[set] === line) {
      this.older[set] = -1;
    }
    if (this.recent[set] === line) {
      this.recent[set] = this.older[set];
      this.older[set] = -1;
    }
  }

  /** Forgets every line, as the ROM's flash_flush_cache and a write to XIP_CTRL's FLUSH do. */
  flush() {
    this.recent.fill(-1);
    this.older.fill(-1);
  }
}
