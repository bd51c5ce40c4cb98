/** Knobs: the multiplexers in front of the RP2040's ADC, and that ADC with erratum E11. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { board, workbench } from './chips_bench.js';

const CODES = board.ADC_FULL + 1;
/** Measured on real chips: code, DNL in LSB. */
const SPIKES = new Map([
  [511, 8.7],
  [1535, 8.0],
  [2559, 7.7],
  [3583, 8.0],
]);

test('every knob stands at its own multiplexer and address', () => {
  const { chips, clock } = workbench();
  for (let channel = 0; channel < board.PANEL_COUNT; channel++) chips.setKnob(channel, (channel + 1) / 50);
  for (let address = 0; address < board.MUX_ADDRESSES; address++) {
    chips.muxAddress(address);
    clock.nanos += 10_000;
    for (let mux = 0; mux < board.MUX_COUNT; mux++) {
      const channel = mux * board.MUX_ADDRESSES + address;
      assert.ok(Math.abs(chips.analogIn(mux) - (channel + 1) / 50) < 1e-9, board.PANEL[channel][0]);
    }
  }
});

test('after an address change the pin still shows the last knob, and settles within 1.5 us', () => {
  const { chips, clock } = workbench();
  chips.setKnob(board.VCO1_PW, 0);
  chips.setKnob(board.VCO1_WAVE_FORM, 0.5);
  chips.muxAddress(board.VCO1_PW);
  clock.nanos += 10_000;
  assert.equal(chips.analogIn(0), 0);
  chips.muxAddress(board.VCO1_WAVE_FORM);
  clock.nanos += 90;
  assert.equal(chips.analogIn(0), 0, 'the old switch has opened, the new one not yet closed');
  clock.nanos += 10 + 154;
  const after = chips.analogIn(0);
  assert.ok(after > 0.28 && after < 0.35, `one time constant: ${after}`);
  clock.nanos += 1_300;
  assert.ok(Math.abs(chips.analogIn(0) - 0.5) < 0.5 / CODES);
});

test('a visit is one choice of an input, however often it is converted then', () => {
  const { chips } = workbench();
  for (const address of [5, 5, 6, 5]) {
    chips.muxAddress(address);
    chips.analogIn(1);
    chips.analogIn(1);
  }
  const first = board.MUX_ADDRESSES;
  assert.deepEqual([...chips.mux.visits.slice(first + 5, first + 7)], [2, 1]);
  assert.equal(
    chips.mux.visits.reduce((sum, each) => sum + each),
    3,
  );
});

test('a pot at its end charges the pin through 70 ohms only: faster than in the middle', () => {
  const { chips, clock } = workbench();
  chips.setKnob(0, 1);
  chips.setKnob(1, 0);
  chips.muxAddress(1);
  clock.nanos += 10_000;
  chips.muxAddress(0);
  clock.nanos += 100 + 50;
  assert.ok(chips.analogIn(0) > 0.999);
});

test('turning the knob that is being watched moves the pin smoothly, turning another does not', () => {
  const { chips, clock } = workbench();
  chips.muxAddress(3);
  chips.setKnob(3, 0.2);
  clock.nanos += 10_000;
  chips.setKnob(3, 0.8);
  assert.ok(Math.abs(chips.analogIn(0) - 0.2) < 1e-9);
  clock.nanos += 10_000;
  assert.ok(Math.abs(chips.analogIn(0) - 0.8) < 1e-9);
  chips.setKnob(4, 0.1);
  assert.ok(Math.abs(chips.analogIn(0) - 0.8) < 1e-9);
});

test('spare inputs are grounded, rotaries start at their first position, nothing leaves the span', () => {
  const { chips, clock } = workbench();
  const spare = board.PANEL.findIndex(
    (/** @type {[string, number]} */ [, kind]) => kind === board.KIND_SPARE,
  );
  assert.equal(chips.mux.fractions[spare], 0);
  assert.equal(chips.mux.fractions[board.VCO1_WAVE_FORM], 1 / 8);
  assert.throws(() => chips.setKnob(48, 0.5), RangeError);
  assert.throws(() => chips.setKnob(0, 1.1), RangeError);
  chips.mux.noise = () => 2;
  clock.nanos += 10_000;
  assert.equal(chips.analogIn(0), 1);
  chips.mux.noise = (channel) => (channel === chips.mux.address ? -2 : 0);
  assert.equal(chips.analogIn(0), 0);
});

test('without a supply every pin is at 0 V', () => {
  const { chips } = workbench({ powered: false });
  chips.setKnob(0, 1);
  assert.equal(chips.analogIn(0), 0);
});

/**
 * A slow ramp over the whole span: how often each code came, in LSB of ramp.
 *
 * @param {ReturnType<typeof workbench>} bench
 * @param {number} perLsb
 */
function rampHistogram({ chips }, perLsb) {
  const widths = new Float64Array(CODES);
  const steps = CODES * perLsb;
  for (let step = 0; step < steps; step++) widths[chips.rp2040Adc((step + 0.5) / steps)] += 1 / perLsb;
  return widths;
}

test('a ramp finds the four wide codes of E11, no missing code, and INL within about 6 LSB', () => {
  const bench = workbench();
  bench.chips.adc.noiseLsb = 0;
  const widths = rampHistogram(bench, 100);
  for (const [code, dnl] of SPIKES) {
    assert.ok(Math.abs(widths[code] - 1 - dnl) < 0.05, `code ${code} is ${widths[code]} LSB wide`);
  }
  let edge = 0;
  let squares = 0;
  let worst = 0;
  widths.forEach((width, code) => {
    assert.ok(width > 0, `code ${code} is missing`);
    if (!SPIKES.has(code)) assert.ok(width < 2, `code ${code} is ${width} LSB wide`);
    const inl = edge + width / 2 - (code + 0.5);
    worst = Math.max(worst, Math.abs(inl));
    squares += inl * inl;
    edge += width;
  });
  const rms = Math.sqrt(squares / CODES);
  assert.ok(worst > 5 && worst < 7, `worst INL ${worst}`);
  assert.ok(rms > 2.7 && rms < 3.2, `INL rms ${rms}`);
});

test('the wide codes still stand out of the noise, and the curve never turns back', () => {
  const bench = workbench();
  const widths = rampHistogram(bench, 100);
  for (const [code, dnl] of SPIKES) assert.ok(Math.abs(widths[code] - 1 - dnl) < 0.6);
  bench.chips.adc.noiseLsb = 0;
  let last = 0;
  for (let step = 0; step <= 100_000; step++) {
    const code = bench.chips.rp2040Adc(step / 100_000);
    assert.ok(code >= last);
    last = code;
  }
  assert.equal(last, board.ADC_FULL);
});

test('noise is half an LSB rms where codes are ordinary, and vanishes inside a wide code', () => {
  const { chips } = workbench();
  let variance = 0;
  const positions = 64;
  for (let position = 0; position < positions; position++) {
    const fraction = (1000 + position / positions) / CODES;
    let sum = 0;
    let squares = 0;
    const count = 500;
    for (let sample = 0; sample < count; sample++) {
      const code = chips.rp2040Adc(fraction);
      sum += code;
      squares += code * code;
    }
    variance += (squares / count - (sum / count) ** 2) / positions;
  }
  // Half an LSB of noise, plus the rounding to codes: sqrt(0.25 + 1/12).
  assert.ok(Math.abs(Math.sqrt(variance) - 0.577) < 0.06, `noise ${Math.sqrt(variance)} LSB rms`);

  chips.adc.noiseLsb = 0;
  let start = 480 / CODES;
  while (chips.rp2040Adc(start) < 511) start += 0.1 / CODES;
  chips.adc.noiseLsb = 0.5;
  const middle = start + 4.8 / CODES;
  for (let sample = 0; sample < 1000; sample++) assert.equal(chips.rp2040Adc(middle), 511);
});

test('effective bits are about the 8.7 of the data sheet', () => {
  const { chips } = workbench();
  let squares = 0;
  const samples = 100_000;
  for (let sample = 0; sample < samples; sample++) {
    const fraction = 0.5 + 0.4999 * Math.sin(2 * Math.PI * (sample * 0.0713));
    const error = chips.rp2040Adc(fraction) + 0.5 - fraction * CODES;
    squares += error * error;
  }
  const signal = (0.4999 * CODES) / Math.SQRT2;
  const enob = (20 * Math.log10(signal / Math.sqrt(squares / samples)) - 1.76) / 6.02;
  assert.ok(enob > 8.3 && enob < 9.1, `ENOB ${enob}`);
});

test('the same seed is the same chip and the same noise; another seed is another chip', () => {
  const codes = (/** @type {number} */ seed) => {
    const { chips } = workbench({ seed });
    return Array.from({ length: 200 }, (_, step) => chips.rp2040Adc(step / 200));
  };
  assert.deepEqual(codes(3), codes(3));
  assert.notDeepEqual(codes(3), codes(4));
});
