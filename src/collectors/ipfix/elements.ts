/** An enterprise's element (RFC 7011, 3.2) as one number; IANA's are its enterprise 0, so they are as they stand. */
export const elementOf = (enterprise: number, element: number): number => enterprise * 65_536 + element;

/** Nokia, once Alcatel (private enterprise number 637), for NAT on the 7750 SR. */
export const NOKIA = {
  aluInsideServiceId: elementOf(637, 91),
  aluNatSubString: elementOf(637, 93),
} as const;

/** Numbers of IANA's IPFIX information elements (RFC 7012 registry) that a collector of translations reads. */
export const IE = {
  octetDeltaCount: 1,
  packetDeltaCount: 2,
  protocolIdentifier: 4,
  sourceTransportPort: 7,
  sourceIPv4Address: 8,
  destinationTransportPort: 11,
  destinationIPv4Address: 12,
  flowEndSysUpTime: 21,
  flowStartSysUpTime: 22,
  sourceIPv6Address: 27,
  destinationIPv6Address: 28,
  flowId: 148,
  flowStartSeconds: 150,
  flowEndSeconds: 151,
  flowStartMilliseconds: 152,
  flowEndMilliseconds: 153,
  flowStartMicroseconds: 154,
  flowEndMicroseconds: 155,
  flowStartNanoseconds: 156,
  flowEndNanoseconds: 157,
  postNATSourceIPv4Address: 225,
  postNATDestinationIPv4Address: 226,
  postNAPTSourceTransportPort: 227,
  postNAPTDestinationTransportPort: 228,
  natEvent: 230,
  firewallEvent: 233,
  ingressVRFID: 234,
  postNATSourceIPv6Address: 281,
  postNATDestinationIPv6Address: 282,
  observationTimeSeconds: 322,
  observationTimeMilliseconds: 323,
  observationTimeMicroseconds: 324,
  observationTimeNanoseconds: 325,
  portRangeStart: 361,
  portRangeEnd: 362,
  portRangeStepSize: 363,
  portRangeNumPorts: 364,
  /** Cisco ASA before 8.4 took these for what are 225 to 228 now (NSEL). */
  ciscoXlateSourceAddress: 40_001,
  ciscoXlateDestinationAddress: 40_002,
  ciscoXlateSourcePort: 40_003,
  ciscoXlateDestinationPort: 40_004,
  ciscoFirewallEvent: 40_005,
} as const;
