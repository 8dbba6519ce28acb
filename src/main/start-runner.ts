import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Bus } from '../bus/bus.ts';
import { endCode } from '../nodes/code/code.ts';
import { nodeTypes } from '../nodes/registry.ts';
import { startRunner } from '../runner/runner.ts';
import { secretLookup } from '../runner/secrets.ts';
import { nodeSettings, secretSources } from './node-settings.ts';
import type { ProcessParts } from './process-parts.ts';

/** Starts the runner of this process; at the end it drains. */
export async function startRunnerPart(
  parts: ProcessParts,
  { bus, selfUrl }: { bus: Bus; selfUrl: string },
): Promise<void> {
  const { settings, log, endings } = parts;
  const runner = await startRunner({
    bus,
    nodeTypes,
    queues: settings.runnerQueues,
    concurrency: settings.runnerConcurrency,
    settings: nodeSettings(parts, selfUrl),
    secrets: secretLookup(secretSources(parts)),
    id: `${hostname()}-${randomBytes(3).toString('hex')}`,
    log,
  });
  endings.push(async () => {
    await runner.drain(settings.drainMs);
    await endCode();
  });
}
