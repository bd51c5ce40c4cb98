/** The panel's noise: inputs that wander, cables that are plugged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PanelNoise } from '../src/chips/panel_noise.js';
import { board, workbench } from './chips_bench.js';

const CODES = board.ADC_FULL + 1;
const MILLI = 1e6;

/**
 * What the inputs pick up over a time, in LSB.
 * @param {import('../src/chips/types.js').PanelNoiseOptions} options
 * @param {{seconds: number, stepNanos: number, channels?: number[], seed?: number}} how
 */
function listen(options, { seconds, stepNanos, channels = [0], seed = 5 }) {
  const clock = { nanos: 0 };
  const noise = new PanelNoise(board, clock, seed, options);
  const heard = channels.map(() => new Float64Array(Math.round((seconds * 1e9) / stepNanos)));
  for (let i = 0; i < heard[0].length; i++) {
    clock.nanos = i * stepNanos;
    channels.forEach((channel, place) => (heard[place][i] = noise.at(channel) * CODES));
  }
  return heard;
}

test('each input wanders its own way, within its bounds, over seconds', () => {
  const channels = [0, 1, 20, 47];
  const heard = listen({ wanderLsb: 3 }, { seconds: 600, stepNanos: 10 * MILLI, channels });
  for (const line of heard) {
    const [low, high] = [Math.min(...line), Math.max(...line)];
    assert.ok(low >= -3 && high <= 3, `${low} to ${high}`);
    assert.ok(low < -2 && high > 2, 'it uses its room');
    line.forEach((value, i) => i && assert.ok(Math.abs(value - line[i - 1]) < 0.1, 'it never jumps'));
    let turns = 0;
    for (let i = 2; i < line.length; i++)
      if ((line[i] - line[i - 1]) * (line[i - 1] - line[i - 2]) < 0) turns++;
    assert.ok(turns > 60 && turns < 300, `${turns} turns in ten minutes`);
  }
  assert.ok(heard[0].some((value, i) => Math.abs(value - heard[1][i]) > 2));
});

/** Where bursts begin and end, as far as samples show. @param {Float64Array} line @param {number} stepNanos */
function bursts(line, stepNanos) {
  /** @type {{begin: number, end: number, peak: number, first: number}[]} */
  const found = [];
  line.forEach((value, i) => {
    if (value === 0) return;
    const nanos = i * stepNanos;
    const last = found.at(-1);
    if (!last || nanos - last.end > 50 * MILLI)
      found.push({ begin: nanos, end: nanos, peak: Math.abs(value), first: value });
    else {
      last.end = nanos;
      last.peak = Math.max(last.peak, Math.abs(value));
    }
  });
  return found;
}

test('bursts ring at most their time and amplitude, of either sign, never within 200 ms of the last', () => {
  const stepNanos = 10_000;
  const options = { burstsPerSecond: 2, burstLsb: 40, burstMs: 8 };
  const [line] = listen(options, { seconds: 200, stepNanos });
  const found = bursts(line, stepNanos);
  assert.ok(found.length > 330 && found.length < 470, `${found.length} in 200 s`);
  found.forEach(({ begin, end, peak }, i) => {
    assert.ok(end - begin <= 8 * MILLI);
    assert.ok(peak <= 40);
    if (i) assert.ok(begin - found[i - 1].end >= 200 * MILLI - stepNanos);
  });
  const up = found.filter(({ first }) => first > 0).length;
  assert.ok(up > found.length * 0.4 && up < found.length * 0.6, `${up} of ${found.length} began upwards`);
  assert.ok(Math.max(...found.map(({ peak }) => peak)) > 35);
  const crossings = line.reduce((count, value, i) => count + (i && value * line[i - 1] < 0 ? 1 : 0), 0);
  assert.ok(crossings > 5 * found.length, 'they ring');
});

test('a burst is in all inputs at once', () => {
  const options = { burstsPerSecond: 4, burstLsb: 40, burstMs: 8 };
  const [a, b] = listen(options, { seconds: 5, stepNanos: 20_000, channels: [3, 40] });
  assert.ok(a.some((value) => Math.abs(value) > 10));
  assert.deepEqual(a, b);
});

test('the same seed picks up the same, however often the inputs are read; another seed something else', () => {
  const options = { wanderLsb: 3, burstsPerSecond: 4, burstLsb: 40 };
  const how = { seconds: 20, stepNanos: 100_000, channels: [9] };
  const [often] = listen(options, how);
  const [seldom] = listen(options, { ...how, stepNanos: 1_000_000 });
  assert.deepEqual(
    [...seldom],
    [...often].filter((_, i) => i % 10 === 0),
  );
  assert.notDeepEqual(often, listen(options, { ...how, seed: 6 })[0]);
});

test('the ADC sees it on a knob; without the option there is none, and every other noise is as it was', () => {
  const codes = (/** @type {import('../src/chips/index.js').ChipOptions} */ options) => {
    const { chips, clock } = workbench(options);
    return Array.from({ length: 2000 }, () => {
      clock.nanos += 10 * MILLI;
      return chips.rp2040Adc(chips.analogIn(0));
    });
  };
  const mean = (/** @type {number[]} */ list) => list.reduce((sum, value) => sum + value, 0) / list.length;
  const quiet = codes({});
  const noisy = codes({ panelNoise: { wanderLsb: 30 } });
  const off = codes({ panelNoise: {} });
  assert.deepEqual(off, quiet);
  const far = noisy.map((code, i) => Math.abs(code - quiet[i]));
  assert.ok(Math.max(...far) > 20 && Math.max(...far) < 45);
  assert.ok(mean(far) > 5);
  assert.equal(workbench().chips.mux.noise, null);
});

test('noise that cannot be is refused', () => {
  for (const [panelNoise, sentence] of /** @type {[any, RegExp][]} */ ([
    [{ wanderLsb: -1 }, /wanderLsb must be a number at least 0/],
    [{ burstLsb: 'loud' }, /burstLsb must be a number/],
    [{ burstsPerSecond: 6 }, /cannot come 6 times a second/],
  ]))
    assert.throws(() => workbench({ panelNoise }), sentence);
});
