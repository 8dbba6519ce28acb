import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openMetrics } from './metrics.ts';

it('docs/operations/metrics.md → lists what is served, with kind and labels', async () => {
  const { metrics, page } = openMetrics();
  metrics.runStarted('w');
  metrics.runFinished('w', 'completed');
  metrics.attemptFinished('http', 'completed', 1);
  metrics.batchCommitted({ runs: 1, facts: 1 }, 1);
  metrics.reconciled('s', 'applied', 1);
  metrics.stuckRuns(0);
  metrics.answered('GetRun', 'ok', 1);
  const text = await page.read();
  const served = [...text.matchAll(/^# TYPE (behest_\w+) (\w+)$/gm)].map(([, name, kind]) => {
    const sample = new RegExp(`^${name}(?:_count)?(?:\\{(.*?)\\})? `, 'm').exec(text);
    const labels = [...(sample?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label);
    return [name, kind, labels.join(', ')];
  });
  const doc = readFileSync(`${import.meta.dirname}/../../docs/operations/metrics.md`, 'utf8');
  const rows = [...doc.matchAll(/^\| `(\w+)`\s*\| (\w+)\s*\|([^|]*)\|/gm)];
  const listed = rows.map(([, name, kind, labels]) => [
    name,
    kind,
    (labels ?? '').replaceAll('`', '').trim(),
  ]);
  expect(listed.toSorted()).toEqual(served.toSorted());
});
