import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsbBus } from '../src/usb_bus.js';
import { findFunctions, parseInterfaces } from '../src/usb_descriptors.js';
import { UsbDevice } from '../src/usb_device.js';
import { fakeChip } from './fake_chip.js';

const EP1_IN_CONTROL = 0x08;
const EP1_OUT_CONTROL = 0x0c;
const EP1_IN_BUFFER = 0x88;
const EP1_OUT_BUFFER = 0x8c;
const AVAILABLE = 1 << 10;
const FULL = 1 << 15;
const SELECT = 1 << 12;
const BUFF_STATUS = 0x58;

/** A controller with endpoint 1 open both ways, on a bus. */
function device() {
  const chip = fakeChip();
  chip.rp2040.usbDPRAM = new Uint8Array(4096);
  chip.rp2040.usbDPRAMView = new DataView(chip.rp2040.usbDPRAM.buffer);
  const usb = new UsbDevice(chip.rp2040);
  usb.writeUint32(0x40, 1); // MAIN_CTRL: on
  usb.writeUint32(0x4c, 1 << 16); // SIE_CTRL: pull-up
  const bus = new UsbBus(chip.clock);
  bus.device = usb;
  usb.onArmed = () => bus.poke();
  const write = (/** @type {number} */ offset, /** @type {number} */ value) => {
    chip.rp2040.usbDPRAMView.setUint32(offset, value >>> 0, true);
    usb.DPRAMUpdated(offset, value >>> 0);
  };
  return { ...chip, usb, bus, write, ram: chip.rp2040.usbDPRAM };
}

/** @param {UsbBus} bus @param {number} out @param {Uint8Array[]} queue */
function pipe(bus, out, queue) {
  /** @type {(number[] | null)[]} */
  const seen = [];
  bus.pipes.push({
    endpoint: 1,
    out,
    maxPacket: 64,
    next: () => queue[0] ?? null,
    done: (data) => {
      if (out && data) queue.shift();
      seen.push(data && [...data]);
    },
  });
  return seen;
}

test('an IN packet is told complete when its bits have passed, 50.8 us for 64 bytes, not when it is armed', () => {
  const { clock, usb, bus, write, ram } = device();
  const seen = pipe(bus, 0, []);
  ram.fill(7, 0x180, 0x1c0);
  write(EP1_IN_CONTROL, (1 << 31) | (1 << 29) | 0x180);
  write(EP1_IN_BUFFER, 64 | AVAILABLE | FULL);
  clock.advanceTo(50_000);
  assert.equal(usb.readUint32(BUFF_STATUS), 0);
  clock.advanceTo(54_000);
  assert.equal(usb.readUint32(BUFF_STATUS), 1 << 2);
  assert.deepEqual(seen, [Array(64).fill(7)]);
});

test('of two buffers the first goes first, and one interrupt comes after the second', () => {
  const { clock, usb, bus, write, ram } = device();
  const seen = pipe(bus, 0, []);
  ram.fill(1, 0x180, 0x1c0);
  ram.fill(2, 0x1c0, 0x1c3);
  write(EP1_IN_CONTROL, (1 << 31) | (1 << 30) | (1 << 28) | 0x180);
  write(EP1_IN_BUFFER, ((3 | AVAILABLE | FULL) << 16) | 64 | AVAILABLE | FULL | SELECT);
  clock.advanceTo(60_000);
  assert.equal(usb.readUint32(BUFF_STATUS), 0);
  clock.advanceTo(100_000);
  assert.equal(usb.readUint32(BUFF_STATUS), 1 << 2);
  assert.deepEqual(seen, [Array(64).fill(1), [2, 2, 2]]);
});

test('an OUT packet waits for a buffer, then fills it', () => {
  const { clock, usb, bus, write, ram, rp2040 } = device();
  const seen = pipe(bus, 1, [Uint8Array.of(9, 0x90, 60, 100)]);
  write(EP1_OUT_CONTROL, (1 << 31) | (1 << 29) | 0x200);
  bus.poke();
  clock.advanceTo(500_000);
  assert.deepEqual(seen, []);
  write(EP1_OUT_BUFFER, 64 | AVAILABLE);
  clock.advanceTo(600_000);
  assert.deepEqual(seen, [[9, 0x90, 60, 100]]);
  assert.deepEqual([...ram.slice(0x200, 0x204)], [9, 0x90, 60, 100]);
  assert.equal(rp2040.usbDPRAMView.getUint32(EP1_OUT_BUFFER, true), FULL | 4);
  assert.equal(usb.readUint32(BUFF_STATUS), 1 << 3);
});

test('a stalled endpoint is left alone; no transaction runs into the next frame', () => {
  const { clock, bus, write } = device();
  const seen = pipe(bus, 0, []);
  write(EP1_IN_CONTROL, (1 << 31) | (1 << 29) | 0x180);
  clock.advanceTo(980_000);
  write(EP1_IN_BUFFER, 64 | AVAILABLE | FULL);
  clock.advanceTo(1_040_000);
  assert.deepEqual(seen, []);
  clock.advanceTo(1_060_000);
  assert.equal(seen.length, 1);
  write(EP1_IN_BUFFER, 1 << 11);
  clock.advanceTo(5e6);
  assert.deepEqual(seen.slice(1), [null]);
});

test('suspend interrupts once, a bus reset ends it, start of frame interrupts only when asked', () => {
  const { clock, usb, rp2040, bus } = device();
  usb.nextFrame = () => bus.nextFrame;
  usb.writeUint32(0x90, 1 << 14);
  usb.suspend();
  assert.ok(rp2040.lines.get(5));
  usb.writeUint32Atomic(0x50, 1 << 4, 3);
  assert.ok(!rp2040.lines.get(5));
  usb.busReset();
  usb.connected();
  assert.equal(clock.first, null);
  usb.writeUint32(0x90, 1 << 17);
  clock.advanceTo(1_000_000);
  assert.ok(rp2040.lines.get(5));
  usb.readUint32(0x48); // SOF_RD acknowledges
  assert.ok(!rp2040.lines.get(5));
});

test('functions are found by class, whatever their numbers', () => {
  const bytes = [
    [9, 2, 0, 0, 4, 1, 0, 0x80, 50],
    [9, 4, 0, 0, 1, 2, 2, 0, 4],
    [7, 5, 0x85, 3, 8, 0, 16],
    [9, 4, 1, 0, 2, 10, 0, 0, 0],
    [7, 5, 0x04, 2, 64, 0, 0],
    [7, 5, 0x86, 2, 64, 0, 0],
    [9, 4, 2, 0, 0, 1, 1, 0, 0],
    [9, 4, 3, 0, 2, 1, 3, 0, 7],
    [9, 5, 0x01, 2, 64, 0, 0, 0, 0],
    [9, 5, 0x82, 2, 32, 0, 0, 0, 0],
    [9, 4, 3, 1, 1, 1, 3, 0, 7],
    [7, 5, 0x83, 2, 64, 0, 0],
  ];
  const interfaces = parseInterfaces(Uint8Array.from(bytes.flat()));
  const { cdcControl, cdcIn, cdcOut, midiIn, midiOut } = findFunctions(interfaces);
  assert.deepEqual(
    [cdcControl, cdcIn?.number, cdcOut?.number, midiIn?.number, midiOut?.number],
    [0, 6, 4, 2, 1],
  );
  assert.equal(midiIn?.maxPacket, 32);
});
