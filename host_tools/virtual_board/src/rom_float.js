/**
 * The boot ROM's floating-point functions (datasheet 2.8.3.2), run by the host's own arithmetic.
 *
 * Kept from the ROM: conversions to integers round towards minus infinity and saturate, denormals count as zero,
 * sin leaves the cosine in the next register. Not kept: the last bits of its trigonometry (the host is more
 * exact) and its habit of taking a NaN for an infinity. Cycles are the datasheet's averages.
 */

/** @typedef {{name: string, cycles: number, run: () => void}} RomFunction */

const bytes = new DataView(new ArrayBuffer(8));

/**
 * Reads and writes the registers as numbers of one format: single in one register, double in two.
 * @param {Uint32Array} r
 */
function singles(r) {
  const tiniest = 2 ** -126;
  return {
    words: 1,
    /** @param {number} i */
    get(i) {
      bytes.setUint32(0, r[i]);
      const value = bytes.getFloat32(0);
      return Math.abs(value) < tiniest ? value * 0 : value;
    },
    /**
     * @param {number} value
     * @param {number} [i]
     */
    put(value, i = 0) {
      bytes.setFloat32(0, Math.abs(value) < tiniest ? value * 0 : value);
      r[i] = bytes.getUint32(0);
    },
  };
}

/** @param {Uint32Array} r */
function doubles(r) {
  const tiniest = 2 ** -1022;
  return {
    words: 2,
    /** @param {number} i */
    get(i) {
      bytes.setUint32(4, r[2 * i]);
      bytes.setUint32(0, r[2 * i + 1]);
      const value = bytes.getFloat64(0);
      return Math.abs(value) < tiniest ? value * 0 : value;
    },
    /**
     * @param {number} value
     * @param {number} [i]
     */
    put(value, i = 0) {
      bytes.setFloat64(0, Math.abs(value) < tiniest ? value * 0 : value);
      r[2 * i] = bytes.getUint32(4);
      r[2 * i + 1] = bytes.getUint32(0);
    },
  };
}

/**
 * Names and mean cycles (single, double) in the order of the tables (pico-sdk, pico/bootrom/sf_table.h).
 * @type {[string, number, number][]}
 */
const TABLE = [
  ['add', 71, 91],
  ['sub', 74, 95],
  ['mul', 58, 155],
  ['div', 71, 183],
  ['cmp_fast', 25, 39],
  ['cmp_fast_flags', 25, 39],
  ['sqrt', 63, 169],
  ['to_int', 40, 75],
  ['to_fix', 39, 74],
  ['to_uint', 39, 63],
  ['to_ufix', 38, 62],
  ['from_int', 55, 69],
  ['from_fix', 53, 68],
  ['from_uint', 54, 64],
  ['from_ufix', 52, 62],
  ['cos', 587, 1617],
  ['sin', 577, 1618],
  ['tan', 653, 1891],
  ['sincos', 577, 1718],
  ['exp', 524, 804],
  ['ln', 789, 415],
  ['cmp', 25, 39],
  ['atan2', 599, 2168],
  ['from_int64', 55, 55],
  ['from_fix64', 53, 56],
  ['from_uint64', 54, 52],
  ['from_ufix64', 52, 50],
  ['to_int64', 50, 64],
  ['to_fix64', 49, 63],
  ['to_uint64', 41, 53],
  ['to_ufix64', 40, 52],
  ['convert', 15, 23],
];

const INT32 = [-(2 ** 31), 2 ** 31 - 1];
const UINT32 = [0, 2 ** 32 - 1];

/**
 * The 32 functions of one table, in order.
 * @param {{registers: Uint32Array, N: boolean, Z: boolean, C: boolean, V: boolean}} core
 * @param {'single' | 'double'} format
 * @returns {RomFunction[]}
 */
export function floatFunctions(core, format) {
  const r = core.registers;
  const own = format === 'single' ? singles(r) : doubles(r);
  const other = format === 'single' ? doubles(r) : singles(r);
  const { get, put, words } = own;

  /** @param {number} i the register where the place of the binary point stands */
  const point = (i) => 2 ** (r[i] | 0);
  const floor = (/** @type {number} */ x, /** @type {number[]} */ [low, high]) =>
    Number.isNaN(x) ? 0 : Math.min(high, Math.max(low, Math.floor(x)));
  const compare = () => {
    const difference = get(0) - get(1);
    return get(0) === get(1) ? 0 : Math.sign(difference);
  };
  const read64 = (/** @type {boolean} */ signed) => {
    const value = (BigInt(r[1]) << 32n) | BigInt(r[0]);
    return Number(signed ? BigInt.asIntN(64, value) : value);
  };
  const write64 = (/** @type {number} */ x, /** @type {boolean} */ signed) => {
    const low = signed ? -(2n ** 63n) : 0n;
    const high = signed ? 2n ** 63n - 1n : 2n ** 64n - 1n;
    const value = Number.isNaN(x) ? 0n : x >= 2 ** 65 ? high : x <= -(2 ** 65) ? low : BigInt(Math.floor(x));
    const clamped = BigInt.asUintN(64, value < low ? low : value > high ? high : value);
    r[0] = Number(clamped & 0xffffffffn);
    r[1] = Number(clamped >> 32n);
  };
  const sinAndCos = () => {
    const x = get(0);
    put(Math.sin(x));
    put(Math.cos(x), 1);
  };

  /** @type {Record<string, () => void>} */
  const run = {
    add: () => put(get(0) + get(1)),
    sub: () => put(get(0) - get(1)),
    mul: () => put(get(0) * get(1)),
    div: () => put(get(0) / get(1)),
    cmp_fast: () => void (r[0] = compare()),
    cmp_fast_flags: () => {
      const order = compare();
      core.N = order < 0;
      core.Z = order === 0;
      core.C = order >= 0;
      core.V = false;
    },
    sqrt: () => put(Math.sqrt(get(0))),
    to_int: () => void (r[0] = floor(get(0), INT32)),
    to_fix: () => void (r[0] = floor(get(0) * point(words), INT32)),
    to_uint: () => void (r[0] = floor(get(0), UINT32)),
    to_ufix: () => void (r[0] = floor(get(0) * point(words), UINT32)),
    from_int: () => put(r[0] | 0),
    from_fix: () => put((r[0] | 0) / point(1)),
    from_uint: () => put(r[0]),
    from_ufix: () => put(r[0] / point(1)),
    cos: () => put(Math.cos(get(0))),
    sin: sinAndCos,
    tan: () => put(Math.tan(get(0))),
    sincos: sinAndCos,
    exp: () => put(Math.exp(get(0))),
    ln: () => put(Math.log(get(0))),
    cmp: () => void (r[0] = compare()),
    atan2: () => put(Math.atan2(get(0), get(1))),
    from_int64: () => put(read64(true)),
    from_fix64: () => put(read64(true) / point(2)),
    from_uint64: () => put(read64(false)),
    from_ufix64: () => put(read64(false) / point(2)),
    to_int64: () => write64(get(0), true),
    to_fix64: () => write64(get(0) * point(words), true),
    to_uint64: () => write64(get(0), false),
    to_ufix64: () => write64(get(0) * point(words), false),
    convert: () => other.put(get(0)),
  };
  return TABLE.map(([name, single, double]) => ({
    name: `${format} ${name}`,
    cycles: format === 'single' ? single : double,
    run: run[name],
  }));
}
