import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

import type { Environment } from './read-settings.ts';

/** The environment, with what a `.env` file adds where it is silent. No such file is fine. */
export function loadEnvironment(environment: Environment, path = '.env'): Environment {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return environment;
    throw error;
  }
  const set = Object.entries(environment).filter(([, value]) => value !== undefined);
  return { ...parseEnv(content), ...Object.fromEntries(set) };
}
