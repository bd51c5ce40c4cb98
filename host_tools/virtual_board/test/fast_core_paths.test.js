/** @file The tight loop against the plain implementation of the same instructions, at every kind of address and its edges. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE, DATA, FLASH, SRAM, fastChip, generator, load } from './fast_core_helpers.js';

const END = SRAM + 0x42000;
/** What registers hold: data and code, the edges of the memories, addresses that are not aligned, nowhere. */
const INTERESTING = [
  ...[DATA, DATA + 1, DATA + 2, DATA + 3, SRAM, SRAM + 4, SRAM - 4, SRAM - 1, SRAM - 2, SRAM + 2],
  ...[END, END - 1, END - 2, END - 4, END - 8, END - 32, END - 36, END + 4, END + 1],
  ...[
    FLASH,
    FLASH + 1,
    FLASH + 2,
    FLASH + 4,
    FLASH - 4,
    FLASH + 0xfffffc,
    FLASH + 0xffffff,
    FLASH + 0x1000000,
    FLASH + 0x1000004,
  ],
  ...[0, 1, 2, 3, 4, 0x100, 0x3ffc, 0x3fff, 0x4000, 0xfffffffc, 0xffffffff, 0x60000000, 0x30000001],
  ...[CODE | 1, CODE, (CODE + 0x40) | 1, (FLASH + 0x200) | 1, 0x201, 0x50100010, 0x50100ffe, 0x4005800c],
];

/** @type {[name: string, pattern: number, mask: number][]} Forms that executeSlow() has too, and their free bits. */
const FORMS = [
  ['ADD PC', 0x4487, 0x0078],
  ['MOV PC', 0x4687, 0x0078],
  ['BX', 0x4700, 0x0078],
  ['BLX', 0x4780, 0x0078],
  ['LDR literal', 0x4800, 0x07ff],
  ['by a register', 0x5000, 0x0fff],
  ['words by an immediate', 0x6000, 0x0fff],
  ['bytes', 0x7000, 0x0fff],
  ['halfwords', 0x8000, 0x0fff],
  ['SP-relative', 0x9000, 0x0fff],
  ['PUSH', 0xb400, 0x01ff],
  ['POP', 0xbc00, 0x01ff],
  ['STM and LDM', 0xc000, 0x0fff],
  ['BL', 0xf000, 0x07ff],
];
const ROUNDS = 4000;

/** @param {import('../src/fast_core.js').FastCore} core @returns {string} */
function stateOf(core) {
  const words = Array.from(core.registers, (word) => word.toString(16)).join(' ');
  return `${words} ${core.APSR} ${core.IPSR} ${core.lockedUp} ${core.faultReason} ${core.xip.misses}`;
}

for (const xipMissCycles of [0, 40]) {
  test(`both paths do the same, XIP cache ${xipMissCycles ? 'on' : 'off'}`, () => {
    const fast = fastChip({ xipMissCycles });
    const slow = fastChip({ xipMissCycles });
    const random = generator(7);
    for (const { chip } of [fast, slow]) {
      const fill = generator(3);
      for (const memory of [chip.sram, chip.flash.subarray(0, 0x10000), chip.flash.subarray(0xff0000)]) {
        memory.forEach((_, index) => {
          memory[index] = fill(256);
        });
      }
      load(chip, CODE + 0x1000, [0xe7fe]); // where every exception goes
    }
    for (const [name, pattern, free] of FORMS) {
      for (let round = 0; round < ROUNDS; round++) {
        const op = pattern | (random(0x10000) & free);
        const at = [CODE, CODE + 2, CODE + 6, FLASH + 0x100, FLASH + 0x106][random(5)];
        const second = 0xf800 | random(0x800);
        const values = Array.from({ length: 15 }, () => INTERESTING[random(INTERESTING.length)] >>> 0);
        if (random(3)) {
          values[random(8)] = 4 * random(4); // a small index
        }
        const flags = random(16) << 28;
        const taken = [fast, slow].map(({ chip, core }) => {
          core.reset();
          load(chip, at, [op, second]);
          chip.sramView.setUint32(0x100 + 12, (CODE + 0x1000) | 1, true);
          core.VTOR = SRAM + 0x100;
          core.registers.set(values);
          core.SP = values[13];
          core.PC = at;
          core.APSR = flags;
          if (core === fast.core) {
            return core.run(1);
          }
          // What the loop does before it leaves an instruction: it fetches it.
          let cycles = at < SRAM && xipMissCycles ? core.xip.touch((at - FLASH) >> 3) : 0;
          cycles += core.executeSlow(op);
          return cycles + (core.fault !== null ? core.takeFault() : 0);
        });
        const where = `${name}: ${op.toString(16)} at ${at.toString(16)}, registers ${values.map((value) => value.toString(16))}`;
        assert.equal(stateOf(fast.core), stateOf(slow.core), where);
        assert.equal(taken[0], taken[1], `cycles of ${where}`);
      }
      assert.ok(Buffer.compare(fast.chip.sram, slow.chip.sram) === 0, `memory after ${name}`);
      assert.ok(Buffer.compare(fast.chip.usbDPRAM, slow.chip.usbDPRAM) === 0, `USB memory after ${name}`);
    }
  });
}
