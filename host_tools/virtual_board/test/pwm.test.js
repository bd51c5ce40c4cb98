import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pwm } from '../src/pwm.js';
import { fakeChip } from './fake_chip.js';

const PIN = 20; // slice 2, output A
const SLICE = 2 * 0x14;
const CSR = SLICE;
const DIV = SLICE + 4;
const CTR = SLICE + 8;
const CC = SLICE + 12;
const TOP = SLICE + 16;

function slice() {
  const chip = fakeChip();
  const pwm = new Pwm(chip.rp2040);
  chip.rp2040.pwm = pwm;
  chip.rp2040.gpio[PIN].ctrl = 4;
  chip.rp2040.gpio[PIN].checkForUpdates();
  chip.edges.length = 0;
  return { ...chip, pwm };
}

test('edges come at exact multiples of 8 ns, without drift over a million periods', () => {
  const { clock, pwm, edges } = slice();
  pwm.writeUint32(TOP, 15_624); // 8 kHz
  pwm.writeUint32(CC, 1000);
  pwm.writeUint32(CSR, 1);
  const start = clock.now;
  const periods = 1_000_000;
  let wrong = 0;
  for (let k = 0; k < periods; k++) {
    edges.length = 0;
    clock.advanceTo(start + k * 125_000 + 124_999);
    const rise = edges.find(([, , level]) => level);
    const fall = edges.find(([, , level]) => !level);
    if (k > 0 && rise?.[0] !== start + k * 125_000) wrong++;
    if (fall?.[0] !== start + k * 125_000 + 8000) wrong++;
  }
  assert.equal(wrong, 0);
});

test('inversion, always-on, always-off', () => {
  const { clock, pwm, rp2040, edges } = slice();
  pwm.writeUint32(TOP, 99);
  pwm.writeUint32(CC, 10);
  pwm.writeUint32(CSR, 1 | 4); // inverted
  clock.advanceTo(clock.now + 1);
  assert.equal(rp2040.gpio[PIN].level, false);
  clock.advanceTo(clock.now + 80);
  assert.equal(rp2040.gpio[PIN].level, true);
  pwm.writeUint32(CC, 100); // above TOP, from the next period on
  clock.advanceTo(clock.now + 800);
  edges.length = 0;
  clock.advanceTo(clock.now + 8000);
  assert.deepEqual(edges, []);
  assert.equal(rp2040.gpio[PIN].level, false);
  pwm.writeUint32(CC, 0);
  clock.advanceTo(clock.now + 1600);
  assert.equal(rp2040.gpio[PIN].level, true);
});

test('a fractional divider keeps its mean rate, and the counter can be read on the way', () => {
  const { clock, pwm, edges } = slice();
  pwm.writeUint32(DIV, (2 << 4) | 1); // 2 1/16: 16.5 ns a tick
  pwm.writeUint32(TOP, 999);
  pwm.writeUint32(CC, 500);
  pwm.writeUint32(CSR, 1);
  clock.advanceTo(250 * 16.5);
  assert.equal(pwm.readUint32(CTR), 250);
  edges.length = 0;
  clock.advanceTo(16.5e6);
  const rises = edges.filter(([, , level]) => level).map(([nanos]) => nanos);
  assert.equal(rises.at(-1), 16.5e6);
  assert.equal(rises.length, 1000);
});

test('phase-correct mode is symmetric', () => {
  const { clock, pwm, edges } = slice();
  pwm.writeUint32(TOP, 100);
  pwm.writeUint32(CC, 25);
  pwm.writeUint32(CSR, 1 | 2);
  clock.advanceTo(3 * 1600);
  const times = edges.map(([nanos, , level]) => [nanos / 8, level]);
  assert.deepEqual(times.slice(1, 5), [
    [25, false],
    [176, true],
    [225, false],
    [376, true],
  ]);
});

test('the pad sees its own output and interrupts on it', () => {
  const { clock, pwm, rp2040 } = slice();
  rp2040.gpio[PIN].irqEnableMask = 8; // rising edge
  pwm.writeUint32(TOP, 99);
  pwm.writeUint32(CC, 50);
  pwm.writeUint32(CSR, 1);
  clock.advanceTo(850);
  assert.equal(rp2040.gpio[PIN].inputValue, true);
  assert.equal(rp2040.lines.get(13), true);
});

test('an input slice counts the edges of its B pin', () => {
  const { pwm, rp2040 } = slice();
  const pin = 9; // slice 4, B
  rp2040.gpio[pin].ctrl = 4;
  pwm.writeUint32(4 * 0x14, 1 | (2 << 4)); // enabled, rising edges
  for (let i = 0; i < 10; i++) rp2040.gpio[pin].drive(i % 2 === 1);
  assert.equal(pwm.readUint32(4 * 0x14 + 8), 5);
});
