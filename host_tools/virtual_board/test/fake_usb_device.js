/**
 * The least firmware that makes the RP2040's USB controller a device: answers enumeration from its descriptors, and
 * sends MIDI packets back on endpoint 1. For tests of the host without an image.
 */
import { UsbDevice } from '../src/usb_device.js';
import * as R from '../src/usb_registers.js';
import { fakeChip } from './fake_chip.js';

const USB_IRQ = 5;
const CLEAR = 3;
/** How long this firmware takes to see to an interrupt. */
const SERVICE_NANOS = 2000;
const EP0_IN = R.BUFFER_CONTROL;
const EP0_OUT = R.BUFFER_CONTROL + 4;
const EP1_IN = R.BUFFER_CONTROL + 8;
const EP1_OUT = R.BUFFER_CONTROL + 12;
const EP1_IN_BUFFER = 0x180;
const EP1_OUT_BUFFER = 0x1c0;

const AUDIO_CONTROL = [9, 4, 0, 0, 0, 1, 1, 0, 0, 9, 0x24, 1, 0, 1, 9, 0, 1, 1];
const MIDI_STREAMING = [
  [9, 4, 1, 0, 2, 1, 3, 0, 2],
  [7, 0x24, 1, 0, 1, 37, 0],
  [6, 0x24, 2, 1, 1, 0],
  [9, 0x24, 3, 1, 2, 1, 1, 1, 0],
  [9, 5, 0x01, 2, 64, 0, 0, 0, 0],
  [5, 0x25, 1, 1, 1],
  [9, 5, 0x81, 2, 64, 0, 0, 0, 0],
  [5, 0x25, 1, 1, 2],
].flat();
const CDC = [
  [9, 4, 2, 0, 1, 2, 2, 0, 0],
  [7, 5, 0x82, 3, 8, 0, 16],
  [9, 4, 3, 0, 2, 10, 0, 0, 0],
  [7, 5, 0x03, 2, 64, 0, 0],
  [7, 5, 0x83, 2, 64, 0, 0],
].flat();

/** @param {number[]} interfaces @param {number} count */
function configuration(interfaces, count) {
  const length = 9 + interfaces.length;
  return [9, 2, length & 255, length >> 8, count, 1, 0, 0x80, 50, ...interfaces];
}

/** Configuration descriptors of a MIDI instrument, alone and beside a serial port. */
export const MIDI_ONLY = configuration([...AUDIO_CONTROL, ...MIDI_STREAMING], 2);
export const COMPOSITE = configuration([...AUDIO_CONTROL, ...MIDI_STREAMING, ...CDC], 4);

const DEVICE = [18, 1, 0, 2, 0, 0, 0, 64, 0x09, 0x12, 0x01, 0x00, 0, 1, 0, 1, 0, 1];
/** @param {string} text */
const string = (text) => [2 + 2 * text.length, 3, ...Buffer.from(text, 'utf16le')];
const STRINGS = [[4, 3, 9, 4], string('Fake'), string('Fake MIDI')];

export class FakeUsbDevice {
  /** What came to pass, in words. @type {string[]} */
  seen = [];
  frames = 0;
  configured = false;
  /** What is still to go out on endpoint 0, and what to do when it is through. */
  /** @type {number[]} */
  answer = [];
  status = () => {};

  /** @param {number[]} descriptor of the configuration */
  constructor(descriptor) {
    const { clock, rp2040 } = fakeChip();
    this.descriptor = descriptor;
    this.clock = clock;
    this.ram = rp2040.usbDPRAM = new Uint8Array(4096);
    this.view = rp2040.usbDPRAMView = new DataView(this.ram.buffer);
    const service = clock.createAlarm(() => this.service());
    rp2040.setInterrupt = (/** @type {number} */ irq, /** @type {boolean} */ on) => {
      if (irq === USB_IRQ && on && !service.scheduled) service.schedule(SERVICE_NANOS);
    };
    this.usb = new UsbDevice(rp2040);
    const wanted = R.INT_BUFF_STATUS | R.INT_BUS_RESET | R.INT_SUSPEND | R.INT_RESUME | R.INT_SETUP;
    this.usb.writeUint32(R.INTE, wanted);
    this.usb.writeUint32(R.MAIN_CTRL, R.CONTROLLER_EN);
    this.usb.writeUint32(R.SIE_CTRL, R.PULLUP_EN | R.EP0_INT_1BUF);
  }

  wantFrames() {
    this.usb.writeUint32(R.INTE, this.usb.enabled | R.INT_SOF);
  }

  /** @param {number} offset @param {number} value */
  write(offset, value) {
    this.view.setUint32(offset, value >>> 0, true);
    this.usb.DPRAMUpdated(offset, value >>> 0);
  }

  service() {
    const { usb } = this;
    const pending = usb.readUint32(R.INTS);
    if (pending & R.INT_SOF) {
      usb.readUint32(R.SOF_RD);
      this.frames++;
    }
    for (const [name, interrupt, bit] of /** @type {const} */ ([
      ['reset', R.INT_BUS_RESET, R.BUS_RESET],
      ['suspend', R.INT_SUSPEND, R.SUSPENDED],
      ['resume', R.INT_RESUME, R.RESUME],
    ])) {
      if (!(pending & interrupt)) continue;
      usb.writeUint32Atomic(R.SIE_STATUS, bit, CLEAR);
      this.seen.push(name);
    }
    if (pending & R.INT_SETUP) {
      usb.writeUint32Atomic(R.SIE_STATUS, R.SETUP_REC, CLEAR);
      this.control(this.ram.slice(0, 8));
    }
    if (pending & R.INT_BUFF_STATUS) {
      const done = usb.readUint32(R.BUFF_STATUS);
      usb.writeUint32Atomic(R.BUFF_STATUS, done, CLEAR);
      if (done & 3) this.status();
      if (done & 8) this.echo();
    }
  }

  /** @param {Uint8Array} setup */
  control(setup) {
    const length = setup[6] | (setup[7] << 8);
    if (setup[0] & 0x80) {
      const [index, kind] = [setup[2], setup[3]];
      const whole = kind === 1 ? DEVICE : kind === 2 ? this.descriptor : STRINGS[index];
      this.answer = whole.slice(0, length);
      this.status = () => {
        if (this.answer.length) this.sendAnswer();
        else {
          this.status = () => {};
          this.write(EP0_OUT, R.AVAILABLE | 64);
        }
      };
      this.sendAnswer();
      return;
    }
    if (setup[0] === 0 && setup[1] === 9) this.configure();
    this.status = () => {
      this.status = () => {};
      this.write(EP0_IN, R.AVAILABLE | R.FULL);
    };
    if (length) this.write(EP0_OUT, R.AVAILABLE | 64);
    else this.status();
  }

  sendAnswer() {
    const part = this.answer.splice(0, 64);
    this.ram.set(part, R.EP0_BUFFER);
    this.write(EP0_IN, R.AVAILABLE | R.FULL | part.length);
  }

  configure() {
    this.configured = true;
    this.seen.push('configured');
    const use = R.EP_ENABLE | R.EP_INT_EACH;
    this.write(R.EP_CONTROL, use | EP1_IN_BUFFER);
    this.write(R.EP_CONTROL + 4, use | EP1_OUT_BUFFER);
    this.write(EP1_OUT, R.AVAILABLE | 64);
  }

  echo() {
    const length = this.view.getUint32(EP1_OUT, true) & R.LENGTH;
    this.ram.copyWithin(EP1_IN_BUFFER, EP1_OUT_BUFFER, EP1_OUT_BUFFER + length);
    this.write(EP1_IN, R.AVAILABLE | R.FULL | length);
    this.write(EP1_OUT, R.AVAILABLE | 64);
  }

  /** Sends one packet of its own accord. @param {number[]} packet */
  play(packet) {
    this.ram.set(packet, EP1_IN_BUFFER);
    this.write(EP1_IN, R.AVAILABLE | R.FULL | packet.length);
  }
}
