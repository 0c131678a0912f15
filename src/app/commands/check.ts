import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { readSealingKey, readVaultKeys } from '../../accounts/key-files.ts';
import { openRegions } from '../../geo/reader.ts';
import { verifyJournal } from '../../ledger/verify-journal.ts';
import { errorLine } from '../../model/errors.ts';
import { systemClock } from '../../model/time.ts';
import { isLocked } from '../../platform/lock.ts';
import { collectorFacts, collectorFindings } from '../check/collectors.ts';
import type { Finding } from '../check/findings.ts';
import { gatewayFindings } from '../check/gateway.ts';
import { machineFacts, machineFindings } from '../check/machine.ts';
import { networkFindings } from '../check/network.ts';
import { watchClockError } from '../clock-error.ts';
import type { Run } from '../command-line.ts';
import { readConfigFile } from '../config-file.ts';
import { configOf, type Config } from '../config.ts';
import { dataLayout, isEmptyDirectory } from '../data-directory.ts';
import { argumentsOf, needed } from './arguments.ts';

/** Regions older than this are worth a warning, days. */
const OLD_REGION_DAYS = 365;

export const checkCommand: Run = async (args, world) => {
  const { values } = argumentsOf(args, { config: { type: 'string' }, json: { type: 'boolean' } });
  const path = resolve(world.directory, needed(values.config, 'config'));
  const file = readConfigFile(path);
  const config = configOf(file, dirname(path));
  const findings: Finding[] = [
    { subject: 'configuration', level: 'ok', text: path },
    ...gatewayFindings(config, file),
    ...(await networkFindings(config, file)),
    ...machineFindings(config, file, machineFacts(config.dataDirectory)),
    ...collectorFindings(config, file, collectorFacts(dirname(path))),
    ...dataFindings(config),
    ...(await regionFindings(config)),
    await clockFinding(),
  ];
  if (values.json === true)
    world.write(`${JSON.stringify({ ok: findings.every(({ level }) => level !== 'fault'), findings })}\n`);
  else
    for (const { subject, level, text, where } of findings)
      world.write(
        `${level.padEnd(5)} ${subject}: ${text}${where === undefined || level === 'ok' ? '' : ` (${where})`}\n`,
      );
  return findings.some(({ level }) => level === 'fault') ? 2 : 0;
};

function attempt(subject: string, action: () => string): Finding {
  try {
    return { subject, level: 'ok', text: action() };
  } catch (error) {
    return { subject, level: 'fault', text: errorLine(error) };
  }
}

function dataFindings(config: Config): Finding[] {
  const { dataDirectory } = config;
  const layout = dataLayout(dataDirectory);
  if (isEmptyDirectory(dataDirectory))
    return [{ subject: 'data', level: 'ok', text: `${dataDirectory} is new and will be made` }];
  const findings = [
    attempt('vault key', () => (readVaultKeys(layout.keys), layout.keys)),
    attempt('disclosure key (public)', () => readSealingKey(layout.keys).id.toString('hex')),
  ];
  if (existsSync(layout.journal)) {
    const verdict = verifyJournal(layout.journal);
    findings.push({
      subject: 'journal',
      level: verdict.ok ? 'ok' : 'fault',
      text: verdict.ok
        ? `whole, ${verdict.entries} entries`
        : `broken at entry ${verdict.firstBad?.seq ?? '?'}`,
    });
    findings.push({
      subject: 'data',
      level: 'ok',
      text: isLocked(dataDirectory) ? `${dataDirectory} is in use by a running shudi` : dataDirectory,
    });
  }
  return findings;
}

async function regionFindings(config: Config): Promise<Finding[]> {
  try {
    const regions = await openRegions(config.regions.file, { overrides: config.regions.overrides });
    const ages = Object.entries(regions.sourceAges(systemClock()));
    return ages.map(([source, days]) => ({
      subject: `regions, ${source}`,
      level: days > OLD_REGION_DAYS ? ('warn' as const) : ('ok' as const),
      text: `${Math.floor(days)} days old${days > OLD_REGION_DAYS ? '; provinces drift, bring a newer file' : ''}`,
    }));
  } catch (error) {
    return [{ subject: 'regions', level: 'fault', text: errorLine(error) }];
  }
}

async function clockFinding(): Promise<Finding> {
  const clock = await watchClockError();
  clock.stop();
  const error = clock.current();
  return error === null
    ? {
        subject: 'clock',
        level: 'warn',
        text: 'no chrony measures its error; answers assume one (trace.assumedClockError)',
      }
    : { subject: 'clock', level: 'ok', text: `error at most ${error} ms` };
}
