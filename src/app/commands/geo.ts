import { chmodSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildRegionFile } from '../../geo/build.ts';
import { lookupLines } from '../../geo/lookup.ts';
import { openRegions } from '../../geo/reader.ts';
import type { Run } from '../command-line.ts';
import { GEO_DATA, REGION_FILE } from '../region-file.ts';
import { argumentsOf } from './arguments.ts';

export const geoBuildCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, { output: { type: 'string' }, json: { type: 'boolean' } });
  const epoch = world.environment['SOURCE_DATE_EPOCH'];
  const summary = await buildRegionFile({
    output: resolve(world.directory, values.output ?? REGION_FILE),
    dataDirectory: GEO_DATA,
    ...(epoch === undefined || !/^\d{1,12}$/.test(epoch) ? {} : { buildEpoch: Number(epoch) }),
  });
  // No secret: another user may build it for the one that serves.
  chmodSync(summary.output, 0o644);
  if (values.json === true) world.write(`${JSON.stringify(summary)}\n`);
  else
    world.write(
      `${summary.output}: ${summary.records} prefixes, ${summary.bytes} bytes, ${Math.round(summary.milliseconds)} ms\n`,
    );
  return 0;
};

export const geoLookupCommand: Run = async (args, world) => {
  const { values, positionals } = argumentsOf(
    args,
    { file: { type: 'string' }, json: { type: 'boolean' } },
    { min: 1, max: 1000 },
  );
  const regions = await openRegions(resolve(world.directory, values.file ?? REGION_FILE));
  const lines = lookupLines(regions, positionals);
  if (values.json === true) world.write(`${JSON.stringify(lines)}\n`);
  else
    for (const line of lines)
      world.write(
        `${line.address}  ${line.code}  ${line.zh} / ${line.en}  (${line.source} ${line.dataVersion}${line.reason === null ? '' : `, ${line.reason}`})\n`,
      );
  return 0;
};
