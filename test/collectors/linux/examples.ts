/** A line of `conntrack -E -o timestamp,id` for a connection that is known by its inside port. */
export const conntrackLine = (port: number, kind: 'NEW' | 'DESTROY' = 'NEW'): string =>
  `[1764112345.678901]\t    [${kind}] tcp      6 120 SYN_SENT src=10.0.0.2 dst=203.0.113.5 sport=${port} dport=8080 [UNREPLIED] src=203.0.113.5 dst=192.0.2.1 sport=8080 dport=${port} id=2887412345`;

/** What ulogd2 writes of an entry that was destroyed, by its stack NFCT, IP2STR, JSON. */
export const ULOGD_DESTROY = {
  timestamp: '2025-11-25T23:12:31+0000',
  dvc: 'Netfilter',
  'oob.family': 2,
  'oob.protocol': 0,
  'orig.ip.protocol': 17,
  'orig.l4.sport': 40_000,
  'orig.l4.dport': 443,
  'orig.raw.pktlen': 1840,
  'orig.raw.pktcount': 11,
  'reply.ip.protocol': 17,
  'reply.l4.sport': 443,
  'reply.l4.dport': 51_234,
  'reply.raw.pktlen': 9120,
  'reply.raw.pktcount': 14,
  'ct.mark': 0,
  'ct.id': 2_887_412_345,
  'ct.event': 4,
  'flow.start.sec': 1_764_112_345,
  'flow.start.usec': 678_901,
  'flow.end.sec': 1_764_112_351,
  'flow.end.usec': 2000,
  src_ip: '10.0.0.2',
  dest_ip: '203.0.113.5',
  'reply.ip.saddr.str': '203.0.113.5',
  'reply.ip.daddr.str': '192.0.2.1',
} as const;
