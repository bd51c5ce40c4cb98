import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Spi } from '../src/spi.js';
import { fakeChip } from './fake_chip.js';

const CR0 = 0x00;
const CR1 = 0x04;
const DR = 0x08;
const SR = 0x0c;
const CPSR = 0x10;
const IMSC = 0x14;
const RIS = 0x18;
const DMACR = 0x24;
const BUSY = 16;
/** 125 MHz / (4 * 1): 32 ns a bit. */
const BIT = 32;

/** @param {number} control0 */
function controller(control0) {
  const chip = fakeChip();
  const spi = new Spi(chip.rp2040, 0, { irq: 18, txDreq: 16, rxDreq: 17 });
  chip.rp2040.peripherals.set(0x4003c000 >>> 14, spi);
  /** @type {{word: number, bits: number, nanos: number}[]} */
  const words = [];
  spi.onWord = (word, bits, mode, nanos) => {
    words.push({ word, bits, nanos });
    return ~word & 0xffff;
  };
  spi.writeUint32(CPSR, 4);
  spi.writeUint32(CR0, control0);
  spi.writeUint32(CR1, 2);
  return { ...chip, spi, words };
}

const MODE_0_8_BITS = 0x07;
const MODE_1_8_BITS = 0x87;

test('a byte in mode 1 takes half a bit of lead, eight bits, and one bit until idle', () => {
  const { clock, spi, words } = controller(MODE_1_8_BITS);
  spi.writeUint32(DR, 0xa5);
  assert.equal(spi.readUint32(SR) & BUSY, BUSY);
  clock.advanceTo(8.5 * BIT);
  assert.equal(spi.readUint32(SR) & BUSY, BUSY);
  clock.advanceTo(9.5 * BIT);
  assert.equal(spi.readUint32(SR) & BUSY, 0);
  assert.deepEqual(words, [{ word: 0xa5, bits: 8, nanos: 8.5 * BIT }]);
  assert.equal(spi.readUint32(DR), 0x5a);
});

test('queued words have no gap with SPH = 1 and one of a bit and a half with SPH = 0', () => {
  for (const [control0, spacing] of [
    [MODE_1_8_BITS, 8 * BIT],
    [MODE_0_8_BITS, 9.5 * BIT],
  ]) {
    const { clock, spi, words } = controller(control0);
    for (let i = 0; i < 5; i++) spi.writeUint32(DR, i);
    clock.advanceTo(1e6);
    spi.sync();
    const ends = words.map(({ nanos }) => nanos);
    assert.deepEqual(
      ends,
      [0, 1, 2, 3, 4].map((i) => 8.5 * BIT + i * spacing),
    );
  }
});

test('frames of 4 and 16 bits keep just their bits; clock polarity and phase reach the chip', () => {
  const { clock, spi, words } = controller(0xc3);
  assert.deepEqual(spi.mode, { cpol: 1, cpha: 1, hz: 31.25e6 });
  spi.writeUint32(DR, 0xff9);
  spi.writeUint32(CR0, 0x0f);
  clock.advanceTo(1e4);
  spi.writeUint32(DR, 0x12345);
  clock.advanceTo(1e5);
  spi.sync();
  assert.deepEqual(
    words.map(({ word }) => word),
    [9, 0x2345],
  );
});

test('a full receive FIFO overruns and says so', () => {
  const { clock, spi } = controller(MODE_1_8_BITS);
  for (let i = 0; i < 9; i++) {
    spi.writeUint32(DR, i);
    clock.advanceTo(clock.now + 1000);
    spi.sync();
  }
  assert.equal(spi.readUint32(RIS) & 1, 1);
  assert.equal(spi.readUint32(DR), 0xff);
});

test('a 33-byte DMA frame is two alarms, right in time, and interrupts when its last byte has gone in', () => {
  const { clock, spi, words, rp2040 } = controller(MODE_1_8_BITS);
  spi.writeUint32(DMACR, 2);
  for (let i = 0; i < 33; i++) rp2040.sram[i] = i;
  rp2040.dma.writeUint32(0x404, 1); // INTE0
  rp2040.dma.writeUint32(0x00, 0x20000000);
  rp2040.dma.writeUint32(0x04, 0x4003c008);
  rp2040.dma.writeUint32(0x08, 33);
  rp2040.dma.writeUint32(0x0c, 1 | (1 << 4) | (16 << 15));
  let alarms = 0;
  /** @type {number | undefined} */
  let interruptAt;
  while (clock.first) {
    alarms++;
    clock.advanceTo(clock.nextAlarmNanos);
    if (rp2040.lines.get(11)) interruptAt ??= clock.now;
  }
  assert.equal(alarms, 2);
  assert.deepEqual(
    words.map(({ word }) => word),
    Array.from({ length: 33 }, (_, i) => i),
  );
  assert.equal(words[32].nanos, (0.5 + 33 * 8) * BIT);
  // One byte is in the shift register and eight wait behind it when the last has left memory.
  assert.equal(interruptAt, (0.5 + 24 * 8) * BIT);
});

test('with an interrupt enabled every word is worked off at its end', () => {
  const { clock, spi, rp2040 } = controller(MODE_1_8_BITS);
  spi.writeUint32(IMSC, 4); // receive FIFO half full
  for (let i = 0; i < 4; i++) spi.writeUint32(DR, i);
  clock.advanceTo(33 * BIT - BIT / 2 - 1);
  assert.ok(!rp2040.lines.get(18));
  clock.advanceTo(33 * BIT);
  assert.ok(rp2040.lines.get(18));
});
