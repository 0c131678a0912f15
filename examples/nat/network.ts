import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const DOCUMENTATION = '203.0.113';

/** Where everything is. The clients' addresses are private; the NAT's outside is the only one that the site sees. */
export const ADDRESSES = {
  clients: { a: '10.77.1.2', b: '10.77.2.2' },
  nat: `${DOCUMENTATION}.1`,
  site: `${DOCUMENTATION}.2`,
} as const;

export type Host = 'a' | 'b' | 'nat' | 'site';
const HOSTS: readonly Host[] = ['a', 'b', 'nat', 'site'];

/** Network namespaces: two clients behind a NAT (masquerade), and the site before it. */
export interface Network {
  /** The name of a host's namespace. */
  nameOf(host: Host): string;
  /** Runs a command on a host; rejects when it fails. */
  run(host: Host, ...command: readonly string[]): Promise<string>;
  /** Removes the namespaces, and with them their links. */
  remove(): Promise<void>;
}

/** Builds the network; needs root, iproute2 and iptables. Nothing outside its own namespaces is touched. */
export async function buildNetwork(prefix = `shudi-${process.pid}`): Promise<Network> {
  const nameOf = (host: Host): string => `${prefix}-${host}`;
  const ip = (...words: readonly string[]): Promise<unknown> => run('ip', words);
  const on = async (host: Host, ...command: readonly string[]): Promise<string> => {
    const { stdout } = await run('ip', ['netns', 'exec', nameOf(host), ...command]);
    return stdout;
  };
  const remove = async (): Promise<void> => {
    for (const host of HOSTS) await ip('netns', 'del', nameOf(host)).catch(() => undefined);
  };
  /** A cable between two hosts, each end with its address. */
  const join = async (left: Host, leftAddress: string, right: Host, rightAddress: string): Promise<void> => {
    await ip(
      'link',
      'add',
      `to-${right}`,
      'netns',
      nameOf(left),
      'type',
      'veth',
      'peer',
      'name',
      `to-${left}`,
      'netns',
      nameOf(right),
    );
    await on(left, 'ip', 'address', 'add', `${leftAddress}/24`, 'dev', `to-${right}`);
    await on(right, 'ip', 'address', 'add', `${rightAddress}/24`, 'dev', `to-${left}`);
    await on(left, 'ip', 'link', 'set', `to-${right}`, 'up');
    await on(right, 'ip', 'link', 'set', `to-${left}`, 'up');
  };
  try {
    for (const host of HOSTS) {
      await ip('netns', 'add', nameOf(host));
      await on(host, 'ip', 'link', 'set', 'lo', 'up');
    }
    for (const client of ['a', 'b'] as const) {
      const gateway = ADDRESSES.clients[client].replace(/\.2$/, '.1');
      await join(client, ADDRESSES.clients[client], 'nat', gateway);
      await on(client, 'ip', 'route', 'add', 'default', 'via', gateway);
    }
    await join('nat', ADDRESSES.nat, 'site', ADDRESSES.site);
    await on('nat', 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    await on('nat', 'iptables', '-t', 'nat', '-A', 'POSTROUTING', '-o', 'to-site', '-j', 'MASQUERADE');
  } catch (error) {
    await remove();
    throw error;
  }
  return { nameOf, run: on, remove };
}
