import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RP2040 } from 'rp2040js';
import { installBootRom } from '../src/boot_rom.js';
import { Random } from '../src/chips/random.js';
import { installFastCore } from '../src/fast_core.js';

const RAM = 0x20000000;
const BACK = RAM + 0x40000;

/** A processor with the ROM, and a way to call what its tables name. */
function rom() {
  /** @type {any} */
  const rp2040 = new RP2040();
  const core = installFastCore(rp2040);
  rp2040.logger = { debug() {}, info() {}, warn() {}, error() {} };
  /** @type {any[]} */
  const jobs = [];
  installBootRom(rp2040, { idle() {}, flashJob: (job) => jobs.push(job), bootsel() {} });
  rp2040.writeUint16(BACK, 0xe7fe); // b .
  /** @param {number} address @param {number[]} values @returns {number} cycles */
  const call = (address, values) => {
    values.forEach((value, i) => (core.registers[i] = value));
    core.SP = RAM + 0x30000;
    core.LR = BACK | 1;
    core.PC = address & ~1;
    let cycles = 0;
    while (core.PC !== BACK) cycles += core.run(1);
    assert.equal(core.faultReason, null);
    return cycles;
  };
  /** The ROM's own lookup. @param {number} table address of the table's pointer @param {string} code */
  const lookup = (table, code) => {
    call(rp2040.readUint16(0x18), [rp2040.readUint16(table), code.charCodeAt(0) | (code.charCodeAt(1) << 8)]);
    return core.registers[0];
  };
  return {
    rp2040,
    core,
    call,
    jobs,
    functionAt: (/** @type {string} */ code) => lookup(0x14, code),
    dataAt: (/** @type {string} */ code) => lookup(0x16, code),
  };
}

test('every function that pico-sdk looks up is there, anything else is not', () => {
  const { rp2040, functionAt, dataAt } = rom();
  assert.equal(rp2040.readUint32(0x10) & 0xffffff, 0x01754d);
  for (const code of [
    'P3',
    'R3',
    'L3',
    'T3',
    'MC',
    'C4',
    'MS',
    'S4',
    'IF',
    'EX',
    'RE',
    'RP',
    'FC',
    'CX',
    'UB',
  ])
    assert.ok(functionAt(code), code);
  for (const code of ['SF', 'SD']) {
    const table = dataAt(code);
    assert.equal(rp2040.readUint8(table - 2) * 4, 0x80);
    for (let i = 0; i < 32; i++) assert.ok(rp2040.readUint32(table + 4 * i) & 1);
  }
  assert.equal(functionAt('XX'), 0);
});

test('memcpy and memset, of every alignment and length, touch what they should and nothing else', () => {
  const { rp2040, core, call, functionAt } = rom();
  const memcpy = functionAt('MC');
  const memset = functionAt('MS');
  const random = new Random(1);
  const whole = (/** @type {number} */ n) => Math.floor(random.uniform() * n);
  for (let round = 0; round < 400; round++) {
    for (let i = 0; i < 512; i++) rp2040.sram[i] = whole(256);
    const expected = rp2040.sram.slice(0, 512);
    const [to, from, length] = [whole(120), 256 + whole(8), whole(110)];
    core.registers.set([4, 5, 6, 7], 4);
    if (round % 2) {
      expected.copyWithin(to, from, from + length);
      call(memcpy, [RAM + to, RAM + from, length]);
    } else {
      expected.fill(round & 255, to, to + length);
      call(memset, [RAM + to, 0xabcd00 | (round & 255), length]);
    }
    assert.deepEqual(rp2040.sram.slice(0, 512), expected);
    assert.equal(core.registers[0], RAM + to);
    assert.deepEqual([...core.registers.slice(4, 8)], [4, 5, 6, 7]);
  }
});

test('memcpy of aligned words takes about a cycle a byte, as the real one does', () => {
  const { call, functionAt } = rom();
  const cycles = call(functionAt('MC'), [RAM, RAM + 4096, 1024]);
  assert.ok(cycles > 700 && cycles < 1100, `${cycles} cycles for 1024 bytes`);
});

test('bits: count, reverse, leading and trailing zeros', () => {
  const { core, call, functionAt } = rom();
  const result = (/** @type {string} */ code, /** @type {number} */ value) => {
    call(functionAt(code), [value]);
    return core.registers[0];
  };
  assert.equal(result('P3', 0xf0f00001), 9);
  assert.equal(result('R3', 0x80000001), 0x80000001);
  assert.equal(result('R3', 0x1), 0x80000000);
  assert.deepEqual([result('L3', 0), result('L3', 1), result('L3', 0x80000000)], [32, 31, 0]);
  assert.deepEqual([result('T3', 0), result('T3', 8), result('T3', 0x80000000)], [32, 3, 31]);
});

test('floating point: arithmetic, rounding towards minus infinity, saturation, denormals', () => {
  const { rp2040, core, call, dataAt } = rom();
  const view = new DataView(new ArrayBuffer(8));
  const [single, double] = [dataAt('SF'), dataAt('SD')];
  const f32 = (/** @type {number} */ x) => (view.setFloat32(0, x), [view.getUint32(0)]);
  const f64 = (/** @type {number} */ x) => (view.setFloat64(0, x), [view.getUint32(4), view.getUint32(0)]);
  const run = (/** @type {number} */ table, /** @type {number} */ offset, /** @type {number[]} */ values) => {
    call(rp2040.readUint32(table + offset), values);
    return core.registers;
  };
  const asFloat = (/** @type {Uint32Array} */ r) => (view.setUint32(0, r[0]), view.getFloat32(0));
  const asDouble = (/** @type {Uint32Array} */ r) => (
    view.setUint32(4, r[0]),
    view.setUint32(0, r[1]),
    view.getFloat64(0)
  );
  assert.equal(asFloat(run(single, 0x00, [...f32(1.5), ...f32(2.25)])), 3.75);
  assert.equal(asDouble(run(double, 0x0c, [...f64(1), ...f64(3)])), 1 / 3);
  assert.equal(run(single, 0x1c, f32(-2.5))[0] | 0, -3);
  assert.equal(run(single, 0x1c, f32(1e20))[0], 0x7fffffff);
  assert.equal(run(single, 0x24, f32(-1))[0], 0);
  assert.equal(run(single, 0x20, [...f32(0.5), 16])[0], 0x8000);
  assert.equal(run(double, 0x20, [...f64(-0.5), 1])[0] | 0, -1);
  assert.equal(asFloat(run(single, 0x30, [0x8000, 16])), 0.5);
  assert.equal(asDouble(run(double, 0x2c, [-7 >>> 0])), -7);
  assert.deepEqual([...run(double, 0x6c, f64(-(2 ** 40) - 0.5)).slice(0, 2)], [0xffffffff, 0xfffffeff]);
  assert.equal(asDouble(run(double, 0x64, [0, 0x80000000])), 2 ** 63);
  assert.equal(asDouble(run(single, 0x7c, f32(0.1))), Math.fround(0.1));
  assert.equal(asFloat(run(double, 0x7c, f64(0.1))), Math.fround(0.1));
  assert.equal(asFloat(run(single, 0x08, [...f32(1e-30), ...f32(1e-12)])), 0);
  assert.equal(run(single, 0x54, [...f32(1), ...f32(2)])[0] | 0, -1);
  const r = run(single, 0x40, f32(1));
  view.setUint32(0, r[1]);
  assert.ok(Math.abs(view.getFloat32(0) - Math.cos(1)) < 1e-6);
});

test('flash functions ask for the job; a jump into empty ROM is a fault', () => {
  const { rp2040, core, call, jobs, functionAt } = rom();
  rp2040.sram.set([1, 2, 3], 0);
  call(functionAt('RE'), [0x1000, 0x2000, 65536, 0xd8]);
  call(functionAt('RP'), [0x1000, RAM, 3]);
  assert.deepEqual(jobs, [
    { kind: 'erase', offset: 0x1000, bytes: 0x2000 },
    { kind: 'program', offset: 0x1000, bytes: 3, data: Uint8Array.of(1, 2, 3) },
  ]);
  core.PC = 0x3000;
  core.run(50);
  assert.match(core.faultReason ?? '', /BKPT 255/);
});
