/**
 * Sends NAT events over UDP at a steady rate, as an exporter would: `send.ts PORT EVENTS_A_SECOND SECONDS`. Prints how
 * many events were sent. Loopback only.
 */
import { createSocket } from 'node:dgram';
import { EVENTS_A_MESSAGE, eventMessage, templateMessage } from './messages.ts';

const [port, rate, seconds] = process.argv.slice(2).map(Number) as [number, number, number];
const socket = createSocket('udp4');
const EVERY_MS = 5;

const send = (message: Buffer): void => socket.send(message, port, '127.0.0.1');

send(templateMessage(Date.now()));
let sent = 0;
const began = performance.now();
const timer = setInterval(() => {
  const elapsed = Math.min(seconds, (performance.now() - began) / 1000);
  const due = elapsed * rate;
  for (; sent + EVENTS_A_MESSAGE <= due; sent += EVENTS_A_MESSAGE) send(eventMessage(sent, Date.now()));
  if (elapsed < seconds) return;
  clearInterval(timer);
  // What the socket has taken is on its way when it has closed.
  setTimeout(() => socket.close(() => process.stdout.write(`${sent}\n`)), 200);
}, EVERY_MS);
