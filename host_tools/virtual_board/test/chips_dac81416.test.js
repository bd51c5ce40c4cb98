/** The DAC81416: what every CV of the instrument passes through. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KIND } from '../src/chips/index.js';
import { REG } from '../src/chips/dac81416_registers.js';
import { AWAKE, board, CV, FROM_DAC, spi, STREAMING, TO_DAC, workbench } from './chips_bench.js';

const MIDDLE = board.DAC_MIDDLE;

test('a DAC fresh from power-on reads as the data sheet says and keeps every CV at ground', () => {
  const { chips, dacRead, misuses } = workbench();
  assert.equal(dacRead(REG.DEVICEID) >> 2, 0x29c);
  assert.equal(dacRead(REG.SPICONFIG), 0x0aa4);
  assert.equal(dacRead(REG.GENCONFIG), 0x7f00);
  assert.equal(dacRead(REG.BRDCONFIG), 0xffff);
  assert.equal(dacRead(REG.SYNCCONFIG), 0x0000);
  assert.equal(dacRead(REG.DACPWDWN), 0xffff);
  assert.equal(dacRead(REG.STATUS), 0x0000);
  for (let channel = 0; channel < board.CV_COUNT; channel++) {
    assert.equal(dacRead(REG.DAC0 + channel), 0);
    assert.equal(chips.dac.volts(channel), 0);
  }
  assert.deepEqual(misuses, []);
});

test('a read is answered in the next frame, behind an echo of its command', () => {
  const { dacFrame } = workbench();
  dacFrame([0xc0 | REG.DEVICEID, 0x12, 0x34], FROM_DAC);
  assert.deepEqual(dacFrame([0xc0 | REG.SPICONFIG, 0, 0], FROM_DAC), [0xc0 | REG.DEVICEID, 0x0a, 0x70]);
  assert.deepEqual(dacFrame([0, 0, 0], FROM_DAC), [0xc0 | REG.SPICONFIG, 0x0a, 0xa4]);
});

test('reserved bits keep their value, whatever is written', () => {
  const { dacWrite, dacRead } = workbench();
  dacWrite(REG.GENCONFIG, 0x0000);
  assert.equal(dacRead(REG.GENCONFIG), 0x3f00);
  dacWrite(REG.SPICONFIG, 0xf105);
  assert.equal(dacRead(REG.SPICONFIG), 0x0084);
});

test('each range spreads 65 536 codes over its volts, on every channel', () => {
  for (const [code, low, high] of board.DAC_RANGE_VOLTS) {
    const { chips, dacSetUp, dacWrite, tick } = workbench();
    dacSetUp();
    for (let address = REG.DACRANGE0; address <= REG.DACRANGE3; address++) dacWrite(address, code * 0x1111);
    for (const dacCode of [0, 1, MIDDLE, 0xffff]) {
      for (let channel = 0; channel < board.CV_COUNT; channel++) dacWrite(REG.DAC0 + channel, dacCode);
      tick();
      const volts = low + ((high - low) * dacCode) / 65536;
      for (let channel = 0; channel < board.CV_COUNT; channel++) {
        assert.ok(Math.abs(chips.dac.volts(channel) - volts) < 1e-9, `${code}: channel ${channel}`);
      }
    }
  }
});

test('an octave on a pitch channel is a volt: 6553.6 codes', () => {
  const { chips, dacSetUp, dacWrite, tick } = workbench();
  dacSetUp();
  dacWrite(REG.DAC0 + CV['VCO 1 PITCH'], MIDDLE);
  tick();
  assert.equal(chips.dac.volts(CV['VCO 1 PITCH']), 0);
  dacWrite(REG.DAC0 + CV['VCO 1 PITCH'], MIDDLE + 6554);
  tick();
  assert.ok(Math.abs(chips.dac.volts(CV['VCO 1 PITCH']) - 1) < 10 / 65536);
});

test('register 0Ah holds the ranges of channels 15 to 12, 0Dh those of 3 to 0, the lowest in the low nibble', () => {
  const { chips, dacWrite } = workbench();
  dacWrite(REG.DACRANGE0, 0x1900);
  dacWrite(REG.DACRANGE3, 0x00ea);
  assert.equal(chips.dac.rangeCode(15), 0x1);
  assert.equal(chips.dac.rangeCode(14), 0x9);
  assert.equal(chips.dac.rangeCode(1), 0xe);
  assert.equal(chips.dac.rangeCode(0), 0xa);
  assert.deepEqual(chips.dac.ranges.slice(2, 14), new Array(12).fill(0));
});

test('a part with the other order of range registers can be had, to test the bring-up measurement', () => {
  const { chips, dacWrite } = workbench({ dac: { rangeOrder: 'ascending' } });
  dacWrite(REG.DACRANGE0, 0x00ea);
  assert.equal(chips.dac.rangeCode(0), 0xa);
  assert.equal(chips.dac.rangeCode(1), 0xe);
  assert.equal(chips.dac.rangeCode(12), 0x0);
});

test('sixteen CVs written one by one appear at one instant, when LDAC falls', () => {
  const { chips, clock, dacSetUp, dacWrite, records, tick } = workbench();
  dacSetUp();
  for (let channel = 0; channel < 16; channel++) dacWrite(REG.DAC0 + channel, 0x1000 + channel);
  assert.deepEqual([...chips.dac.codes], new Array(16).fill(0));
  records.length = 0;
  const edge = clock.nanos;
  tick();
  assert.deepEqual(
    [...chips.dac.codes],
    [...Array(16).keys()].map((channel) => 0x1000 + channel),
  );
  assert.deepEqual(
    records.map(({ kind, index }) => [kind, index]),
    [[KIND.LATCH, 0], ...[...Array(16).keys()].map((channel) => [KIND.DAC, channel])],
  );
  assert.ok(records.every(({ nanos }) => nanos === edge));
});

test('a latch records itself and the CVs that it changed; one with nothing written records nothing', () => {
  const { dacSetUp, dacWrite, records, tick } = workbench();
  dacSetUp();
  dacWrite(REG.DAC0 + 4, 0x4000);
  tick();
  records.length = 0;
  tick();
  assert.deepEqual(records, []);
  dacWrite(REG.DAC0 + 4, 0x4000);
  tick();
  assert.deepEqual(
    records.map(({ kind }) => kind),
    [KIND.LATCH],
  );
  records.length = 0;
  dacWrite(REG.DAC0 + 4, 0x4001);
  tick();
  assert.deepEqual(
    records.map(({ kind, index, value }) => [kind, index, value]),
    [
      [KIND.LATCH, 0, 4],
      [KIND.DAC, 4, 0x4001],
    ],
  );
});

test('a channel that does not wait for LDAC moves when its frame ends', () => {
  const { chips, dacSetUp, dacWrite, records } = workbench();
  dacSetUp();
  dacWrite(REG.SYNCCONFIG, 0xffff & ~(1 << 9));
  dacWrite(REG.DAC0 + 9, 0x8000);
  dacWrite(REG.DAC0 + 10, 0x8000);
  assert.equal(chips.dac.volts(9), 2.5);
  assert.equal(chips.dac.volts(10), 0);
  assert.deepEqual(
    records.slice(-1).map(({ kind, index }) => [kind, index]),
    [[KIND.DAC, 9]],
  );
  assert.ok(!records.some(({ kind }) => kind === KIND.LATCH), 'no LDAC edge did it');
});

test('the TRIGGER register latches too, and Ah in it resets the part, which then needs its millisecond', () => {
  const { chips, clock, dacRead, dacSetUp, dacWrite, misuses } = workbench();
  dacSetUp();
  dacWrite(REG.DAC0 + 9, 0x8000);
  dacWrite(REG.TRIGGER, 0x0010);
  assert.equal(chips.dac.volts(9), 2.5);
  dacWrite(REG.TRIGGER, 0x000a);
  assert.equal(chips.dac.volts(9), 0);
  assert.notEqual(dacRead(REG.SPICONFIG), 0x0aa4);
  assert.match(misuses.join(), /within 1 ms/);
  clock.nanos += 1_000_000;
  assert.equal(dacRead(REG.SPICONFIG), 0x0aa4);
});

test('broadcast writes every channel that listens', () => {
  const { chips, dacSetUp, dacWrite, tick } = workbench();
  dacSetUp();
  dacWrite(REG.BRDCONFIG, 0x0081);
  dacWrite(REG.BRDCAST, 0x2222);
  tick();
  assert.deepEqual([...chips.dac.codes], [0x2222, 0, 0, 0, 0, 0, 0, 0x2222, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('powering down a channel, the reference or the device grounds the output; the code is kept', () => {
  const { chips, dacSetUp, dacWrite, tick } = workbench();
  dacSetUp();
  dacWrite(REG.DAC0, 0xffff);
  dacWrite(REG.DAC0 + 9, 0xffff);
  tick();
  const loud = chips.dac.volts(0);
  assert.ok(loud > 4.99);
  dacWrite(REG.DACPWDWN, 0x0001);
  assert.equal(chips.dac.volts(0), 0);
  assert.ok(chips.dac.volts(9) > 4.99);
  dacWrite(REG.DACPWDWN, 0x0000);
  assert.equal(chips.dac.volts(0), loud);
  dacWrite(REG.GENCONFIG, 0x7f00);
  assert.equal(chips.dac.volts(0), 0);
  dacWrite(REG.GENCONFIG, 0x3f00);
  dacWrite(REG.SPICONFIG, 0x0aa4);
  assert.equal(chips.dac.volts(0), 0);
  dacWrite(REG.SPICONFIG, AWAKE);
  assert.equal(chips.dac.volts(0), loud);
});

test('codes may be set before the outputs are switched on, so that power-up makes no thump', () => {
  const { chips, dacSetUp, dacWrite, misuses, tick } = workbench();
  for (let channel = 0; channel < 5; channel++) dacWrite(REG.DAC0 + channel, MIDDLE);
  dacSetUp();
  assert.equal(chips.dac.volts(CV['VCO 1 PITCH']), 0);
  tick();
  assert.equal(chips.dac.volts(CV['LPF CUTOFF']), 0);
  assert.deepEqual(misuses, []);
});

test('codes that still wait for LDAC at power-up do thump: bipolar CVs start at their lowest', () => {
  const { chips, dacSetUp, dacWrite, tick } = workbench();
  dacWrite(REG.SYNCCONFIG, 0xffff);
  dacWrite(REG.DAC0 + CV['VCO 1 PITCH'], MIDDLE);
  dacSetUp();
  assert.equal(chips.dac.volts(CV['VCO 1 PITCH']), -5);
  tick();
  assert.equal(chips.dac.volts(CV['VCO 1 PITCH']), 0);
});

test('the supply going takes every CV to ground at once, and the next power-on starts from reset', () => {
  const { chips, clock, dacRead, dacSetUp, dacWrite, tick } = workbench();
  dacSetUp();
  dacWrite(REG.DAC0 + 9, 0x8000);
  tick();
  chips.power.setSwitch(false);
  assert.equal(chips.dac.volts(9), 0);
  chips.power.setSwitch(true);
  clock.nanos += 2_000_000;
  assert.equal(dacRead(REG.DACPWDWN), 0xffff);
  assert.equal(dacRead(REG.DAC0 + 9), 0);
});

test('LDAC falling inside a frame tears it: some CVs are new, some old, and it is reported', () => {
  const { chips, dacSetUp, dacWrite, misuses } = workbench();
  dacSetUp();
  dacWrite(REG.SPICONFIG, STREAMING);
  chips.dac.select(true);
  for (const byte of [REG.DAC0, 0x40, 0x00, 0x40]) chips.dac.transfer(byte, 8, TO_DAC);
  chips.dac.ldac(0);
  assert.equal(chips.dac.codes[0], 0x4000);
  assert.equal(chips.dac.codes[1], 0);
  assert.deepEqual(misuses, ['LDAC fell inside a frame: the outputs are half old, half new']);
});

test('a frame that ends while LDAC is still low moves its CVs off the tick, and it is reported', () => {
  const { chips, dacSetUp, dacWrite, misuses } = workbench();
  dacSetUp();
  chips.dac.ldac(0);
  dacWrite(REG.DAC0 + 9, 0x8000);
  assert.equal(chips.dac.volts(9), 2.5);
  assert.deepEqual(misuses, ['a frame ended while LDAC was low: its outputs moved off the tick']);
});

test('one streamed frame of 33 bytes sets all sixteen CVs', () => {
  const { chips, dacSetUp, dacStream, dacWrite, misuses, tick } = workbench();
  dacSetUp();
  dacWrite(REG.SPICONFIG, STREAMING);
  const codes = [...Array(16).keys()].map((channel) => 0xf0f0 - 0x0a0b * channel);
  dacStream(REG.DAC0, codes);
  tick();
  assert.deepEqual([...chips.dac.codes], codes);
  dacStream(REG.DAC0 + 13, [1, 2, 3, 4, 5]);
  tick();
  assert.deepEqual([...chips.dac.codes.slice(12)], [codes[12], 1, 2, 5]);
  assert.deepEqual(misuses, []);
});

test('pieces of any width make the same frame: 16-bit words after a byte, or crumbs of 5 bits', () => {
  const { chips, dacSetUp, dacWrite, tick } = workbench();
  dacSetUp();
  dacWrite(REG.SPICONFIG, STREAMING);
  chips.dac.select(true);
  chips.dac.transfer(REG.DAC0 + 2, 8, TO_DAC);
  for (const word of [0x1234, 0xabcd]) chips.dac.transfer(word, 16, TO_DAC);
  chips.dac.select(false);
  chips.dac.select(true);
  const bits = ((REG.DAC0 + 4) << 16) | 0x5aa5;
  for (const [shift, count] of [
    [19, 5],
    [14, 5],
    [9, 5],
    [4, 5],
    [0, 4],
  ]) {
    chips.dac.transfer((bits >>> shift) & ((1 << count) - 1), count, TO_DAC);
  }
  chips.dac.select(false);
  tick();
  assert.deepEqual([...chips.dac.codes.slice(2, 5)], [0x1234, 0xabcd, 0x5aa5]);
});

test('while streaming is on nothing can be read; the codes read back when it is off again', () => {
  const { dacRead, dacStream, dacWrite, misuses } = workbench();
  dacWrite(REG.SPICONFIG, STREAMING);
  dacStream(REG.DAC0, [0x1111, 0x2222, 0x3333]);
  assert.equal(dacRead(REG.DAC0), 0);
  assert.match(misuses.join(), /while streaming/);
  dacWrite(REG.SPICONFIG, AWAKE);
  assert.equal(dacRead(REG.DAC0), 0x1111);
  assert.equal(dacRead(REG.DAC0 + 2), 0x3333);
});

test('a part that cannot stream takes the first word only, and its read-back says so', () => {
  const { dacRead, dacStream, dacWrite, misuses } = workbench({ dac: { streaming: false } });
  dacWrite(REG.SPICONFIG, STREAMING);
  dacStream(REG.DAC0, [0x1111, 0x2222]);
  dacWrite(REG.SPICONFIG, AWAKE);
  assert.equal(dacRead(REG.DAC0), 0x1111);
  assert.equal(dacRead(REG.DAC0 + 1), 0x0000);
  assert.deepEqual(misuses, []);
});

test('short frames are ignored, long ones count to bit 24, both are reported once', () => {
  const { chips, dacFrame, dacSetUp, dacStream, misuses } = workbench();
  dacSetUp();
  dacFrame([REG.DAC0, 0x12]);
  dacFrame([REG.DAC0, 0x12]);
  assert.equal(chips.dac.register(REG.DAC0), 0);
  dacStream(REG.DAC0, [0x1111, 0x2222]);
  assert.equal(chips.dac.register(REG.DAC0), 0x1111);
  assert.equal(chips.dac.register(REG.DAC0 + 1), 0);
  assert.deepEqual(misuses, [
    'a frame of fewer than 24 bits: ignored',
    'a frame of more than 24 bits: only the first 24 count',
  ]);
});

test('a chip select that pulses without a clock is no frame', () => {
  const { chips, misuses } = workbench();
  chips.dac.select(true);
  chips.dac.select(false);
  assert.deepEqual(misuses, []);
});

test('SPI mode 1 finds the part; modes 0 and 3 read nonsense, without blame for a short probe', () => {
  for (const [mode, found] of [
    [0, false],
    [1, true],
    [2, true],
    [3, false],
  ]) {
    const { dacRead, misuses } = workbench();
    const id = dacRead(REG.DEVICEID, spi(Number(mode), board.JACK_ADC_SPI_HZ)) >> 2;
    assert.equal(id === 0x29c, found, `mode ${mode}`);
    assert.deepEqual(misuses, []);
  }
});

test('a part that hears mode 0 only can be had, to test the other way of the probe', () => {
  const { dacRead } = workbench({ dac: { spiModes: [0] } });
  assert.notEqual(dacRead(REG.DEVICEID, spi(1, board.JACK_ADC_SPI_HZ)) >> 2, 0x29c);
  assert.equal(dacRead(REG.DEVICEID, spi(0, board.JACK_ADC_SPI_HZ)) >> 2, 0x29c);
});

test('playing on in a wrong mode is misuse', () => {
  const { chips, dacFrame, misuses } = workbench();
  for (let frame = 0; frame < 9; frame++) dacFrame([REG.DAC0, 0x40, 0x00], spi(0, board.DAC_SPI_HZ));
  assert.notEqual(chips.dac.register(REG.DAC0), 0x4000);
  assert.match(misuses.join(), /latching edge/);
});

test('writes run at 50 MHz, reads at 20 MHz: beyond, answers come a bit late and it is reported', () => {
  const { dacFrame, dacRead, misuses } = workbench();
  dacFrame([REG.NOP, 0, 0], spi(1, 50_000_000));
  assert.deepEqual(misuses, []);
  assert.notEqual(dacRead(REG.DEVICEID, TO_DAC), 0x0a70);
  assert.match(misuses.join(), /faster than SDO/);
  dacFrame([REG.NOP, 0, 0], spi(1, 62_500_000));
  assert.match(misuses.join(), /50 MHz/);
});

test('what a builder may get wrong is said once each', () => {
  const { chips, clock, dacSetUp, dacWrite, misuses, records } = workbench();
  dacSetUp();
  for (let again = 0; again < 2; again++) {
    dacWrite(REG.DEVICEID, 0);
    dacWrite(0x3e, 1);
    dacWrite(REG.DACRANGE0, 0x0003);
    dacWrite(REG.DACRANGE0, 0x0004);
    dacWrite(REG.SPICONFIG, AWAKE | 0x10);
    dacWrite(REG.SPICONFIG, AWAKE);
    dacWrite(REG.GENCONFIG, 0x3f01);
    dacWrite(REG.GENCONFIG, 0x3f00);
    dacWrite(REG.TOGGCONFIG1, 1);
    dacWrite(REG.TOGGCONFIG1, 0);
  }
  assert.equal(misuses.length, 7);
  assert.equal(new Set(misuses).size, 7);
  assert.deepEqual(
    records.filter(({ kind }) => kind === KIND.MISUSE).map(({ index, value }) => [index, value]),
    [...Array(7).keys()].map((value) => [0, value]),
  );
  assert.equal(chips.misuses[6].sentence, misuses[6]);

  dacWrite(REG.DAC0 + 9, 0x1000);
  clock.nanos -= 4_990;
  chips.dac.ldac(0);
  assert.match(misuses[7], /80 ns after/);
  chips.dac.ldac(1);
  dacWrite(REG.SYNCCONFIG, 0);
  chips.dac.select(true);
  chips.jackAdc.select(true);
  assert.match(misuses[8], /both converters/);
});

test('outputs updated twice within 2.4 us are reported', () => {
  const { chips, clock, dacSetUp, dacWrite, misuses } = workbench();
  dacSetUp();
  dacWrite(REG.DAC0 + 9, 0x1000);
  chips.dac.ldac(0);
  chips.dac.ldac(1);
  dacWrite(REG.DAC0 + 9, 0x2000);
  clock.nanos -= 4_500;
  chips.dac.ldac(0);
  assert.match(misuses.join(), /twice within/);
});

test('before its first millisecond the part hears nothing', () => {
  const { chips, clock, dacRead, misuses } = workbench({ powered: false });
  chips.power.setSwitch(true);
  clock.nanos += 900_000;
  assert.equal(dacRead(REG.DEVICEID), 0);
  assert.match(misuses.join(), /1 ms of power-on/);
});
