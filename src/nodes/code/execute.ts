import type { Json } from '../../expr/json.ts';
import { abortFailure, HardError, RetryableError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import type { Call, Language } from './call.ts';
import { concludeCall } from './conclude-call.ts';
import { readCodeConfig } from './config.ts';
import { prepareCall } from './prepare-call.ts';
import { callProcess } from './plain/call-process.ts';
import { WorkerPool } from './worker-pool.ts';
import type { Report, WorkerEnd, WorkerProcess } from './worker-process.ts';

const pool = new WorkerPool();

/** Node's timers hold no longer time; the runner's own signal does. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Calls the function that the config names; see docs/spec/nodes/code.md. */
export async function executeCode(context: StepContext, config: Json): Promise<Json> {
  const settings = readCodeConfig(config);
  if (settings.sandbox === 'none' && !context.settings.allowSubprocess) {
    throw new HardError(
      'not_configured',
      'sandbox: none is not allowed on this runner; use the default sandbox, or have an operator ' +
        'set BEHEST_ALLOW_SUBPROCESS=true',
    );
  }
  const { language, call } = await prepareCall(context, settings);
  const timeUp = AbortSignal.timeout(Math.min(context.timeoutMs, TIMER_MAX_MS));
  const signal = AbortSignal.any([context.signal, timeUp]);
  const attempt = { context, language, call, signal };
  const end =
    settings.sandbox === 'none'
      ? await callProcess({ language, call, signal, report: reportTo(context) })
      : await callSandbox(attempt);
  if (end.kind === 'result') return concludeCall(context, call.outputs, end);
  if (signal.aborted) throw stopped(attempt);
  throw new HardError('limit', `the code step was ended: ${end.reason}`);
}

/** Starts a sandbox before the first call needs it; a cold start of Python takes 1 to 2 s. */
export function warmCode(language: Language, namespace: string): Promise<void> {
  return pool.warm(language, namespace);
}

/** Ends all sandboxes, at shutdown. */
export function closeCode(): void {
  pool.close();
}

interface Attempt {
  readonly context: StepContext;
  readonly language: Language;
  readonly call: Call;
  /** Fires when the runner stops the attempt, and when its time is up. */
  readonly signal: AbortSignal;
}

async function callSandbox(attempt: Attempt): Promise<WorkerEnd> {
  const { context, call, signal } = attempt;
  const worker = await acquire(attempt);
  const kill = (): void => worker.kill('the attempt was stopped');
  signal.addEventListener('abort', kill, { once: true });
  try {
    if (signal.aborted) kill();
    if (!(await worker.ready)) throw notStarted(attempt, worker);
    return await worker.call(call, reportTo(context));
  } finally {
    signal.removeEventListener('abort', kill);
    pool.release(worker);
  }
}

async function acquire(attempt: Attempt): Promise<WorkerProcess> {
  const { context, language, signal } = attempt;
  if (signal.aborted) throw stopped(attempt);
  try {
    return await pool.acquire(language, context.task.namespace, signal);
  } catch (error) {
    throw signal.aborted ? stopped(attempt) : error;
  }
}

function stopped({ context }: Attempt): Error {
  if (context.signal.aborted) return abortFailure(context.signal);
  const message = `the code did not end within ${context.timeoutMs} ms, the step's timeout`;
  return new RetryableError('timeout', message);
}

function notStarted(attempt: Attempt, worker: WorkerProcess): Error {
  if (attempt.signal.aborted) return stopped(attempt);
  return new RetryableError('transient', `the ${worker.language} sandbox did not start`, {
    details: { stderr: worker.errors },
  });
}

function reportTo(context: StepContext): Report {
  return (message) => {
    if (message.kind === 'log') context.log(message.level, message.message);
    else context.progress(message.fraction, message.message);
  };
}
