/** Lines of our own, modelled on what vendors document, and what they tell (see toldText). */
export interface Example {
  readonly line: string;
  readonly told: readonly string[] | 'unparsed' | 'not-nat';
}

const pba = (kind: string, more: string, head = '<14>1 2026-11-26T09:30:00.5+08:00 srx RT_NAT - '): string =>
  `${head}${kind} [junos@2636.1.1.1.2.129 internal-ip="100.64.0.7" block-used="1" block-port-low="48640" ` +
  `block-port-high="48895" reflexive-ip="203.0.113.9" nat-pool-name="p" ${more}]`;
const pbaText = (kind: string, verb: string, ports = '1024-1151', epoch = ' epoch 0x6a44007a'): string =>
  `<14>Nov 26 09:30:00 mx RT_NAT: ${kind}: Subscriber 100.64.0.7 used/maximum [1/15] blocks, ${verb} port block ` +
  `[${ports}] from 203.0.113.9 in source pool P lsys_id: 0${epoch}`;
const PBA_BLOCK = '100.64.0.7:* > 203.0.113.9:48640-48895';
const TEXT_BLOCK = '100.64.0.7:* > 203.0.113.9:1024-1151';

export const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  junos: [
    {
      line: pba('RT_SRC_NAT_PBA_ALLOC', 'epoch-time-64="624b0492"'),
      told: [`create * ${PBA_BLOCK} @2022-04-04T14:45:38.000Z`],
    },
    {
      line: pba('RT_SRC_NAT_PBA_INTERIM', 'epoch-time-64="00000000624b0492"'),
      told: [`interim * ${PBA_BLOCK} @2022-04-04T14:45:38.000Z`],
    },
    {
      line: pba('RT_SRC_NAT_PBA_RELEASE', 'epoch="624b0cc7"'),
      told: [`delete * ${PBA_BLOCK} @2022-04-04T15:20:39.000Z`],
    },
    { line: pba('RT_SRC_NAT_PBA_ALLOC', 'x="1"'), told: [`create * ${PBA_BLOCK} @2026-11-26T01:30:00.500Z`] },
    { line: pba('RT_SRC_NAT_PBA_ALLOC', 'x="1"', 'RT_NAT - '), told: [`create * ${PBA_BLOCK}`] },
    {
      line: pba('RT_SRC_NAT_PBA_ALLOC', 'epoch-time-64="ffffffffffffffff"'),
      told: [`create * ${PBA_BLOCK} @2026-11-26T01:30:00.500Z`],
    },
    // A pool's name with a quote is one value.
    {
      line: pba('RT_SRC_NAT_PBA_ALLOC', 'n="\\" internal-ip=\\"10.9.9.9\\" "', 'RT_NAT - '),
      told: [`create * ${PBA_BLOCK}`],
    },
    {
      line: pbaText('RT_SRC_NAT_PBA_ALLOC', 'allocates'),
      told: [`create * ${TEXT_BLOCK} @2026-06-30T17:44:26.000Z`],
    },
    {
      line: pbaText('RT_SRC_NAT_PBA_RELEASE', 'releases', '1024-1151', ''),
      told: [`delete * ${TEXT_BLOCK} @2026-11-26T01:30:00.000Z`],
    },
    {
      line: pbaText('RT_SRC_NAT_PBA_INTERIM', 'holds'),
      told: [`interim * ${TEXT_BLOCK} @2026-06-30T17:44:26.000Z`],
    },
    { line: pbaText('RT_SRC_NAT_PBA_ALLOC', 'allocates', '1151-1024'), told: 'unparsed' },
    { line: pbaText('RT_SRC_NAT_PBA_ALLOC', 'allocates', '0-1024'), told: 'unparsed' },
    { line: pbaText('RT_SRC_NAT_PBA_ALLOC', 'allocates', '1024-65536'), told: 'unparsed' },
    { line: pbaText('RT_SRC_NAT_PBA_EXHAUSTED', 'wants'), told: 'unparsed' },
    // The name of a failed login is a stranger's choice.
    {
      line: `<38>Nov 26 09:30:00 mx sshd[7]: Invalid user ${pbaText('RT_SRC_NAT_PBA_ALLOC', 'allocates').slice(23)}`,
      told: 'unparsed',
    },
    { line: '<38>Nov 26 09:30:00 mx sshd[7]: Accepted publickey', told: 'not-nat' },
  ],
  'junos-services': [
    {
      line: '<30>Nov 26 09:30:00 mx (FPC Slot 1, PIC Slot 0) 2026-11-26 01:30:00: {ss-1}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_ALLOC: 100.64.0.7 -> 203.0.113.9:1024-1279 0x6a44007a',
      told: ['create * 100.64.0.7:* > 203.0.113.9:1024-1279 @2026-06-30T17:44:26.000Z'],
    },
    {
      line: '{ss-1}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_ACTIVE: 100.64.0.7 -> 203.0.113.9:1024-1279 0x6a44007a',
      told: ['interim * 100.64.0.7:* > 203.0.113.9:1024-1279 @2026-06-30T17:44:26.000Z'],
    },
    {
      line: '<30>Nov 26 09:30:00 mx {ss-1}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_RELEASE: 100.64.0.7 -> 203.0.113.9:1024-1279 0x6a44007a',
      told: ['delete * 100.64.0.7:* > 203.0.113.9:1024-1279 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: '[FWNAT]:ASP_NAT_PORT_BLOCK_ALLOC: 2001:db8::7 -> 203.0.113.9:1050-1099',
      told: ['create * 2001:db8::7:* > 203.0.113.9:1050-1099'],
    },
    {
      line: '<30>Nov 26 09:30:00 mx {ss-1}MSVCS_LOG_SESSION_OPEN: App:none, xe-3/1/1.0#012 100.64.0.7:18575 [203.0.113.9:1048] -> 198.51.100.2:63 (UDP)',
      told: ['create 17 100.64.0.7:18575 > 203.0.113.9:1048 = 198.51.100.2:63 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: '{ss-1}MSVCS_LOG_SESSION_CLOSE: App:none, xe-3/1/1.0 100.64.0.7:18575 [203.0.113.9:1048] -> 198.51.100.2:63 (TCP)',
      told: ['delete 6 100.64.0.7:18575 > 203.0.113.9:1048 = 198.51.100.2:63'],
    },
    {
      line: '{ss-1}MSVCS_LOG_SESSION_OPEN: App:none, xe-3/1/1.0 100.64.0.7:18575 -> 198.51.100.2:63 (UDP)',
      told: [],
    },
    {
      line: '{ss-1}MSVCS_LOG_SESSION_OPEN: App:none, xe-3/1/1.0 100.64.0.7:185750 [203.0.113.9:1] -> 198.51.100.2:63 (UDP)',
      told: 'unparsed',
    },
    {
      line: '{ss-1}[jservices-nat]: JSERVICES_NAT_PORT_BLOCK_ALLOC: 100.64.0.7 -> 203.0.113.9:1024',
      told: 'unparsed',
    },
    {
      line: '<38>Nov 26 09:30:00 mx sshd[7]: Invalid user {s}[j]: JSERVICES_NAT_PORT_BLOCK_ALLOC: 100.64.0.8 -> 203.0.113.9:1-9',
      told: 'unparsed',
    },
  ],
  asa: [
    {
      line: '<166>Nov 26 2026 09:30:00 fw : %ASA-6-305011: Built dynamic TCP translation from inside:10.0.0.5/1772 to outside:203.0.113.9/8256',
      told: ['create 6 10.0.0.5:1772 > 203.0.113.9:8256 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: '<166>Nov 26 2026 09:30:00: %ASA-6-305012: Teardown dynamic UDP translation from inside:10.0.0.5/1772 to outside:203.0.113.9/8256 duration 0:00:30',
      told: ['delete 17 10.0.0.5:1772 > 203.0.113.9:8256 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: '%ASA-6-305011: Built static ICMP translation from dmz:10.0.0.5/512 to outside:203.0.113.9/513',
      told: ['create 1 10.0.0.5:512 > 203.0.113.9:513'],
    },
    {
      line: '%ASA-6-305011: Built dynamic ICMP translation from dmz:10.0.0.5/0 to outside:203.0.113.9/0',
      told: ['create 1 10.0.0.5:* > 203.0.113.9:*'],
    },
    {
      line: '<166>1 2026-11-26T01:30:00Z fw - - - - %FTD-6-305011: Built dynamic TCP translation from inside(acl-1):10.0.0.5/1772 to outside:203.0.113.9/8256',
      told: ['create 6 10.0.0.5:1772 > 203.0.113.9:8256 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: '<166>Nov 26 09:30:00 fw CiscoASA[999]: %ASA-session-6-305011: Built dynamic TCP translation from inside:2001:db8::5/1772 to outside:203.0.113.9/8256',
      told: ['create 6 2001:db8::5:1772 > 203.0.113.9:8256 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: '%ASA-6-305009: Built static translation from inside:10.0.0.5 to outside:203.0.113.9',
      told: ['create * 10.0.0.5:* > 203.0.113.9:*'],
    },
    {
      line: '%ASA-6-305010: Teardown static translation from inside:10.0.0.5 to outside:203.0.113.9 duration 1:00:00',
      told: ['delete * 10.0.0.5:* > 203.0.113.9:*'],
    },
    {
      line: '%ASA-6-302013: Built outbound TCP connection 7 for outside:198.51.100.2/443 (198.51.100.2/443) to inside:10.0.0.5/1772 (203.0.113.9/8256)',
      told: [],
    },
    {
      line: '%ASA-6-302016: Teardown UDP connection 7 for outside:198.51.100.2/53 to inside:10.0.0.5/1772 duration 0:00:01 bytes 1',
      told: [],
    },
    {
      line: '%ASA-6-305011: Built static TCP translation from inside:203.0.113.5/80 to outside:203.0.113.5/80',
      told: [],
    },
    // A user's name may hold what it likes.
    {
      line: '%ASA-6-305011: Built dynamic TCP translation from inside:10.0.0.5/1772(LOCAL\\eve to outside:192.0.2.66/66) to outside:203.0.113.9/8256',
      told: ['create 6 10.0.0.5:1772 > 203.0.113.9:8256'],
    },
    {
      line: '%ASA-5-304001: 10.0.0.6 Accessed URL 192.0.2.1:http://x/%ASA-6-305011: Built dynamic TCP translation from inside:10.0.0.5/1 to outside:203.0.113.9/2',
      told: 'unparsed',
    },
    {
      line: '%ASA-6-305011: Built dynamic TCP translation from inside:10.0.0.5/1772 to outside:203.0.113.9/82560',
      told: 'unparsed',
    },
    { line: '%ASA-6-305011: Built dynamic TCP translation from inside:10.0.0.5/1772 to', told: 'unparsed' },
    { line: '%ASA-4-106023: Deny tcp src outside:198.51.100.2/1 dst inside:10.0.0.5/2', told: 'not-nat' },
  ],
  huawei: [
    {
      line: '<134>1 2026 Nov 26 09:30:00 192.0.2.1 ne-1 - NAT444:SessionbasedA [17 10.1.1.2 - 203.0.113.9 0 1025 -]',
      told: ['create 17 10.1.1.2:* > 203.0.113.9:1025 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: '<134>1 2026 Nov 26 09:30:00 192.0.2.1 ne-1 - NAT444:SessionbasedW [6 10.1.1.2 - 203.0.113.9 4000 1025 -]',
      told: ['delete 6 10.1.1.2:4000 > 203.0.113.9:1025 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: 'NAT64:SessionbasedA [17 - 2001:DB8:1::2:2 203.0.113.9 0 2048 -]',
      told: ['create 17 2001:db8:1::2:2:* > 203.0.113.9:2048'],
    },
    {
      line: 'NAT444:UserbasedA [- 10.1.1.2 vpn-a 203.0.113.9 - 1024 2047]',
      told: ['create * 10.1.1.2:* > 203.0.113.9:1024-2047 in vpn-a'],
    },
    {
      line: '<134>1 2026 Nov 26 09:30:00 192.0.2.1 ne-1 - NAT444:UserbasedW [10.1.1.2 vpn-a 203.0.113.9 1024 2047]',
      told: ['delete * 10.1.1.2:* > 203.0.113.9:1024-2047 in vpn-a @2026-11-26T01:30:00.000Z'],
    },
    { line: 'NAT444:SessionbasedW [17 10.1.1.2 - - 4000 - -]', told: ['delete 17 10.1.1.2:4000 > -'] },
    { line: 'NAT444:SessionbasedA [17 10.1.1.2 - - 4000 - -]', told: 'unparsed' },
    { line: 'NAT444:SessionbasedA [17 203.0.113.9 - 203.0.113.9 1025 1025 -]', told: [] },
    { line: 'NAT444:SessionbasedA [17|10.1.1.2|203.0.113.9|0|1025]', told: 'unparsed' },
    { line: 'NAT444:SessionbasedA [17 10.1.1.256 - 203.0.113.9 0 1025 -]', told: 'unparsed' },
    { line: 'NAT444:SessionbasedA [17 10.1.1.2 - 203.0.113.9 0 - 1025]', told: 'unparsed' },
  ],
  'ios-xr': [
    {
      line: '1 2026 Nov 26 09:30:00 192.0.2.1 - - NAT44 - [UserbasedA - 192.168.1.2 vrf-a - 203.0.113.9 - 22345 23001]',
      told: ['create * 192.168.1.2:* > 203.0.113.9:22345-23001 in vrf-a @2026-11-26T01:30:00.000Z'],
    },
    {
      line: '<134>1 2026 Nov 26 09:30:00 192.0.2.1 - - NAT44 - [UserbasedW - 192.168.1.2 vrf-a - 203.0.113.9 - 22345 23001][UserbasedA - 192.168.1.3 vrf-a - 203.0.113.9 - 22345 23001 - -]',
      told: [
        'delete * 192.168.1.2:* > 203.0.113.9:22345-23001 in vrf-a @2026-11-26T01:30:00.000Z',
        'create * 192.168.1.3:* > 203.0.113.9:22345-23001 in vrf-a @2026-11-26T01:30:00.000Z',
      ],
    },
    {
      line: '- - NAT44 - [SessionbasedAD 6 192.168.1.2 vrf-a - 203.0.113.9 4000 5000 - 198.51.100.2 443]',
      told: ['create 6 192.168.1.2:4000 > 203.0.113.9:5000 = 198.51.100.2:443 in vrf-a'],
    },
    {
      line: '- - DSLITE - [SessionbasedW 17 - - 2001:db8::7 203.0.113.9 4000 5000 -]',
      told: ['delete 17 2001:db8::7:4000 > 203.0.113.9:5000'],
    },
    {
      line: '<134>Nov 26 09:31:00 relay 1 2026 Nov 26 09:30:00 192.0.2.1 - - NAT44 - [SessionbasedA 1 192.168.1.2 - - 203.0.113.9 7 8 8]',
      told: ['create 1 192.168.1.2:7 > 203.0.113.9:8 @2026-11-26T01:30:00.000Z'],
    },
    { line: '- - NAT44 - [Portblockrunout - 192.168.1.2 vrf-a - - - - -]', told: [] },
    {
      line: '- - NAT44 - [UserbasedA - 192.168.1.2 vrf-a - 203.0.113.9 - 22345 23001][UserbasedA - 192.168.1.3 vrf-a - 203.0.1',
      told: 'unparsed',
    },
    { line: '- - NAT44 - [UserbasedA - 192.168.1.2 vrf-a - 203.0.113.9 - 22345]', told: 'unparsed' },
    {
      line: 'login of user x failed: [UserbasedA - 192.168.1.2 vrf-a - 203.0.113.9 - 22345 23001]',
      told: 'unparsed',
    },
  ],
  a10: [
    {
      line: 'Nov 26 09:30:01 cgn NAT:20261126093000 3e2d PortBatchV2Allocated: [100.64.0.7 203.0.113.9 11777 12288]',
      told: ['create * 100.64.0.7:* > 203.0.113.9:11777-12288 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: 'NAT:20261126093000 3e2d PortBatchV2Freed: [100.64.0.7 203.0.113.9 11777 12288]',
      told: ['delete * 100.64.0.7:* > 203.0.113.9:11777-12288 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: 'Nov 26 09:30:01 cgn NAT:20260230093000 3e2d PortBatchV2Allocated: [100.64.0.7 203.0.113.9 11777 12288]',
      told: ['create * 100.64.0.7:* > 203.0.113.9:11777-12288 @2026-11-26T01:30:01.000Z'],
    },
    {
      line: '<134>Nov 26 09:30:00 cgn NAT-TCP-C: 100.64.0.7:1000<-->203.0.113.9:2000 to 198.51.100.2:443',
      told: ['create 6 100.64.0.7:1000 > 203.0.113.9:2000 = 198.51.100.2:443 @2026-11-26T01:30:00.000Z'],
    },
    {
      line: 'NAT-UDP-D: 100.64.0.7:1000<-->203.0.113.9:2000 to 198.51.100.2:53',
      told: ['delete 17 100.64.0.7:1000 > 203.0.113.9:2000 = 198.51.100.2:53'],
    },
    {
      line: 'NAT-ICMP-C: 100.64.0.7:0<-->203.0.113.9:0 to 198.51.100.2:0',
      told: ['create 1 100.64.0.7:* > 203.0.113.9:* = 198.51.100.2:*'],
    },
    {
      line: 'NAT-UDP-C: 100.64.0.7:1000 -> 203.0.113.9: 2000',
      told: ['create 17 100.64.0.7:1000 > 203.0.113.9:2000'],
    },
    {
      line: 'NAT-TCP-C: 100.64.0.7:1000<->198.51.100.2:443, 198.51.100.2:443<-->203.0.113.9:2000',
      told: ['create 6 100.64.0.7:1000 > 203.0.113.9:2000 = 198.51.100.2:443'],
    },
    {
      line: '<134>Nov 26 09:30:00 cgn/part CEF:0|A10|CFW|6.0.0-P1|CGN 100|Nat Port Allocated|5|proto=ICMP src=100.64.0.7 spt=48856 sourceTranslatedAddress=203.0.113.9 sourceTranslatedPort=48857 dst=198.51.100.2 dpt=0',
      told: ['create 1 100.64.0.7:48856 > 203.0.113.9:48857 = 198.51.100.2:* @2026-11-26T01:30:00.000Z'],
    },
    {
      line: 'CEF:0|A10|CFW|6.0.0-P1|CGN 107|Nat Port Batch Pool Freed|5|proto=UDP src=100.64.0.7 sourceTranslatedAddress=203.0.113.9 sourceTranslatedPort=22016 cn3=22271 cn3Label=Last Nat Port',
      told: ['delete 17 100.64.0.7:* > 203.0.113.9:22016-22271'],
    },
    {
      line: 'CEF:0|A10|CFW|6.0.0-P1|CGN 106|Nat Port Batch Pool Allocated|5|proto=UDP src=100.64.0.7 sourceTranslatedAddress=203.0.113.9 sourceTranslatedPort=22016',
      told: 'unparsed',
    },
    { line: 'CEF:0|A10|CFW|6.0.0-P1|CGN 999|Other|5|src=100.64.0.7', told: 'unparsed' },
    {
      line: 'NAT:20261126093000 3e2d PortBatchV2Freed: [100.64.0.7 203.0.113.9 1 2] NAT:20261126093000 3e2d PortBatchV2Allocated: [100.64.0.8 203.0.113.9 1 2]',
      told: [
        'delete * 100.64.0.7:* > 203.0.113.9:1-2 @2026-11-26T01:30:00.000Z',
        'create * 100.64.0.8:* > 203.0.113.9:1-2 @2026-11-26T01:30:00.000Z',
      ],
    },
    {
      line: 'NAT:20261126093000 3e2d PortBatchV2Freed: [100.64.0.7 203.0.113.9 1 2] NAT:20261126093000 3e2d PortBatchV2Allocated: [100.64.0',
      told: 'unparsed',
    },
    {
      line: 'NAT:20261126093000 3e2d PortBatchV2Allocated: [100.64.0.7 203.0.113.9 11777]',
      told: 'unparsed',
    },
    {
      line: 'NAT-TCP-C: 100.64.0.7:1000<->198.51.100.2:443, 198.51.100.3:443<-->203.0.113.9:2000',
      told: 'unparsed',
    },
    {
      line: 'NAT-HTTP-C: GET /NAT:20261126093000 3e2d PortBatchV2Allocated: [100.64.0.7 203.0.113.9 11777 12288]',
      told: 'unparsed',
    },
  ],
  mikrotik: [
    {
      line: 'firewall,info forward: in:<pppoe-b162> out:wan, connection-state:new,snat proto TCP (SYN), 100.64.0.10:54124->198.51.100.2:443, NAT (100.64.0.10:54124->203.0.113.10:54125)->198.51.100.2:443, len 60',
      told: ['flow 6 100.64.0.10:54124 > 203.0.113.10:54125 = 198.51.100.2:443'],
    },
    {
      line: '<134>Nov 26 09:30:00 bras-1 firewall,info forward: in:<pppoe-b162> out:wan, src-mac fc:f2:9f:e9:0f:d0, proto UDP, 100.64.0.10:5412->198.51.100.2:53, NAT (100.64.0.10:5412->203.0.113.10:5413)->198.51.100.2:53, len 60',
      told: [
        'flow 17 100.64.0.10:5412 > 203.0.113.10:5413 = 198.51.100.2:53 @2026-11-26T01:30:00.000Z ~2026-11-26T01:30:00.000Z',
      ],
    },
    {
      line: '<134>1 2026-11-26T09:30:00+08:00 bras-1 - - - - in:<pppoe-b162> out:wan, proto ICMP (type 8, code 0), 100.64.0.10->198.51.100.2, NAT (100.64.0.10->203.0.113.10)->198.51.100.2, len 84',
      told: [
        'flow 1 100.64.0.10:* > 203.0.113.10:* = 198.51.100.2:* @2026-11-26T01:30:00.000Z ~2026-11-26T01:30:00.000Z',
      ],
    },
    {
      line: 'firewall,info my prefix forward: in:wan out:lan, connection-state:new,dnat proto TCP (SYN), 198.51.100.2:4000->203.0.113.10:80, NAT 198.51.100.2:4000->(203.0.113.10:80->192.168.88.2:8080), len 60',
      told: ['flow 6 192.168.88.2:8080 > 203.0.113.10:80 = 198.51.100.2:4000'],
    },
    // The pair before is unchanged, the one after is not; and both at once.
    {
      line: 'forward: in:wan out:lan, proto TCP, 198.51.100.2:4000->203.0.113.10:80, NAT (198.51.100.2:4000->198.51.100.2:4000)->(203.0.113.10:80->192.168.88.2:8080), len 60',
      told: ['flow 6 192.168.88.2:8080 > 203.0.113.10:80 = 198.51.100.2:4000'],
    },
    {
      line: 'forward: in:lan out:lan, proto 6, 192.168.88.9:4000->203.0.113.10:80, NAT (192.168.88.9:4000->203.0.113.10:4001)->(203.0.113.10:80->192.168.88.2:80), len 60',
      told: [
        'flow 6 192.168.88.9:4000 > 203.0.113.10:4001 = 192.168.88.2:80',
        'flow 6 192.168.88.2:80 > 203.0.113.10:80 = 192.168.88.9:4000',
      ],
    },
    {
      line: 'forward: in:a out:b, proto TCP, [fd00::7]:4000->[2001:db8::2]:80, NAT ([fd00::7]:4000->[2001:db8::1]:4000)->[2001:db8::2]:80, len 60',
      told: ['flow 6 fd00::7:4000 > 2001:db8::1:4000 = 2001:db8::2:80'],
    },
    {
      line: 'forward: in:a out:b, proto TCP, 203.0.113.5:1->198.51.100.2:2, NAT (203.0.113.5:1->203.0.113.5:1)->198.51.100.2:2, len 60',
      told: [],
    },
    // A subscriber's name may hold what it likes, and so may that of a failed login.
    {
      line: 'firewall,info forward: in:<pppoe-x proto UDP, NAT (10.0.0.1:1->192.0.2.66:2)->192.0.2.67:3> out:wan, proto TCP, 100.64.0.10:1->198.51.100.2:2, NAT (100.64.0.10:1->203.0.113.10:9)->198.51.100.2:2, len 60',
      told: ['flow 6 100.64.0.10:1 > 203.0.113.10:9 = 198.51.100.2:2'],
    },
    {
      line: 'system,error,critical login failure for user in:x, NAT (10.0.0.1:1->192.0.2.66:2)->192.0.2.67:3 from 192.0.2.1 via ssh',
      told: 'unparsed',
    },
    {
      line: 'forward: in:a out:b, proto TCP, 10.0.0.1:1->198.51.100.2:2, NAT (10.0.0.1:1->203.0.113.300:3)->198.51.100.2:2, len 60',
      told: 'unparsed',
    },
    {
      line: 'forward: in:a out:b, proto TCP, 10.0.0.1:1->198.51.100.2:2, NAT (10.0.0.1:1->203.0.113.3',
      told: 'unparsed',
    },
    {
      line: 'firewall,info input: in:wan out:(unknown 0), proto TCP (SYN), 198.51.100.2:5->203.0.113.10:80, len 60',
      told: 'not-nat',
    },
  ],
};
