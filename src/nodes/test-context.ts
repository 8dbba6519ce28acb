import type { ActivityLevel } from '../task/task.ts';
import { NO_ITEM } from '../task/task.ts';
import { digestOf } from './artifact-reference.ts';
import { HardError } from './errors.ts';
import type { NodeSettings, StepContext } from './node-type.ts';

/** For tests: a step context that records what a handler reports. */
export interface TestContext extends StepContext {
  readonly lines: { readonly level: ActivityLevel; readonly message: string }[];
  readonly fractions: number[];
  readonly counted: { readonly [name: string]: number }[];
  /** What was stored, and what the test gave, by digest. */
  readonly blobs: Map<string, Uint8Array>;
}

export interface TestContextOptions {
  readonly settings?: Partial<NodeSettings>;
  readonly files?: { readonly [path: string]: string };
  readonly blobs?: readonly (string | Uint8Array)[];
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  readonly namespace?: string;
  readonly traceparent?: string;
}

export function testContext(options: TestContextOptions = {}): TestContext {
  const lines: TestContext['lines'] = [];
  const fractions: number[] = [];
  const counted: TestContext['counted'] = [];
  const given = (options.blobs ?? []).map((blob) => Buffer.from(blob));
  const blobs = new Map<string, Uint8Array>(given.map((bytes) => [digestOf(bytes), bytes]));
  return {
    lines,
    fractions,
    counted,
    blobs,
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
    loadBlob: (digest) => {
      const bytes = blobs.get(digest);
      const missing = `artifact ${digest} does not exist`;
      return bytes === undefined
        ? Promise.reject(new HardError('invalid_input', missing))
        : Promise.resolve(bytes);
    },
    storeBlob: (bytes) => {
      const digest = digestOf(bytes);
      blobs.set(digest, bytes);
      return Promise.resolve(digest);
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
