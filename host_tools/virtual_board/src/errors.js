/** The errors that a command can answer with: a kind from the protocol and one sentence for a person. */

/** @typedef {'bad-request' | 'bad-image' | 'firmware-crash' | 'emulator-crash' | 'chip-misuse'} ErrorKind */

export class BoardError extends Error {
  /**
   * @param {ErrorKind} kind
   * @param {string} sentence
   */
  constructor(kind, sentence) {
    super(sentence);
    this.kind = kind;
  }
}
