import { CommandFailure } from '../cli/exit-code.ts';
import { endAll, openProcess, serveUntilSignal, type ProcessParts } from './process-parts.ts';
import { openBus, openDatabase } from './open-transport.ts';
import { startFailure } from './start-failure.ts';
import { serveMetrics } from './serve-metrics.ts';
import { printWelcome } from './welcome.ts';

/** Everything in one process. */
export async function up(): Promise<void> {
  await run(async (parts) => {
    const store = await openDatabase(parts);
    const bus = await openBus(parts);
    const { startApiPart } = await import('./start-api.ts');
    const { server, token } = await startApiPart(parts, { store, bus });
    const { startControllerPart } = await import('./start-controller.ts');
    await startControllerPart(parts, { store, bus, selfUrl: server.url });
    // Last, so that it ends first: what it reports while it drains is recorded by the controller.
    const { startRunnerPart } = await import('./start-runner.ts');
    await startRunnerPart(parts, { bus, selfUrl: server.url });
    printWelcome(parts, { server, token, store, bus });
  });
}

/** A controller by itself: DATABASE_URL and NATS_URL join it to the others. */
export async function controller(): Promise<void> {
  await run(async (parts) => {
    needShared(parts, 'controller');
    const { startControllerPart } = await import('./start-controller.ts');
    const store = await openDatabase(parts);
    const bus = await openBus(parts);
    await startControllerPart(parts, { store, bus, selfUrl: serverUrl(parts) });
    await serveMetrics(parts);
    parts.log.info('controller.ready');
  });
}

/** The API by itself. */
export async function api(): Promise<void> {
  await run(async (parts) => {
    needShared(parts, 'api');
    const { startApiPart } = await import('./start-api.ts');
    const store = await openDatabase(parts);
    const { server } = await startApiPart(parts, { store, bus: await openBus(parts) });
    parts.log.info('api.ready', { url: server.url });
  });
}

/** A runner by itself: it needs no database. */
export async function runner(): Promise<void> {
  await run(async (parts) => {
    if (parts.settings.natsUrl === '') throw missing('runner', 'NATS_URL');
    const { startRunnerPart } = await import('./start-runner.ts');
    await startRunnerPart(parts, { bus: await openBus(parts), selfUrl: serverUrl(parts) });
    await serveMetrics(parts);
    parts.log.info('runner.ready');
  });
}

/** Where the API answers, which another process serves; empty is not known. */
function serverUrl({ environment }: ProcessParts): string {
  return environment['BEHEST_SERVER'] ?? '';
}

function needShared({ settings }: ProcessParts, role: string): void {
  if (settings.databaseUrl === '') throw missing(role, 'DATABASE_URL');
  if (settings.natsUrl === '') throw missing(role, 'NATS_URL');
}

function missing(role: string, name: string): CommandFailure {
  const why = `behest ${role} works together with other processes and needs ${name}.`;
  return new CommandFailure('usage', `${why} Set it, or use \`behest up\`.`);
}

async function run(start: (parts: ProcessParts) => Promise<void>): Promise<void> {
  const parts = openProcess();
  try {
    await start(parts);
  } catch (error) {
    await endAll(parts);
    throw startFailure(error, parts);
  }
  await serveUntilSignal(parts);
}
