/** The ADS8684: how the firmware hears the CV jacks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REG } from '../src/chips/dac81416_registers.js';
import { board, CV, JACK, spi, workbench } from './chips_bench.js';

const NO_OP = 0x0000;
const AUTO_RST = 0xa000;
const manual = (/** @type {number} */ channel) => 0xc000 + channel * 0x0400;
const writeRange = (/** @type {number} */ channel, /** @type {number} */ code) =>
  ((5 + channel) << 9) | 0x100 | code;

/** A bench whose converter adds no noise, so that codes can be compared. */
function quietBench() {
  const bench = workbench();
  bench.chips.jackAdc.noiseLsb = 0;
  return bench;
}

test('the result of a channel comes in the frame after the one that selects it', () => {
  const { chips, jackFrame } = quietBench();
  chips.setJack('VCO 1+2 CV IN', 5.12);
  chips.setJack('VCO 2 CV IN', -2.56);
  assert.equal(jackFrame(manual(0)), 0, 'nothing was selected yet');
  assert.equal(jackFrame(manual(1)), 0xc000, '+5.12 V of +-10.24 V');
  assert.equal(jackFrame(manual(1)), 0x6000, '-2.56 V of +-10.24 V');
  assert.equal(jackFrame(NO_OP), 0x6000);
});

test('a jack is sampled when its result frame opens, not when it is read out', () => {
  const { chips, jackFrame } = quietBench();
  jackFrame(manual(0));
  chips.setJack('VCO 1+2 CV IN', 1.024);
  chips.jackAdc.select(true);
  chips.setJack('VCO 1+2 CV IN', 9);
  const bytes = [0, 0, 0, 0].map((byte) => chips.jackAdc.transfer(byte, 8, JACK));
  chips.jackAdc.select(false);
  const code = (bytes[2] << 8) | bytes[3];
  assert.equal(code, Math.round(((1.024 + 10.24) / 20.48) * 65536));
});

test('each input range spreads 65 536 codes over its volts, and saturates beyond', () => {
  const ranges = [
    [0, -10.24, 10.24],
    [1, -5.12, 5.12],
    [2, -2.56, 2.56],
    [5, 0, 10.24],
    [6, 0, 5.12],
  ];
  for (const declared of board.JACK_ADC_RANGE_VOLTS) {
    assert.deepEqual(
      ranges.find(([code]) => code === declared[0]),
      declared,
    );
  }
  const { chips, jackFrame, misuses } = quietBench();
  for (const [code, low, high] of ranges) {
    jackFrame(writeRange(1, code));
    jackFrame(manual(1));
    for (const part of [0.1, 0.5, 0.9]) {
      chips.setJack('VCO 2 CV IN', low + (high - low) * part);
      assert.equal(jackFrame(NO_OP), Math.round(65536 * part), `range ${code}`);
    }
    chips.setJack('VCO 2 CV IN', low - 1);
    assert.equal(jackFrame(NO_OP), 0);
    chips.setJack('VCO 2 CV IN', high + 1);
    assert.equal(jackFrame(NO_OP), 0xffff);
  }
  assert.deepEqual(misuses, []);
});

test('Hz/V at 16 bits: the lowest C, 0.25 V, is read to a cent', () => {
  const { chips, jackFrame } = quietBench();
  jackFrame(writeRange(0, 5));
  jackFrame(manual(0));
  chips.setJack('VCO 1+2 CV IN', 0.25);
  const volts = (jackFrame(NO_OP) * 10.24) / 65536;
  assert.ok(Math.abs(1200 * Math.log2(volts / 0.25)) < 1);
});

test('program registers answer in their own frame, reset to the widest range, and stop conversion', () => {
  const { chips, jackFrame } = quietBench();
  chips.setJack('VCO 1+2 CV IN', 10);
  assert.equal(jackFrame(5 << 9) >> 8, 0);
  assert.equal(jackFrame(writeRange(0, 6)) >> 8, 6);
  assert.equal(jackFrame(5 << 9) >> 8, 6);
  jackFrame(manual(0));
  jackFrame(writeRange(0, 5));
  assert.equal(jackFrame(NO_OP), 0, 'not converting after a register write');
  jackFrame(0x8500);
  assert.equal(chips.jackAdc.register(5), 0);
});

test('AUTO_RST goes through the channels in turn', () => {
  const { chips, jackFrame } = quietBench();
  for (const channel of [0, 1, 2, 3]) jackFrame(writeRange(channel, 5));
  chips.setJack('VCO 1+2 CV IN', 1.28);
  chips.setJack('VCO 2 CV IN', 2.56);
  jackFrame(AUTO_RST);
  assert.deepEqual(
    [0, 0, 0, 0, 0].map(() => jackFrame(NO_OP)),
    [0x2000, 0x4000, 0, 0, 0x2000],
  );
});

test('KBD CV OUT and AUX are read back through the jack ADC: the DAC proves itself', () => {
  const { chips, dacSetUp, dacWrite, jackFrame, tick } = quietBench();
  dacSetUp();
  for (const channel of [2, 3]) jackFrame(writeRange(channel, board.JACK_ADC[channel][1]));
  dacWrite(REG.DAC0 + CV['KBD CV OUT'], Math.round(65536 * 0.4));
  dacWrite(REG.DAC0 + CV.AUX, Math.round(65536 * 0.7));
  tick();
  jackFrame(manual(2));
  assert.ok(Math.abs((jackFrame(manual(3)) * 10.24) / 65536 - 4) < 0.001);
  assert.ok(Math.abs((jackFrame(NO_OP) * 10.24) / 65536 - 7) < 0.001);
  chips.setJack('AUX', 0);
  assert.equal(jackFrame(NO_OP), 0, 'AUX shorted by a cable');
  chips.setJack('AUX', null);
  assert.ok(jackFrame(NO_OP) > 40_000);
});

test('an open CV jack reads 0 V, and noise is half an LSB rms', () => {
  const { chips, jackFrame } = workbench();
  jackFrame(writeRange(0, 0));
  jackFrame(manual(0));
  let sum = 0;
  let squares = 0;
  const count = 4000;
  for (let sample = 0; sample < count; sample++) {
    const off = jackFrame(NO_OP) - 0x8000;
    sum += off;
    squares += off * off;
  }
  assert.ok(Math.abs(sum / count) < 0.05);
  // Half an LSB of noise, and the rounding to codes on top: sqrt(0.25 + 1/12).
  assert.ok(Math.abs(Math.sqrt(squares / count) - 0.577) < 0.05);
  assert.deepEqual(chips.misuses, []);
});

test('any width of piece gives the same reading', () => {
  const { chips, jackFrame } = quietBench();
  chips.setJack('VCO 1+2 CV IN', 3.3);
  jackFrame(manual(0));
  const whole = jackFrame(NO_OP);
  for (const widths of [
    [16, 16],
    [12, 12, 8],
    [4, 4, 4, 4, 4, 4, 4, 4],
  ]) {
    let bits = 0n;
    chips.jackAdc.select(true);
    for (const width of widths)
      bits = (bits << BigInt(width)) | BigInt(chips.jackAdc.transfer(0, width, JACK));
    chips.jackAdc.select(false);
    assert.equal(Number(bits), whole, widths.join());
  }
});

test('too fast a clock, a wrong mode, a cut frame, a reserved range and a foreign command are misuse', () => {
  const { chips, jackFrame, misuses } = quietBench();
  chips.setJack('VCO 1+2 CV IN', 3.3);
  jackFrame(manual(0));
  const right = jackFrame(NO_OP);
  assert.equal(jackFrame(NO_OP, spi(1, 20_000_000)), right);
  assert.match(misuses[0], /17 MHz/);
  assert.notEqual(jackFrame(NO_OP, spi(0, 1_000_000)), right);
  assert.match(misuses[1], /mode 1/);
  jackFrame(writeRange(0, 7));
  assert.match(misuses[2], /range 7h is reserved/);
  jackFrame(0xd000);
  assert.match(misuses[3], /d000h/);
  jackFrame(manual(0));
  chips.jackAdc.select(true);
  chips.jackAdc.transfer(0, 8, JACK);
  chips.jackAdc.select(false);
  assert.match(misuses[4], /aborted/);
  assert.equal(jackFrame(NO_OP), 0, 'an aborted frame stops conversion');
  assert.equal(misuses.length, 5);
});
