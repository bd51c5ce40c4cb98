import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Adc } from '../src/adc.js';
import { fakeChip } from './fake_chip.js';

const CS = 0x00;
const RESULT = 0x04;
const FCS = 0x08;
const FIFO = 0x0c;
const DIV = 0x10;
const INTE = 0x18;
const EN = 1;
const START_ONE = 4;
const START_MANY = 8;
const READY = 1 << 8;
const OVER = 1 << 11;

function converter() {
  const chip = fakeChip();
  const adc = new Adc(chip.rp2040);
  /** @type {[number, number][]} */
  const samples = [];
  adc.onSample = (channel) => {
    samples.push([channel, chip.clock.nanos]);
    return 1000 + channel;
  };
  return { ...chip, adc, samples };
}

const level = (/** @type {Adc} */ adc) => (adc.readUint32(FCS) >>> 16) & 15;

test('a conversion looks at once and takes 96 clocks of 48 MHz, 2 us', () => {
  const { clock, adc, samples } = converter();
  adc.writeUint32(CS, EN | START_ONE | (2 << 12));
  assert.deepEqual(samples, [[2, 0]]);
  clock.advanceTo(1999);
  assert.equal(adc.readUint32(CS) & READY, 0);
  clock.advanceTo(2000);
  assert.equal(adc.readUint32(CS) & READY, READY);
  assert.equal(adc.readUint32(RESULT), 1002);
});

test('round robin visits its channels in order, back to back', () => {
  const { clock, adc, samples } = converter();
  adc.writeUint32(CS, EN | START_MANY | (0b111 << 16));
  clock.advanceTo(9000);
  assert.deepEqual(samples, [
    [0, 0],
    [1, 2000],
    [2, 4000],
    [0, 6000],
    [1, 8000],
  ]);
});

test('the FIFO holds four, interrupts at its threshold, and marks the fifth as lost', () => {
  const { clock, adc, rp2040 } = converter();
  adc.writeUint32(FCS, 1 | (2 << 24));
  adc.writeUint32(INTE, 1);
  adc.writeUint32(CS, EN | START_MANY);
  clock.advanceTo(2000);
  assert.ok(!rp2040.lines.get(22));
  clock.advanceTo(4000);
  assert.ok(rp2040.lines.get(22));
  clock.advanceTo(8000);
  assert.equal(level(adc), 4);
  assert.equal(adc.readUint32(FCS) & OVER, 0);
  clock.advanceTo(10_000);
  assert.equal(adc.readUint32(FCS) & OVER, OVER);
  assert.equal(adc.readUint32(FIFO), 1000);
  assert.equal(level(adc), 3);
});

test('DIV paces free-running conversions to 1 + INT clocks', () => {
  const { clock, adc, samples } = converter();
  adc.writeUint32(DIV, 479 << 8); // 480 clocks: 10 us
  adc.writeUint32(CS, EN | START_MANY);
  clock.advanceTo(35_000);
  assert.deepEqual(
    samples.map(([, nanos]) => Math.round(nanos)),
    [0, 10_000, 20_000, 30_000],
  );
});

test('DMA empties the FIFO at its threshold', () => {
  const { clock, adc, rp2040 } = converter();
  rp2040.peripherals.set(0x4004c000 >>> 14, adc);
  rp2040.readUint16 = () => adc.readUint32(FIFO);
  rp2040.writeUint16 = (/** @type {number} */ address, /** @type {number} */ value) => {
    rp2040.sram[(address - 0x20000000) / 2] = value & 255;
  };
  adc.writeUint32(FCS, 1 | 8 | (1 << 24));
  rp2040.dma.writeUint32(0x00, 0x4004c00c);
  rp2040.dma.writeUint32(0x04, 0x20000000);
  rp2040.dma.writeUint32(0x08, 6);
  rp2040.dma.writeUint32(0x0c, 1 | (1 << 2) | (1 << 5) | (36 << 15));
  adc.writeUint32(CS, EN | START_MANY | (0b11 << 16));
  clock.advanceTo(12_000);
  assert.deepEqual([...rp2040.sram.slice(0, 6)], [232, 233, 232, 233, 232, 233]);
});
