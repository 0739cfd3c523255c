/** UUIDv7: ids that a client makes, ordered by time. */

let lastMs = 0;
let counter = 0;

/**
 * A new UUIDv7. Ids made by one page are strictly increasing, also within a millisecond (a 12-bit counter takes the place
 * of `rand_a`) and when the clock steps back.
 *
 * Source: RFC 9562, sections 5.7 and 6.2 method 1.
 */
export function uuidv7(nowMs: number = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = ((bytes[6] ?? 0) & 0x07) * 256 + (bytes[7] ?? 0);
  } else if (++counter > 0xfff) {
    lastMs += 1;
    counter = 0;
  }
  for (let index = 0; index < 6; index += 1) {
    bytes[index] = Math.floor(lastMs / 2 ** (8 * (5 - index))) % 256;
  }
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
