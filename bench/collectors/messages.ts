/** What a carrier-grade NAT sends: RFC 8158 NAT44 session events, the mandatory fields (22 bytes a record). */

const TEMPLATE_ID = 256;
/** observationTimeMilliseconds, natEvent, source, postNAT source, protocol, source port, postNAPT source port. */
const FIELDS = [
  [323, 8],
  [230, 1],
  [8, 4],
  [225, 4],
  [4, 1],
  [7, 2],
  [227, 2],
] as const;
const RECORD_BYTES = FIELDS.reduce((sum, [, length]) => sum + length, 0);
const HEAD_BYTES = 16;
const SET_BYTES = 4;
/** What fits an Ethernet frame beside the heads of IP and UDP. */
export const EVENTS_A_MESSAGE = Math.floor((1472 - HEAD_BYTES - SET_BYTES) / RECORD_BYTES);
const CREATE = 4;
const DELETE = 5;

function head(message: Buffer, sequence: number, nowMs: number): Buffer {
  message.writeUInt16BE(10, 0);
  message.writeUInt16BE(message.length, 2);
  message.writeUInt32BE(Math.floor(nowMs / 1000), 4);
  message.writeUInt32BE(sequence >>> 0, 8);
  message.writeUInt32BE(1, 12);
  return message;
}

export function templateMessage(nowMs: number): Buffer {
  const message = Buffer.alloc(HEAD_BYTES + SET_BYTES + 4 + FIELDS.length * 4);
  message.writeUInt16BE(2, HEAD_BYTES);
  message.writeUInt16BE(message.length - HEAD_BYTES, HEAD_BYTES + 2);
  message.writeUInt16BE(TEMPLATE_ID, HEAD_BYTES + 4);
  message.writeUInt16BE(FIELDS.length, HEAD_BYTES + 6);
  FIELDS.forEach(([element, length], index) => {
    message.writeUInt16BE(element, HEAD_BYTES + 8 + index * 4);
    message.writeUInt16BE(length, HEAD_BYTES + 10 + index * 4);
  });
  return head(message, 0, nowMs);
}

/** A whole number below `below`, the same for the same `seed`: every run sends the same traffic. */
const scattered = (seed: number, below: number): number => (Math.imul(seed, 0x9e3779b1) >>> 8) % below;

/**
 * Event `first` and those after it, one message full. 20,000 inside hosts share 64 outside addresses; each session is
 * created and deleted a while later.
 */
export function eventMessage(first: number, nowMs: number): Buffer {
  const message = Buffer.allocUnsafe(HEAD_BYTES + SET_BYTES + EVENTS_A_MESSAGE * RECORD_BYTES);
  message.writeUInt16BE(TEMPLATE_ID, HEAD_BYTES);
  message.writeUInt16BE(message.length - HEAD_BYTES, HEAD_BYTES + 2);
  let at = HEAD_BYTES + SET_BYTES;
  for (let index = 0; index < EVENTS_A_MESSAGE; index += 1) {
    const event = first + index;
    const isDelete = event % 2 === 1;
    const session = isDelete ? Math.max(0, (event - 2001) >> 1) : event >> 1;
    const host = scattered(session, 20_000);
    message.writeUIntBE(Math.floor(nowMs / 0x1_0000), at, 6);
    message.writeUInt16BE(nowMs % 0x1_0000, at + 6);
    message.writeUInt8(isDelete ? DELETE : CREATE, at + 8);
    message.writeUInt32BE(0x64_40_00_00 + host, at + 9);
    message.writeUInt32BE(0xcb_00_71_00 + (host % 64), at + 13);
    message.writeUInt8(session % 5 === 0 ? 17 : 6, at + 17);
    message.writeUInt16BE(1024 + scattered(session * 3 + 1, 60_000), at + 18);
    message.writeUInt16BE(1024 + scattered(session * 7 + 2, 60_000), at + 20);
    at += RECORD_BYTES;
  }
  return head(message, first, nowMs);
}
