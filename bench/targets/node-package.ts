import { readFileSync } from 'node:fs';
import { startScript } from '../processes.ts';
import type { Availability, StartOptions, Target, Upstream } from '../types.ts';

const ROOT = new URL('../../', import.meta.url);

/** The installed version of a package; its package.json is read as a file because few packages export it. */
function packageVersion(name: string): Availability {
  try {
    const text = readFileSync(new URL(`node_modules/${name}/package.json`, ROOT), 'utf8');
    const { version } = JSON.parse(text) as { version: string };
    return { installed: true, version: `${name} ${version}` };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return { installed: false, reason: 'not installed' };
    }
    throw error;
  }
}

/** A target that is a script of ours around a package, given one argument. */
export function nodePackageTarget(
  about: Pick<Target, 'name' | 'does'>,
  packageName: string,
  script: string,
  argument: (upstream: Upstream, options: StartOptions) => string = ({ url }) => url,
): Target {
  return {
    ...about,
    available: () => Promise.resolve(packageVersion(packageName)),
    start: (upstream, options) => startScript(script, [argument(upstream, options)]),
  };
}
