import { describe, expect, it } from 'vitest';
import type { IpAddress, Port } from '../../src/model/address.ts';
import { NOON, openRig } from './harness.ts';

describe('the end of a connection (R1)', () => {
  it('a connection ends with the time of its last byte, and is found by its egress endpoint', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/');
    await client.response();
    rig.at((NOON + 1000) as typeof NOON);
    client.post('/');
    await client.response();
    rig.at((NOON + 9000) as typeof NOON);
    const { local } = client;
    client.destroy();
    await rig.log.untilSeen('record', 'end');
    expect(rig.records.all('end')).toMatchObject([
      { to: NOON + 1000, closed: NOON + 9000, reason: 'closed' },
    ]);
    const socket = rig.upstream.sockets[0]?.remote;
    const found = await rig.records.reader.byEgress(
      socket?.address as IpAddress,
      socket?.port as Port,
      { from: NOON, to: NOON },
      10,
    );
    expect(found).toMatchObject({ total: 1, shared: false, contacts: [{ client: local }] });
  });

  it('the end of a chunked body counts as its bytes do, half a request as the time when it came', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n');
    await rig.log.until(() => rig.upstream.bytes.endsWith('hi\r\n'), 'the first chunk');
    rig.at((NOON + 1000) as typeof NOON);
    client.send('0\r\n\r\n');
    await client.response();
    rig.at((NOON + 4000) as typeof NOON);
    client.destroy();
    await rig.log.untilSeen('record', 'end');
    expect(rig.records.all('end')[0]?.to).toBe(NOON + 1000);
    const other = await rig.client();
    other.get('/');
    await other.response();
    other.send('GET / HT');
    await rig.settle();
    rig.at((NOON + 7000) as typeof NOON);
    other.destroy();
    await rig.log.untilSeen('record', 'end', 2);
    expect(rig.records.all('end')[1]).toMatchObject({ to: NOON + 4000, closed: NOON + 7000 });
  });

  it('a checkpoint stores how far live clients have come, once', async () => {
    const rig = await openRig();
    const client = await rig.client();
    client.get('/');
    await client.response();
    rig.at((NOON + 2000) as typeof NOON);
    client.get('/');
    await client.response();
    await rig.gateway.checkpoint();
    await rig.gateway.checkpoint();
    expect(rig.records.all('checkpoint')).toMatchObject([
      { connection: rig.records.all('connection')[0]?.id, to: NOON + 2000 },
    ]);
    expect(rig.records.all('coverage').at(-1)).toMatchObject({ source: 'gateway', to: NOON + 2000 });
  });
});
