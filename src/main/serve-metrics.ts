import { createServer } from 'node:http';
import type { ProcessParts } from './process-parts.ts';

/** `/metrics` of a role that serves no API, on loopback, if BEHEST_METRICS_PORT says so. */
export async function serveMetrics(
  parts: Pick<ProcessParts, 'settings' | 'telemetry' | 'endings'>,
): Promise<void> {
  const { metricsPort } = parts.settings;
  if (metricsPort === 0) return;
  const { page } = parts.telemetry;
  const server = createServer((request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') {
      response.writeHead(404).end('GET /metrics is all there is\n');
      return;
    }
    page.read().then(
      (text) => response.writeHead(200, { 'content-type': page.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(metricsPort, '127.0.0.1', resolve);
  });
  parts.endings.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
}
