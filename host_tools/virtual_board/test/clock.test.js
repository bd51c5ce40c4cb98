import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock, ClockOfOneLife } from '../src/clock.js';
import { Schedule } from '../src/schedule.js';

test('alarms come in order of time, each at its own time', () => {
  const clock = new Clock();
  /** @type {[string, number][]} */
  const seen = [];
  const note = (/** @type {string} */ name) => clock.createAlarm(() => seen.push([name, clock.nanos]));
  note('late').schedule(300);
  note('early').schedule(100);
  note('middle').schedule(200);
  clock.advanceTo(250);
  assert.deepEqual(seen, [
    ['early', 100],
    ['middle', 200],
  ]);
  assert.equal(clock.now, 250);
});

test('a cancelled alarm stays silent, a rescheduled one comes once', () => {
  const clock = new Clock();
  let count = 0;
  const alarm = clock.createAlarm(() => count++);
  alarm.schedule(10);
  alarm.cancel();
  clock.advanceTo(20);
  alarm.schedule(10);
  alarm.schedule(50);
  clock.advanceTo(100);
  assert.equal(count, 1);
});

test('an alarm set during a stretch asks the processor to stop, and time is right in its middle', () => {
  const clock = new Clock();
  const core = { elapsed: 0, stopRequested: false };
  clock.beginStretch(core);
  core.elapsed = 5;
  assert.equal(clock.nanos, 40);
  clock.createAlarm(() => {}).schedule(16);
  assert.ok(core.stopRequested);
  clock.endStretch(6);
  assert.equal(clock.nextAlarmNanos, 56);
});

test('changing the processor clock does not revalue the time that has passed', () => {
  const clock = new Clock();
  clock.setCycle(1e6);
  const core = { elapsed: 3, stopRequested: false };
  clock.beginStretch(core);
  assert.equal(clock.nanos, 3000);
  clock.setCycle(125e6);
  assert.equal(clock.nanos, 3000);
  clock.endStretch(4);
  assert.equal(clock.now, 3008);
});

test('the alarms of a life end with it', () => {
  const clock = new Clock();
  const life = new ClockOfOneLife(clock);
  let rang = false;
  life.createAlarm(() => (rang = true)).schedule(5);
  life.end();
  clock.advanceTo(10);
  assert.ok(!rang);
});

test('ten thousand scheduled items take one alarm', () => {
  const clock = new Clock();
  /** @type {number[]} */
  const seen = [];
  /** @type {Schedule<number>} */
  const schedule = new Schedule(clock, (item) => seen.push(item));
  schedule.add(Array.from({ length: 10_000 }, (_, i) => ({ at: 10_000 - i, item: 10_000 - i })));
  schedule.add([{ at: 5, item: -5 }]);
  assert.equal(clock.first?.next, null);
  clock.advanceTo(20_000);
  assert.equal(seen.length, 10_001);
  assert.deepEqual(seen.slice(0, 7), [1, 2, 3, 4, 5, -5, 6]);
});
