import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Bus } from '../bus/bus.ts';
import { startController } from '../controller/controller.ts';
import type { SourceEntry } from '../controller/ports.ts';
import { systemClock } from '../controller/system-clock.ts';
import { ManifestReader } from '../manifest/manifest-reader.ts';
import { nodeTypes } from '../nodes/registry.ts';
import { secretLookup } from '../runner/secrets.ts';
import { openSource } from '../source/open-source.ts';
import { blobsOf, type Store } from '../store/open-store.ts';
import { nodeSettings, secretSources } from './node-settings.ts';
import { probeUrl } from './probe-url.ts';
import type { ProcessParts } from './process-parts.ts';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Starts the controller of this process on its ledger and bus. */
export async function startControllerPart(
  parts: ProcessParts,
  { store, bus, selfUrl }: { store: Store; bus: Bus; selfUrl: string },
): Promise<void> {
  const { settings, environment, log, endings } = parts;
  const secrets = secretLookup(secretSources(parts));
  const guard = nodeSettings(parts, selfUrl);
  const controller = await startController({
    ledger: store.ledger,
    blobs: blobsOf(store.library),
    bus,
    clock: systemClock,
    log,
    metrics: parts.telemetry.metrics,
    probes: {
      answers: (url) => probeUrl(url, guard),
      hasSecret: (name) => secrets(name) !== undefined,
    },
    sources: sourceEntries(settings, environment),
    readers: () => new ManifestReader({ nodeTypes, digest: sha256 }),
  });
  endings.push(() => controller.stop());
}

/** One entry for each location; a source is named for the last part of its path. */
function sourceEntries(
  settings: ProcessParts['settings'],
  environment: ProcessParts['environment'],
): SourceEntry[] {
  const { gitUsername: username, gitPassword: password } = settings;
  const names = new Set<string>();
  return settings.sources.map((location) => {
    const reader = openSource(location, {
      dataDirectory: resolve(settings.dataDir),
      environment,
      timeoutMs: settings.gitTimeoutMs,
      ...(password === '' ? {} : { credentials: { username, password } }),
    });
    return {
      name: freeName(location, names),
      reader,
      intervalMs: settings.sourceIntervalMs,
      allowEmpty: settings.sourceAllowEmpty,
    };
  });
}

function freeName(location: string, taken: Set<string>): string {
  const [base = ''] = location.split('#', 1);
  const last =
    base
      .replace(/\/+$/, '')
      .split(/[/:\\]/)
      .at(-1) ?? '';
  const plain = last
    .replace(/\.git$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-');
  const name = plain.replaceAll(/^-+|-+$/g, '') || 'source';
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}-${number}`;
  taken.add(free);
  return free;
}
