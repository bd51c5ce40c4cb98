/** @file Results and flags of every data-processing instruction, held against the architecture's pseudocode. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { execute, fastChip, generator } from './fast_core_helpers.js';

const { chip, core } = fastChip();

/** @typedef {{ value: bigint, n?: bigint, c?: bigint, v?: bigint }} Outcome n defaults to bit 31 of the value. */

const MASK = 0xffffffffn;
const signed = (/** @type {bigint} */ x) => BigInt.asIntN(32, x);

/**
 * AddWithCarry() of the ARMv6-M reference manual.
 * @param {bigint} x @param {bigint} y @param {bigint} carry @returns {Outcome}
 */
function addWithCarry(x, y, carry) {
  const unsignedSum = x + y + carry;
  const signedSum = signed(x) + signed(y) + carry;
  const value = unsignedSum & MASK;
  return { value, c: value === unsignedSum ? 0n : 1n, v: signed(value) === signedSum ? 0n : 1n };
}

/**
 * Shift_C() of the same, for LSL, LSR, ASR and ROR.
 * @param {number} kind @param {bigint} x @param {bigint} amount @param {bigint} carry @returns {Outcome}
 */
function shift(kind, x, amount, carry) {
  if (amount === 0n) {
    return { value: x, c: carry };
  }
  if (kind === 0) {
    const wide = x << amount;
    return { value: wide & MASK, c: (wide >> 32n) & 1n };
  }
  if (kind === 3) {
    const by = amount & 31n;
    const value = ((x >> by) | (x << (32n - by))) & MASK;
    return { value, c: value >> 31n };
  }
  const extended = kind === 1 ? x : signed(x);
  return { value: (extended >> amount) & MASK, c: (extended >> (amount - 1n)) & 1n };
}

const not = (/** @type {bigint} */ x) => ~x & MASK;

/**
 * The 16 instructions 010000xxxx: what they make of Rdn, Rm and carry; `keeps` = writes no register.
 * @type {[name: string, (a: bigint, b: bigint, c: bigint) => Outcome, keeps?: boolean][]}
 */
const REGISTER_FORMS = [
  ['ANDS', (a, b) => ({ value: a & b })],
  ['EORS', (a, b) => ({ value: a ^ b })],
  ['LSLS', (a, b, c) => shift(0, a, b & 255n, c)],
  ['LSRS', (a, b, c) => shift(1, a, b & 255n, c)],
  ['ASRS', (a, b, c) => shift(2, a, b & 255n, c)],
  ['ADCS', (a, b, c) => addWithCarry(a, b, c)],
  ['SBCS', (a, b, c) => addWithCarry(a, not(b), c)],
  ['RORS', (a, b, c) => shift(3, a, b & 255n, c)],
  ['TST', (a, b) => ({ value: a & b }), true],
  ['RSBS', (_, b) => addWithCarry(not(b), 0n, 1n)],
  ['CMP', (a, b) => addWithCarry(a, not(b), 1n), true],
  ['CMN', (a, b) => addWithCarry(a, b, 0n), true],
  ['ORRS', (a, b) => ({ value: a | b })],
  ['MULS', (a, b) => ({ value: (a * b) & MASK })],
  ['BICS', (a, b) => ({ value: a & not(b) })],
  ['MVNS', (_, b) => ({ value: not(b) })],
];

const EDGES = [0, 1, 2, 5, 31, 32, 33, 63, 64, 255, 256, 257, 0x7fff, 0x8000, 0xffff, 0x12345678];
const HIGH_EDGES = [0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xffffff00, 0xfffffffe, 0xffffffff];
const random = generator(1);
const OPERANDS = [...EDGES, ...HIGH_EDGES, ...Array.from({ length: 12 }, () => random(2 ** 32))];

/**
 * Executes one instruction on r1 (second operand r2, result r1 unless `rd` says otherwise) and compares everything.
 * @param {string} name
 * @param {number} op
 * @param {number} a
 * @param {number} b
 * @param {number} rd Result register, or -1.
 * @param {(c: bigint) => Outcome} expected
 */
function check(name, op, a, b, rd, expected) {
  for (let flags = 0; flags < 16; flags++) {
    core.registers[1] = a;
    core.registers[2] = b;
    core.APSR = flags << 28;
    const cycles = execute(chip, core, [op]);
    const { value, c = BigInt((flags >> 1) & 1), v = BigInt(flags & 1) } = expected(BigInt((flags >> 1) & 1));
    const got = {
      N: core.N,
      Z: core.Z,
      C: core.C,
      V: core.V,
      value: rd < 0 ? 0 : core.registers[rd],
      cycles,
    };
    const want = {
      N: value >> 31n === 1n,
      Z: value === 0n,
      C: c === 1n,
      V: v === 1n,
      value: rd < 0 ? 0 : Number(value),
      cycles: 1,
    };
    assert.deepEqual(got, want, `${name} 0x${a.toString(16)}, 0x${b.toString(16)}, flags ${flags}`);
  }
}

for (const [index, [name, meaning, keeps]] of REGISTER_FORMS.entries()) {
  test(`${name} between registers`, () => {
    for (const a of OPERANDS) {
      for (const b of OPERANDS) {
        const op = 0x4000 | (index << 6) | (2 << 3) | 1;
        check(name, op, a, b, keeps ? -1 : 1, (c) => meaning(BigInt(a), BigInt(b), c));
      }
    }
  });
}

test('shifts by an immediate, 0 meaning none or 32', () => {
  for (const [kind, name] of ['LSLS', 'LSRS', 'ASRS'].entries()) {
    for (let amount = 0; amount < 32; amount++) {
      const by = BigInt(kind !== 0 && amount === 0 ? 32 : amount);
      for (const a of OPERANDS) {
        const op = (kind << 11) | (amount << 6) | (1 << 3) | 3;
        check(`${name} #${by}`, op, a, 0, 3, (c) => shift(kind, BigInt(a), by, c));
      }
    }
  }
});

test('ADDS and SUBS of registers and small immediates', () => {
  for (const a of OPERANDS) {
    for (const b of OPERANDS) {
      check('ADDS', 0x1800 | (2 << 6) | (1 << 3) | 3, a, b, 3, () => addWithCarry(BigInt(a), BigInt(b), 0n));
      check('SUBS', 0x1a00 | (2 << 6) | (1 << 3) | 3, a, b, 3, () =>
        addWithCarry(BigInt(a), not(BigInt(b)), 1n),
      );
    }
    for (let imm = 0; imm < 8; imm++) {
      const i = BigInt(imm);
      check('ADDS #3', 0x1c00 | (imm << 6) | (1 << 3) | 3, a, 0, 3, () => addWithCarry(BigInt(a), i, 0n));
      check('SUBS #3', 0x1e00 | (imm << 6) | (1 << 3) | 3, a, 0, 3, () =>
        addWithCarry(BigInt(a), not(i), 1n),
      );
    }
  }
});

test('MOVS, CMP, ADDS and SUBS of an 8-bit immediate', () => {
  for (const a of OPERANDS) {
    for (const imm of [0, 1, 2, 127, 128, 254, 255]) {
      const i = BigInt(imm);
      check('MOVS', 0x2100 | imm, a, 0, 1, () => ({ value: i }));
      check('CMP', 0x2900 | imm, a, 0, -1, () => addWithCarry(BigInt(a), not(i), 1n));
      check('ADDS', 0x3100 | imm, a, 0, 1, () => addWithCarry(BigInt(a), i, 0n));
      check('SUBS', 0x3900 | imm, a, 0, 1, () => addWithCarry(BigInt(a), not(i), 1n));
    }
  }
});

test('CMP of high registers', () => {
  for (const a of OPERANDS) {
    for (const b of OPERANDS) {
      core.registers[8] = b;
      check('CMP', 0x4541, a, 0, -1, () => addWithCarry(BigInt(a), not(BigInt(b)), 1n)); // CMP r1, r8
    }
  }
});

test('every condition of a branch against all flags', () => {
  /** @type {((n: boolean, z: boolean, c: boolean, v: boolean) => boolean)[]} */
  const holds = [
    (_n, z) => z,
    (_n, _z, c) => c,
    (n) => n,
    (_n, _z, _c, v) => v,
    (_n, z, c) => c && !z,
    (n, _z, _c, v) => n === v,
    (n, z, _c, v) => n === v && !z,
  ];
  for (let condition = 0; condition < 14; condition++) {
    for (let flags = 0; flags < 16; flags++) {
      core.APSR = flags << 28;
      const cycles = execute(chip, core, [0xd000 | (condition << 8) | 0x10]);
      const taken =
        holds[condition >> 1](!!(flags & 8), !!(flags & 4), !!(flags & 2), !!(flags & 1)) !==
        !!(condition & 1);
      assert.equal(core.PC, 0x20008000 + (taken ? 4 + 0x20 : 2), `condition ${condition}, flags ${flags}`);
      assert.equal(cycles, taken ? 2 : 1);
    }
  }
});
