import type { Json } from '../../expr/json.ts';

export type Language = 'python' | 'javascript';

/** One call of a user's function, as a worker is asked to make it. */
export interface Call {
  /** Name shown in tracebacks. */
  readonly filename: string;
  readonly source: string;
  readonly function: string;
  readonly arguments: CallArguments;
  /** Relative path → content as base64. */
  readonly files: { readonly [path: string]: string };
  /** Relative paths of the files that the code writes. */
  readonly outputs: readonly string[];
  readonly memoryMb: number;
  /** Epoch ms after which the worker ends itself, in case nobody is left to end it. */
  readonly deadline: number;
}

export type CallArguments =
  | { readonly kind: 'none' }
  | { readonly kind: 'single'; readonly value: Json }
  | { readonly kind: 'named'; readonly values: { readonly [name: string]: Json } };

/** How a call ended. `output` is JSON text. */
export type CallResult =
  | { readonly kind: 'returned'; readonly output: string }
  /** User code threw: hard `code`. */
  | { readonly kind: 'threw'; readonly message: string; readonly traceback: string }
  /** User code raised the provided RetryableError. */
  | {
      readonly kind: 'retryable';
      readonly message: string;
      readonly traceback: string;
      readonly retryAfterMs?: number;
    }
  /** The function returned what JSON cannot hold. */
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'limit'; readonly message: string };

/** What a worker says, one JSON text a line. */
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
    }
  | { readonly kind: 'progress'; readonly fraction: number; readonly message?: string }
  /** A file that the code wrote, as base64; all come before the result. */
  | { readonly kind: 'file'; readonly path: string; readonly content: string }
  /** `recycle`: the worker has grown or is used up and wants no further call. */
  | { readonly kind: 'result'; readonly result: CallResult; readonly recycle: boolean };

/** The longest result, in characters of JSON. */
export const MAX_RESULT_CHARACTERS = 16 * 1024 * 1024;
/** All files that a call is given, together. */
export const MAX_INPUT_FILES_BYTES = 96 * 1024 * 1024;
/** The largest file that a call may write for keeps, and all of them together. */
export const MAX_OUTPUT_FILE_BYTES = 64 * 1024 * 1024;
export const MAX_OUTPUT_FILES_BYTES = 128 * 1024 * 1024;
/** What a call may log in all; the rest is dropped with one warning. */
export const MAX_LOG_CHARACTERS = 1024 * 1024;
export const MAX_LOG_LINE_CHARACTERS = 8 * 1024;
