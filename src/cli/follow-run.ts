import { setTimeout as sleep } from 'node:timers/promises';

import { ConnectError } from '@connectrpc/connect';

import type { RunEvent } from '../gen/behest/v1/event_pb.ts';
import { type Run, RunStatus } from '../gen/behest/v1/run_pb.ts';
import { isConnectionFault } from './client.ts';
import type { CommandContext } from './command-context.ts';
import { CommandFailure } from './exit-code.ts';

export interface FollowOptions {
  /** Told of everything that happens, in order, each once. */
  readonly onEvent: (event: RunEvent) => void;
  /** Null waits for ever. */
  readonly timeoutMs: number | null;
}

/** How long a server may be away before a wait gives up, ms. */
const patienceMs = 30_000;

/**
 * Waits until a run has ended and gives it. A lost connection is taken up again where it broke.
 * Ctrl-C detaches: the run goes on, and the message says how to come back.
 */
export async function followRun(
  context: CommandContext,
  runId: string,
  options: FollowOptions,
): Promise<Run> {
  const abort = new AbortController();
  const release = context.terminal.onInterrupt(() => abort.abort(detached(runId)));
  const { timeoutMs } = options;
  const timer =
    timeoutMs === null ? undefined : setTimeout(() => abort.abort(late(runId)), timeoutMs);
  try {
    return await follow(context, { ...options, runId, signal: abort.signal });
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
    release();
  }
}

async function follow(
  { clients }: CommandContext,
  { runId, signal, onEvent }: FollowOptions & { runId: string; signal: AbortSignal },
): Promise<Run> {
  let cursor = '';
  let lostAt: number | null = null;
  for (;;) {
    try {
      for await (const event of clients.runs.watchRun({ runId, cursor }, { signal })) {
        lostAt = null;
        if (event.cursor !== '') cursor = event.cursor;
        onEvent(event);
      }
      const run = await clients.runs.getRun({ runId }, { signal });
      if (isOver(run)) return run;
    } catch (error) {
      const isLost = error instanceof ConnectError && isConnectionFault(error);
      // The first call tells whether there is a server at all; only later ones are worth patience.
      if (!isLost || signal.aborted || cursor === '') throw error;
      lostAt ??= Date.now();
      if (Date.now() - lostAt > patienceMs) throw error;
    }
    await sleep(200, undefined, { signal });
  }
}

export function isOver({ status }: Run): boolean {
  const final: readonly RunStatus[] = [RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED];
  return final.includes(status);
}

/** The end of a command that waited for this run. */
export function endOf(run: Run): CommandFailure | null {
  switch (run.status) {
    case RunStatus.FAILED: {
      const step = run.error?.stepId ?? '';
      const where = step === '' ? '' : ` at step ${step}`;
      const message = `run ${run.id} failed${where}: ${run.error?.message ?? 'no reason given'}`;
      return new CommandFailure('runFailed', `${message}\nTry again: behest retry ${run.id}`);
    }
    case RunStatus.CANCELLED:
      return new CommandFailure('runCancelled', `run ${run.id} was cancelled.`);
    default:
      return null;
  }
}

function detached(runId: string): CommandFailure {
  const message = `The run goes on. Watch it again: behest watch ${runId}`;
  return new CommandFailure('interrupted', message);
}

function late(runId: string): CommandFailure {
  const message = `run ${runId} has not ended in time; it goes on. Watch it: behest watch ${runId}`;
  return new CommandFailure('timeout', message);
}
