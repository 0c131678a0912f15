import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/directory.ts';
import { findTool, hasTool } from '../../support/tools.ts';
import { holds, PATIENCE } from '../../support/fuzzing.ts';
import { DIFFERENCES } from './nginx-differences.ts';
import { firstStatus, startNginx, type Nginx } from './nginx.ts';
import { mutatedStreams, streams } from './request-streams.ts';
import { openStrictRig } from './strict-rig.ts';
import { CHUNKS } from './vectors/chunks.ts';
import { CONTENT_LENGTH } from './vectors/content-length.ts';
import { FIELDS } from './vectors/fields.ts';
import { HOST } from './vectors/host.ts';
import { REQUEST_LINE, TARGET } from './vectors/target.ts';
import { TRANSFER_ENCODING } from './vectors/transfer-encoding.ts';
import { WELL_FORMED } from './vectors/well-formed.ts';

const MALFORMED = [TRANSFER_ENCODING, CONTENT_LENGTH, FIELDS, HOST, TARGET, REQUEST_LINE, CHUNKS].flat();
/** nginx answers what it cannot parse with these: malformed, an unknown coding, an unknown version. */
const REFUSED = [400, 501, 505];
const explained = (bytes: string): boolean => DIFFERENCES.some(({ applies }) => applies(bytes));

describe.runIf(hasTool('nginx'))('against nginx', () => {
  const directory = temporaryDirectory();
  let nginx: Nginx;
  beforeAll(async () => {
    nginx = await startNginx(join(directory, 'nginx'), findTool('nginx') ?? 'nginx');
  });
  afterAll(() => nginx.stop());

  it('what it accepts of the well-formed table the gateway accepts; what it refuses of it is explained', async () => {
    const { rig } = await openStrictRig();
    const refused: string[] = [];
    for (const { name, bytes } of WELL_FORMED) {
      const status = await firstStatus(nginx.port, bytes);
      expect([name, await firstStatus(rig.port, bytes)]).toEqual([name, 200]);
      if (status !== 200) refused.push(name);
    }
    const expected = WELL_FORMED.filter(({ bytes }) => explained(bytes)).map(({ name }) => name);
    expect(refused).toEqual(expected);
  });

  it('what it refuses of the malformed tables the gateway refuses', async () => {
    let refused = 0;
    for (const { name, bytes, route } of MALFORMED) {
      const status = await firstStatus(nginx.port, bytes);
      if (status === null || !REFUSED.includes(status)) continue;
      refused += 1;
      const { rig, upstream } = await openStrictRig(route === undefined ? {} : { route });
      expect([name, await firstStatus(rig.port, bytes)]).toEqual([name, 400]);
      expect(upstream.messages).toEqual([]);
    }
    // An nginx that refuses nothing would be no oracle.
    expect(refused).toBeGreaterThan(100);
  });

  it('what it accepts of random well-formed requests the gateway accepts', PATIENCE, async () => {
    const { rig } = await openStrictRig();
    let accepted = 0;
    await holds(
      fc.asyncProperty(streams, async (stream) => {
        if ((await firstStatus(nginx.port, stream)) !== 200) return;
        accepted += 1;
        expect(await firstStatus(rig.port, stream)).toBe(200);
      }),
      2,
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('what it refuses of mutated ones the gateway refuses, or it is explained', PATIENCE, async () => {
    const { rig } = await openStrictRig();
    let refused = 0;
    await holds(
      fc.asyncProperty(mutatedStreams, async (stream) => {
        // A stream without this end may be waited for by either.
        const bytes = `${stream}\r\n\r\n`;
        const status = await firstStatus(nginx.port, bytes);
        if (status === null || !REFUSED.includes(status) || explained(bytes)) return;
        refused += 1;
        expect(await firstStatus(rig.port, bytes)).toBeGreaterThanOrEqual(400);
      }),
      3,
    );
    expect(refused).toBeGreaterThan(20);
  });
});
