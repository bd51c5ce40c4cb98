/** The USB controller's registers, its RAM, and their bits (datasheet 4.1.3 and 4.1.4). */

export const MAIN_CTRL = 0x40;
export const SOF_RD = 0x48;
export const SIE_CTRL = 0x4c;
export const SIE_STATUS = 0x50;
export const BUFF_STATUS = 0x58;
export const EP_ABORT = 0x60;
export const EP_ABORT_DONE = 0x64;
export const EP_STALL_ARM = 0x68;
export const INTR = 0x8c;
export const INTE = 0x90;
export const INTF = 0x94;
export const INTS = 0x98;
export const LAST = 0x98;

/** MAIN_CTRL, SIE_CTRL */
export const CONTROLLER_EN = 1;
export const PULLUP_EN = 1 << 16;
export const EP0_INT_1BUF = 1 << 29;

/** SIE_STATUS */
export const VBUS_DETECTED = 1;
export const LINE_STATE_J = 1 << 2;
export const SUSPENDED = 1 << 4;
export const RESUME = 1 << 11;
export const CONNECTED = 1 << 16;
export const SETUP_REC = 1 << 17;
export const BUS_RESET = 1 << 19;

/** Interrupts */
export const INT_BUFF_STATUS = 1 << 4;
export const INT_BUS_RESET = 1 << 12;
export const INT_SUSPEND = 1 << 14;
export const INT_RESUME = 1 << 15;
export const INT_SETUP = 1 << 16;
export const INT_SOF = 1 << 17;
export const INT_ABORT_DONE = 1 << 18;

/** The RAM: endpoint control from 8, buffer control from 0x80, endpoint 0's buffer at 0x100. */
export const EP_CONTROL = 0x08;
export const BUFFER_CONTROL = 0x80;
export const BUFFER_CONTROL_END = 0x100;
export const EP0_BUFFER = 0x100;

export const EP_ENABLE = 1 << 31;
export const EP_DOUBLE = 1 << 30;
export const EP_INT_EACH = 1 << 29;
export const EP_INT_SECOND = 1 << 28;

export const LENGTH = 0x3ff;
export const AVAILABLE = 1 << 10;
export const STALL = 1 << 11;
export const SELECT_FIRST = 1 << 12;
export const FULL = 1 << 15;
