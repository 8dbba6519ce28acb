import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { newRecord } from './source-news.ts';
import { reasons, type Verdict, withVerdict } from './source-status.ts';

const entry = { name: 's', reader: { kind: 'git', location: '/r', ref: 'main' } } as never;
const page = readFileSync(`${import.meta.dirname}/../../docs/operations/gitops.md`, 'utf8');

/** Every way in which a look ends, as reconcile and change-set make them. */
const verdicts: readonly (Pick<Verdict, 'kind' | 'reason'> & { hasErrors?: boolean })[] = [
  { kind: 'applied', reason: reasons.applied },
  { kind: 'applied', reason: reasons.partlyApplied, hasErrors: true },
  { kind: 'applied', reason: reasons.ownershipConflict, hasErrors: true },
  { kind: 'invalid', reason: reasons.validationFailed },
  { kind: 'stalled', reason: reasons.ownershipConflict },
  { kind: 'stalled', reason: reasons.emptySource },
  { kind: 'stalled', reason: reasons.fetchFailed },
  { kind: 'fetchFailed', reason: reasons.fetchFailed },
];

function conditionsOf({ kind, reason, hasErrors = false }: (typeof verdicts)[number]) {
  const problems = hasErrors ? [{ severity: 'error' }] : [];
  const verdict = { kind, reason, problems, message: '', revision: 'r', inventory: [] };
  return withVerdict(newRecord(entry, 1), verdict as unknown as Verdict, 2).conditions;
}

test('docs/operations/gitops.md → lists the conditions and reasons that there are', () => {
  const made = [...newRecord(entry, 1).conditions, ...verdicts.flatMap(conditionsOf)].map(
    ({ type, status, reason }) => `${type} ${status} ${reason}`,
  );
  const rows = page.matchAll(/^\| (\w+)\s*\| (True|False|Unknown)\s*\| ([^|]*)\|/gm);
  const listed = [...rows].flatMap(([, type, status, names]) =>
    [...(names ?? '').matchAll(/`(\w+)`/g)].map(([, reason]) => `${type} ${status} ${reason}`),
  );
  expect(listed.toSorted()).toEqual([...new Set(made)].toSorted());
});

test('docs/operations/gitops.md → names every reason', () => {
  for (const reason of Object.values(reasons)) expect(page).toContain(`\`${reason}\``);
});
