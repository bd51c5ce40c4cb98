/** Keeps what the firmware prints, and notices when it is the traceback of an exception that nobody caught. */

const TRACEBACK = 'Traceback (most recent call last)';
/** How much a crash report quotes. */
const LAST_LINES = 12;

export class ConsoleWatch {
  constructor() {
    this.text = '';
    /** Where the last line that is not complete yet begins. */
    this.lineStart = 0;
    /** Where a traceback that nobody has reported yet begins, or -1. */
    this.traceback = -1;
    this.decoder = new TextDecoder();
  }

  /** @param {Uint8Array} bytes @returns {boolean} whether a traceback has just begun */
  add(bytes) {
    this.text += this.decoder.decode(bytes, { stream: true });
    let found = false;
    for (
      let end = this.text.indexOf('\n', this.lineStart);
      end >= 0;
      end = this.text.indexOf('\n', this.lineStart)
    ) {
      if (this.text.startsWith(TRACEBACK, this.lineStart)) {
        if (this.traceback < 0) this.traceback = this.lineStart;
        found = true;
      }
      this.lineStart = end + 1;
    }
    return found;
  }

  get lastLines() {
    return this.text.trimEnd().split(/\r?\n/).slice(-LAST_LINES).join('\n');
  }

  /** The exception at the end of the traceback that nobody has reported yet; reports it. */
  takeException() {
    const lines = this.text.slice(this.traceback).split(/\r?\n/).slice(1);
    this.traceback = -1;
    return lines.find((line) => line !== '' && !line.startsWith(' ')) ?? 'an exception';
  }
}
