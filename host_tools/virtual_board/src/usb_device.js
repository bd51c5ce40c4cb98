/**
 * The RP2040's USB controller in device mode (datasheet 4.1), in place of rp2040js's.
 *
 * The host asks, the controller answers from the buffers in its RAM when their time has come: rp2040js completed an
 * IN buffer in the instant the firmware armed it, sent the second of two buffers first, and knew neither STALL,
 * nor suspend, nor the start-of-frame interrupt that TinyUSB's work-around for erratum E15 waits for.
 * Host mode, isochronous endpoints and data toggles (DATA0/DATA1) are not modelled.
 */
import { Peripheral } from './peripheral.js';
import { IRQ } from './rp2040_numbers.js';
import * as R from './usb_registers.js';

export class UsbDevice extends Peripheral {
  // Registers; those without a meaning here are only kept.
  mainControl = 0;
  sieControl = 0;
  sieStatus = 0;
  buffStatus = 0;
  enabled = 0;
  forced = 0;
  stallArm = 0;
  abort = 0;
  abortDone = 0;
  values = new Uint32Array(R.LAST / 4 + 1);
  sofPending = false;
  suspendPending = false;
  /** Which of two buffers is next, by endpoint * 2 + (out ? 1 : 0). */
  second = new Uint8Array(32);

  /** @param {any} rp2040 */
  constructor(rp2040) {
    super(rp2040, 'USB');
    this.dpram = rp2040.usbDPRAMView;
    this.bytes = rp2040.usbDPRAM;
    /** The host: a buffer has become available, or the pull-up has changed. */
    this.onArmed = () => {};
    this.onPullUp = () => {};
    /** The host tells which frame it is. @type {() => number} */
    this.frameNumber = () => 0;
    this.sofAlarm = rp2040.clock.createAlarm(() => this.startOfFrame());
    /** When the next frame starts, by the host, or Infinity. @type {() => number} */
    this.nextFrame = () => Infinity;
    this.reset();
  }

  reset() {
    this.sofAlarm.cancel();
    const pulled = this.pullUp;
    this.values.fill(0);
    this.mainControl = this.sieControl = this.sieStatus = this.buffStatus = 0;
    this.enabled = this.forced = this.stallArm = this.abort = this.abortDone = 0;
    this.sofPending = this.suspendPending = false;
    this.second.fill(0);
    this.updateInterrupt();
    if (pulled) this.onPullUp();
  }

  get pullUp() {
    return (this.mainControl & R.CONTROLLER_EN) !== 0 && (this.sieControl & R.PULLUP_EN) !== 0;
  }

  get pending() {
    const { sieStatus } = this;
    return (
      (this.buffStatus ? R.INT_BUFF_STATUS : 0) |
      (sieStatus & R.BUS_RESET ? R.INT_BUS_RESET : 0) |
      (this.suspendPending ? R.INT_SUSPEND : 0) |
      (sieStatus & R.RESUME ? R.INT_RESUME : 0) |
      (sieStatus & R.SETUP_REC ? R.INT_SETUP : 0) |
      (this.sofPending ? R.INT_SOF : 0) |
      (this.abortDone ? R.INT_ABORT_DONE : 0)
    );
  }

  updateInterrupt() {
    this.rp2040.setInterrupt(IRQ.USBCTRL, ((this.pending & this.enabled) | this.forced) !== 0);
  }

  // --- What the host does to the bus ---

  busReset() {
    this.sieStatus = (this.sieStatus | R.BUS_RESET) & ~(R.SUSPENDED | R.CONNECTED);
    this.suspendPending = false;
    this.second.fill(0);
    this.updateInterrupt();
  }

  /** The bus is in use: the controller sees a host. */
  connected() {
    this.sieStatus |= R.CONNECTED | R.LINE_STATE_J;
    this.scheduleFrame();
  }

  /** Nothing has happened on the bus for 3 ms. */
  suspend() {
    if (!this.pullUp || this.sieStatus & R.SUSPENDED) return;
    this.sieStatus |= R.SUSPENDED;
    this.suspendPending = true;
    this.sofAlarm.cancel();
    this.updateInterrupt();
  }

  /** The host drives the bus again after a pause. */
  resume() {
    if (!this.pullUp || !(this.sieStatus & R.SUSPENDED)) return;
    this.sieStatus = (this.sieStatus & ~R.SUSPENDED) | R.RESUME;
    this.suspendPending = false;
    this.updateInterrupt();
  }

  /** @param {Uint8Array} packet eight bytes */
  setup(packet) {
    this.bytes.set(packet, 0);
    this.stallArm = 0;
    this.sieStatus |= R.SETUP_REC;
    this.updateInterrupt();
  }

  startOfFrame() {
    this.sofPending = true;
    this.updateInterrupt();
    this.scheduleFrame();
  }

  /** Frames pass unseen unless their interrupt is wanted. */
  scheduleFrame() {
    if (this.enabled & R.INT_SOF && !(this.sieStatus & R.SUSPENDED)) {
      const at = this.nextFrame();
      if (at !== Infinity) return this.sofAlarm.scheduleAt(at);
    }
    this.sofAlarm.cancel();
  }

  /**
   * @param {number} endpoint
   * @param {number} out 0 or 1
   */
  endpointControl(endpoint, out) {
    return this.dpram.getUint32(R.EP_CONTROL + 8 * (endpoint - 1) + 4 * out, true);
  }

  /**
   * What the endpoint would answer to a token.
   * @param {number} endpoint
   * @param {number} out 0 = IN, 1 = OUT
   * @returns {'nak' | 'stall' | 'ready'}
   */
  answer(endpoint, out) {
    const index = 2 * endpoint + out;
    const value = this.dpram.getUint32(R.BUFFER_CONTROL + 4 * index, true);
    if (endpoint && !(this.endpointControl(endpoint, out) & R.EP_ENABLE)) return 'nak';
    if (value & R.STALL && (endpoint || this.stallArm & (1 << out))) return 'stall';
    if (this.abort & (1 << index)) return 'nak';
    const half = value >>> (16 * this.bufferOf(endpoint, out));
    const full = (half & R.FULL) !== 0;
    return half & R.AVAILABLE && full === (out === 0) ? 'ready' : 'nak';
  }

  /**
   * @param {number} endpoint
   * @param {number} out
   */
  bufferOf(endpoint, out) {
    const double = endpoint && this.endpointControl(endpoint, out) & R.EP_DOUBLE;
    return double ? this.second[2 * endpoint + out] : 0;
  }

  /**
   * How many bytes the armed buffer holds or takes.
   * @param {number} endpoint
   * @param {number} out
   */
  length(endpoint, out) {
    const value = this.dpram.getUint32(R.BUFFER_CONTROL + 8 * endpoint + 4 * out, true);
    return (value >>> (16 * this.bufferOf(endpoint, out))) & R.LENGTH;
  }

  /**
   * Ends a transaction with a buffer that is ready.
   * @param {number} endpoint
   * @param {number} out
   * @param {Uint8Array} [data] of an OUT
   * @returns {Uint8Array} of an IN
   */
  complete(endpoint, out, data) {
    const index = 2 * endpoint + out;
    const at = R.BUFFER_CONTROL + 4 * index;
    const control = endpoint ? this.endpointControl(endpoint, out) : 0;
    const second = this.bufferOf(endpoint, out);
    const shift = 16 * second;
    const value = this.dpram.getUint32(at, true);
    let half = (value >>> shift) & 0xffff;
    const place = endpoint ? (control & 0xffc0) + 64 * second : R.EP0_BUFFER;
    let sent = new Uint8Array(0);
    if (out) {
      const bytes = /** @type {Uint8Array} */ (data).subarray(0, half & R.LENGTH);
      this.bytes.set(bytes, place);
      half = (half & ~(R.LENGTH | R.AVAILABLE)) | bytes.length | R.FULL;
    } else {
      sent = this.bytes.slice(place, place + (half & R.LENGTH));
      half &= ~(R.AVAILABLE | R.FULL);
    }
    this.dpram.setUint32(at, ((value & ~(0xffff << shift)) | (half << shift)) >>> 0, true);
    if (control & R.EP_DOUBLE) this.second[index] ^= 1;
    const tell = endpoint
      ? control & R.EP_INT_EACH || (control & R.EP_INT_SECOND && second)
      : this.sieControl & R.EP0_INT_1BUF;
    if (tell) {
      this.buffStatus |= 1 << index;
      this.updateInterrupt();
    }
    return sent;
  }

  // --- What the firmware does ---

  /**
   * rp2040js and the fast core call this after a write to the controller's RAM.
   * @param {number} offset of the word
   * @param {number} value
   */
  DPRAMUpdated(offset, value) {
    if (offset < R.BUFFER_CONTROL || offset >= R.BUFFER_CONTROL_END) return;
    if (value & R.SELECT_FIRST) this.second[(offset - R.BUFFER_CONTROL) >> 2] = 0;
    if (value & (R.AVAILABLE | R.STALL | (R.AVAILABLE << 16))) this.onArmed();
  }

  /** @param {number} offset */
  readUint32(offset) {
    switch (offset) {
      case R.MAIN_CTRL:
        return this.mainControl;
      case R.SOF_RD:
        this.sofPending = false;
        this.updateInterrupt();
        return this.frameNumber() & 0x7ff;
      case R.SIE_CTRL:
        return this.sieControl;
      case R.SIE_STATUS:
        return (this.sieStatus | R.VBUS_DETECTED) >>> 0;
      case R.BUFF_STATUS:
        return this.buffStatus;
      case R.EP_ABORT:
        return this.abort;
      case R.EP_ABORT_DONE:
        return this.abortDone;
      case R.EP_STALL_ARM:
        return this.stallArm;
      case R.INTR:
        return this.pending;
      case R.INTE:
        return this.enabled;
      case R.INTF:
        return this.forced;
      case R.INTS:
        return (this.pending & this.enabled) | this.forced;
    }
    return offset <= R.LAST ? this.values[offset >> 2] : super.readUint32(offset);
  }

  /**
   * @param {number} offset
   * @param {number} value
   */
  writeUint32(offset, value) {
    const pulled = this.pullUp;
    switch (offset) {
      case R.MAIN_CTRL:
        this.mainControl = value;
        break;
      case R.SIE_CTRL:
        this.sieControl = value & ~R.RESUME;
        break;
      case R.SIE_STATUS: // cleared by writing ones, through the clear alias too
        this.sieStatus &= ~(this.rawWriteValue & (R.SETUP_REC | R.BUS_RESET | R.RESUME));
        if (this.rawWriteValue & R.SUSPENDED) this.suspendPending = false;
        break;
      case R.BUFF_STATUS:
        this.buffStatus &= ~this.rawWriteValue;
        break;
      case R.EP_ABORT:
        this.abortDone |= value & ~this.abort; // the bus is idle between transactions: done at once
        this.abort = value;
        break;
      case R.EP_ABORT_DONE:
        this.abortDone &= ~this.rawWriteValue;
        break;
      case R.EP_STALL_ARM:
        this.stallArm = value & 3;
        this.onArmed();
        break;
      case R.INTE:
        this.enabled = value & 0xfffff;
        this.scheduleFrame();
        break;
      case R.INTF:
        this.forced = value & 0xfffff;
        break;
      default:
        if (offset > R.LAST) return super.writeUint32(offset, value);
        this.values[offset >> 2] = value;
    }
    this.updateInterrupt();
    if (pulled !== this.pullUp) this.onPullUp();
  }
}
