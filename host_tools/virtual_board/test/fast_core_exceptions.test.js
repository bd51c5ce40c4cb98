/** @file Exceptions, the NVIC, faults: frames, priorities, pending and active, HardFault and lockup. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { CODE, DATA, SRAM, STACK, execute, fastChip, load } from './fast_core_helpers.js';

const { chip, core } = fastChip();
const TABLE = SRAM + 0x100;
const HANDLERS = CODE + 0x1000;
const BX_LR = 0x4770;
const ISER = 0xe000e100;
const ISPR = 0xe000e200;
const ICPR = 0xe000e280;
const IPR0 = 0xe000e400;
const ICSR = 0xe000ed04;

const handler = (/** @type {number} */ n) => HANDLERS + 0x10 * n;
const word = (/** @type {number} */ address) => chip.sramView.getUint32(address - SRAM, true);
const irqs = (/** @type {number[]} */ ...numbers) => numbers.reduce((mask, n) => (mask | (1 << n)) >>> 0, 0);

/** @param {number} address @param {number} value A store by the program, with its cycles. */
function store(address, value) {
  core.registers[6] = address;
  core.registers[7] = value;
  return execute(chip, core, [0x6037], { at: CODE + 0x800 });
}

/** @param {number} address @returns {number} What a load by the program reads. */
function fetch(address) {
  core.registers[6] = address;
  execute(chip, core, [0x6837], { at: CODE + 0x800 });
  return core.registers[7];
}

beforeEach(() => {
  for (let irq = 0; irq < 32; irq++) {
    core.setInterrupt(irq, false);
  }
  core.reset();
  chip.sram.fill(0);
  core.SP = STACK;
  core.VTOR = TABLE;
  for (let n = 0; n < 48; n++) {
    chip.sramView.setUint32(TABLE - SRAM + 4 * n, handler(n) | 1, true);
    load(chip, handler(n), [0xbf00, BX_LR]);
  }
  core.enabledInterrupts = -1;
});

test('entry stacks the frame, exit takes it back, and both take their cycles', () => {
  load(chip, CODE, [0x3001, 0x3001]);
  core.PC = CODE;
  core.registers.set([10, 11, 12, 13], 0);
  core.registers[12] = 14;
  core.LR = 0x12345679;
  core.SP = STACK + 4; // to be aligned
  core.APSR = 0xa0000000;
  core.setInterrupt(3, true);
  assert.equal(core.run(1), 15);
  assert.equal(core.PC, handler(19));
  assert.deepEqual([core.IPSR, core.LR, core.SP], [19, 0xfffffff9, STACK - 32]);
  const frame = Array.from({ length: 8 }, (_, n) => word(STACK - 32 + 4 * n));
  assert.deepEqual(frame, [10, 11, 12, 13, 14, 0x12345679, CODE, 0xa1000200]);
  core.registers.fill(0, 0, 4);
  core.APSR = 0;
  core.setInterrupt(3, false);
  assert.equal(core.run(1), 1);
  assert.equal(core.run(1), 13);
  assert.deepEqual(
    [core.PC, core.SP, core.LR, core.IPSR, core.APSR],
    [CODE, STACK + 4, 0x12345679, 0, 0xa0000000],
  );
  assert.deepEqual([...core.registers.slice(0, 4)], [10, 11, 12, 13]);
});

test('a POP of PC ends a handler too', () => {
  load(chip, handler(16), [0xb510, 0xbd10]); // PUSH {r4, LR}; POP {r4, PC}
  core.PC = CODE;
  core.setInterrupt(0, true);
  core.run(1);
  core.setInterrupt(0, false);
  core.run(2);
  assert.equal(core.run(1), 13 + 2, 'the two words first');
  assert.deepEqual([core.PC, core.SP], [CODE, STACK]);
});

test('the more urgent interrupts a handler, an equal one waits, the lower number goes first', () => {
  store(IPR0, 0x40c08000); // 0: 0, 1: 2, 2: 3, 3: 1
  assert.equal(fetch(IPR0), 0x40c08000);
  core.PC = CODE;
  core.setInterrupt(2, true);
  core.run(1);
  assert.equal(core.IPSR, 18);
  core.setInterrupt(1, true);
  core.run(1);
  assert.deepEqual([core.IPSR, core.LR], [17, 0xfffffff1]);
  core.setInterrupt(3, true);
  core.setInterrupt(0, true);
  core.run(1);
  assert.equal(core.IPSR, 16);
  core.run(1);
  assert.equal(core.IPSR, 16, '3 waits');
  for (const irq of [0, 1, 2, 3]) {
    core.setInterrupt(irq, false);
  }
  core.run(13);
  core.run(1);
  assert.equal(core.IPSR, 19, '3 before 1 goes on');
});

test('of equal priority the lowest number, PRIMASK keeps all back', () => {
  core.PM = true;
  core.PC = CODE;
  load(chip, CODE, [0xbf00, 0xbf00, 0xb662]);
  core.setInterrupt(9, true);
  core.setInterrupt(7, true);
  core.run(2);
  assert.equal(core.IPSR, 0);
  assert.equal((fetch(ICSR) >>> 12) & 0x1ff, 23, 'VECTPENDING does not know PRIMASK');
  core.PC = CODE + 4;
  core.run(1);
  core.run(1);
  assert.equal(core.IPSR, 23);
});

test('a line that stays high makes its interrupt pending again when the handler ends', () => {
  core.PC = CODE;
  core.setInterrupt(5, true);
  core.run(1);
  assert.equal(core.pendingInterrupts, 0, 'active, not pending');
  assert.equal(fetch(ISPR), 0);
  core.PC = handler(21) + 2;
  core.run(1);
  core.run(1);
  assert.equal(core.IPSR, 21, 'again');
  core.setInterrupt(5, false);
  core.PC = handler(21) + 2;
  core.run(1);
  assert.deepEqual([core.IPSR, core.pendingInterrupts], [0, 0]);
});

test('a pulse is latched; software sets and clears pending interrupts, hardware ones too', () => {
  core.PM = true;
  core.setInterrupt(5, true);
  core.setInterrupt(5, false);
  assert.equal(fetch(ISPR), irqs(5));
  store(ICPR, irqs(5));
  assert.equal(fetch(ISPR), 0);
  core.setInterrupt(5, true);
  store(ICPR, irqs(5));
  assert.equal(fetch(ISPR), irqs(5), 'the line holds it');
  core.setInterrupt(5, false);
  store(ICPR, irqs(5));
  store(ISPR, irqs(3, 31));
  assert.equal(fetch(ISPR), irqs(3, 31));
  store(0xe000e180, irqs(31)); // ICER
  core.PM = false;
  core.irqCheck = true;
  core.run(1);
  assert.deepEqual(
    [core.IPSR, core.pendingInterrupts >>> 0],
    [19, irqs(31)],
    'taken once, then no longer pending',
  );
  assert.equal((fetch(ICSR) >>> 12) & 0x1ff, 0, 'VECTPENDING shows enabled ones only');
});

test('an interrupt that a store makes pending is taken right after the store', () => {
  core.registers[6] = ISPR;
  core.registers[7] = irqs(26);
  load(chip, CODE, [0x6037, 0x2001, 0x2002]);
  core.PC = CODE;
  core.run(3);
  assert.equal(core.IPSR, 42);
  assert.equal(word(core.SP + 24), CODE + 2);
});

test('the NVIC enables, SysTick stays with rp2040js', () => {
  core.enabledInterrupts = 0;
  store(ISER, irqs(2, 30));
  assert.equal(fetch(ISER), irqs(2, 30));
  store(0xe000e014, 1234);
  assert.equal(fetch(0xe000e014), 1234);
  assert.equal(fetch(0xe000ed00), 0x410cc601);
  assert.equal(fetch(0xe000ed14), 0x208);
});

test('SVC is taken at once, with the next address in the frame; where it may not be, it is a fault', () => {
  load(chip, CODE, [0xdf07]);
  core.PC = CODE;
  assert.equal(core.run(1), 15);
  assert.deepEqual([core.IPSR, word(core.SP + 24)], [11, CODE + 2]);
  core.reset();
  core.SP = STACK;
  core.VTOR = TABLE;
  core.PM = true;
  core.PC = CODE;
  core.run(2);
  assert.equal(core.IPSR, 3);
  assert.match(core.faultReason ?? '', /^SVC .*PC 0x20008000/);
});

test('SVC and PendSV have the priorities of SHPR2 and SHPR3', () => {
  store(0xe000ed1c, 0xffffffff);
  store(0xe000ed20, 0x00800000);
  assert.deepEqual([fetch(0xe000ed1c), fetch(0xe000ed20)], [0xc0000000, 0x00800000]);
  load(chip, CODE, [0xdf00]);
  core.PC = CODE;
  core.run(1);
  assert.equal(core.IPSR, 11);
  core.registers[4] = core.PC;
  store(ICSR, 1 << 28);
  core.run(1);
  assert.equal(core.IPSR, 14, 'PendSV (2) over SVC (3)');
});

test('PendSV by ICSR, and NMI over everything but itself', () => {
  store(ICSR, 1 << 28);
  core.run(1);
  assert.equal(core.IPSR, 14);
  core.PM = true;
  store(ICSR, 1 << 31);
  core.run(1);
  assert.equal(core.IPSR, 2);
  store(ICSR, 1 << 31);
  core.run(1);
  assert.equal(word(core.SP + 28) & 0x3f, 14, 'no second NMI on top');
});

test('SYSRESETREQ needs the key, and tells the board', () => {
  let resets = 0;
  core.onSystemReset = () => resets++;
  store(0xe000ed0c, 4);
  assert.equal(resets, 0);
  store(0xe000ed0c, 0x05fa0004);
  assert.deepEqual([resets, core.stopRequested], [1, true]);
  core.onSystemReset = () => {
    core.reset();
    core.PC = CODE;
  };
  store(0xe000ed0c, 0x05fa0004);
  assert.equal(core.PC, CODE, 'nothing of the store moves the new PC');
});

/** @type {[name: string, program: number[], registers: [number, number][], reason: RegExp, at?: number][]} */
const FAULTS = [
  ['undefined 16-bit', [0xb100], [], /^undefined instruction 0x0000b100/],
  ['UDF', [0xde00], [], /^undefined instruction/],
  ['undefined 32-bit', [0xe800, 0], [], /^undefined instruction 0x0000e800/],
  ['undefined 32-bit of the BL group', [0xf000, 0x8000], [], /^undefined instruction 0xf0008000/],
  ['unaligned word', [0x6808], [[1, DATA + 2]], /^unaligned read: 32 bits at 0x20010002/],
  ['unaligned halfword', [0x8008], [[1, DATA + 1]], /^unaligned write: 16 bits/],
  ['unaligned LDM', [0xc904], [[1, DATA + 1]], /^unaligned read/],
  ['read from nowhere', [0x6808], [[1, 0x30000000]], /^read from nowhere: 32 bits at 0x30000000/],
  ['write past the SRAM', [0x6008], [[1, SRAM + 0x42000]], /^write to nowhere/],
  ['peripheral that is not', [0x6808], [[1, 0x40068000]], /^read from nowhere/],
  ['write to an uncached alias of the flash', [0x6008], [[1, 0x13000000]], /^write to nowhere/],
  ['BKPT that nobody handles', [0xbe05], [], /^BKPT 5/],
  ['BX without the Thumb bit', [0x4708], [[1, DATA]], /^branch to an address without the Thumb bit/, DATA],
  ['jump to nowhere', [0x4708], [[1, 0x50000001]], /^fetch from nowhere/, 0x50000000],
];

for (const [name, program, registers, reason, at = CODE] of FAULTS) {
  test(`HardFault: ${name}`, () => {
    core.PM = true; // does not help
    core.LR = 0x10000123;
    registers.forEach(([n, value]) => {
      core.registers[n] = value;
    });
    core.registers[0] = 0x77;
    load(chip, CODE, program);
    core.PC = CODE;
    for (let steps = 0; core.IPSR === 0 && steps < 5; steps++) {
      core.run(1);
    }
    assert.equal(core.IPSR, 3);
    assert.equal(core.PC, handler(3));
    assert.equal(word(core.SP + 24), at);
    assert.equal(word(core.SP), 0x77, 'a load that faults writes no register');
    assert.match(core.faultReason ?? '', reason);
    assert.match(core.faultReason ?? '', new RegExp(`\\(PC 0x${at.toString(16)}, LR 0x10000123\\)$`));
    assert.equal(core.lockedUp, false);
  });
}

test('a second fault in the handler locks the processor up, and the first reason stays', () => {
  load(chip, handler(3), [0xde01]);
  load(chip, CODE, [0xde00]);
  core.PC = CODE;
  assert.equal(core.run(1000) < 100, true);
  assert.deepEqual([core.lockedUp, core.waiting], [true, true]);
  assert.match(core.faultReason ?? '', /0x0000de00/);
  core.setInterrupt(1, true);
  assert.equal(core.run(1000), 0);
  core.reset();
  assert.deepEqual([core.lockedUp, core.faultReason, core.waiting], [false, null, false]);
});

test('a stack that is nowhere locks up', () => {
  core.SP = 0x30000000;
  core.PC = CODE;
  core.setInterrupt(1, true);
  core.run(10);
  assert.equal(core.lockedUp, true);
  assert.match(core.faultReason ?? '', /exception entry 17 \(SP 0x30000000/);
});

test('the handler of a fault can return', () => {
  load(chip, handler(3), [0x9806, 0x3002, 0x9006, BX_LR]); // LDR r0, [SP, #24]; ADDS r0, #2; STR; BX LR
  load(chip, CODE, [0xde00, 0x2155]);
  core.PC = CODE;
  core.run(15 + 2 + 1 + 2 + 13);
  core.run(1);
  assert.deepEqual([core.IPSR, core.registers[1], core.PC], [0, 0x55, CODE + 4]);
});
