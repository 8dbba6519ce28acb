import type { ActivityLevel } from '../task/task.ts';
import { NO_ITEM } from '../task/task.ts';
import type { NodeSettings, StepContext } from './node-type.ts';

/** For tests: a step context that records what a handler reports. */
export interface TestContext extends StepContext {
  readonly lines: { readonly level: ActivityLevel; readonly message: string }[];
  readonly fractions: number[];
  readonly counted: { readonly [name: string]: number }[];
}

export interface TestContextOptions {
  readonly settings?: Partial<NodeSettings>;
  readonly files?: { readonly [path: string]: string };
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly namespace?: string;
  readonly traceparent?: string;
}

export function testContext(options: TestContextOptions = {}): TestContext {
  const lines: TestContext['lines'] = [];
  const fractions: number[] = [];
  const counted: TestContext['counted'] = [];
  return {
    lines,
    fractions,
    counted,
    task: {
      id: 'run-1.0.-1.1',
      runId: 'run-1',
      namespace: options.namespace ?? 'default',
      workflow: 'test',
      stepId: 'step',
      item: NO_ITEM,
      attempt: 1,
      idempotencyKey: 'run-1.step',
      ...(options.traceparent === undefined ? {} : { traceparent: options.traceparent }),
    },
    signal: options.signal ?? new AbortController().signal,
    timeoutMs: options.timeoutMs ?? 20_000,
    log: (level, message) => lines.push({ level, message }),
    progress: (fraction) => fractions.push(fraction),
    stats: (values) => counted.push(values),
    readFile: (path) => {
      const content = options.files?.[path];
      if (content === undefined) return Promise.reject(new Error(`no file ${path}`));
      return Promise.resolve(Buffer.from(content));
    },
    settings: { ...nothingAllowed, ...options.settings },
  };
}

const nothingAllowed: NodeSettings = {
  httpAllow: [],
  selfUrl: '',
  llmBaseUrl: '',
  llmApiKey: '',
  llmModel: '',
  allowSubprocess: false,
};
