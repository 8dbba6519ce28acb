import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../test/services/until.ts';
import type { Figures } from './figures.ts';
import { Remote } from './remote.ts';
import { onlySystem, type RowOptions } from './row-options.ts';
import { cpuBetween, cpuOf } from './usage.ts';

const POLL_MS = 10;
const LIMIT_MS = 300_000;

/** A directory of many manifests: the first look at it, then a change of one file. */
export async function measureManifests(options: RowOptions, figures: Figures): Promise<void> {
  const count = options.isQuick ? 1000 : 10_000;
  const source = await mkdtemp(join(tmpdir(), 'behest-manifests-'));
  try {
    await writeAll(source, count);
    const remote = await Remote.start({
      ...onlySystem(options),
      settings: { BEHEST_SOURCE: source },
    });
    try {
      await measure(remote, { source, count, rounds: options.rounds }, figures);
    } finally {
      await remote.stop();
    }
  } finally {
    await rm(source, { recursive: true, force: true });
  }
}

async function measure(
  remote: Remote,
  { source, count, rounds }: { source: string; count: number; rounds: number },
  figures: Figures,
): Promise<void> {
  // The controller began a moment ago, at the end of the system's start.
  const began = performance.now();
  await untilCounted(remote, 'count', count);
  figures.add(`${count} manifests, first sync s`, (performance.now() - began) / 1000);
  figures.add('first sync, CPU s', cpuOf(remote.pid).total);
  figures.add('memory of all processes after it, MB', remote.memory().total);
  for (let round = 0; round < rounds; round += 1) {
    const before = cpuOf(remote.pid);
    const changed = performance.now();
    const number = count >> 1;
    await writeFile(fileOf(source, number), manifest(number, `changed ${round}`));
    await untilCounted(remote, 'newest', round + 2);
    figures.add('one change applied, ms', performance.now() - changed);
    figures.add('one change, CPU s', cpuBetween(before, cpuOf(remote.pid)).total);
  }
  figures.add('memory of all processes, MB', remote.memory().total);
}

async function untilCounted(
  remote: Remote,
  what: 'count' | 'newest',
  wanted: number,
): Promise<void> {
  const look = async (): Promise<true> => {
    const found = await remote.call('countWorkflows');
    if (found[what] === wanted) return true;
    throw new Error(JSON.stringify(found));
  };
  await until(`${what} is ${wanted}`, look, { timeoutMs: LIMIT_MS, everyMs: POLL_MS });
}

function fileOf(source: string, number: number): string {
  return join(source, `group-${number % 100}`, `flow-${number}.yaml`);
}

async function writeAll(source: string, count: number): Promise<void> {
  for (let group = 0; group < 100; group += 1) await mkdir(join(source, `group-${group}`));
  for (let number = 0; number < count; number += 1) {
    await writeFile(fileOf(source, number), manifest(number, 'as it was'));
  }
}

function manifest(number: number, text: string): string {
  return `apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: flow-${number} }
spec:
  title: Flow ${number}
  input:
    type: object
    properties:
      id: { type: string }
  steps:
    - id: fetch
      type: http
      retry: { maxAttempts: 3, initialDelay: 1s }
      config: { url: "https://example.com/items/{{ input.id }}", method: GET }
    - id: shape
      type: transform
      config:
        output: { text: "${text}", status: "{{ fetch.output.status }}" }
    - id: send
      type: http
      when: shape.output.status == 200
      config: { url: "https://example.com/done", method: POST, body: "{{ shape.output }}" }
`;
}
