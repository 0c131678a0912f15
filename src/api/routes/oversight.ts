import { Type } from 'typebox';
import { ShudiError } from '../../model/errors.ts';
import { formatTime } from '../../model/time.ts';
import { METRICS_TYPE, metricsText } from '../metrics.ts';
import type { ControlParts } from '../parts.ts';
import { route, type Route } from '../route.ts';
import { Digest, Free, strict, Time } from '../schemas.ts';

const PAGE = 100;
const MAX_PAGE = 1000;
const number = (description: string) =>
  Type.Optional(Type.String({ pattern: '^(0|[1-9]\\d{0,14})$', description }));

/** What is open to those who watch, and to load balancers. */
export function oversightRoutes({ journal, register, status, ready }: ControlParts): readonly Route[] {
  return [
    route({
      method: 'GET',
      path: '/healthz',
      access: 'public',
      summary: 'Whether the server answers',
      answer: Type.Object({ status: Type.Literal('ok') }, strict),
      handle: () => ({ status: 'ok' }),
    }),
    route({
      method: 'GET',
      path: '/readyz',
      access: 'public',
      summary: 'Whether records can be stored and the journal can be read',
      answer: Type.Object({ status: Type.Literal('ready') }, strict),
      handle: async () => {
        if (!ready()) throw new ShudiError('records.unavailable', 'The recorder is not ready.');
        await register.refresh();
        return { status: 'ready' };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/audit',
      access: ['supervisor'],
      summary: 'The journal, page by page',
      query: Type.Object(
        { after: number('The seq to begin after'), limit: number(`At most ${MAX_PAGE}`) },
        strict,
      ),
      answer: Type.Object(
        {
          entries: Type.Array(
            Type.Object(
              {
                seq: Type.Integer(),
                at: Time,
                kind: Type.String(),
                actor: Type.String(),
                body: Free,
                prev: Digest,
                hash: Digest,
              },
              strict,
            ),
          ),
          next: Type.Union([Type.Integer(), Type.Null()]),
        },
        strict,
      ),
      handle: async ({ query }) => {
        const limit = Math.min(Math.max(1, Number(query.limit ?? PAGE)), MAX_PAGE);
        const entries = await journal.entries(Number(query.after ?? 0), limit);
        const next = entries.length < limit ? null : (entries.at(-1)?.seq ?? null);
        return { entries: entries.map((entry) => ({ ...entry, at: formatTime(entry.at) })), next };
      },
    }),
    route({
      method: 'GET',
      path: '/v1/status',
      access: ['operator'],
      summary: 'The state of the machine; no records',
      answer: Free,
      handle: () => status(),
    }),
    route({
      method: 'GET',
      path: '/metrics',
      access: ['operator'],
      summary: 'The same in the text format of Prometheus; docs/monitoring.md lists the metrics',
      mediaType: METRICS_TYPE,
      answer: Type.String(),
      handle: async () => metricsText(await status()),
    }),
  ];
}
