import type { CallResult, WorkerMessage } from './call.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * A worker's message, taken apart as what it is: the words of a process that runs foreign code.
 * Undefined when it is none.
 */
export function parseMessage(line: string): WorkerMessage | undefined {
  const value = parseObject(line);
  switch (value?.['kind']) {
    case 'ready':
      return { kind: 'ready' };
    case 'log': {
      const { message, level } = value;
      const known = LEVELS.find((one) => one === level);
      if (typeof message !== 'string' || known === undefined) return undefined;
      return { kind: 'log', level: known, message };
    }
    case 'progress': {
      const { fraction, message } = value;
      if (typeof fraction !== 'number') return undefined;
      return { kind: 'progress', fraction, ...(typeof message === 'string' ? { message } : {}) };
    }
    case 'file': {
      const { path, content } = value;
      if (typeof path !== 'string' || typeof content !== 'string') return undefined;
      return { kind: 'file', path, content };
    }
    case 'result': {
      const result = parseResult(value['result']);
      if (result === undefined) return undefined;
      return { kind: 'result', result, recycle: value['recycle'] === true };
    }
    default:
      return undefined;
  }
}

function parseObject(line: string): { readonly [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null;
}

function parseResult(value: unknown): CallResult | undefined {
  if (!isObject(value)) return undefined;
  const { kind, output, message, traceback, retryAfterMs } = value;
  if (kind === 'returned') return isJsonText(output) ? { kind, output } : undefined;
  if (typeof message !== 'string') return undefined;
  if (kind === 'malformed' || kind === 'limit') return { kind, message };
  if (typeof traceback !== 'string') return undefined;
  if (kind === 'threw') return { kind, message, traceback };
  if (kind !== 'retryable') return undefined;
  const after = typeof retryAfterMs === 'number' ? { retryAfterMs } : {};
  return { kind, message, traceback, ...after };
}

function isJsonText(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  try {
    JSON.parse(value);
    return true;
  } catch {
    return false;
  }
}
