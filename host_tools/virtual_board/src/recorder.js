/** The timeline: what happened when, in growing typed arrays, written in the protocol's binary form. */
import fs from 'node:fs';

/** Kinds of record (PROTOCOL.md, "Timeline records"). */
export const KIND = Object.freeze({
  LATCH: 1,
  DAC: 2,
  SHIFT_OUT: 3,
  TRIGGER: 4,
  MG_B: 5,
  DIN_IN: 6,
  USB_MIDI_OUT: 7,
  USB_MIDI_IN: 8,
  DIN_OUT: 9,
  POWER: 10,
  RESET: 11,
  MISUSE: 12,
});

/** @type {Record<string, number>} */
export const KINDS_BY_NAME = KIND;

const RECORD_BYTES = 16;
const FIRST_CAPACITY = 4096;
/** Records converted at a time when a timeline is written: a long one need not be in memory twice. */
const CHUNK = 65536;

export class Recorder {
  // Record i is the i-th element of each.
  times = new Float64Array(FIRST_CAPACITY);
  kinds = new Uint16Array(FIRST_CAPACITY);
  indices = new Uint16Array(FIRST_CAPACITY);
  values = new Int32Array(FIRST_CAPACITY);
  count = 0;
  latches = 0;
  /** Told of every record, while somebody waits for one. @type {((kind: number, index: number, value: number) => void) | null} */
  watch = null;

  /** @param {{readonly nanos: number}} clock */
  constructor(clock) {
    this.clock = clock;
  }

  clear() {
    this.count = 0;
    this.resize(FIRST_CAPACITY);
  }

  /** @param {number} capacity */
  resize(capacity) {
    const { times, kinds, indices, values, count } = this;
    this.times = new Float64Array(capacity);
    this.kinds = new Uint16Array(capacity);
    this.indices = new Uint16Array(capacity);
    this.values = new Int32Array(capacity);
    this.times.set(times.subarray(0, count));
    this.kinds.set(kinds.subarray(0, count));
    this.indices.set(indices.subarray(0, count));
    this.values.set(values.subarray(0, count));
  }

  /**
   * @param {number} kind
   * @param {number} index
   * @param {number} value
   */
  record(kind, index, value) {
    const { count } = this;
    if (count === this.times.length) this.resize(2 * count);
    this.times[count] = this.clock.nanos;
    this.kinds[count] = kind;
    this.indices[count] = index;
    this.values[count] = value;
    this.count = count + 1;
    if (kind === KIND.LATCH) this.latches++;
    if (this.watch) this.watch(kind, index, value);
  }

  /** @param {(kind: number, value: number) => void} each */
  forEach(each) {
    for (let i = 0; i < this.count; i++) each(this.kinds[i], this.values[i]);
  }

  /** @param {string} path @returns {number} how many records the file has */
  write(path) {
    const file = fs.openSync(path, 'w');
    try {
      for (let from = 0; from < this.count; from += CHUNK) {
        const length = Math.min(CHUNK, this.count - from);
        const bytes = new DataView(new ArrayBuffer(length * RECORD_BYTES));
        for (let i = 0; i < length; i++) {
          bytes.setFloat64(RECORD_BYTES * i, this.times[from + i], true);
          bytes.setUint16(RECORD_BYTES * i + 8, this.kinds[from + i], true);
          bytes.setUint16(RECORD_BYTES * i + 10, this.indices[from + i], true);
          bytes.setInt32(RECORD_BYTES * i + 12, this.values[from + i], true);
        }
        fs.writeSync(file, new Uint8Array(bytes.buffer));
      }
    } finally {
      fs.closeSync(file);
    }
    return this.count;
  }
}
