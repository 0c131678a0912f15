/**
 * Decodes NAT events for so many seconds: `decode.ts SECONDS`. Prints events and the CPU time of the whole process,
 * microseconds, as JSON. What is measured: templates resolved, each record read into its event; nothing is kept of it.
 */
import { Decoder } from '../../src/collectors/ipfix/decoder.ts';
import { toldTranslation } from '../../src/collectors/ipfix/told.ts';
import { EVENTS_A_MESSAGE, eventMessage, templateMessage } from './messages.ts';

const seconds = Number(process.argv[2]);
/** `told` makes of each event what is handed on to be stored, as the collector does. */
const isTold = process.argv[3] === 'told';
const MESSAGES = 4096;

let events = 0;
let checked = 0;
const decoder = new Decoder({
  dialect: null,
  onEvent: (event) => {
    events += 1;
    // Something of it is used, so that nothing is optimised away.
    checked += isTold ? (toldTranslation(event)?.inside.port ?? 0) : event.outsideLow;
  },
  onLost: () => undefined,
  onRestart: () => undefined,
});
const now = Date.now();
const messages = Array.from({ length: MESSAGES }, (_, index) => eventMessage(index * EVENTS_A_MESSAGE, now));
decoder.take(templateMessage(now));
let sequence = 0;

function turn(): void {
  for (const message of messages) {
    message.writeUInt32BE(sequence >>> 0, 8);
    decoder.take(message);
    sequence += EVENTS_A_MESSAGE;
  }
}

// Once to be compiled, then counted.
turn();
turn();
events = 0;
const cpu = process.cpuUsage();
const until = performance.now() + seconds * 1000;
while (performance.now() < until) turn();
const { user, system } = process.cpuUsage(cpu);
process.stdout.write(`${JSON.stringify({ events, cpuMicros: user + system, checked: checked > 0 })}\n`);
