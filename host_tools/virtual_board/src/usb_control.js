/** Control transfers on endpoint 0: what enumeration and class requests are made of (USB 2.0, 8.5.3). */

/** @typedef {{type: number, request: number, value: number, index: number, length: number, data?: Uint8Array}} Control */

/**
 * One control transfer: setup, data if any, status the other way.
 * @param {import('./usb_bus.js').UsbBus} bus
 * @param {Control} request
 * @param {(answer: Uint8Array | null) => void} done null = the device stalled
 */
export function controlTransfer(bus, request, done) {
  const { type, value, index, length } = request;
  const input = (type & 0x80) !== 0;
  /** @type {number[]} */
  const received = [];
  let left = request.data ?? new Uint8Array(0);
  /** @param {number} out @param {() => Uint8Array | null} next @param {(data: Uint8Array) => void} then */
  const stage = (out, next, then) => {
    bus.pipes = bus.pipes.filter((pipe) => pipe.endpoint !== 0);
    bus.turn = 0;
    bus.pipes.unshift({
      endpoint: 0,
      out,
      maxPacket: 64,
      next,
      done: (data) => {
        if (data) return then(data);
        end(null);
      },
    });
  };
  const end = (/** @type {Uint8Array | null} */ answer) => {
    bus.pipes = bus.pipes.filter((pipe) => pipe.endpoint !== 0);
    done(answer);
  };
  const nothing = new Uint8Array(0);
  const statusIn = () =>
    stage(
      0,
      () => null,
      () => end(Uint8Array.from(received)),
    );
  const statusOut = () =>
    stage(
      1,
      () => nothing,
      () => end(Uint8Array.from(received)),
    );
  const dataIn = () =>
    stage(
      0,
      () => null,
      (data) => {
        received.push(...data);
        if (received.length >= length || data.length < 64) statusOut();
      },
    );
  const dataOut = () =>
    stage(
      1,
      () => left.subarray(0, 64),
      (data) => {
        left = left.subarray(data.length);
        if (!left.length) statusIn();
      },
    );
  bus.onSetupDone = () => {
    if (!length) statusIn();
    else if (input) dataIn();
    else dataOut();
  };
  bus.setup(
    Uint8Array.of(
      type,
      request.request,
      value & 255,
      value >> 8,
      index & 255,
      index >> 8,
      length & 255,
      length >> 8,
    ),
  );
}
