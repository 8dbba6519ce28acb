import './postgres-broker.ts';

import { inject } from 'vitest';

/**
 * URL of a database of the caller's own, with the schema in it. It lies on the one server of this
 * vitest run: that of `DATABASE_URL`, else an embedded one, which starts with the first call.
 */
export function freshDatabase(): Promise<string> {
  return ask('/migrated');
}

/** The same without any table. */
export function emptyDatabase(): Promise<string> {
  return ask('/empty');
}

async function ask(path: string): Promise<string> {
  const response = await fetch(`${inject('postgresBroker')}${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`no database for this test: ${text}`);
  return text;
}
