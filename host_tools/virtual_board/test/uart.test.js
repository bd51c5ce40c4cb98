import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DinLine } from '../src/din_line.js';
import { Uart } from '../src/uart.js';
import { BREAK, FRAMING, OVERRUN } from '../src/uart_registers.js';
import { fakeChip } from './fake_chip.js';

const DR = 0x00;
const FR = 0x18;
const RIS = 0x3c;
const ICR = 0x44;
const RX_EMPTY = 1 << 4;
const INT_RX = 1 << 4;
const INT_TX = 1 << 5;
const INT_TIMEOUT = 1 << 6;
const INT_OVERRUN = 1 << 10;
const BYTE = 320_000;

function midiPort() {
  const chip = fakeChip();
  const uart = new Uart(chip.rp2040, 0, { irq: 20, txDreq: 20, rxDreq: 21 });
  uart.writeUint32(0x24, 250); // IBRD: 125 MHz / 16 / 250 = 31 250
  uart.writeUint32(0x28, 0);
  uart.writeUint32(0x2c, 0x70); // LCR_H: 8 bits, FIFOs
  uart.writeUint32(0x30, 0x301); // CR: on, both ways
  const line = new DinLine(chip.clock, 31_250, (byte, errors, bit) => uart.receive(byte, errors, bit));
  return { ...chip, uart, line };
}

test('a byte is there at the end of its stop bit, 320 us after its start, and the next 320 us later', () => {
  const { clock, uart, line } = midiPort();
  line.send([{ at: 1000, bytes: [0x90, 60] }]);
  clock.advanceTo(1000 + BYTE - 1);
  assert.ok(uart.readUint32(FR) & RX_EMPTY);
  clock.advanceTo(1000 + BYTE);
  assert.equal(uart.readUint32(DR), 0x90);
  clock.advanceTo(1000 + 2 * BYTE - 1);
  assert.ok(uart.readUint32(FR) & RX_EMPTY);
  clock.advanceTo(1000 + 2 * BYTE);
  assert.equal(uart.readUint32(DR), 60);
});

test('messages that overlap wait for the line; one given later but due earlier goes first', () => {
  const { clock, uart, line } = midiPort();
  line.send([{ at: 2_000_000, bytes: [3] }]);
  line.send([
    { at: 0, bytes: [1] },
    { at: 100_000, bytes: [2] },
  ]);
  clock.advanceTo(2 * BYTE);
  assert.deepEqual([uart.readUint32(DR), uart.readUint32(DR)], [1, 2]);
  clock.advanceTo(2_000_000 + BYTE);
  assert.equal(uart.readUint32(DR), 3);
});

test('the 33rd unread byte is lost; the byte after the loss carries the overrun bit', () => {
  const { clock, uart, line } = midiPort();
  line.send([{ at: 0, bytes: Array.from({ length: 34 }, (_, i) => i) }]);
  clock.advanceTo(33 * BYTE);
  assert.ok(uart.readUint32(RIS) & INT_OVERRUN);
  assert.equal(uart.readUint32(DR), 0);
  clock.advanceTo(34 * BYTE);
  const rest = Array.from({ length: 32 }, () => uart.readUint32(DR));
  assert.deepEqual(
    rest.slice(0, 31),
    Array.from({ length: 31 }, (_, i) => i + 1),
  );
  assert.equal(rest[31], 33 | OVERRUN);
});

test('framing errors, breaks and wrong rates are marked on their byte', () => {
  const { clock, uart, line } = midiPort();
  line.fault('framing', 0, 0);
  line.fault('break', 0, 5_000_000);
  line.send([{ at: 0, bytes: [7] }]);
  clock.advanceTo(10_000_000);
  assert.equal(uart.readUint32(DR), FRAMING);
  assert.equal(uart.readUint32(DR), BREAK | FRAMING);
  assert.equal(uart.readUint32(DR), 7);
  uart.writeUint32(0x24, 240); // 4.2 % fast
  line.send([{ at: clock.now, bytes: [8] }]);
  clock.advanceTo(clock.now + BYTE);
  assert.equal(uart.readUint32(DR) & FRAMING, FRAMING);
});

test('the receive interrupt comes with the level, the time-out 32 bit times after the last byte', () => {
  const { clock, uart, line } = midiPort();
  uart.writeUint32(0x34, 0); // 4 bytes
  line.send([{ at: 0, bytes: [1, 2, 3, 4] }]);
  clock.advanceTo(3 * BYTE);
  assert.equal(uart.readUint32(RIS) & INT_RX, 0);
  clock.advanceTo(4 * BYTE);
  assert.equal(uart.readUint32(RIS) & INT_RX, INT_RX);
  clock.advanceTo(4 * BYTE + 32 * 32_000 - 1);
  assert.equal(uart.readUint32(RIS) & INT_TIMEOUT, 0);
  clock.advanceTo(4 * BYTE + 32 * 32_000);
  assert.equal(uart.readUint32(RIS) & INT_TIMEOUT, INT_TIMEOUT);
  for (let i = 0; i < 4; i++) uart.readUint32(DR);
  assert.equal(uart.readUint32(RIS) & (INT_RX | INT_TIMEOUT), 0);
});

test('sent bytes leave one after the other in 320 us each, and the transmit interrupt comes at its level', () => {
  const { clock, uart } = midiPort();
  /** @type {[number, number][]} */
  const sent = [];
  uart.onByte = (byte) => sent.push([byte, clock.nanos]);
  uart.writeUint32(0x34, 0); // 4 bytes
  for (let i = 0; i < 6; i++) uart.writeUint32(DR, i);
  assert.equal(uart.readUint32(RIS) & INT_TX, 0);
  clock.advanceTo(BYTE);
  assert.equal(uart.readUint32(RIS) & INT_TX, INT_TX);
  uart.writeUint32Atomic(ICR, INT_TX, 0);
  clock.advanceTo(10 * BYTE);
  assert.deepEqual(
    sent,
    [0, 1, 2, 3, 4, 5].map((i) => [i, (i + 1) * BYTE]),
  );
  assert.equal(uart.readUint32(RIS) & INT_TX, 0);
});
