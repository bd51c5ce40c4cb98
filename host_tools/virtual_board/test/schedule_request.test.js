/** Requests that are carried out at given times: hands on the panel, edges on the comparators, the supply. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMMANDS } from '../src/commands.js';
import { Flash } from '../src/flash.js';
import { Machine } from '../src/machine.js';
import { KIND } from '../src/recorder.js';
import { boardDeclaration, bootStock, exec, runUntil, skip } from './bench.js';

const board = boardDeclaration();
const runner = { runUntil: async () => {}, freeRun: () => {} };

/** @typedef {import('../src/machine.js').Machine} Board */

/** @param {Board} machine @param {string} name @param {Record<string, unknown>} given */
const ask = (machine, name, given) => COMMANDS[name](machine, given, runner);

/** A board without an image, and without power. */
const unpowered = () => new Machine({ board, flash: new Flash(null) });

/** @param {Board} machine @param {number} kind */
function records(machine, kind) {
  const { times, kinds, values, count } = machine.recorder;
  return Array.from({ length: count }, (_, i) => i)
    .filter((i) => kinds[i] === kind)
    .map((i) => [times[i], values[i]]);
}

test('each hand comes at its own time, whatever the order they were given in', () => {
  const machine = unpowered();
  /** @type {[string, number, ...unknown[]][]} */
  const seen = [];
  const spy = (/** @type {any} */ object, /** @type {string} */ method) => {
    const real = object[method].bind(object);
    object[method] = (/** @type {unknown[]} */ ...given) => {
      seen.push([method, machine.clock.nanos, ...given]);
      return real(...given);
    };
  };
  for (const method of ['setKnob', 'setKey', 'setJack']) spy(machine.chips, method);
  for (const method of ['setEdges', 'jacksChanged']) spy(machine.pins, method);
  for (const method of ['plug', 'suspend']) spy(machine.usb, method);
  ask(machine, 'schedule', {
    requests: [
      [5000.5, { do: 'key', key: 3, down: true }],
      [1000, { do: 'knob', channel: 7, fraction: 0.25 }],
      [2000, { do: 'jack', name: 'TRIG IN', volts: 0 }],
      [
        6000,
        {
          do: 'knob_many',
          values: [
            [1, 0],
            [2, 1],
          ],
        },
      ],
      [3000, { do: 'edges', pin: 'f_v', hz: 100 }],
      [4000, { do: 'usb', connected: false }],
      [4000, { do: 'usb_suspend', on: true }],
    ],
  });
  assert.deepEqual(seen, []);
  machine.run(10_000);
  assert.deepEqual(seen, [
    ['setKnob', 1000, 7, 0.25],
    ['setJack', 2000, 'TRIG IN', 0],
    ['jacksChanged', 2000],
    ['setEdges', 3000, 'f_v', 100],
    ['plug', 4000, false],
    ['suspend', 4000, true],
    ['setKey', 5000.5, 3, true],
    ['setKnob', 6000, 1, 0],
    ['setKnob', 6000, 2, 1],
  ]);
});

test('one wrong request refuses the whole schedule and names its place', () => {
  const machine = unpowered();
  machine.run(1e6);
  const right = [2e6, { do: 'knob', channel: 1, fraction: 1 }];
  for (const [wrong, sentence] of /** @type {[unknown, RegExp][]} */ ([
    [
      [2e6, { do: 'knob', channel: 1, fraction: 2 }],
      /^requests\[1\]: fraction must be a number from 0 to 1, not 2\.$/,
    ],
    [[2e6, { do: 'knob', channel: 1.5, fraction: 1 }], /channel must be a whole number from 0 to 47/],
    [[2e6, { do: 'key', key: 0.5, down: true }], /key must be a whole number from 0 to 36/],
    [[2e6, { do: 'knob_many', values: [[1]] }], /values must be a list/],
    [[2e6, { do: 'jack', name: 'TRIG', volts: 0 }], /did you mean "TRIG IN"/],
    [[2e6, { do: 'edges', pin: 'tuna', hz: 1 }], /did you mean "tune"/],
    [[2e6, { do: 'power', on: 1 }], /on must be true or false/],
    [
      [2e6, { do: 'knobs', channel: 1, fraction: 1 }],
      /^requests\[1\]: "knobs" cannot be scheduled; did you mean "knob"\?$/,
    ],
    [[2e6, { do: 'advance', ns: 1 }], /"advance" cannot be scheduled/],
    [[999e3, { do: 'power', on: true }], /at_ns must be a time from now \(1000000 ns\) on, not 999000/],
    [['soon', { do: 'power', on: true }], /at_ns must be a time/],
    [{ do: 'power', on: true }, /it must be \[at_ns, request\]/],
    [[2e6], /it must be \[at_ns, request\]/],
    [[2e6, null], /it must be \[at_ns, request\]/],
  ])) {
    assert.throws(() => ask(machine, 'schedule', { requests: [right, wrong, right] }), {
      kind: 'bad-request',
      message: sentence,
    });
    assert.equal(machine.actions.pending, 0);
  }
  assert.throws(() => ask(machine, 'schedule', {}), /requests must be a list/);
  ask(machine, 'schedule', { requests: [[1e6 - 0.5, right[1]], right] });
  assert.equal(machine.actions.pending, 2, 'a rounded "now" is now');
});

test('ten thousand hands take one alarm', () => {
  const machine = unpowered();
  const before = alarms(machine);
  const requests = Array.from({ length: 10_000 }, (_, i) => [
    1e6 + 100 * ((i * 7919) % 10_000),
    { do: 'knob', channel: i % 48, fraction: (i % 11) / 10 },
  ]);
  ask(machine, 'schedule', { requests });
  ask(machine, 'schedule', { requests: [[1.5e6, { do: 'key', key: 0, down: true }]] });
  assert.equal(alarms(machine), before + 1);
  machine.run(3e6);
  assert.equal(machine.actions.pending, 0);
  assert.equal(alarms(machine), before);
});

/** @param {Board} machine */
function alarms(machine) {
  let count = 0;
  for (let { first } = machine.clock; first; first = first.next) count++;
  return count;
}

test('edges come exactly when they were asked for: jittered, doubled, missing', () => {
  const machine = unpowered();
  /** @type {[number, number][]} */
  const seen = [];
  const { tune } = machine.chips;
  const fire = tune.fire.bind(tune);
  tune.fire = () => {
    const level = fire();
    seen.push([machine.clock.nanos, level]);
    return level;
  };
  ask(machine, 'edges', { pin: 'tune', hz: 1000 });
  machine.run(1.2e6);
  assert.deepEqual(seen.splice(0), [
    [0.5e6, 1],
    [1e6, 0],
  ]);
  const times = [1.3e6, 1.3e6 + 40, 1.3e6 + 90.25, 5e6, 5.01e6];
  ask(machine, 'edge_times', { pin: 'tune', times_ns: times });
  machine.run(100e6);
  assert.deepEqual(
    seen.splice(0),
    times.map((nanos, i) => [nanos, 1 - (i % 2)]),
  );
  assert.equal(alarms(machine), 0);

  ask(machine, 'edge_times', { pin: 'tune', times_ns: [101e6, 102e6] });
  ask(machine, 'edge_times', { pin: 'tune', times_ns: [103e6] });
  machine.run(110e6);
  assert.deepEqual(seen.splice(0), [[103e6, 0]], 'the newer list is all that counts');
  ask(machine, 'edge_times', { pin: 'tune', times_ns: [111e6, 120e6] });
  machine.run(112e6);
  ask(machine, 'edges', { pin: 'tune', hz: 500 });
  machine.run(113.5e6);
  assert.deepEqual(seen.splice(0), [
    [111e6, 1],
    [113e6, 0],
  ]);
  ask(machine, 'edge_times', { pin: 'tune', times_ns: [] });
  machine.run(200e6);
  assert.deepEqual(seen, []);
});

test('edge times that are gone or do not ascend are refused, and the wave goes on', () => {
  const machine = unpowered();
  machine.run(1e6);
  ask(machine, 'edges', { pin: 'f_v', hz: 1000 });
  for (const [times, sentence] of /** @type {[unknown, RegExp][]} */ ([
    [[2e6, 3e6, 3e6], /times_ns must ascend, and times_ns\[2\] does not come after the one before it/],
    [[3e6, 2e6], /times_ns\[1\] does not come after/],
    [[0.5e6, 2e6], /times_ns\[0\] must be a time from now \(1000000 ns\) on/],
    [[2e6, 'later'], /times_ns\[1\] must be a time/],
    [2e6, /times_ns must be a list/],
  ])) {
    assert.throws(() => ask(machine, 'edge_times', { pin: 'f_v', times_ns: times }), {
      kind: 'bad-request',
      message: sentence,
    });
    assert.equal(machine.chips.fv.hz, 1000);
  }
  assert.throws(() => ask(machine, 'edge_times', { pin: 'led', times_ns: [] }), /pin cannot be "led"/);
});

test('the firmware sees scheduled edges, plugs and keys, thousands of them', { skip }, () => {
  const machine = bootStock();
  const code = `
from machine import Pin
import time
n = 0
def edge(p):
    global n
    n += 1
Pin(8, Pin.IN).irq(handler=edge, trigger=Pin.IRQ_RISING | Pin.IRQ_FALLING)
t = Pin(6, Pin.IN)
a = t.value(); time.sleep_ms(250); b = t.value(); time.sleep_ms(250)
print(n, a, b, t.value())`;
  const from = machine.clock.now + 100e6;
  ask(machine, 'edge_times', {
    pin: 'tune',
    times_ns: Array.from({ length: 4000 }, (_, i) => from + i * 60e3 + 10e3 * Math.sin(i)),
  });
  ask(machine, 'schedule', {
    requests: [
      [from, { do: 'jack', name: 'TRIG IN', volts: 0 }],
      [from + 280e6, { do: 'jack', name: 'TRIG IN', volts: null }],
    ],
  });
  assert.equal(exec(machine, code), '4000 1 0 1\n');
});

test(
  'a power cut comes in the very nanosecond, and off and on in one instant is a cold start',
  { skip },
  () => {
    const machine = bootStock();
    exec(machine, 'import machine\nmachine.mem32[0x20040000] = 0x12345678');
    machine.recorder.clear();
    const at = Math.ceil(machine.clock.now) + 123_457;
    ask(machine, 'schedule', {
      requests: [
        [at, { do: 'power', on: false }],
        [at, { do: 'power', on: true }],
        [at + 1000, { do: 'power', on: false }],
        [at + 2000, { do: 'power', on: true }],
      ],
    });
    // The processor is busy, not asleep: the cut falls into a stretch of instructions.
    machine.usb.type(Buffer.from('while True: pass\x04'));
    machine.run(at + 1e6);
    assert.deepEqual(records(machine, KIND.POWER), [
      [at, 0],
      [at, 1],
      [at + 1000, 0],
      [at + 2000, 1],
    ]);
    assert.deepEqual(
      records(machine, KIND.RESET).map(([, cause]) => cause),
      [1, 1],
    );
    const begin = machine.console.text.length;
    runUntil(machine, () => machine.console.text.slice(begin).includes('>>> '), 1e9);
    machine.chips.power.hold(true);
    assert.notEqual(exec(machine, 'import machine\nprint(hex(machine.mem32[0x20040000]))'), '0x12345678\n');
  },
);
