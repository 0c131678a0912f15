/** Writes captures, as tcpdump would. */

export const numbers = (little: boolean, ...values: (readonly [number, 2 | 4])[]): Buffer =>
  Buffer.concat(
    values.map(([value, size]) => {
      const bytes = Buffer.alloc(size);
      if (little) bytes.writeUIntLE(value, 0, size);
      else bytes.writeUIntBE(value, 0, size);
      return bytes;
    }),
  );

/** An Ethernet frame of a UDP datagram from 10.0.0.1:5000 to a port, behind so many VLAN tags. */
export function ethernet(payload: Buffer, tags = 0, port = 2055): Buffer {
  const udp = Buffer.concat([numbers(false, [5000, 2], [port, 2], [8 + payload.length, 2], [0, 2]), payload]);
  const ip = Buffer.concat([
    numbers(false, [0x4500, 2], [20 + udp.length, 2], [0, 4]),
    Buffer.from([64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]),
  ]);
  const vlan = Buffer.concat(Array.from({ length: tags }, () => numbers(false, [0x8100, 2], [7, 2])));
  return Buffer.concat([Buffer.alloc(12), vlan, numbers(false, [0x0800, 2]), ip, udp]);
}

/** A capture of frames that all came at one moment, a quarter past a second. */
export function pcap(
  frames: readonly Buffer[],
  { little = true, nanoseconds = false, seconds = 1000 } = {},
): Buffer {
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const head = numbers(little, [magic, 4], [2, 2], [4, 2], [0, 4], [0, 4], [65_535, 4], [1, 4]);
  const fraction = nanoseconds ? 250_000_000 : 250_000;
  return Buffer.concat([
    head,
    ...frames.map((frame) =>
      Buffer.concat([
        numbers(little, [seconds, 4], [fraction, 4], [frame.length, 4], [frame.length, 4]),
        frame,
      ]),
    ),
  ]);
}
