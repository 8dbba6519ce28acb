import type { Sql } from '../../src/store/connect.ts';
import type { Effect } from './effect.ts';

/** What is judged: the truth in Postgres against the world's own record. */
export interface Evidence {
  readonly sql: Sql;
  readonly effects: readonly Effect[];
  /** All runs that were accepted. */
  readonly runs: readonly string[];
  readonly steps: number;
  /** Everything that may make a step run again, ms since the epoch. */
  readonly disturbances: readonly { readonly from: number; readonly to: number }[];
}

export interface Verdict {
  /** Empty when every promise was kept. */
  readonly problems: readonly string[];
  readonly stepsRun: number;
  readonly effects: number;
  /** Further attempts after the ledger's 503 or a lost runner, as recorded. */
  readonly attempts: number;
  /** Steps that were executed more often than they have attempts. */
  readonly repeatedSteps: number;
  /** Executions beyond the recorded attempts. */
  readonly extraExecutions: number;
  readonly mostExecutions: number;
}

interface FactLine {
  readonly run: string;
  readonly seq: number;
  readonly kind: number;
  readonly step: number | null;
  readonly item: number | null;
  readonly attempt: number | null;
  readonly status: number | null;
  readonly ticket: number | null;
}

interface RunLine {
  readonly id: string;
  readonly seq: number;
  readonly status: number;
}

const COMPLETED_RUN = 10;
const ATTEMPT = 2;
const COMPLETED = 1;
const MAX_PROBLEMS = 40;

/** Leases, redeliveries and rechecks bring a task again some time after what caused it, ms. */
const AFTERMATH_MS = 45_000;

export async function judge(evidence: Evidence): Promise<Verdict> {
  const { sql } = evidence;
  const runs = await sql<RunLine[]>`select id, seq, status from run order by id`;
  const facts = await sql<FactLine[]>`
    select run_id as run, seq, kind, step, item, attempt, status,
      (output #>> '{body,ticket}')::int4 as ticket
    from fact order by run_id, seq`;
  const problems: string[] = [];
  const factsOf = Map.groupBy(facts, ({ run }) => run);
  checkRuns(evidence, runs, problems);
  for (const run of runs) checkFacts(run, factsOf.get(run.id) ?? [], evidence.steps, problems);
  checkOrder(evidence, facts, problems);
  const counts = checkRepetitions(evidence, facts, problems);
  return { problems: problems.slice(0, MAX_PROBLEMS), ...counts };
}

function checkRuns({ runs: accepted }: Evidence, runs: readonly RunLine[], problems: string[]) {
  const known = new Set(runs.map(({ id }) => id));
  const expected = new Set(accepted);
  if (expected.size !== accepted.length) problems.push('two requests were given the same run');
  for (const id of expected)
    if (!known.has(id)) problems.push(`run ${id} was accepted and is gone`);
  for (const { id, status } of runs) {
    if (!expected.has(id)) problems.push(`run ${id} exists and nobody asked for it`);
    if (status !== COMPLETED_RUN) problems.push(`run ${id} ended with status ${status}`);
  }
}

/** Numbered without a gap, every attempt once, every step completed once, nothing after it. */
function checkFacts(
  run: RunLine,
  facts: readonly FactLine[],
  steps: number,
  problems: string[],
): void {
  if (facts.length !== run.seq || facts.some(({ seq }, index) => seq !== index + 1)) {
    problems.push(`run ${run.id} has seq ${run.seq} and facts ${facts.map(({ seq }) => seq)}`);
  }
  const seen = new Set<string>();
  const done = new Set<number>();
  for (const { kind, step, item, attempt, status } of facts) {
    if (kind !== ATTEMPT || step === null) continue;
    const name = `${step}/${item}/${attempt}`;
    if (seen.has(name)) problems.push(`run ${run.id} applied attempt ${name} twice`);
    seen.add(name);
    if (done.has(step)) problems.push(`run ${run.id} applied attempt ${name} of a finished step`);
    if (status === COMPLETED) done.add(step);
  }
  if (run.status === COMPLETED_RUN && done.size !== steps) {
    problems.push(`run ${run.id} is completed with ${done.size} of ${steps} steps`);
  }
}

/** Each call shows the recorded output of the step before, which had been answered by then. */
function checkOrder({ effects }: Evidence, facts: readonly FactLine[], problems: string[]): void {
  const byTicket = new Map(effects.map((effect) => [effect.ticket, effect]));
  const recorded = new Map<string, number>();
  for (const { run, kind, step, status, ticket } of facts) {
    if (kind !== ATTEMPT || status !== COMPLETED || step === null || ticket === null) continue;
    recorded.set(`${run}/${step + 1}`, ticket);
    const source = byTicket.get(ticket);
    if (source?.run !== run || source.step !== step + 1 || source.status !== 200) {
      problems.push(`run ${run} recorded for step ${step + 1} an output that nobody gave it`);
    }
  }
  for (const { run, step, previous, beganAt, ticket } of effects) {
    if (step === 1) continue;
    const before = byTicket.get(previous);
    const name = `run ${run}: call ${ticket} of step ${step}`;
    if (before?.run !== run || before.step !== step - 1) {
      problems.push(`${name} shows ticket ${previous}, which step ${step - 1} never got`);
    } else if (before.answeredAt === null || before.answeredAt > beganAt || before.status !== 200) {
      problems.push(`${name} began before the step before it was answered`);
    } else if (recorded.get(`${run}/${step - 1}`) !== previous) {
      problems.push(`${name} read ticket ${previous}, which is not what was recorded`);
    }
  }
}

/** More executions than attempts are allowed only where something went down in between. */
function checkRepetitions(
  { effects, disturbances }: Evidence,
  facts: readonly FactLine[],
  problems: string[],
): Omit<Verdict, 'problems'> {
  const attempts = new Map<string, number>();
  for (const { run, kind, step } of facts) {
    if (kind !== ATTEMPT || step === null) continue;
    const name = `${run}/${step + 1}`;
    attempts.set(name, (attempts.get(name) ?? 0) + 1);
  }
  const callsOf = Map.groupBy(effects, ({ run, step }) => `${run}/${step}`);
  const counts = { repeatedSteps: 0, extraExecutions: 0, mostExecutions: 0 };
  for (const [name, calls] of callsOf) {
    const keys = new Set(calls.map(({ idempotencyKey }) => idempotencyKey));
    if (keys.size !== 1 || keys.has('')) problems.push(`step ${name} used keys ${[...keys]}`);
    counts.mostExecutions = Math.max(counts.mostExecutions, calls.length);
    const extra = calls.length - (attempts.get(name) ?? 0);
    if (extra < 0) problems.push(`step ${name} has more attempts than calls`);
    if (extra <= 0) continue;
    counts.repeatedSteps += 1;
    counts.extraExecutions += extra;
    const first = calls[0]?.beganAt ?? 0;
    const last = calls.at(-1)?.beganAt ?? 0;
    const causes = disturbances.filter(
      ({ from, to }) => from <= last && to + AFTERMATH_MS >= first,
    );
    if (extra > causes.length) {
      const times = calls.map(({ beganAt }) => beganAt - first).join(', ');
      problems.push(
        `step ${name} was executed ${extra} times too often (at ${times} ms) with only ` +
          `${causes.length} disturbances in between`,
      );
    }
  }
  const effectsSum = effects.length;
  const attemptsSum = [...attempts.values()].reduce((sum, count) => sum + count, 0);
  return { ...counts, stepsRun: attempts.size, effects: effectsSum, attempts: attemptsSum };
}
