/** The longest sample, characters. */
const MOST_CHARACTERS = 200;
/** So much of a line is looked at. */
const LOOKED_AT = 1000;

/**
 * Words that a sample may show, in lower case: those that lines of NAT logging are made of, the keys and events of each
 * vendor. None may pass for hex digits of an address.
 */
export const SHOWN_WORDS: ReadonlySet<string> = new Set(
  [
    // All of them.
    'nat nat44 nat444 nat64 dslite cgn cgnat napt tcp udp icmp icmpv6 icmp6 gre esp ah sctp ipsec ip ipv4 ipv6',
    'src dst source destination inside outside internal external private public global port ports proto protocol',
    'block blocks session sessions user event type code id time start end in out to from new none log vrf zone',
    // Junos.
    'rt pba alloc release interim active exhausted reflexive low high used maximum pool name epoch subscriber',
    'allocates releases holds lsys junos jservices fwnat asp msvcs open close app fpc pic slot',
    // Cisco: ASA, IOS XR.
    'asa ftd pix fwsm built teardown dynamic static translation connection inbound outbound duration bytes',
    'userbaseda userbasedw userbasedad userbasedwd sessionbaseda sessionbasedw sessionbasedad sessionbasedwd',
    'portblockrunout',
    // A10.
    'cfw portbatchv2allocated portbatchv2freed batch allocated freed last cn3 cn3label spt dpt',
    'sourcetranslatedaddress sourcetranslatedport destinationtranslatedaddress destinationtranslatedport',
    // RouterOS.
    'firewall info forward input output srcnat dstnat snat dnat state established related syn len pppoe',
    // Linux.
    'destroy update sport dport unreplied assured sent recv wait packets',
  ].flatMap((line) => line.split(' ')),
);

/** Control characters and ASCII punctuation part words; all else makes them. */
const WORD = /[^\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\x7f]+/g;

/**
 * A line as operators may see it, so that its format can be told: punctuation and the words above stay. A digit is `0`, and so
 * is a number; every other word, which may be a name, is `x`.
 */
export function maskedSample(line: string): string {
  return line
    .slice(0, LOOKED_AT)
    .replace(WORD, (word, at: number) => {
      // The end of what is looked at may be in the middle of a word.
      if (at + word.length < LOOKED_AT && SHOWN_WORDS.has(word.toLowerCase()))
        return word.replace(/\d/g, '0');
      if (/^\d+$/.test(word)) return '0';
      // RFC 3339: `26T09`, `00Z`.
      return /^\d+T\d+$/.test(word) ? '0T0' : /^\d+Z$/.test(word) ? '0Z' : 'x';
    })
    .replace(/[\x00-\x1f\x7f]/g, '?')
    .slice(0, MOST_CHARACTERS);
}
