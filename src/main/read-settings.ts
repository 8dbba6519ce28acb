import { didYouMean } from '../expr/suggest.ts';
import type { Reading } from './setting-values.ts';
import { type Setting, type Settings, settingTable } from './settings.ts';

export type Environment = { readonly [name: string]: string | undefined };

export interface ReadSettings {
  readonly settings: Settings;
  /** Doubts: names that look like ours and are not. */
  readonly warnings: readonly string[];
}

/** All that is wrong with the settings, each with its remedy. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the settings are wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

/** Reads all settings; an empty value counts as not set. Throws a SettingsError. */
export function readSettings(environment: Environment): ReadSettings {
  const problems: string[] = [];
  const values = Object.entries<Setting<unknown>>(settingTable).map(([key, row]) => {
    const given = environment[row.name];
    const isGiven = given !== undefined && given.trim() !== '';
    const reading: Reading<unknown> = row.read(isGiven ? given.trim() : row.default);
    if ('value' in reading) return [key, reading.value];
    problems.push(
      `${row.name}=${row.isSecret === true ? '…' : (given ?? '')}: ${reading.problem}.`,
    );
    return [key, undefined];
  });
  // Every key of the table was read by its own row, or there is a problem and this is not given out.
  const settings = Object.fromEntries(values) as Settings;
  if (problems.length === 0) problems.push(...contradictions(settings));
  if (problems.length > 0) throw new SettingsError(problems);
  return { settings, warnings: unknownNames(environment) };
}

function contradictions(settings: Settings): string[] {
  const isShared = settings.jwtAlgorithm.startsWith('HS');
  if (settings.jwksUrl !== '' && settings.jwtSecret !== '') {
    return ['JWT_SECRET and JWKS_URL are both set. Set the one that signs your tokens.'];
  }
  if (settings.jwtSecret !== '' && !isShared) {
    return [`JWT_ALGORITHM=${settings.jwtAlgorithm}: JWT_SECRET signs HS256, HS384 or HS512 only.`];
  }
  if (settings.jwksUrl !== '' && isShared) {
    return [
      `JWT_ALGORITHM=${settings.jwtAlgorithm}: JWKS_URL has public keys. Set RS256 or ES256.`,
    ];
  }
  if ((settings.tlsCert === '') !== (settings.tlsKey === '')) {
    return ['TLS_CERT and TLS_KEY belong together. Set both, or none.'];
  }
  if (settings.sources.length === 0) return ['BEHEST_SOURCE names no source.'];
  if (settings.runnerQueues.length === 0) return ['BEHEST_RUNNER_QUEUES names no queue.'];
  return [];
}

/** Names of the command line and the tests, which are no settings of the server. */
const otherNames = ['BEHEST_SERVER', 'BEHEST_TOKEN', 'BEHEST_NAMESPACE', 'BEHEST_REQUIRE_SERVICES'];

function unknownNames(environment: Environment): string[] {
  const known = [...Object.values(settingTable).map(({ name }) => name), ...otherNames];
  return Object.keys(environment)
    .filter((name) => name.startsWith('BEHEST_') && !name.startsWith('BEHEST_SECRET_'))
    .filter((name) => !known.includes(name))
    .toSorted()
    .map((name) => {
      const hint = didYouMean(name, known);
      const close = hint === undefined ? '' : ` ${hint}`;
      return `${name} is not a setting and changes nothing.${close}`;
    });
}
