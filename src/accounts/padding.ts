/**
 * Pads to the next multiple of `bucket` bytes, so that the length of a ciphertext does not tell the length of a name:
 * two bytes of length (big-endian), the content, zeros.
 */
export function pad(content: Uint8Array, bucket: number): Uint8Array {
  const padded = new Uint8Array(Math.ceil((content.length + 2) / bucket) * bucket);
  new DataView(padded.buffer).setUint16(0, content.length);
  padded.set(content, 2);
  return padded;
}

/** The content of a padded text, or null when it is none. */
export function unpad(padded: Uint8Array): Uint8Array | null {
  if (padded.length < 2) return null;
  const length = new DataView(padded.buffer, padded.byteOffset).getUint16(0);
  if (length + 2 > padded.length) return null;
  return padded.subarray(2, 2 + length);
}
