/** The computer at the USB cable: one that sleeps, one that is picky, and devices with and without a serial port. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UsbHost } from '../src/usb_host.js';
import { bootStock, exec, runUntil, skip, switchOnStock } from './bench.js';
import { COMPOSITE, FakeUsbDevice, MIDI_ONLY } from './fake_usb_device.js';

const NOTE = [9, 0x90, 60, 100];
const OTHER_NOTE = [9, 0x90, 62, 100];
const word = (/** @type {number[]} */ p) => p[0] | (p[1] << 8) | (p[2] << 16) | (p[3] << 24);
/** Debounce, reset, and then some for the descriptors. */
const ENUMERATED = 200e6;

/**
 * A device at a host, as long after it was plugged in as enumeration may take.
 * @param {number[]} descriptor
 * @param {import('../src/usb_host.js').UsbHostOptions} [options]
 */
function plugged(descriptor, options) {
  const device = new FakeUsbDevice(descriptor);
  const { clock } = device;
  /** @type {[string, number, number][]} */
  const midi = [];
  let gone = 0;
  const host = new UsbHost(
    clock,
    {
      onConsole: () => {},
      onMidiIn: (packet) => midi.push(['in', packet, clock.nanos]),
      onMidiOut: (packet) => midi.push(['out', packet, clock.nanos]),
      onDetach: () => gone++,
    },
    options,
  );
  host.attachTo(device.usb);
  const run = (/** @type {number} */ nanos) => clock.advanceTo(clock.now + nanos);
  run(ENUMERATED);
  device.seen.length = 0;
  const packets = () => midi.map(([way, packet]) => [way, packet]);
  return { device, host, clock, midi, packets, run, hangUps: () => gone };
}

for (const [name, options] of /** @type {const} */ ([
  ['a computer', {}],
  ['a picky host', { refuseComposite: true }],
])) {
  test(`a device that is MIDI alone is served by ${name}: packets go both ways`, () => {
    const { device, host, packets, run } = plugged(MIDI_ONLY, options);
    assert.equal(host.state, 'configured');
    assert.deepEqual(host.description.strings, { product: 'Fake', 'interface 1': 'Fake MIDI' });
    assert.equal(host.functions?.cdcControl, null);
    host.sendMidi(Uint8Array.from(NOTE));
    run(2e6);
    device.play(OTHER_NOTE);
    run(2e6);
    assert.deepEqual(packets(), [
      ['out', word(NOTE)],
      ['in', word(NOTE)],
      ['in', word(OTHER_NOTE)],
    ]);
  });
}

test('a composite device is served by a computer', () => {
  const { host, packets, run } = plugged(COMPOSITE);
  assert.equal(host.state, 'configured');
  assert.equal(host.functions?.cdcControl, 2);
  host.sendMidi(Uint8Array.from(NOTE));
  run(2e6);
  assert.deepEqual(packets(), [
    ['out', word(NOTE)],
    ['in', word(NOTE)],
  ]);
});

test('a picky host looks at a composite device and never configures it, plugged in again neither', () => {
  const { device, host, packets, run } = plugged(COMPOSITE, { refuseComposite: true });
  for (let i = 0; i < 2; i++) {
    assert.equal(host.state, 'refused');
    assert.equal(host.description.strings.product, 'Fake');
    host.sendMidi(Uint8Array.from(NOTE));
    run(5e9);
    assert.deepEqual([host.state, device.configured, packets()], ['refused', false, []]);
    host.plug(false);
    assert.equal(host.state, 'detached');
    run(1e6);
    host.plug(true);
    run(ENUMERATED);
  }
});

test('a device that drops its serial port is taken by the picky host that refused it', () => {
  const { device, host, run } = plugged(COMPOSITE, { refuseComposite: true });
  assert.equal(host.state, 'refused');
  device.descriptor = MIDI_ONLY;
  host.plug(false);
  host.plug(true);
  run(ENUMERATED);
  assert.equal(host.state, 'configured');
});

test('an unknown wish of a host is refused', () => {
  const { clock } = new FakeUsbDevice(MIDI_ONLY);
  const events = { onConsole() {}, onMidiIn() {}, onMidiOut() {}, onDetach() {} };
  for (const wrong of [{ refuseComposit: true }, { refuseComposite: 1 }]) {
    const options = /** @type {any} */ (wrong);
    assert.throws(() => new UsbHost(clock, events, options), /refuseComposite/);
  }
});

test('a computer that sleeps sends no frame and takes no packet; after 3 ms the device knows', () => {
  const { device, host, clock, packets, run, hangUps } = plugged(MIDI_ONLY);
  device.wantFrames();
  run(host.bus.nextFrame - clock.now - 0.5e6);
  run(10e6);
  assert.equal(device.frames, 10);
  host.suspend(true);
  run(2.9e6);
  assert.deepEqual(device.seen, []);
  run(0.2e6);
  assert.deepEqual(device.seen, ['suspend']);
  device.play(NOTE);
  run(10e9);
  assert.deepEqual([device.frames, packets(), host.state, hangUps()], [10, [], 'configured', 0]);

  const frame = host.bus.frame;
  host.suspend(false);
  run(1e6);
  assert.deepEqual(device.seen, ['suspend', 'resume']);
  run(28e6);
  assert.deepEqual(packets(), [], 'the bus needs 30 ms to wake');
  run(2e6);
  assert.deepEqual(packets(), [['in', word(NOTE)]]);
  assert.equal(host.bus.frame, frame + 1);
  run(9.5e6);
  assert.equal(device.frames, 20);
});

test('falling asleep in the middle of a packet loses and doubles nothing', () => {
  for (let after = 0; after <= 40_000; after += 1000) {
    const { host, packets, run } = plugged(MIDI_ONLY);
    host.sendMidi(Uint8Array.from(NOTE));
    run(after);
    host.suspend(true);
    run(100e6);
    host.suspend(false);
    run(100e6);
    assert.deepEqual(packets().length, 2, `asleep after ${after} ns`);
  }
});

test('a nap of under 3 ms is not noticed, and a second sleep while it wakes is one', () => {
  const { device, host, packets, run } = plugged(MIDI_ONLY);
  host.suspend(true);
  run(2e6);
  host.suspend(false);
  run(10e6);
  assert.deepEqual(device.seen, []);
  host.suspend(true);
  run(100e6);
  host.sendMidi(Uint8Array.from(NOTE));
  assert.deepEqual([device.seen, packets()], [['suspend'], []]);
  host.suspend(false);
  run(100e6);
  assert.equal(packets().length, 2);
});

test('plugged into a sleeping computer, or asleep before it is known, a device is met when the computer wakes', () => {
  const { device, host, run } = plugged(MIDI_ONLY);
  host.suspend(true);
  host.plug(false);
  host.plug(true);
  run(1e9);
  assert.equal(host.state, 'attached');
  host.suspend(false);
  run(ENUMERATED);
  assert.equal(host.state, 'configured');
  host.plug(false);
  host.plug(true);
  for (let nanos = 10e6; host.state === 'attached'; nanos += 7e6) {
    assert.ok(nanos < ENUMERATED);
    host.suspend(true);
    run(1e9);
    assert.equal(host.state, 'attached');
    host.suspend(false);
    run(nanos);
  }
  assert.equal(host.state, 'configured');
  assert.equal(device.seen.at(-1), 'configured');
});

test('the stock image sleeps and wakes with the computer, its console whole', { skip }, () => {
  const machine = bootStock();
  machine.usb.suspend(true);
  machine.usb.type(Buffer.from('\r\x03\x02\rprint(6*7)\r'));
  const before = machine.console.text;
  machine.run(machine.clock.now + 500e6);
  assert.equal(machine.console.text, before);
  assert.notEqual(machine.chip?.rp2040.usbCtrl.sieStatus & 16, 0, 'the controller knows');
  machine.usb.suspend(false);
  runUntil(machine, () => machine.console.text.includes('\r\n42\r\n'), 1e9);
  assert.equal(exec(machine, 'print("x"*500)'), `${'x'.repeat(500)}\n`);
});

test('the stock image, CDC and all, is refused by a picky host and runs on', { skip }, () => {
  const machine = switchOnStock({ usbHost: { refuseComposite: true } });
  machine.run(machine.clock.now + 1e9);
  assert.equal(machine.usb.state, 'refused');
  assert.equal(machine.usb.description.strings.manufacturer, 'MicroPython');
  assert.equal(machine.console.text, '');
});
