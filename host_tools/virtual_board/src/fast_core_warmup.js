/** @file Shows the JavaScript engine every case of FastCore's loop before the first program runs. */
import { FLASH_BASE, FLASH_BYTES, ROM_AT, SRAM_AT, SRAM_BASE } from './fast_core_bus.js';
import { FAST_FORMS } from './fast_core_decode.js';

/** Where the instruction lies in each kind of memory: its address and its place in the heap. */
const OFFSET = 0x100;
const PLACES = [
  [SRAM_BASE + OFFSET, SRAM_AT + OFFSET],
  [FLASH_BASE + OFFSET, OFFSET],
  [FLASH_BASE + 3 * FLASH_BYTES + OFFSET, OFFSET],
  [OFFSET, ROM_AT + OFFSET],
];
const DATA_AT = SRAM_BASE + 0x200;
/** V8 starts to note types only after a few calls; and 16 rounds see all combinations of the flags. */
const ROUNDS = 32;
/** Opcodes whose cases have a part of their own for LR or SP: PUSH {r4, LR}, ADD SP, r0, MOV SP, r0. */
const SPECIAL_OPERANDS = [0xb510, 0x4485, 0x4685];
/** The last half of a BL, and harmless where none is called for. */
const SECOND_HALF = 0xf800;

/**
 * The opcode of a form with operands that the loop likes: r1 is the pointer, r2 the index, a shift is by 3.
 * @param {string} name
 * @param {number} pattern
 * @returns {number}
 */
function exampleOf(name, pattern) {
  const group = pattern >>> 12;
  if (group === 0x5) {
    return pattern | (2 << 6) | (1 << 3);
  }
  if (group === 0xc || pattern >>> 9 === 0x5a || pattern >>> 9 === 0x5e) {
    return pattern | 0x3c; // a list of registers
  }
  if (group < 0x2 && name.includes('..')) {
    return pattern | (3 << 6) | (1 << 3);
  }
  return group < 0xb ? pattern | (1 << 3) : pattern;
}

/**
 * Executes one instruction of each form, from and on every kind of memory and with all combinations of flags. V8
 * compiles the loop for the cases that it has seen, and falls back to interpreting it, for some tenths of a second,
 * at the first that is new: without this, that happens again and again during the first seconds of a program.
 * @param {import('./fast_core.js').FastCore} core A core that no chip uses yet; all but its state is put back.
 */
export function warmUp(core) {
  const { r, heap16, sram8, sram32 } = core;
  const examples = [...FAST_FORMS.map(([name, pattern]) => exampleOf(name, pattern)), ...SPECIAL_OPERANDS];
  const savedData = sram8.slice(0, 0x400);
  const savedCode = PLACES.map(([, at]) => heap16.slice(at >> 1, (at >> 1) + 5));
  for (let round = 0; round < ROUNDS; round++) {
    // The place within a cache line counts too: a BL may end in the next one.
    const [address, at] = PLACES[(round + (round >> 2)) & 3].map((start) => start + 2 * (round & 3));
    core.xip.flush();
    for (const op of examples) {
      heap16.set([op, SECOND_HALF], at >> 1);
      r.fill(round & 4 ? DATA_AT : FLASH_BASE);
      r[0] = DATA_AT;
      r[2] = round & 12;
      r[13] = DATA_AT + 0x80;
      sram32.fill(address | 1, (DATA_AT - SRAM_BASE) >> 2, ((DATA_AT - SRAM_BASE) >> 2) + 0x40);
      if (op >>> 10 === 0x10) {
        r[1] = 11 * (round & 7); // shifts by nothing, by less than 32 and by more
      } else if (op >>> 10 === 0x11) {
        r[1] = op >>> 7 === 0x4487 >>> 7 ? 0 : address | 1; // ADD PC takes an offset, the other jumps an address
      }
      r[15] = address;
      core.APSR = round << 28;
      core.runFast(1);
      core.fault = null;
    }
  }
  sram8.set(savedData);
  savedCode.forEach((words, index) => heap16.set(words, PLACES[index][1] >> 1));
}
