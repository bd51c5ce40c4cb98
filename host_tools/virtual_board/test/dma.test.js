import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DREQ } from '../src/rp2040_numbers.js';
import { fakeChip } from './fake_chip.js';

const EN = 1;
const READ_ON = 1 << 4;
const WRITE_ON = 1 << 5;
const QUIET = 1 << 21;
const BUSY = 1 << 24;
const RAM = 0x20000000;

/** @param {any} dma @param {number} channel @param {number[]} registers read, write, count, control */
function start(dma, channel, registers) {
  registers.forEach((value, i) => dma.writeUint32(0x40 * channel + 4 * i, value));
}
const treq = (/** @type {number} */ n) => n << 15;
const chain = (/** @type {number} */ n) => n << 11;

test('an unpaced copy is done in one cycle an item, then interrupts', () => {
  const { clock, rp2040 } = fakeChip();
  const { dma, sram } = rp2040;
  for (let i = 0; i < 64; i++) sram[i] = i + 1;
  dma.writeUint32(0x404, 1);
  start(dma, 0, [RAM, RAM + 1000, 64, EN | READ_ON | WRITE_ON | treq(DREQ.PERMANENT) | chain(0)]);
  assert.equal(dma.readUint32(0x0c) & BUSY, BUSY);
  clock.advanceTo(63 * 8);
  assert.ok(!rp2040.lines.get(11));
  clock.advanceTo(64 * 8);
  assert.ok(rp2040.lines.get(11));
  assert.equal(dma.readUint32(0x0c) & BUSY, 0);
  assert.deepEqual([...sram.slice(1000, 1064)], [...sram.slice(0, 64)]);
});

test('a pacing timer moves an item every Y/X clocks', () => {
  const { clock, rp2040 } = fakeChip();
  const { dma, sram } = rp2040;
  sram.set([1, 2, 3], 0);
  dma.writeUint32(0x420, (1 << 16) | 1250); // 125 MHz / 1250: 10 us
  start(dma, 1, [RAM, RAM + 100, 3, EN | READ_ON | WRITE_ON | treq(DREQ.TIMER0) | chain(1)]);
  clock.advanceTo(19_999);
  assert.deepEqual([...sram.slice(100, 103)], [1, 0, 0]);
  clock.advanceTo(30_000);
  assert.deepEqual([...sram.slice(100, 103)], [1, 2, 3]);
});

test('a PWM wrap is worth one item, whether anybody listens or not', () => {
  const { rp2040 } = fakeChip();
  const { dma, sram } = rp2040;
  sram.set([5, 6, 7], 0);
  dma.pulse(DREQ.PWM_WRAP0 + 2);
  start(dma, 0, [RAM, RAM + 50, 3, EN | READ_ON | WRITE_ON | treq(DREQ.PWM_WRAP0 + 2) | chain(0)]);
  assert.equal(sram[50], 0);
  dma.pulse(DREQ.PWM_WRAP0 + 2);
  assert.deepEqual([...sram.slice(50, 53)], [5, 0, 0]);
  dma.pulse(DREQ.PWM_WRAP0 + 2);
  dma.pulse(DREQ.PWM_WRAP0 + 2);
  assert.equal(dma.readUint32(0x0c) & BUSY, 0);
});

test('a finished channel starts the one it is chained to; a ring keeps its address in place', () => {
  const { clock, rp2040 } = fakeChip();
  const { dma, sram } = rp2040;
  sram.set([1, 2, 3, 4], 0);
  const common = EN | READ_ON | WRITE_ON | QUIET | treq(DREQ.PERMANENT);
  dma.writeUint32(0x40 + 0x10, common | chain(1) | (2 << 6)); // AL1_CTRL: no trigger; read ring of 4 bytes
  dma.writeUint32(0x40 + 0x00, RAM);
  dma.writeUint32(0x40 + 0x04, RAM + 20);
  dma.writeUint32(0x40 + 0x08, 6);
  start(dma, 0, [RAM, RAM + 10, 4, common | chain(1)]);
  clock.advanceTo(1000);
  assert.deepEqual([...sram.slice(10, 14)], [1, 2, 3, 4]);
  assert.deepEqual([...sram.slice(20, 26)], [1, 2, 3, 4, 1, 2]);
  assert.equal(dma.readUint32(0x400), 0, 'quiet channels raise nothing');
});

test('an aborted channel is idle at once', () => {
  const { clock, rp2040 } = fakeChip();
  const { dma, sram } = rp2040;
  dma.writeUint32(0x420, (1 << 16) | 1250);
  start(dma, 0, [RAM, RAM + 100, 100, EN | READ_ON | WRITE_ON | treq(DREQ.TIMER0) | chain(0)]);
  dma.writeUint32(0x444, 1);
  sram.fill(9, 0, 10);
  clock.advanceTo(1e6);
  assert.equal(sram[100], 0);
  assert.equal(dma.readUint32(0x0c) & BUSY, 0);
});
