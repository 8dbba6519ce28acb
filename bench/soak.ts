import type { Figures } from './figures.ts';
import { Remote } from './remote.ts';
import { onlySystem, type RowOptions } from './row-options.ts';
import { growthOf, isGrowing, type Growth, type Sample } from './slope.ts';
import { cpuBetween, cpuOf } from './usage.ts';
import { Visitor } from './visitor.ts';

/** Of two hours: 100 runs/s of 10 steps. */
const USUAL_STEPS = 7_200_000;
/** Runs of one slice, in hundreds: about 10,000 steps. */
const HUNDREDS = 10;
const SLICE_STEPS = 10_000;

/** What two forms of the soak differ in. The short one is for CI. */
interface Form {
  /** Manifests change with every so many slices. */
  readonly editionEvery: number;
  readonly sampleEvery: number;
  /** Share of the slices that fill caches and pools, and say nothing of growth. */
  readonly warmUp: number;
  /** Growth that is allowed, MB per million steps. */
  readonly aliveLimit: number;
  readonly pssLimit: number;
}

/** Half of it fills the caches of versions, which hold 2,000. */
const LONG: Form = {
  editionEvery: 1,
  sampleEvery: 20,
  warmUp: 0.5,
  aliveLimit: 1,
  pssLimit: 6,
};
/**
 * Six samples of about 0.3 MB of noise tell growth to 7 MB per million steps; a reference left behind
 * for each step weighs more than 50 bytes.
 */
const SHORT: Form = {
  editionEvery: 8,
  sampleEvery: 1,
  warmUp: 0.4,
  aliveLimit: 40,
  pssLimit: Infinity,
};
/** With so many steps it is the long form. */
const LONG_STEPS = 5_000_000;
/** Slices between two words on the terminal. */
const TELL_EVERY = 10;

/** Two hours of load in fast motion: fails when a process' memory goes on growing. */
export async function soak(options: RowOptions, figures: Figures): Promise<void> {
  const remote = await Remote.start({ ...onlySystem(options), withApi: true });
  let visitor: Visitor | null = null;
  try {
    visitor = new Visitor(await remote.call('server'));
    const growths = await run({ remote, visitor, steps: options.steps ?? USUAL_STEPS }, figures);
    for (const growth of growths) tell(growth, figures);
    const growing = growths.filter(isGrowing).map(line);
    if (growing.length > 0) throw new Error(`memory grows:\n${growing.join('\n')}`);
  } finally {
    await visitor?.stop();
    await remote.stop();
  }
}

interface Soak {
  readonly remote: Remote;
  readonly visitor: Visitor;
  readonly steps: number;
}

async function run({ remote, visitor, steps }: Soak, figures: Figures): Promise<Growth[]> {
  const form = steps >= LONG_STEPS ? LONG : SHORT;
  const slices = Math.ceil(steps / SLICE_STEPS);
  const samples = new Map<string, Sample[]>();
  const sums = { steps: 0, calls: 0, events: 0 };
  const began = { ms: performance.now(), cpu: cpuOf(remote.pid) };
  for (let slice = 0; slice < slices; slice += 1) {
    const [pushed, visit] = await Promise.all([
      remote.call('slice', { hundreds: HUNDREDS, isNew: slice % form.editionEvery === 0 ? 1 : 0 }),
      slice === 0 ? { calls: 0, events: 0 } : visitor.visit(),
    ]);
    sums.steps += pushed['steps'] ?? 0;
    sums.calls += visit.calls;
    sums.events += visit.events;
    if (slice % TELL_EVERY === 0) {
      console.log(`  ${sums.steps} steps after ${secondsSince(began.ms).toFixed(0)} s`);
    }
    if (slice < slices * form.warmUp || slice % form.sampleEvery !== 0) continue;
    const found = await remote.call('census');
    for (const [name, mb] of Object.entries(found)) {
      const own = samples.get(name) ?? [];
      samples.set(name, [...own, { millions: sums.steps / 1e6, mb }]);
    }
    console.log(`  ${sums.steps} steps: ${textOf(found)}`);
  }
  figures.add('steps', sums.steps);
  figures.add('calls answered', sums.calls);
  figures.add('events that watchers were sent', sums.events);
  figures.add('seconds', secondsSince(began.ms));
  figures.add('CPU s', cpuBetween(began.cpu, cpuOf(remote.pid)).total);
  return [...samples].map(([name, own]) =>
    growthOf(name, own, name.endsWith('alive') ? form.aliveLimit : form.pssLimit),
  );
}

function secondsSince(ms: number): number {
  return (performance.now() - ms) / 1000;
}

function tell(growth: Growth, figures: Figures): void {
  const { name, first, last, slope } = growth;
  figures.add(`${name}: after the warm-up, MB`, first);
  figures.add(`${name}: at the end, MB`, last);
  figures.add(`${name}: growth, MB per million steps`, slope);
}

function line({ name, first, last, slope, limit }: Growth): string {
  const text = `${first.toFixed(1)} to ${last.toFixed(1)} MB, ${slope.toFixed(2)} MB per million`;
  return `  ${name}: ${text} steps; at most ${limit} is allowed`;
}

function textOf(found: Readonly<Record<string, number>>): string {
  const parts = Object.entries(found).map(([name, mb]) => `${name} ${mb.toFixed(1)}`);
  return parts.join('; ');
}
