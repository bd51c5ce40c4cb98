/** @file Random Thumb programs for the lockstep test: valid code that loads, stores, calls and loops within bounds. */
import { DATA } from './fast_core_helpers.js';

/**
 * What a program may use: r0-r5 and r8-r12 hold anything, r6 points to the data, r7 is an index of 0..60, a multiple
 * of 4. LR always holds an address within the program.
 */
const POINTER = 6;
const INDEX = 7;
/** Reloads r6 from the first literal; the place of the literal is known only at the end. */
const LOAD_POINTER = 'pointer';
const LITERALS = 16;

/**
 * @typedef {{ kind: 'code', halfwords: number[] } | { kind: 'pointer' } | { kind: 'literal', rt: number, index: number } |
 *   { kind: 'branch', condition: number, to: number } | { kind: 'call', to: number }} Item
 *   `to` is the index of the item that is branched to.
 */

/**
 * @param {(below: number) => number} random
 * @param {number} length Number of instructions, about.
 * @returns {number[]} Halfwords.
 */
export function randomProgram(random, length) {
  /** @type {Item[]} */
  const items = [{ kind: LOAD_POINTER }];
  while (items.length < length) {
    items.push(...randomItems(random, items.length, length));
  }
  items.push({ kind: 'branch', condition: 14, to: 0 });
  return assemble(items, random);
}

/** @param {...number} halfwords @returns {Item} */
const code = (...halfwords) => ({ kind: 'code', halfwords });

/**
 * @param {(below: number) => number} random
 * @param {number} here Index of the next item.
 * @param {number} length
 * @returns {Item[]}
 */
function randomItems(random, here, length) {
  const low = () => random(6);
  const any = () => [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12][random(11)];
  const list = () => random(0x3f) + 1;
  const high = (/** @type {number} */ opcode, /** @type {number} */ rd, /** @type {number} */ rm) =>
    code(opcode | ((rd & 8) << 4) | (rm << 3) | (rd & 7));
  switch (random(22)) {
    case 0: // shift by an immediate
    case 1:
      return [code((random(3) << 11) | ((random(5) && random(32)) << 6) | (low() << 3) | low())];
    case 2: // ADDS, SUBS of three operands
      return [code(0x1800 | (random(4) << 9) | (random(8) << 6) | (low() << 3) | low())];
    case 3: // 8-bit immediates
    case 4:
      return [code(0x2000 | (random(4) << 11) | (low() << 8) | random(256))];
    case 5: // data processing
    case 6:
    case 7:
      return [code(0x4000 | (random(16) << 6) | (random(8) << 3) | low())];
    case 8: // ADD, CMP, MOV of any registers; SP and PC only as sources, and not of CMP
      return [
        random(3) === 0
          ? high(0x4500, 8 + random(5), random(13))
          : high(random(2) ? 0x4400 : 0x4600, any(), random(16)),
      ];
    case 9: // stores and loads by an immediate
    case 10:
      return [
        code(
          [0x6000, 0x6800, 0x7000, 0x7800, 0x8000, 0x8800][random(6)] |
            (random(32) << 6) |
            (POINTER << 3) |
            low(),
        ),
      ];
    case 11: // and by a register
      return [code(0x5000 | (random(8) << 9) | (INDEX << 6) | (POINTER << 3) | low())];
    case 12:
      return [code(0x9000 | (random(2) << 11) | (low() << 8) | random(64))];
    case 13: // ADR, ADD Rd, SP
      return [code(0xa000 | (random(2) << 11) | (low() << 8) | random(256))];
    case 14: // ADD and SUB of SP
      return [code(0xb000 | (random(2) << 7) | random(8))];
    case 15: // extensions and reversals
      return [
        code(
          (random(2) ? 0xb200 | (random(4) << 6) : [0xba00, 0xba40, 0xbac0][random(3)]) |
            (low() << 3) |
            low(),
        ),
      ];
    case 16: // PUSH and POP, with LR and PC in pairs
      switch (random(4)) {
        case 0:
          return [code(0xb400 | list())];
        case 1:
          return [code(0xbc00 | list())];
        case 2:
          return [code(0xb500 | list())];
        default: {
          const same = list();
          return [code(0xb500 | same, 0xbd00 | same)];
        }
      }
    case 17: // STM and LDM move the pointer
      return [code((random(2) ? 0xc000 : 0xc800) | (POINTER << 8) | list()), { kind: LOAD_POINTER }];
    case 18:
      return [{ kind: 'literal', rt: low(), index: random(LITERALS) }];
    case 19: // branches, within reach of the shortest
      return [{ kind: 'branch', condition: random(15), to: near(random, here, length) }];
    case 20:
      return random(8) ? [{ kind: 'call', to: near(random, here, length) }] : [code(0x4770)]; // BL, BX LR
    default: // MRS and MSR APSR, CPSID and CPSIE, MRS PRIMASK, barriers
      return [
        [
          code(0xf3ef, 0x8000 | (low() << 8)),
          code(0xf380 | low(), 0x8800),
          code(random(2) ? 0xb662 : 0xb672),
          code(0xf3ef, 0x8010 | (low() << 8)),
          code(0xf3bf, 0x8f40 | (random(3) << 4)),
          code(0xbf00),
        ][random(6)],
      ];
  }
}

/** @param {(below: number) => number} random @param {number} here @param {number} length @returns {number} */
function near(random, here, length) {
  return Math.min(length - 1, Math.max(0, here - 6 + random(40)));
}

/**
 * @param {Item[]} items
 * @param {(below: number) => number} random
 * @returns {number[]} Halfwords.
 */
function assemble(items, random) {
  /** @type {number[]} */
  const starts = [];
  let size = 0;
  for (const item of items) {
    starts.push(size);
    size += item.kind === 'code' ? item.halfwords.length : item.kind === 'call' ? 2 : 1;
  }
  const literals = (size + 1) & ~1;
  /** @type {number[]} */
  const halfwords = [];
  items.forEach((item, index) => {
    const pc = starts[index] + 2; // in halfwords
    const literal = (/** @type {number} */ rt, /** @type {number} */ n) =>
      0x4800 | (rt << 8) | (((literals - (pc & ~1)) >> 1) + n);
    switch (item.kind) {
      case 'code':
        halfwords.push(...item.halfwords);
        break;
      case 'pointer':
        halfwords.push(literal(POINTER, 0));
        break;
      case 'literal':
        halfwords.push(literal(item.rt, item.index));
        break;
      case 'branch': {
        const offset = starts[item.to] - pc;
        const near = item.condition < 14 && offset >= -128 && offset < 128;
        halfwords.push(near ? 0xd000 | (item.condition << 8) | (offset & 0xff) : 0xe000 | (offset & 0x7ff));
        break;
      }
      case 'call': {
        const offset = starts[item.to] - pc;
        halfwords.push(0xf000 | ((offset >> 11) & 0x7ff), 0xf800 | (offset & 0x7ff)); // J1 = J2 = 1: near enough
        break;
      }
    }
  });
  while (halfwords.length < literals) {
    halfwords.push(0xbf00);
  }
  halfwords.push(DATA & 0xffff, DATA >>> 16);
  for (let index = 1; index < 2 * LITERALS; index++) {
    halfwords.push(random(0x10000), random(0x10000));
  }
  return halfwords;
}
