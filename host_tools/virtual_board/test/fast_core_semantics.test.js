/** @file Jumps, multiple transfers, special registers and sleep: what rp2040js's core had wrong, and what is near it. */
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { CODE, DATA, FLASH, SRAM, STACK, execute, fastChip, load } from './fast_core_helpers.js';

const { chip, core } = fastChip();
const TABLE = SRAM + 0x100;

beforeEach(() => {
  for (let irq = 0; irq < 32; irq++) {
    core.setInterrupt(irq, false);
  }
  core.reset();
  chip.sram.fill(0);
  core.SP = STACK;
  core.VTOR = TABLE;
  for (let n = 0; n < 48; n++) {
    chip.sramView.setUint32(TABLE - SRAM + 4 * n, (CODE + 0x1000 + 0x10 * n) | 1, true);
  }
});

const word = (/** @type {number} */ address) => chip.sramView.getUint32(address - SRAM, true);

test('BLX LR goes where LR pointed before', () => {
  core.LR = (CODE + 0x40) | 1;
  assert.equal(execute(chip, core, [0x47f0]), 2);
  assert.equal(core.PC, CODE + 0x40);
  assert.equal(core.LR, (CODE + 2) | 1);
});

test('BX and BLX reach another memory and come back', () => {
  core.registers[3] = (FLASH + 0x100) | 1;
  load(chip, FLASH + 0x100, [0x2007, 0x4770]); // MOVS r0, #7; BX LR
  execute(chip, core, [0x4798], { steps: 3 }); // BLX r3
  assert.equal(core.registers[0], 7);
  assert.equal(core.PC, CODE + 2);
});

test('MOV PC and ADD PC ignore bit 0 and read the PC four ahead', () => {
  core.registers[1] = CODE + 0x41;
  assert.equal(execute(chip, core, [0x468f]), 2);
  assert.equal(core.PC, CODE + 0x40);
  core.registers[1] = 0x20;
  assert.equal(execute(chip, core, [0x448f]), 2);
  assert.equal(core.PC, CODE + 4 + 0x20);
  execute(chip, core, [0x467a]); // MOV r2, PC
  assert.equal(core.registers[2], CODE + 4);
  core.registers[3] = 0x100;
  execute(chip, core, [0x447b]); // ADD r3, PC
  assert.equal(core.registers[3], CODE + 0x104);
  core.registers[1] = FLASH;
  execute(chip, core, [0x468f]); // to another memory
  assert.equal(core.PC, FLASH);
});

test('SP loses its two low bits however it is written', () => {
  core.registers[0] = STACK + 7;
  execute(chip, core, [0x4685]); // MOV SP, r0
  assert.equal(core.SP, STACK + 4);
  execute(chip, core, [0x4485]); // ADD SP, r0
  assert.equal(core.SP, (2 * STACK + 8) % 2 ** 32);
  execute(chip, core, [0xf380, 0x8808]); // MSR MSP, r0
  assert.equal(core.SP, STACK + 4);
});

test('STM writes its base back even when it stores it, LDM only when it does not load it', () => {
  core.registers.set([DATA, 0x11, 0x22], 0);
  assert.equal(execute(chip, core, [0xc007]), 4); // STMIA r0!, {r0-r2}
  assert.deepEqual([word(DATA), word(DATA + 4), word(DATA + 8)], [DATA, 0x11, 0x22]);
  assert.equal(core.registers[0], DATA + 12);
  core.registers[1] = DATA;
  assert.equal(execute(chip, core, [0xc906]), 3); // LDMIA r1, {r1, r2}
  assert.deepEqual([...core.registers.slice(1, 3)], [DATA, 0x11]);
  core.registers[3] = DATA;
  execute(chip, core, [0xcb06]); // LDMIA r3!, {r1, r2}
  assert.equal(core.registers[3], DATA + 8);
});

test('multiple transfers work up to the last word of the SRAM, and fault past it', () => {
  const end = SRAM + 0x42000;
  core.SP = end;
  core.registers[0] = 0xabcd;
  execute(chip, core, [0xb401]); // PUSH {r0}
  assert.equal(word(end - 4), 0xabcd);
  execute(chip, core, [0xbc02]); // POP {r1}
  assert.equal(core.registers[1], 0xabcd);
  core.registers[2] = end - 8;
  execute(chip, core, [0xca30]); // LDMIA r2!, {r4, r5}
  assert.deepEqual([core.registers[2], core.registers[5]], [end, 0xabcd]);
  core.registers[2] = end - 4;
  core.SP = STACK;
  execute(chip, core, [0xca30]);
  assert.match(core.faultReason ?? '', /read from nowhere: 32 bits at 0x20042000/);
  assert.equal(core.registers[2], end - 4, 'the base of a faulting LDM stays');
});

test('MRS reads no Thumb bit, MSR leaves IPSR alone', () => {
  core.APSR = 0xf0000000;
  execute(chip, core, [0xf3ef, 0x8003]); // MRS r0, XPSR
  assert.equal(core.registers[0], 0xf0000000);
  core.registers[1] = 0x50000005;
  execute(chip, core, [0xf381, 0x8803]); // MSR XPSR, r1
  assert.deepEqual([core.IPSR, core.N, core.Z, core.C, core.V], [0, false, true, false, true]);
  core.registers[1] = 0xc0000000; // N and Z together
  execute(chip, core, [0xf381, 0x8800]);
  execute(chip, core, [0xf3ef, 0x8000]);
  assert.equal(core.registers[0], 0xc0000000);
});

test('the process stack is another one', () => {
  core.registers.set([STACK + 0x1000, 2], 0);
  execute(chip, core, [0xf380, 0x8809, 0xf381, 0x8814], { steps: 2 }); // MSR PSP, r0; MSR CONTROL, r1
  assert.deepEqual([core.SP, core.SPmain, core.SPprocess], [STACK + 0x1000, STACK, STACK + 0x1000]);
  core.pendingPendSV = true;
  core.interruptsUpdated = true;
  core.run(1);
  assert.deepEqual([core.LR, core.SP, core.SPprocess], [0xfffffffd, STACK, STACK + 0x1000 - 32]);
  load(chip, core.PC, [0x4770]);
  core.run(1);
  assert.deepEqual([core.SP, core.PC], [STACK + 0x1000, CODE + 8]);
});

test('WFI sleeps until an interrupt comes, and ends at once if one is pending', () => {
  core.enabledInterrupts = 1 << 4;
  assert.equal(execute(chip, core, [0xbf30, 0xbf00]), 2);
  assert.equal(core.waiting, true);
  assert.equal(core.run(1000), 0);
  core.setInterrupt(5, true); // not enabled
  assert.equal(core.waiting, true);
  core.setInterrupt(4, true);
  assert.equal(core.waiting, false);
  assert.equal(core.run(1), 15);
  assert.equal(core.IPSR, 20);
  assert.equal(word(core.SP + 24), CODE + 2);
});

test('WFI under PRIMASK wakes up and goes on without taking the interrupt', () => {
  core.enabledInterrupts = 1 << 4;
  execute(chip, core, [0xb672, 0xbf30, 0x2005, 0xb662], { steps: 2 }); // CPSID i; WFI; MOVS r0, #5; CPSIE i
  assert.equal(core.waiting, true);
  core.setInterrupt(4, true);
  assert.equal(core.waiting, false);
  core.run(1);
  assert.deepEqual([core.registers[0], core.IPSR], [5, 0]);
  core.run(1);
  core.run(1);
  assert.equal(core.IPSR, 20, 'taken when PRIMASK is cleared');
  core.reset();
  core.VTOR = TABLE;
  core.enabledInterrupts = 1 << 4;
  core.PM = true;
  core.setInterrupt(4, false);
  core.setInterrupt(4, true);
  execute(chip, core, [0xbf30, 0x2006], { steps: 2 });
  assert.deepEqual([core.waiting, core.registers[0]], [false, 6], 'pending before: no sleep');
});

test('WFE uses the event register; SEV, entering and leaving an exception set it', () => {
  execute(chip, core, [0xbf40, 0xbf20], { steps: 2 }); // SEV; WFE
  assert.equal(core.waiting, false);
  execute(chip, core, [0xbf20]);
  assert.equal(core.waiting, true);
  core.enabledInterrupts = 1;
  core.PM = true;
  core.setInterrupt(0, true);
  assert.equal(core.waiting, true, 'an interrupt that is not taken is no event');
  core.PM = false;
  core.interruptsUpdated = true;
  assert.equal(core.waiting, false);
  core.run(1);
  execute(chip, core, [0xbf20]);
  assert.equal(core.waiting, false, 'exception entry is an event');
  core.eventRegistered = false;
  execute(chip, core, [0x4770]); // BX LR: exception return
  execute(chip, core, [0xbf20], { steps: 0 });
  assert.equal(core.eventRegistered, true);
});

test('SEVONPEND makes a pending interrupt an event, enabled or not', () => {
  core.registers.set([0xe000ed10, 0x10], 0);
  execute(chip, core, [0x6001 | 0], { steps: 1 }); // STR r1, [r0]
  execute(chip, core, [0xbf20]);
  assert.equal(core.waiting, true);
  core.setInterrupt(9, true);
  assert.equal(core.waiting, false);
  core.setInterrupt(9, false);
});

test('SysTick wakes a sleeping core', () => {
  execute(chip, core, [0xbf30]);
  core.pendingSystick = true; // as rp2040js's PPB does
  core.interruptsUpdated = true;
  assert.equal(core.waiting, false);
  core.run(1);
  assert.equal(core.IPSR, 15);
});

test('a breakpoint calls onBreak with state in place, and goes on with what that left', () => {
  let seen = 0;
  chip.onBreak = (code) => {
    seen = code;
    assert.deepEqual([core.PC, core.C, core.registers[0], core.elapsed], [CODE + 6, true, 5, 2]);
    core.Z = true;
    core.registers[0] = 9;
    core.chargeCycles(100);
  };
  load(chip, CODE, [0x2005, 0x2801, 0xbe2a, 0xd0fe]); // MOVS r0, #5; CMP r0, #1; BKPT 42; BEQ .
  core.PC = CODE;
  assert.equal(core.run(50) >= 103, true);
  assert.deepEqual([seen, core.registers[0], core.Z], [42, 9, true]);
  chip.onBreak = /** @type {any} */ (() => false);
});
