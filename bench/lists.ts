import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { System } from './system.ts';
import { median } from './usage.ts';

const PAGES = {
  newest: 'page_size=20',
  failed: 'status=failed&page_size=20',
  'of a workflow': 'workflow_id=old-7&page_size=20',
  'failed, of a workflow': 'workflow_id=old-0&status=failed&page_size=20',
  'with a label': 'label_selector=team%3Drare&page_size=20',
};
const TIMES = 31;

/** The median ms of each list over REST, and of the second page of the newest. */
export async function measureLists({ apiUrl }: System): Promise<Record<string, number>> {
  if (apiUrl === null) throw new Error('lists are measured on a system with an API');
  const token = await readFile(join(process.env['BEHEST_DATA_DIR'] ?? '', 'token'), 'utf8');
  const headers = { authorization: `Bearer ${token.trim()}` };
  const times: Record<string, number> = {};
  for (const [name, query] of Object.entries(PAGES)) {
    const { ms, next } = await ask(`${apiUrl}/api/v1/jobs?${query}`, headers);
    times[name] = ms;
    if (name !== 'newest') continue;
    const page = `${apiUrl}/api/v1/jobs?${query}&page_token=${encodeURIComponent(next)}`;
    times['second page'] = (await ask(page, headers)).ms;
  }
  return times;
}

async function ask(
  url: string,
  headers: Record<string, string>,
): Promise<{ ms: number; next: string }> {
  const times: number[] = [];
  let next = '';
  for (let n = 0; n < TIMES; n += 1) {
    const began = performance.now();
    const answer = await fetch(url, { headers });
    const body = (await answer.json()) as { runs?: unknown[]; next_page_token?: string };
    times.push(performance.now() - began);
    if (!answer.ok || body.runs?.length !== 20) {
      const found = `${answer.status} ${JSON.stringify(body).slice(0, 300)}`;
      throw new Error(`GET ${url}: ${found}; expected 20 runs`);
    }
    next = body.next_page_token ?? '';
  }
  return { ms: median(times), next };
}
