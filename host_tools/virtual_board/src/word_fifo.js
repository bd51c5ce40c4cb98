/** A small ring buffer of words, as SPI, UART and ADC have. */

export class WordFifo {
  /** @param {number} depth a power of two */
  constructor(depth) {
    this.words = new Uint16Array(depth);
    this.depth = depth;
    this.first = 0;
    this.count = 0;
  }

  get empty() {
    return this.count === 0;
  }

  get full() {
    return this.count === this.depth;
  }

  clear() {
    this.first = this.count = 0;
  }

  /** @param {number} word dropped if there is no room */
  push(word) {
    if (this.count === this.depth) return;
    this.words[(this.first + this.count) & (this.words.length - 1)] = word;
    this.count++;
  }

  /** The oldest word, or 0 if there is none. */
  pull() {
    if (!this.count) return 0;
    const word = this.words[this.first];
    this.first = (this.first + 1) & (this.words.length - 1);
    this.count--;
    return word;
  }
}
