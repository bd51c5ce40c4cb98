/** Reads USB descriptors the way a host's drivers do: what is where follows from them, never from a constant. */

const DESCRIPTOR = Object.freeze({ INTERFACE: 4, ENDPOINT: 5 });
const CLASS = Object.freeze({ AUDIO: 1, CDC: 2, CDC_DATA: 10 });
const SUBCLASS_ACM = 2;
const SUBCLASS_AUDIO_CONTROL = 1;
const SUBCLASS_MIDI_STREAMING = 3;
const TYPE_BULK = 2;

/** @typedef {{number: number, out: boolean, type: number, maxPacket: number}} Endpoint */
/** @typedef {{number: number, class: number, subclass: number, name: number, endpoints: Endpoint[]}} Interface */
/**
 * @typedef {object} Functions what the drivers found
 * @property {number | null} cdcControl number of the CDC control interface
 * @property {Endpoint | null} cdcIn
 * @property {Endpoint | null} cdcOut
 * @property {Endpoint | null} midiIn
 * @property {Endpoint | null} midiOut
 */

/**
 * @param {Uint8Array} configuration the whole configuration descriptor
 * @returns {Interface[]} alternate setting 0 of each
 */
export function parseInterfaces(configuration) {
  /** @type {Interface[]} */
  const interfaces = [];
  let skipping = false;
  for (let at = 0; at + 2 <= configuration.length; at += configuration[at]) {
    const d = configuration.subarray(at, at + configuration[at]);
    if (configuration[at] < 2) break;
    if (d[1] === DESCRIPTOR.INTERFACE) {
      skipping = d[3] !== 0;
      if (!skipping)
        interfaces.push({ number: d[2], class: d[5], subclass: d[6], name: d[8] ?? 0, endpoints: [] });
    } else if (d[1] === DESCRIPTOR.ENDPOINT && !skipping) {
      interfaces.at(-1)?.endpoints.push({
        number: d[2] & 15,
        out: !(d[2] & 0x80),
        type: d[3] & 3,
        maxPacket: d[4] | ((d[5] & 7) << 8),
      });
    }
  }
  return interfaces;
}

/**
 * @param {Interface[]} interfaces
 * @returns {Functions}
 */
export function findFunctions(interfaces) {
  const bulk = (/** @type {Interface | undefined} */ found, /** @type {boolean} */ out) =>
    found?.endpoints.find((endpoint) => endpoint.type === TYPE_BULK && endpoint.out === out) ?? null;
  const control = interfaces.find((i) => i.class === CLASS.CDC && i.subclass === SUBCLASS_ACM);
  const data = interfaces.find((i) => i.class === CLASS.CDC_DATA);
  const midi = interfaces.find((i) => i.class === CLASS.AUDIO && i.subclass === SUBCLASS_MIDI_STREAMING);
  return {
    cdcControl: control?.number ?? null,
    cdcIn: bulk(data, false),
    cdcOut: bulk(data, true),
    midiIn: bulk(midi, false),
    midiOut: bulk(midi, true),
  };
}

/**
 * Whether a device is a USB-MIDI instrument and nothing else: all that some hardware hosts put up with.
 * @param {Interface[]} interfaces
 */
export function isMidiOnly(interfaces) {
  return interfaces.every(
    (i) =>
      i.class === CLASS.AUDIO &&
      (i.subclass === SUBCLASS_AUDIO_CONTROL || i.subclass === SUBCLASS_MIDI_STREAMING),
  );
}

/** @param {Uint8Array} descriptor a string descriptor, UTF-16 */
export function stringOf(descriptor) {
  return Buffer.from(descriptor.subarray(2, descriptor[0])).toString('utf16le');
}
