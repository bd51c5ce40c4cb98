import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Timer } from '../src/timer.js';
import { REASON_FORCE, REASON_TIMER, Watchdog } from '../src/watchdog.js';
import { fakeChip } from './fake_chip.js';

const CTRL = 0x00;
const LOAD = 0x04;
const TRIGGER = 1 << 31;
const ENABLE = 1 << 30;

function watchdog() {
  const chip = fakeChip();
  /** @type {[number, number][]} */
  const bites = [];
  const kept = { scratch: new Uint32Array(8), reason: 0 };
  const dog = new Watchdog(chip.rp2040, kept, (reason) => bites.push([chip.clock.nanos, reason]));
  return { ...chip, dog, bites, kept };
}

test('it bites after LOAD / 2 microseconds, and not while it is fed', () => {
  const { clock, dog, bites } = watchdog();
  dog.writeUint32(LOAD, 2000);
  dog.writeUint32(CTRL, ENABLE);
  for (let i = 0; i < 10; i++) {
    clock.advanceTo(clock.now + 999_500);
    dog.writeUint32(LOAD, 2000);
  }
  assert.deepEqual(bites, []);
  const fed = clock.now;
  clock.advanceTo(fed + 2_000_000);
  assert.deepEqual(bites, [[fed + 1_000_000, REASON_TIMER]]);
});

test('TRIGGER bites at once', () => {
  const { dog, bites } = watchdog();
  dog.writeUint32(CTRL, TRIGGER);
  assert.deepEqual(bites, [[0, REASON_FORCE]]);
});

test('its counter can be read, stands while disabled, and the scratch words are the kept ones', () => {
  const { clock, dog, kept } = watchdog();
  dog.writeUint32(LOAD, 1000);
  clock.advanceTo(1e6);
  assert.equal(dog.readUint32(CTRL) & 0xffffff, 1000);
  dog.writeUint32(CTRL, ENABLE);
  clock.advanceTo(1e6 + 100_000);
  assert.equal(dog.readUint32(CTRL) & 0xffffff, 800);
  dog.writeUint32(0x0c + 4 * 3, 0xdeadbeef);
  assert.equal(kept.scratch[3], 0xdeadbeef);
});

test('the timer starts at 0 and its alarm comes exactly when the counter reaches it', () => {
  const chip = fakeChip();
  chip.clock.advanceTo(12_345_678);
  const timer = new Timer(chip.rp2040);
  const start = chip.clock.now;
  assert.equal(timer.readUint32(0x28), 0);
  timer.writeUint32(0x38, 1); // INTE
  chip.clock.advanceTo(start + 10_700);
  timer.writeUint32(0x10, 20); // ALARM0
  assert.equal(timer.readUint32(0x20), 1);
  chip.clock.advanceTo(start + 19_999);
  assert.ok(!chip.rp2040.lines.get(0));
  chip.clock.advanceTo(start + 20_000);
  assert.ok(chip.rp2040.lines.get(0));
  assert.equal(timer.readUint32(0x28), 20);
  timer.writeUint32Atomic(0x34, 1, 0);
  assert.ok(!chip.rp2040.lines.get(0));
});
