/** The pull resistors of the ADC's pads: against a multiplexer they lose, where none is fitted they show it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootStock, exec, skip } from './bench.js';
import { board, workbench } from './chips_bench.js';

const CODES = board.ADC_FULL + 1;
const SETTLED = 50_000;
/** 60 pF * 60 kOhm. */
const PULL_NANOS = 3600;
const SPARE = board.PANEL.findIndex((/** @type {[string, number]} */ [, kind]) => kind === board.KIND_SPARE);

/** @param {ReturnType<typeof workbench>} bench @param {number} mux @param {'down' | 'up' | 'none' | 'both'} pull */
const setPull = ({ chips }, mux, pull) =>
  chips.setPull(mux, pull === 'down' || pull === 'both', pull === 'up' || pull === 'both');

const near = (/** @type {number} */ value, /** @type {number} */ wanted, within = 1e-6) =>
  assert.ok(Math.abs(value - wanted) <= within, `${value} is not ${wanted}`);

test('where no multiplexer is fitted the pin follows its pull, with 3.6 us', () => {
  const bench = workbench({ mux: { missing: [1] } });
  const { chips, clock } = bench;
  setPull(bench, 1, 'up');
  clock.nanos += PULL_NANOS;
  near(chips.analogIn(1), 1 - Math.exp(-1));
  clock.nanos += SETTLED;
  near(chips.analogIn(1), 1);
  setPull(bench, 1, 'down');
  clock.nanos += PULL_NANOS;
  near(chips.analogIn(1), Math.exp(-1));
  clock.nanos += SETTLED;
  near(chips.analogIn(1), 0);
});

test('neither knobs nor addresses move a pin without a multiplexer; its neighbours do not notice', () => {
  const bench = workbench({ mux: { missing: [0] } });
  const { chips, clock } = bench;
  setPull(bench, 0, 'up');
  clock.nanos += SETTLED;
  for (let address = 0; address < board.MUX_ADDRESSES; address++) {
    for (let mux = 0; mux < board.MUX_COUNT; mux++) chips.setKnob(mux * board.MUX_ADDRESSES + address, 0.25);
    chips.muxAddress(address);
    clock.nanos += SETTLED;
    near(chips.analogIn(0), 1);
    near(chips.analogIn(1), 0.25);
  }
  chips.mux.noise = () => -0.5;
  near(chips.analogIn(0), 1);
});

test('with neither pull the charge stays, and wanders off slowly, within the span', () => {
  const bench = workbench({ mux: { missing: [2] } });
  const { chips, clock } = bench;
  setPull(bench, 2, 'up');
  clock.nanos += SETTLED;
  setPull(bench, 2, 'none');
  clock.nanos += 100_000;
  near(chips.analogIn(2), 1, 10 / CODES);
  setPull(bench, 2, 'down');
  clock.nanos += SETTLED;
  setPull(bench, 2, 'none');
  const seen = Array.from({ length: 400 }, () => {
    clock.nanos += 1e9;
    return chips.analogIn(2);
  });
  assert.ok(Math.max(...seen) > 0.2, 'it wanders');
  assert.ok(seen.every((value) => value >= 0 && value <= 1));
  seen.forEach((value, i) => i && near(value, seen[i - 1], 0.5));
});

test('with both pulls a pad keeps the level that it has', () => {
  for (const [pull, level] of /** @type {const} */ ([
    ['up', 1],
    ['down', 0],
  ])) {
    const bench = workbench({ mux: { missing: [0] } });
    setPull(bench, 0, pull);
    bench.clock.nanos += SETTLED;
    setPull(bench, 0, 'both');
    bench.clock.nanos += 1e9;
    near(bench.chips.analogIn(0), level);
  }
});

test('a fitted multiplexer bends by less than its source allows: 70 ohms grounded, 2.57 kohms in the middle', () => {
  const bench = workbench();
  const { chips, clock } = bench;
  const read = (/** @type {number} */ channel, /** @type {'down' | 'up' | 'none'} */ pull) => {
    setPull(bench, 0, pull);
    chips.muxAddress(channel);
    clock.nanos += SETTLED;
    return chips.analogIn(0);
  };
  near(read(SPARE, 'none'), 0);
  near(read(SPARE, 'up'), 70 / 60_070);
  assert.ok(read(SPARE, 'up') * CODES < 5);
  near(read(SPARE, 'down'), 0);
  chips.setKnob(3, 0.5);
  near(read(3, 'none'), 0.5);
  near(read(3, 'up'), (0.5 * 60_000 + 2570) / 62_570);
  near(read(3, 'down'), (0.5 * 60_000) / 62_570);
  chips.setKnob(3, 1);
  near(read(3, 'down'), 60_000 / 60_070);
});

test('while the switches change over, the pull has the node to itself', () => {
  const bench = workbench();
  const { chips, clock } = bench;
  chips.setKnob(0, 1);
  chips.setKnob(1, 1);
  chips.muxAddress(1);
  setPull(bench, 0, 'down');
  clock.nanos += SETTLED;
  const before = chips.analogIn(0);
  chips.muxAddress(0);
  clock.nanos += 100;
  near(chips.analogIn(0), before * Math.exp(-100 / PULL_NANOS));
  clock.nanos += 2000;
  near(chips.analogIn(0), before);
});

test('a multiplexer that the board has not cannot be missing', () => {
  for (const missing of [[3], [-1], [0.5], ['0'], 0]) {
    const mux = /** @type {any} */ ({ missing });
    assert.throws(() => workbench({ mux }), /There is no multiplexer|must be a list/);
  }
});

test('firmware that switches the pulls of the ADC pads tells which multiplexer is missing', { skip }, () => {
  const machine = bootStock({ chips: { mux: { missing: [1] } } });
  // MicroPython's ADC switches the pads' digital side off; the pulls come by PADS_BANK0 alone, OD set, IE clear.
  const code = `
import machine, time
PADS = 0x4001c004
for pin in (26, 27, 28):
    adc = machine.ADC(pin)
    seen = []
    for pull in (8, 4, 0):
        machine.mem32[PADS + 4 * pin] = 0x80 | pull
        time.sleep_us(100)
        seen.append(adc.read_u16() >> 4)
    print(*seen)`;
  machine.chips.muxAddress(SPARE);
  const codes = exec(machine, code)
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  const [up, down, none] = codes[1];
  assert.ok(up > 4080 && down < 15 && none < 15, codes[1].join());
  for (const [high, low] of [codes[0], codes[2]]) assert.ok(Math.abs(high - low) < 200, `${high}, ${low}`);
});
