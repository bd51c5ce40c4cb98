/** The console's TCP port: one client at a time, and how each learns that it is not, or no longer, served. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { SerialPort } from '../src/serial_port.js';

test('a second client is reset, the first is hung up with a plain end, and then the port is free', async (t) => {
  const typed = /** @type {string[]} */ ([]);
  const port = new SerialPort((bytes) => typed.push(Buffer.from(bytes).toString()));
  const number = await port.listen(0);
  t.after(() => port.close());
  const connect = () => net.connect(number, '127.0.0.1');

  const first = connect();
  await once(first, 'connect');
  first.write('a');
  while (!typed.length) await new Promise((resolve) => setImmediate(resolve));

  const second = connect();
  const [error] = await once(second, 'error');
  assert.equal(error.code, 'ECONNRESET');
  assert.ok(port.attached);

  first.resume();
  const ended = once(first, 'end');
  port.write(Buffer.from('goodbye'));
  port.hangUp();
  await ended;

  const third = connect();
  await once(third, 'connect');
  while (!port.attached) await new Promise((resolve) => setImmediate(resolve));
  third.destroy();
});
