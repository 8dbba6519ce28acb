import { expect, it } from 'vitest';
import { openMetrics } from '../../src/telemetry/metrics.ts';
import { serveMetrics } from '../../src/main/serve-metrics.ts';
import { freePort } from '../services/free-port.ts';

it('a port is set → /metrics there, nothing else; closed at the end', async () => {
  const endings: (() => Promise<void>)[] = [];
  const metricsPort = await freePort();
  const settings = { metricsPort } as Parameters<typeof serveMetrics>[0]['settings'];
  await serveMetrics({ settings, telemetry: openMetrics(), endings });
  const url = `http://127.0.0.1:${metricsPort}`;
  try {
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('behest_stuck_runs 0');
    expect((await fetch(`${url}/other`)).status).toBe(404);
  } finally {
    for (const end of endings) await end();
  }
  await expect(fetch(`${url}/metrics`)).rejects.toThrow('fetch failed');
});

it('no port is set → nothing is opened', async () => {
  const endings: (() => Promise<void>)[] = [];
  const settings = { metricsPort: 0 } as Parameters<typeof serveMetrics>[0]['settings'];
  await serveMetrics({ settings, telemetry: openMetrics(), endings });
  expect(endings).toEqual([]);
});
