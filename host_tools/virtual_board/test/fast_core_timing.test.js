/** @file Cycles of every kind of instruction by the Cortex-M0+ manual's table, of the RP2040's bus, and of the XIP cache. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { XIP_MISS_CYCLES_ESTIMATE, XipCache } from '../src/xip_cache.js';
import { CODE, DATA, FLASH, SRAM, STACK, execute, fastChip, load } from './fast_core_helpers.js';

const { chip, core } = fastChip();
const SIO = 0xd0000000;
const APB = 0x40058000; // the watchdog
const AHB = 0x50100000; // USB's memory

/** @type {[name: string, halfwords: number[], cycles: number][]} Branch conditions are in fast_core_alu.test.js. */
const TABLE = [
  ['MOVS', [0x2000], 1],
  ['ADD high', [0x4480], 1],
  ['ADD SP, #imm', [0xb001], 1],
  ['ADR', [0xa000], 1],
  ['MULS', [0x4348], 1],
  ['SXTB', [0xb248], 1],
  ['REV', [0xba08], 1],
  ['LDR', [0x6808], 2],
  ['LDRB', [0x7808], 2],
  ['LDRH register', [0x5a8b], 2],
  ['LDR literal', [0x4800], 2],
  ['LDR SP', [0x9800], 2],
  ['STR', [0x6008], 2],
  ['STRB', [0x7008], 2],
  ['STR SP', [0x9000], 2],
  ['LDM of 3', [0xc90d], 4],
  ['STM of 3', [0xc10d], 4],
  ['PUSH of 2', [0xb403], 3],
  ['PUSH of 2 and LR', [0xb503], 4],
  ['POP of 2', [0xbc05], 3],
  ['POP of 1 and PC', [0xbd10], 5],
  ['B', [0xe000], 2],
  ['BL', [0xf000, 0xf800], 3],
  ['BX', [0x4718], 2],
  ['BLX', [0x4798], 2],
  ['MOV PC', [0x469f], 2],
  ['MRS', [0xf3ef, 0x8000], 3],
  ['MSR', [0xf380, 0x8800], 3],
  ['CPSIE', [0xb662], 1],
  ['DSB', [0xf3bf, 0x8f40], 3],
  ['DMB', [0xf3bf, 0x8f50], 3],
  ['ISB', [0xf3bf, 0x8f60], 3],
  ['NOP', [0xbf00], 1],
  ['SEV', [0xbf40], 1],
  ['WFE', [0xbf20], 2],
];

for (const [name, halfwords, cycles] of TABLE) {
  test(`${name} takes ${cycles}`, () => {
    chip.sramView.setUint32(STACK - SRAM + 4, CODE | 1, true);
    core.registers.set([0, DATA, 0, CODE | 1, 0], 0);
    core.SP = STACK;
    core.eventRegistered = true;
    assert.equal(execute(chip, core, halfwords), cycles);
  });
}

test('loads and stores: SIO in one cycle, APB in four and five, the rest in two', () => {
  for (const [address, read, write] of [
    [SIO + 0x10, 1, 1],
    [APB + 0xc, 4, 5],
    [AHB + 0x100, 2, 2],
    [0xe000e100, 2, 2],
    [DATA, 2, 2],
  ]) {
    core.registers[1] = address;
    core.registers[0] = 0;
    assert.equal(execute(chip, core, [0x6008]), write, `write at ${address.toString(16)}`);
    assert.equal(execute(chip, core, [0x6808]), read, `read at ${address.toString(16)}`);
  }
  core.registers[1] = FLASH;
  assert.equal(execute(chip, core, [0x6808]), 2);
  core.registers[1] = 0;
  assert.equal(execute(chip, core, [0x6808]), 2, 'ROM');
});

test('run() stops after the instruction that reaches the limit, and counts the division once', () => {
  load(chip, CODE, [0x2000, 0x6808, 0x2000, 0x2000, 0xe7fa]);
  core.registers[1] = DATA;
  core.PC = CODE;
  assert.equal(core.run(2), 3);
  assert.equal(core.PC, CODE + 4);
  const before = core.cycles;
  core.registers.set([7, SIO + 0x64], 0);
  const taken = execute(chip, core, [0x6008]); // STR to DIV_UDIVISOR
  assert.equal(core.cycles - before, taken);
});

test('a peripheral can stop run() after the instruction, and sees the cycles before it', () => {
  load(chip, CODE, [0x2000, 0x2000, 0x6008, 0x2000, 0xe7fe]);
  core.registers[1] = SIO + 0x10;
  core.PC = CODE;
  const { sio } = chip;
  let elapsed = -1;
  Object.defineProperty(sio, 'writeUint32', {
    configurable: true,
    value() {
      elapsed = core.elapsed;
      core.stopRequested = true;
    },
  });
  assert.equal(core.run(1000), 3);
  assert.deepEqual([elapsed, core.PC], [2, CODE + 6]);
  delete (/** @type {any} */ (sio).writeUint32);
  assert.equal(core.run(1000), 1001, 'and goes on');
});

test('narrow writes to registers repeat their bytes, narrow reads pick theirs', () => {
  core.registers.set([0x12, APB + 0xc], 0);
  execute(chip, core, [0x7048]); // STRB r0, [r1, #1]
  execute(chip, core, [0x6808]);
  assert.equal(core.registers[0], 0x12121212);
  core.registers[0] = 0xa1b2;
  execute(chip, core, [0x8048]); // STRH r0, [r1, #2]
  execute(chip, core, [0x784a]); // LDRB r2, [r1, #1]
  assert.equal(core.registers[2], 0xa1);
  core.registers.set([0x99, AHB + 0x200], 0);
  execute(chip, core, [0x7088]); // STRB r0, [r1, #2], to memory
  execute(chip, core, [0x680a]);
  assert.equal(core.registers[2], 0x990000);
});

test('writes to ROM and to the flash change nothing', () => {
  for (const address of [0x100, FLASH + 0x100]) {
    core.registers.set([0x1234, address], 0);
    execute(chip, core, [0x680a, 0x6008, 0x680b], { steps: 3 });
    assert.equal(core.registers[3], core.registers[2]);
    assert.equal(core.faultReason, null);
  }
});

test('the XIP cache: lines of 8 bytes, two ways, the least recently used replaced', () => {
  const cache = new XipCache(50);
  const set = 1024; // lines that share a set are this far apart
  assert.deepEqual(
    [0, 0, set, 0, 2 * set, 0, set].map((line) => cache.touch(line)),
    [50, 0, 50, 0, 50, 0, 50],
  );
  assert.deepEqual([cache.hits, cache.misses], [3, 4]);
  cache.drop(0);
  assert.equal(cache.touch(set), 0);
  assert.equal(cache.touch(0), 50);
  cache.flush();
  assert.equal(cache.touch(set), 50);
  assert.deepEqual(
    [1, 1, 2, 2].map((alias, n) => cache.read(alias, 8 + (n >> 1))),
    [50, 50, 50, 50],
  );
  assert.equal(cache.touch(9), 0, 'alias 2 allocates');
  assert.equal(cache.touch(8), 50, 'alias 1 does not');
  assert.equal(cache.read(1, 8), 0, 'but it hits');
  assert.equal(cache.read(3, 8), 50);
  assert.ok(XIP_MISS_CYCLES_ESTIMATE > 56);
});

test('with the cache on, a missed fetch and a missed read cost their cycles once', () => {
  const cached = fastChip({ xipMissCycles: 60 });
  const { xip } = cached.core;
  load(cached.chip, FLASH + 0x100, [0x2000, 0x2000, 0x2000, 0x2000, 0x6808, 0x7808, 0xe7f8]);
  cached.core.registers[1] = FLASH + 0x1000;
  cached.core.PC = FLASH + 0x100;
  const lap = 4 + 2 + 2 + 2;
  assert.equal(cached.core.run(lap + 180), lap + 180, 'two lines of code, one of data');
  assert.equal(xip.misses, 3);
  assert.equal(cached.core.run(lap), lap, 'all in the cache');
  cached.core.flushXip();
  assert.equal(cached.core.run(lap + 180), lap + 180);
  assert.equal(xip.misses, 6);
  // From SRAM only the data counts.
  assert.equal(execute(cached.chip, cached.core, [0x680a]), 2);
  cached.core.registers.set([1, 0x14000004], 0);
  assert.equal(execute(cached.chip, cached.core, [0x6008]), 2, 'STR to XIP_CTRL FLUSH');
  cached.core.registers[1] = FLASH + 0x1000;
  assert.equal(execute(cached.chip, cached.core, [0x680a]), 62);
});

test('a core can be taken over by the next chip, with what its memories hold', () => {
  const first = fastChip();
  load(first.chip, CODE, [0x2055]);
  first.core.lockedUp = true;
  first.core.setInterrupt(3, true);
  const second = fastChip({ previous: first.core });
  assert.equal(second.core, first.core);
  assert.equal(second.chip.core, /** @type {any} */ (first.core));
  assert.deepEqual([second.core.lockedUp, second.core.interruptLines], [false, 0]);
  assert.equal(execute(second.chip, second.core, [0x2055]), 1);
  assert.equal(second.core.registers[0], 0x55);
});
