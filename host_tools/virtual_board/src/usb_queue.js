/** What waits to go to the USB device, cut into packets the way a driver does. */

/**
 * What a driver puts into one packet: as much as has been queued, up to the endpoint's size.
 * @param {Uint8Array[]} queue
 * @param {number} size
 */
export function packet(queue, size) {
  if (!queue.length) return null;
  if (queue[0].length >= size || queue.length === 1) return queue[0].subarray(0, size);
  const bytes = new Uint8Array(size);
  let length = 0;
  for (const piece of queue) {
    const part = piece.subarray(0, size - length);
    bytes.set(part, length);
    length += part.length;
    if (length === size) break;
  }
  return bytes.subarray(0, length);
}

/**
 * @param {Uint8Array[]} queue
 * @param {number} count
 */
export function consume(queue, count) {
  while (count > 0 && queue.length) {
    if (queue[0].length > count) {
      queue[0] = queue[0].subarray(count);
      return;
    }
    count -= queue[0].length;
    queue.shift();
  }
}

/**
 * @param {Uint8Array} data
 * @param {(packet: number) => void} each
 */
export function eachPacket(data, each) {
  for (let at = 0; at + 4 <= data.length; at += 4) {
    const value = data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24);
    if (value !== 0) each(value);
  }
}
