/**
 * What can be wrong inside or around a DAC81416: data bits that cannot change, channels that are written together.
 *
 * A fault sits before the data registers, so that a read-back and the output tell the same.
 */

/** The faults of one part. */
export class DacFaults {
  /**
   * @param {number} channels
   * @param {import('./types.js').DacOptions} options
   */
  constructor(channels, { stuckHigh = 0, stuckLow = 0, mergedChannels = [] }) {
    for (const mask of [stuckHigh, stuckLow]) {
      if (!(Number.isInteger(mask) && mask >= 0 && mask <= 0xffff))
        throw new RangeError(`The DAC's stuck bits are a mask of 16 bits, not ${JSON.stringify(mask)}`);
    }
    if (stuckHigh & stuckLow) throw new RangeError('A data bit of the DAC cannot be stuck both high and low');
    this.#high = stuckHigh;
    this.#kept = ~stuckLow;
    this.#landings = Uint16Array.from({ length: channels }, (_, channel) => 1 << channel);
    if (!Array.isArray(mergedChannels) || !mergedChannels.every(Array.isArray))
      throw new RangeError("The DAC's merged channels must be a list of lists of channels");
    for (const merged of mergedChannels) {
      let mask = 0;
      for (const channel of merged) {
        if (!(Number.isInteger(channel) && channel >= 0 && channel < channels))
          throw new RangeError(`The DAC has no channel ${JSON.stringify(channel)} to be merged`);
        mask |= 1 << channel;
      }
      for (const channel of merged) this.#landings[channel] |= mask;
    }
  }

  #high;
  #kept;
  #landings;

  /**
   * @param {number} value written to a data register
   * @returns {number} what the register then holds
   */
  stored(value) {
    return (value | this.#high) & this.#kept;
  }

  /**
   * A write to a data register.
   *
   * @param {Uint16Array} registers
   * @param {number} first where channel 0's data register is
   * @param {number} channel
   * @param {number} value
   * @returns {number} the channels that have new data, one bit each
   */
  write(registers, first, channel, value) {
    const stored = this.stored(value);
    const landings = this.#landings[channel];
    for (let left = landings; left; left &= left - 1)
      registers[first + 31 - Math.clz32(left & -left)] = stored;
    return landings;
  }
}
