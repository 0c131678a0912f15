import type { SendersFeed, ToldMessage, ToldTranslation } from '../../../src/collectors/feed.ts';
import { counted } from '../counted.ts';

interface Rejection {
  readonly reason: string;
  readonly count: number;
  readonly sample?: string;
}

export interface RecordingFeed extends SendersFeed {
  readonly messages: ToldMessage[];
  readonly rejections: Rejection[];
  /** Resolves when so many messages have come. */
  readonly until: (count: number) => Promise<void>;
}

/** A feed that keeps what it is given. */
export function recordingFeed(): RecordingFeed {
  const messages: ToldMessage[] = [];
  const rejections: Rejection[] = [];
  const reject = (reason: string, count: number, sample?: string): void => {
    rejections.push({ reason, count, ...(sample === undefined ? {} : { sample }) });
  };
  const { look, until } = counted(() => messages.length);
  const feed: RecordingFeed = {
    name: 'recording',
    messages,
    rejections,
    until,
    take: (message) => {
      messages.push(message);
      look();
      return Promise.resolve(true);
    },
    lost: () => undefined,
    restarted: () => undefined,
    rejected: reject,
    unread: reject,
    exporter: () => feed,
  };
  return feed;
}

/** A translation as a text: `create 6 10.0.0.1:2 > 192.0.2.1:3-4 = remote in realm @time`. */
export function toldText(told: ToldTranslation): string {
  const { inside, outside, remote } = told;
  const ports = outside?.low === outside?.high ? `${outside?.low}` : `${outside?.low}-${outside?.high}`;
  const parts = [
    `${told.event} ${told.protocol ?? '*'} ${inside.address}:${inside.port ?? '*'} >`,
    outside === null ? '-' : `${outside.address}:${outside.low === null ? '*' : ports}`,
    ...(remote === null ? [] : [`= ${remote.address}:${remote.port ?? '*'}`]),
    ...(told.realm === '' ? [] : [`in ${told.realm}`]),
    ...(told.timeMs === null ? [] : [`@${new Date(told.timeMs).toISOString()}`]),
    ...(told.untilMs === null ? [] : [`~${new Date(told.untilMs).toISOString()}`]),
  ];
  return parts.join(' ');
}
