/** CRC32C bit by bit, straight from its definition (RFC 3309): the check on the table-driven one. */
export function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit += 1) {
      const one = ((crc ^ (byte >> bit)) & 1) === 1;
      crc = (crc >>> 1) ^ (one ? 0x82f63b78 : 0);
    }
  return (crc ^ 0xffffffff) >>> 0;
}
