import type { MemoryLine } from './memory.ts';
import type { Verdict } from './verdict.ts';

/** One blow and how long it hurt. */
export interface Heal {
  readonly name: string;
  /** Epoch ms: struck, and back in place. */
  readonly from: number;
  readonly to: number;
  /** From the blow to the next applied checkpoint of any run; null while there was none yet. */
  readonly nextMs: number | null;
  /** From the blow until every run that stood had applied a checkpoint; null when not waited for. */
  readonly allMs: number | null;
}

export interface StormReport {
  readonly verdict: Verdict;
  readonly heals: readonly Heal[];
  /** From the end of the storm until the last run had finished. */
  readonly tailMs: number;
  readonly rss: readonly MemoryLine[];
  /** Processes that ended without having been killed. */
  readonly accidents: readonly string[];
  readonly runs: number;
}

/** For people, in Markdown: the tables of docs/reliability.md. */
export function printReport(report: StormReport, say: (line: string) => void): void {
  const { verdict, heals, rss, tailMs, accidents, runs } = report;
  say('');
  say('| blow | times | down, ms | next checkpoint, ms (median, most) | all runs moved, ms |');
  say('| --- | --- | --- | --- | --- |');
  for (const [name, list] of Map.groupBy(heals, (heal) => heal.name)) {
    const next = list.map(({ nextMs }) => nextMs ?? Infinity);
    const all = list.flatMap(({ allMs }) => (allMs === null ? [] : [allMs]));
    const down = median(list.map(({ from, to }) => to - from));
    const nextText = `${median(next)}, ${Math.max(...next)}`;
    const allText = all.length === 0 ? '' : `${median(all)}, ${Math.max(...all)}`;
    say(`| ${name} | ${list.length} | ${down} | ${nextText} | ${allText} |`);
  }
  say('');
  for (const { name, firstMib, lastMib, mostMib } of rss) {
    say(`${name}: RSS ${firstMib} MiB at first, ${lastMib} at the end, ${mostMib} at most`);
  }
  const { stepsRun, effects, attempts, repeatedSteps, extraExecutions, mostExecutions } = verdict;
  say(`${runs} runs, ${stepsRun} steps, ${attempts} attempts applied, ${effects} effects`);
  say(
    `${repeatedSteps} steps were executed again without a new attempt (${extraExecutions} ` +
      `executions; one step at most ${mostExecutions} times in all)`,
  );
  say(`the last run finished ${tailMs} ms after the last blow`);
  for (const accident of accidents) say(`ACCIDENT ${accident}`);
  for (const problem of verdict.problems) say(`PROBLEM ${problem}`);
  say(isGood(report) ? 'every promise was kept' : 'NOT every promise was kept');
}

export function isGood({ verdict, accidents }: StormReport): boolean {
  return verdict.problems.length === 0 && accidents.length === 0;
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
