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
  const end =
    settings.sandbox === 'none'
      ? await callProcess({ language, call, report: reportTo(context), signal: context.signal })
      : await callSandbox(context, language, call);
  if (context.signal.aborted) throw abortFailure(context.signal);
  if (end.kind === 'result') return concludeCall(end.result);
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

async function callSandbox(
  context: StepContext,
  language: Language,
  call: Call,
): Promise<WorkerEnd> {
  const { signal } = context;
  if (signal.aborted) throw abortFailure(signal);
  const worker = await acquire(context, language);
  const kill = (): void => worker.kill('the attempt was stopped');
  signal.addEventListener('abort', kill, { once: true });
  const timer = setTimeout(() => worker.kill(OUT_OF_TIME), context.timeoutMs);
  try {
    if (!(await worker.ready)) throw notStarted(context, worker);
    const end = await worker.call(call, reportTo(context));
    if (end.kind === 'died' && end.reason === OUT_OF_TIME && !signal.aborted) {
      throw new RetryableError('timeout', `the code did not end within ${context.timeoutMs} ms`);
    }
    return end;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    pool.release(worker);
  }
}

const OUT_OF_TIME = 'its time was up';

async function acquire(context: StepContext, language: Language): Promise<WorkerProcess> {
  try {
    return await pool.acquire(language, context.task.namespace, context.signal);
  } catch (error) {
    if (context.signal.aborted) throw abortFailure(context.signal);
    throw error;
  }
}

function notStarted(context: StepContext, worker: WorkerProcess): Error {
  if (context.signal.aborted) return abortFailure(context.signal);
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
