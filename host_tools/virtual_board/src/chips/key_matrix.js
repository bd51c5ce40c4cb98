/** 37 key switches in rows and columns, each with its diode: a driven row shows its own keys and no ghosts. */
export class KeyMatrix {
  /** @param {import('./types.js').Board} board */
  constructor(board) {
    this.#keys = board.KEY_COUNT;
    this.#columns = board.KEY_COLUMNS;
    this.#down = new Uint8Array(board.KEY_ROWS);
  }

  #keys;
  #columns;
  /** For each row, its closed switches: bit 0 = column 0. */
  #down;

  /**
   * @param {number} key 0 = the leftmost
   * @param {boolean} down
   */
  set(key, down) {
    if (!(Number.isInteger(key) && key >= 0 && key < this.#keys)) throw new RangeError(`no key ${key}`);
    const row = Math.floor(key / this.#columns);
    const bit = 1 << key % this.#columns;
    if (down) this.#down[row] |= bit;
    else this.#down[row] &= ~bit;
  }

  /**
   * @param {number} rows driven high, bit 0 = row 0
   * @returns {number} columns that are high, bit 0 = column 0
   */
  read(rows) {
    let columns = 0;
    for (let row = 0; row < this.#down.length; row++) {
      if ((rows >>> row) & 1) columns |= this.#down[row];
    }
    return columns;
  }
}
