/**
 * The RP2040's ADC as it really converts: erratum E11's four wide codes, the curve around them, and noise.
 *
 * Measured on five boards (kitanokitsune/rp2040adc_correction, raw data): DNL +8.7, +8.0, +7.7 and +8.0 LSB at codes
 * 511, 1535, 2559 and 3583, INL +-6 LSB (rms 2.8-3.1), noise 0.5 LSB rms. A DNL of 8.7 is a code
 * 9.7 LSB wide. The 32 LSB that the wide codes take are missing elsewhere: every other code is a little narrower
 * (the public corrections add 8 codes after each), which makes the INL a sawtooth of +-4.3 LSB; a slow bow adds the
 * rest. Together they leave about 8.6 effective bits; the data sheet says 8.7.
 * uncertain: whether a few codes near 2048 are missing on some chips (here none is).
 * Not in the curve: the Pico's own offset and gain error (up to 15 LSB at either end on those boards) come from its
 * reference supply, and can be given as `offsetLsb` and `gain`.
 */

/** The wide codes of E11 and their DNL in LSB. */
const E11_SPIKES = Object.freeze([
  Object.freeze([511, 8.7]),
  Object.freeze([1535, 8.0]),
  Object.freeze([2559, 7.7]),
  Object.freeze([3583, 8.0]),
]);
/** Scatter of the edges between ordinary codes, LSB rms, and the narrowest code that it may leave. */
const EDGE_SCATTER = 0.1;
const NARROWEST = 0.3;
/** The bow's height; with the sawtooth it makes the measured INL. */
const BOW_LSB = 2.2;
const NOISE_LSB = 0.5;

/**
 * @param {number} codes
 * @param {import('./random.js').Random} random
 * @returns {Float64Array} where each code begins, in LSB; it ends where the next begins, the last at `codes`
 */
function buildEdges(codes, random) {
  const dnl = new Map(E11_SPIKES.map(([code, lsb]) => [code, lsb]));
  let wide = 0;
  for (const lsb of dnl.values()) wide += 1 + lsb;
  const ordinary = (codes - wide) / (codes - dnl.size);

  const edges = new Float64Array(codes + 1);
  let position = 0;
  for (let code = 0; code < codes; code++) {
    const bow = BOW_LSB * Math.sin((2 * Math.PI * code) / codes);
    const nextToWide = dnl.has(code) || dnl.has(code - 1);
    const scatter = nextToWide || code === 0 ? 0 : EDGE_SCATTER * random.gaussian();
    edges[code] = Math.max(position + bow + scatter, code > 0 ? edges[code - 1] + NARROWEST : 0);
    const lsb = dnl.get(code);
    position += lsb === undefined ? ordinary : 1 + lsb;
  }
  edges[codes] = codes;
  return edges;
}

/** One converter: one curve, drawn from the seed. */
export class Rp2040Adc {
  /**
   * @param {number} bits
   * @param {import('./random.js').Random} random
   * @param {{offsetLsb?: number, gain?: number, noiseLsb?: number}} [options]
   */
  constructor(bits, random, options = {}) {
    this.#codes = 1 << bits;
    this.#random = random;
    this.#edges = buildEdges(this.#codes, random);
    this.offsetLsb = options.offsetLsb ?? 0;
    this.gain = options.gain ?? 1;
    /** Gaussian noise of a conversion, in LSB rms. */
    this.noiseLsb = options.noiseLsb ?? NOISE_LSB;
  }

  #codes;
  #random;
  #edges;

  /**
   * @param {number} code
   * @returns {number} its width in LSB
   */
  width(code) {
    return this.#edges[code + 1] - this.#edges[code];
  }

  /**
   * @param {number} fraction of the ADC's span
   * @returns {number} the code of one conversion
   */
  convert(fraction) {
    const input =
      fraction * this.#codes * this.gain + this.offsetLsb + this.noiseLsb * this.#random.gaussian();
    const edges = this.#edges;
    let low = 0;
    let high = this.#codes;
    // The last code that begins at or below the input.
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (edges[middle] <= input) low = middle;
      else high = middle;
    }
    return low;
  }
}
