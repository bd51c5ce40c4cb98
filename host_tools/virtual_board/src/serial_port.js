/** The CDC console as plain bytes on a TCP port of this computer, for one terminal at a time. */
import net from 'node:net';

export class SerialPort {
  /**
   * @param {(bytes: Uint8Array) => void} onBytes typed by the client
   */
  constructor(onBytes) {
    /** @type {net.Socket | null} */
    this.client = null;
    this.server = net.createServer((socket) => {
      if (this.client) {
        // A serial port is opened by one program at a time. A reset, where a hang-up would be a plain end.
        socket.resetAndDestroy();
        return;
      }
      this.client = socket;
      socket.setNoDelay(true);
      socket.on('data', onBytes);
      socket.on('error', () => {});
      socket.on('close', () => {
        if (this.client === socket) this.client = null;
      });
    });
  }

  /** @param {number} port 0 = any @returns {Promise<number>} the one it got */
  listen(port) {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', () => {
        const address = this.server.address();
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
  }

  get attached() {
    return this.client !== null;
  }

  /** @param {Uint8Array} bytes */
  write(bytes) {
    this.client?.write(bytes);
  }

  /** The device has gone: the client sees its port close. */
  hangUp() {
    this.client?.end();
    this.client = null;
  }

  close() {
    this.client?.destroy();
    this.server.close();
  }
}
