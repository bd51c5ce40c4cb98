/** Parts with a fault or an error of their own: the DAC's data bits and channels, the jack ADC's offset and gain. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REG } from '../src/chips/dac81416_registers.js';
import { CV, STREAMING, board, workbench } from './chips_bench.js';

const CODES = 65536;
const manual = (/** @type {number} */ channel) => 0xc000 + channel * 0x0400;
const unipolar = (/** @type {number} */ channel) => ((5 + channel) << 9) | 0x105;

/** A DAC that is set up, with faults. @param {import('../src/chips/types.js').DacOptions} dac */
function faulty(dac) {
  const bench = workbench({ dac });
  bench.dacSetUp();
  return bench;
}

test('a stuck data bit shows in the read-back and at the output of every channel', () => {
  const { chips, dacRead, dacWrite, misuses, tick } = faulty({ stuckHigh: 0x0100, stuckLow: 0x8001 });
  for (let channel = 0; channel < board.CV_COUNT; channel++) {
    dacWrite(REG.DAC0 + channel, 0xfeff - channel);
    tick();
    const code = ((0xfeff - channel) | 0x0100) & 0x7ffe;
    assert.equal(dacRead(REG.DAC0 + channel), code);
    assert.equal(chips.dac.codes[channel], code);
    const [, low, high] = board.DAC_RANGE_VOLTS.find(
      (/** @type {number[]} */ [range]) => range === board.CV[channel][1],
    );
    assert.ok(Math.abs(chips.dac.volts(channel) - (low + ((high - low) * code) / CODES)) < 1e-9);
  }
  assert.equal(dacRead(REG.SYNCCONFIG), 0xffff, 'only the data registers have the fault');
  assert.deepEqual(misuses, []);
});

test('a bit stuck high is there from the reset on, streamed and broadcast data have it too', () => {
  const { chips, dacRead, dacStream, dacWrite, tick } = faulty({ stuckHigh: 0x0010 });
  assert.equal(dacRead(REG.DAC0 + 7), 0x0010);
  dacWrite(REG.SPICONFIG, STREAMING);
  dacStream(REG.DAC0, new Array(16).fill(0x1000));
  tick();
  assert.deepEqual([...chips.dac.codes], new Array(16).fill(0x1010));
  dacWrite(REG.BRDCAST, 0x2000);
  tick();
  assert.deepEqual([...chips.dac.codes], new Array(16).fill(0x2010));
});

test('what is written to one of two merged channels lands in both', () => {
  const { chips, dacRead, dacWrite, tick } = faulty({ mergedChannels: [[3, 5]] });
  dacWrite(REG.DAC0 + 3, 0x1111);
  dacWrite(REG.DAC0 + 4, 0x2222);
  assert.deepEqual(
    [3, 4, 5].map((channel) => dacRead(REG.DAC0 + channel)),
    [0x1111, 0x2222, 0x1111],
  );
  assert.equal(chips.dac.codes[5], 0, 'not before LDAC');
  tick();
  assert.deepEqual([...chips.dac.codes.slice(3, 6)], [0x1111, 0x2222, 0x1111]);
  dacWrite(REG.DAC0 + 5, 0x3333);
  tick();
  assert.deepEqual([...chips.dac.codes.slice(3, 6)], [0x3333, 0x2222, 0x3333]);
});

test('of a streamed frame, merged channels keep what came last', () => {
  const { chips, dacStream, dacWrite, tick } = faulty({
    mergedChannels: [
      [0, 15],
      [1, 2],
    ],
  });
  dacWrite(REG.SPICONFIG, STREAMING);
  dacStream(
    REG.DAC0,
    Array.from({ length: 16 }, (_, channel) => 0x1000 * channel),
  );
  tick();
  assert.deepEqual([...chips.dac.codes.slice(0, 4)], [0xf000, 0x2000, 0x2000, 0x3000]);
  assert.equal(chips.dac.codes[15], 0xf000);
});

test('the bridge shows at KBD CV by the jack ADC, as start-up would find it', () => {
  const { chips, dacWrite, jackFrame, tick } = faulty({ mergedChannels: [[CV['KBD CV OUT'], CV.AUX]] });
  chips.jackAdc.noiseLsb = 0;
  dacWrite(REG.DAC0 + CV['KBD CV OUT'], 0x4000);
  dacWrite(REG.DAC0 + CV.AUX, 0x8000);
  tick();
  jackFrame(unipolar(2));
  jackFrame(manual(2));
  assert.equal(jackFrame(manual(2)), Math.round((5 / 10.24) * CODES));
});

test('faults that cannot be are refused', () => {
  for (const [dac, sentence] of /** @type {[any, RegExp][]} */ ([
    [{ stuckHigh: 1, stuckLow: 1 }, /both high and low/],
    [{ stuckHigh: 0x10000 }, /a mask of 16 bits/],
    [{ stuckLow: 'all' }, /a mask of 16 bits/],
    [{ mergedChannels: [[3, 16]] }, /no channel 16/],
    [{ mergedChannels: [3, 5] }, /a list of lists/],
  ]))
    assert.throws(() => workbench({ dac }), sentence);
});

test('each channel of the jack ADC has its own offset and gain; those not given are right', () => {
  const { chips, jackFrame } = workbench({
    jackAdc: { noiseLsb: 0, offsetCodes: [12, -30], gains: [1.01, 0.99, 1.002] },
  });
  const volts = [2, 4, 1, 3];
  board.JACK_ADC.forEach((/** @type {[string, number]} */ [jack], /** @type {number} */ channel) =>
    chips.setJack(jack, volts[channel]),
  );
  for (const [channel, wanted] of [2 * 1.01, 4 * 0.99, 1.002, 3].entries()) {
    jackFrame(unipolar(channel));
    jackFrame(manual(channel));
    const code = jackFrame(manual(channel));
    assert.equal(
      code,
      Math.round((wanted / 10.24) * CODES + ([12, -30][channel] ?? 0)),
      `channel ${channel}`,
    );
  }
  jackFrame(manual(0));
  chips.setJack(board.JACK_ADC[0][0], 10.2);
  assert.equal(jackFrame(manual(0)), 0xffff, 'the end of the range stays the end');
});

test('gain turns about 0 V in every range, and noise can be asked for', () => {
  const { chips, jackFrame } = workbench({ jackAdc: { noiseLsb: 0, gains: [1.1] } });
  jackFrame(manual(0));
  chips.setJack(board.JACK_ADC[0][0], 0);
  assert.equal(jackFrame(manual(0)), 0x8000, 'the range after a reset is +-10.24 V');

  const loud = workbench({ jackAdc: { noiseLsb: 20 } });
  loud.jackFrame(manual(0));
  let squares = 0;
  for (let i = 0; i < 2000; i++) squares += (loud.jackFrame(manual(0)) - 0x8000) ** 2;
  const rms = Math.sqrt(squares / 2000);
  assert.ok(rms > 19 && rms < 21, `noise ${rms}`);
});

test('errors that are no list of numbers are refused', () => {
  for (const jackAdc of /** @type {any[]} */ ([
    { gains: 1.01 },
    { offsetCodes: [1, 2, 3, 4, 5] },
    { gains: ['1'] },
  ]))
    assert.throws(() => workbench({ jackAdc }), /must be a list of at most 4 numbers/);
});
