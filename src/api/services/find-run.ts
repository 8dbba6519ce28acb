import { invalidField, notFound } from '../fault.ts';
import type { Library } from '../ports.ts';
import type { RunRecord } from '../../record/run.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The run with this id, or the only one whose id begins so. */
export async function findRun(
  library: Pick<Library, 'getRun' | 'runIdsWithPrefix'>,
  text: string,
): Promise<RunRecord> {
  const id = text.toLowerCase();
  const remedy = '`behest get runs` and GET /api/v1/jobs list the ids.';
  if (!/^[0-9a-f-]+$/.test(id)) throw notFound(`Run ${JSON.stringify(text)}`, remedy);
  const full = UUID.test(id) ? id : await completeId(library, id);
  const run = full === null ? null : await library.getRun(full);
  if (run === null) throw notFound(`Run ${text}`, remedy);
  return run;
}

async function completeId(
  library: Pick<Library, 'runIdsWithPrefix'>,
  prefix: string,
): Promise<string | null> {
  const [first = null, second] = await library.runIdsWithPrefix(prefix, 2);
  if (second === undefined) return first;
  throw invalidField('run_id', `"${prefix}" begins the ids of several runs; give more of it`);
}
