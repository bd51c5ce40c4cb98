/** @file What the tests of the processor share: chips with either core, programs put into memory, a seeded generator. */
import { ConsoleLogger, LogLevel, RP2040 } from 'rp2040js';
import { installFastCore } from '../src/fast_core.js';

/** @typedef {import('../src/fast_core.js').FastCore} FastCore */

export const FLASH = 0x10000000;
export const SRAM = 0x20000000;
/** Where tests put code, data and the stack. */
export const CODE = SRAM + 0x8000;
export const DATA = SRAM + 0x10000;
export const STACK = SRAM + 0x30000;

/** A breakpoint with this number ends a test's program. */
export const STOP = 0xbe00;

/**
 * @param {{ xipMissCycles?: number, previous?: FastCore }} [options]
 * @returns {{ chip: RP2040, core: FastCore }} A chip with the fast core, its SP and vector table set.
 */
export function fastChip(options = {}) {
  const chip = originalChip();
  const core = installFastCore(chip, options);
  core.SP = STACK;
  return { chip, core };
}

/** @returns {RP2040} A chip with rp2040js's own core. */
export function originalChip() {
  const chip = new RP2040();
  chip.logger = new ConsoleLogger(LogLevel.Error, false);
  return chip;
}

/**
 * @param {RP2040} chip
 * @param {number} address
 * @param {number[]} halfwords
 */
export function load(chip, address, halfwords) {
  const inFlash = address < SRAM;
  const view = inFlash ? chip.flashView : chip.sramView;
  halfwords.forEach((halfword, index) => {
    view.setUint16(address - (inFlash ? FLASH : SRAM) + 2 * index, halfword, true);
  });
}

/**
 * Puts a program at CODE, or elsewhere, and executes its first instruction or more of them.
 * @param {RP2040} chip
 * @param {FastCore} core
 * @param {number[]} halfwords
 * @param {{ at?: number, steps?: number }} [options]
 * @returns {number} Cycles.
 */
export function execute(chip, core, halfwords, { at = CODE, steps = 1 } = {}) {
  load(chip, at, halfwords);
  core.PC = at;
  let cycles = 0;
  for (let step = 0; step < steps; step++) {
    cycles += core.run(1);
  }
  return cycles;
}

/**
 * Mulberry32: small, seeded, good enough to pick instructions.
 * @param {number} seed
 * @returns {(below: number) => number} Whole numbers from 0 up to, not including, `below`.
 */
export function generator(seed) {
  let state = seed | 0;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * below);
  };
}
