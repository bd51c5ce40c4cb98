import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KIND } from '../src/recorder.js';
import { bootStock, exec, runUntil, skip } from './bench.js';

/** @typedef {import('../src/machine.js').Machine} Machine */

/** @param {Machine} machine @param {number} kind @returns {[number, number][]} time and value */
function records(machine, kind) {
  /** @type {[number, number][]} */
  const found = [];
  const { recorder } = machine;
  for (let i = 0; i < recorder.count; i++)
    if (recorder.kinds?.[i] === kind) found.push([recorder.times?.[i] ?? 0, recorder.values?.[i] ?? 0]);
  return found;
}

test('the stock image enumerates as a computer would see it', { skip }, () => {
  const machine = bootStock();
  assert.equal(machine.usb.state, 'configured');
  assert.deepEqual(machine.usb.description.strings, {
    manufacturer: 'MicroPython',
    product: 'Board in FS mode',
    serial: 'e660583800000001',
    'interface 0': 'Board CDC',
  });
  assert.equal(machine.usb.functions?.midiIn, null);
  assert.equal(exec(machine, 'print(6*7)'), '42\n');
  assert.equal(exec(machine, 'print("x"*1000)'), `${'x'.repeat(1000)}\n`);
});

test('floats come out of the ROM right', { skip }, () => {
  const machine = bootStock();
  assert.equal(
    exec(machine, 'import math\nprint(1/3, 2**0.5, math.sin(1), int(-2.7), math.floor(-2.7), 1e10, 0.1+0.2)'),
    '0.3333333 1.414214 0.841471 -2 -3 1e+10 0.3\n',
  );
});

test('DIN bytes reach machine.UART, and its bytes leave at 31 250 baud', { skip }, () => {
  const machine = bootStock();
  exec(machine, 'from machine import UART, Pin\nu = UART(0, 31250, tx=Pin(0), rx=Pin(1), rxbuf=64)');
  const at = machine.clock.now + 1e6;
  machine.din.send([{ at, bytes: [0x90, 60, 100] }]);
  assert.equal(
    exec(
      machine,
      'import time\ntime.sleep_ms(20)\nprint(u.read())\nu.write(b"\\x80\\x3c")\ntime.sleep_ms(2)',
    ),
    "b'\\x90<d'\n",
  );
  assert.deepEqual(records(machine, KIND.DIN_IN), [
    [at + 320e3, 0x90],
    [at + 640e3, 60],
    [at + 960e3, 100],
  ]);
  const out = records(machine, KIND.DIN_OUT);
  assert.deepEqual(
    out.map(([, byte]) => byte),
    [0x80, 60],
  );
  assert.ok(Math.abs(out[1][0] - out[0][0] - 320e3) < 1);
});

test('an SPI transfer takes its bits, by register and by DMA', { skip }, () => {
  const machine = bootStock();
  const code = `
from machine import SPI, Pin
import time, rp2
spi = SPI(0, baudrate=1_000_000, polarity=0, phase=1, sck=Pin(18), mosi=Pin(19), miso=Pin(16))
t = time.ticks_us(); spi.write(bytes(10)); a = time.ticks_diff(time.ticks_us(), t)
t = time.ticks_us(); spi.write(bytes(200)); b = time.ticks_diff(time.ticks_us(), t)
d = rp2.DMA()
t = time.ticks_us()
d.config(read=bytes(100), write=0x4003c008, count=100, ctrl=d.pack_ctrl(size=0, inc_write=False, treq_sel=16), trigger=True)
while d.active(): pass
c = time.ticks_diff(time.ticks_us(), t)
print(a, b, c)`;
  const [a, b, c] = exec(machine, code).split(' ').map(Number);
  assert.ok(a >= 80 && a < 130, `10 bytes at 1 MHz took ${a} us`);
  assert.ok(b >= 1600 && b < 1800, `200 bytes took ${b} us`);
  assert.ok(c >= 91 * 8 && c < 91 * 8 + 100, `the DMA of 100 bytes had fed the FIFO after ${c} us`);
});

test('PWM drives its pin at 8 kHz to the nanosecond, and interrupts on its own edge', { skip }, () => {
  const machine = bootStock();
  const code = `
from machine import PWM, Pin
import time
n = 0
def edge(p):
    global n
    n += 1
p = PWM(Pin(20), freq=8000, duty_u16=32768)
Pin(20).irq(handler=edge, trigger=Pin.IRQ_RISING)
time.sleep_ms(100)
print(n)`;
  assert.ok(Math.abs(Number(exec(machine, code)) - 800) <= 2);
  machine.recorder.clear();
  machine.run(machine.clock.now + 50e6);
  const latches = records(machine, KIND.LATCH).map(([nanos]) => nanos);
  assert.ok(latches.every((nanos, i) => i === 0 || nanos - latches[i - 1] === 125_000));
});

test('the ADC reads what the panel shows, through its noise', { skip }, () => {
  const machine = bootStock();
  machine.chips.setKnob(0, 0.25);
  const code = 'from machine import ADC\na = ADC(26)\nprint(sum(a.read_u16() for _ in range(50)) // 50)';
  assert.ok(Math.abs(Number(exec(machine, code)) - 16384) < 200);
});

test('files survive a power cycle', { skip }, () => {
  const machine = bootStock();
  exec(machine, 'f = open("a.txt", "w"); f.write("hello"); f.close()');
  machine.setSwitch(false);
  assert.equal(machine.usb.state, 'detached');
  machine.run(machine.clock.now + 1e9);
  machine.setSwitch(true);
  const begin = machine.console.text.length;
  runUntil(machine, () => machine.console.text.slice(begin).includes('>>> '), 1e9);
  machine.chips.power.hold(true);
  assert.equal(exec(machine, 'print(open("a.txt").read())'), 'hello\n');
});

test('a power cut in the middle of an erase leaves the sector half erased', { skip }, () => {
  const machine = bootStock();
  const sector = 0xa0000 + 300 * 4096;
  exec(machine, 'import rp2\nb = rp2.Flash()\nb.writeblocks(300, bytes(4096))');
  assert.ok(machine.flash.bytes.subarray(sector, sector + 4096).every((byte) => byte === 0));
  machine.usb.type(Buffer.from('\r\x03\x02\rb.ioctl(6, 300)\r'));
  runUntil(machine, () => machine.flash.running !== null, 1e9);
  machine.run(machine.clock.now + 22e6);
  machine.setSwitch(false);
  const bits = machine.flash.bytes
    .subarray(sector, sector + 4096)
    .reduce((count, byte) => count + byte.toString(2).replaceAll('0', '').length, 0);
  assert.ok(bits > 0.4 * 32768 && bits < 0.6 * 32768, `${bits} of 32768 bits were erased`);
});

test('two boards with the same seed do the same at the same time', { skip }, () => {
  const run = () => {
    const machine = bootStock({ seed: 7, xipMissCycles: 64 });
    exec(machine, 'import random\nprint(random.random())');
    const { times, count } = machine.recorder;
    return [machine.console.text, machine.clock.now, machine.cycles, ...times.subarray(0, count)];
  };
  assert.deepEqual(run(), run());
});

test('a starved watchdog resets the chip: memory kept, cause known, USB gone and back', { skip }, () => {
  const machine = bootStock();
  let hungUp = 0;
  machine.onHangUp = () => hungUp++;
  exec(
    machine,
    'import machine\nmachine.mem32[0x20040000] = 0x12345678\nmachine.mem32[0x4005800c + 12] = 77',
  );
  const begin = machine.console.text.length;
  const before = machine.clock.now;
  machine.usb.type(Buffer.from('\r\x03\x02\rimport machine; w = machine.WDT(timeout=1000)\r'));
  runUntil(machine, () => records(machine, KIND.RESET).length === 2, 2e9);
  const [at, cause] = records(machine, KIND.RESET)[1];
  assert.equal(cause, 2);
  assert.ok(at - before >= 1e9 && at - before < 1.2e9);
  assert.equal(hungUp, 1);
  runUntil(machine, () => machine.console.text.slice(begin + 100).includes('Type "help()"'), 1e9);
  machine.chips.power.hold(true);
  assert.equal(
    exec(
      machine,
      'import machine\nprint(machine.reset_cause() == machine.WDT_RESET, hex(machine.mem32[0x20040000]), machine.mem32[0x4005800c + 12])',
    ),
    'True 0x12345678 77\n',
  );
});

test('machine.reset() is a reset by software; a power cycle is a power-on', { skip }, () => {
  const machine = bootStock();
  machine.usb.type(Buffer.from('\r\x03\x02\rimport machine; machine.reset()\r'));
  runUntil(machine, () => records(machine, KIND.RESET).length === 2, 1e9);
  assert.equal(records(machine, KIND.RESET)[1][1], 3);
  machine.setSwitch(false);
  machine.setSwitch(true);
  assert.equal(records(machine, KIND.RESET)[2][1], 1);
  const begin = machine.console.text.length;
  runUntil(machine, () => machine.console.text.slice(begin).includes('>>> '), 1e9);
  machine.chips.power.hold(true);
  assert.equal(
    exec(machine, 'import machine\nprint(machine.reset_cause() == machine.PWRON_RESET)'),
    'True\n',
  );
});

test('USB-MIDI beside the console: packets both ways, in order, and a pulled cable', { skip }, () => {
  const machine = bootStock();
  machine.usb.type(Buffer.from(`\r\x03\x01`));
  machine.usb.type(Buffer.from(`${ECHO}\x04`));
  machine.run(machine.clock.now + 400e6);
  runUntil(machine, () => machine.usb.state === 'configured' && machine.usb.functions?.midiIn !== null, 2e9);
  machine.chips.power.hold(true);
  machine.run(machine.clock.now + 50e6);
  const packets = Array.from({ length: 40 }, (_, i) => [9, 0x90, i, 100]);
  const at = machine.clock.now + 1e6;
  machine.usbMidi.add(packets.map((packet, i) => ({ at: at + i * 20e3, item: Uint8Array.from(packet) })));
  machine.run(machine.clock.now + 50e6);
  const word = (/** @type {number[]} */ p) => p[0] | (p[1] << 8) | (p[2] << 16) | (p[3] << 24);
  const values = (/** @type {number} */ kind) => records(machine, kind).map(([, value]) => value);
  assert.deepEqual(values(KIND.USB_MIDI_OUT), packets.map(word));
  assert.deepEqual(values(KIND.USB_MIDI_IN), packets.map(word));
  const echo = records(machine, KIND.USB_MIDI_IN)[0][0] - records(machine, KIND.USB_MIDI_OUT)[0][0];
  assert.ok(echo > 20e3 && echo < 1.5e6, `the first note came back after ${echo / 1e3} us`);
  machine.setUsbCable(false);
  assert.equal(machine.usb.state, 'detached');
  machine.run(machine.clock.now + 100e6);
  machine.setUsbCable(true);
  runUntil(machine, () => machine.usb.state === 'configured', 1e9);
});

/** Describes CDC and MIDI by hand and echoes MIDI packets. */
const ECHO = `
import machine, struct
usb = machine.USBDevice(); usb.active(False)
b = usb.BUILTIN_CDC; usb.builtin_driver = b
i = b.itf_max; e = b.ep_max
m = bytes((9,4,i,0,0,1,1,0,0, 9,0x24,1,0,1,9,0,1,i+1, 9,4,i+1,0,2,1,3,0,0, 7,0x24,1,0,1,0x41,0,
 6,0x24,2,1,1,0, 6,0x24,2,2,2,0, 9,0x24,3,1,3,1,2,1,0, 9,0x24,3,2,4,1,1,1,0,
 9,5,e,2,64,0,0,0,0, 5,0x25,1,1,1, 9,5,0x80|e,2,64,0,0,0,0, 5,0x25,1,1,3))
c = bytearray(b.desc_cfg); c += m
struct.pack_into('<H', c, 2, len(c)); c[4] = i+2
rx = bytearray(64)
busy = False; queue = bytearray()
ready = False
def opened(d):
    global ready
    ready = True
def xfer(ep, res, n):
    global busy, queue
    if ep == e:
        queue += rx[:n]; usb.submit_xfer(e, rx)
    else:
        busy = False
    if queue and not busy:
        busy = True; out = bytes(queue[:64]); queue = queue[64:]; usb.submit_xfer(0x80|e, out)
usb.config(b.desc_dev, c, None, opened, None, None, xfer)
usb.active(True)
import time
while not ready: time.sleep_ms(5) # an endpoint that is not open yet makes TinyUSB panic
usb.submit_xfer(e, rx)
while True: time.sleep_ms(5)
`;

test('an exception that nobody catches is reported once; a crash for good', { skip }, () => {
  const machine = bootStock();
  machine.usb.type(Buffer.from('\r1/0\r'));
  machine.run(machine.clock.now + 200e6);
  assert.throws(() => machine.complain(), /ZeroDivisionError: divide by zero/);
  machine.complain();
  machine.usb.type(Buffer.from('\r\x03import machine; machine.mem32[0x30000000]\r'));
  machine.run(machine.clock.now + 200e6);
  assert.throws(
    () => machine.complain(),
    /firmware crashed at .* ms: read from nowhere: 32 bits at 0x30000000/,
  );
  assert.throws(() => machine.complain(), /crashed/);
  machine.setSwitch(false);
  machine.setSwitch(true);
  machine.run(machine.clock.now + 300e6);
  machine.complain();
});

test('machine.bootloader() ends in BOOTSEL, off the bus', { skip }, () => {
  const machine = bootStock();
  machine.usb.type(Buffer.from('\r\x03import machine; machine.bootloader()\r'));
  machine.run(machine.clock.now + 200e6);
  assert.ok(machine.bootsel);
  assert.equal(machine.usb.state, 'detached');
});
