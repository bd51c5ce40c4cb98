/** @file FastCore in lockstep with rp2040js's own core, on random programs and on a firmware image. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { CASE_OF_OPCODE, FAST_FORMS } from '../src/fast_core_decode.js';
import { CODE, FLASH, STACK, execute, fastChip, generator, load, originalChip } from './fast_core_helpers.js';
import { randomProgram } from './fast_core_programs.js';

/** @typedef {import('rp2040js').RP2040} RP2040 */

const PROGRAMS = 250;
const STEPS = 500;
const LENGTH = 250;
/** Forms that random programs leave out, because they need an address: fast_core_semantics.test.js has them. */
const NOT_RANDOM = ['ADD PC, Rm', 'MOV PC, Rm', 'BLX Rm'];

/**
 * Flags that rp2040js's core gets wrong, so that lockstep hands it the right ones; fast_core_alu.test.js holds those
 * against the architecture.
 * @param {number} op
 * @returns {'C' | 'V' | null}
 */
function wrongFlag(op) {
  const form = op >>> 6;
  if (form === 0x102 || form === 0x103 || form === 0x104 || form === 0x107) {
    return 'C'; // LSLS, LSRS, ASRS, RORS by a register: none, and more than 32
  }
  return form === 0x105 || form === 0x106 ? 'V' : null; // ADCS, SBCS: a carry in at the edge
}

/** PUSH with LR and POP with PC: the manual counts LR as a register, and 3 + N cycles. @param {number} op */
const wrongCycles = (op) => op >>> 8 === 0xb5 || op >>> 8 === 0xbd;

/** @param {any} core @param {number} seed @param {number} at */
function prepare(core, seed, at) {
  const random = generator(seed);
  for (let n = 0; n < 13; n++) {
    core.registers[n] = random(2 ** 32);
  }
  core.registers[7] = 4 * random(16);
  core.registers[13] = STACK;
  core.registers[14] = at | 1;
  core.registers[15] = at;
  core.APSR = random(16) << 28;
}

/** @param {any} core @returns {string} */
function show(core) {
  const words = Array.from(core.registers, (word) => /** @type {number} */ (word).toString(16));
  return `${words.join(' ')} ${core.N ? 'N' : '-'}${core.Z ? 'Z' : '-'}${core.C ? 'C' : '-'}${core.V ? 'V' : '-'} ${core.PM}`;
}

for (const [place, at] of /** @type {[string, number][]} */ ([
  ['SRAM', CODE],
  ['flash', FLASH + 0x4000],
])) {
  test(`random programs in ${place} run as on rp2040js's core, and as fast in one go as step by step`, () => {
    const original = originalChip();
    const { chip, core } = fastChip();
    const whole = fastChip();
    const seen = new Uint32Array(256);
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const halfwords = randomProgram(generator(seed), LENGTH);
      for (const each of [original, chip, whole.chip]) {
        each.sram.fill(0x5a);
        load(each, at, halfwords);
        prepare(each.core, seed, at);
      }
      let cycles = 0;
      for (let step = 0; step < STEPS; step++) {
        const pc = core.PC;
        const op = chip.readUint16(pc);
        seen[CASE_OF_OPCODE[op]]++;
        const before = show(core);
        const taken = core.run(1);
        const expected = original.core.executeInstruction();
        const flag = wrongFlag(op);
        if (flag) {
          original.core[flag] = core[flag];
        }
        const where = () =>
          `seed ${seed}, step ${step}, opcode ${op.toString(16)} at ${pc.toString(16)}, before: ${before}`;
        if (show(core) !== show(original.core)) {
          assert.equal(show(core), show(original.core), where());
        }
        if (taken !== expected && !wrongCycles(op)) {
          assert.equal(taken, expected, `cycles, ${where()}`);
        }
        cycles += taken;
      }
      assert.ok(Buffer.compare(chip.sram, original.sram) === 0, `memory after seed ${seed}`);
      let done = 0;
      for (let slice = 1; done < cycles; slice = (slice * 7) % 1009) {
        done += whole.core.run(Math.min(slice, cycles - done));
      }
      assert.equal(done, cycles);
      assert.equal(show(whole.core), show(core), `in one go, seed ${seed}`);
      assert.ok(Buffer.compare(chip.sram, whole.chip.sram) === 0, `memory in one go after seed ${seed}`);
      assert.equal(core.faultReason, null);
    }
    const missing = FAST_FORMS.filter(([name], index) => seen[index + 1] < 10 && !NOT_RANDOM.includes(name));
    assert.deepEqual(missing, [], 'every form is met');
  });
}
