import { Buffer } from 'node:buffer';
import { writeSync } from 'node:fs';
import {
  MAX_LOG_CHARACTERS,
  MAX_LOG_LINE_CHARACTERS,
  type Call,
  type CallResult,
  type WorkerMessage,
} from '../call.ts';

/** What an interpreter offers to the loop below. */
export interface Interpreter {
  /** Makes one call and leaves nothing of it behind. */
  call(call: Call, output: CallOutput): CallEnd | Promise<CallEnd>;
}

export interface CallEnd {
  readonly result: CallResult;
  /** The worker has grown or is used up and wants no further call. */
  readonly recycle: boolean;
}

/** Where a call's prints and logs go. */
export interface CallOutput {
  log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void;
  progress(fraction: number, message: string | undefined): void;
  /** A file that the call wrote; before its result. */
  file(path: string, bytes: Uint8Array): void;
}

const STDOUT = 1;
// Taken now: the global object loses `process` before the first call.
const { stdin } = process;

/** Answers the calls that come in on stdin, one JSON text a line, until it ends. */
export function serve(interpreter: Interpreter): void {
  let buffered: string[] = [];
  let turn = Promise.resolve();
  stdin.setEncoding('utf8');
  stdin.on('data', (chunk: string) => {
    const [head = '', ...rest] = chunk.split('\n');
    buffered.push(head);
    for (const part of rest) {
      // Joined once: a call may carry files of many chunks.
      const line = buffered.join('');
      buffered = [part];
      turn = turn.then(() => answer(interpreter, line));
    }
  });
  say({ kind: 'ready' });
}

async function answer(interpreter: Interpreter, line: string): Promise<void> {
  const end = await interpreter.call(JSON.parse(line) as Call, boundedOutput());
  say({ kind: 'result', ...end });
}

/** Written at once, so that the lines of a call that never returns are seen all the same. */
function say(message: WorkerMessage): void {
  writeAll(`${JSON.stringify(message)}\n`);
}

/** Whole groups of three bytes, so that the pieces of base64 join. */
const PIECE_BYTES = 3 * 128 * 1024;

/** Written piece by piece: the whole line would take the memory of the file several times over. */
function sayFile(path: string, { buffer, byteOffset, byteLength }: Uint8Array): void {
  writeAll(`{"kind":"file","path":${JSON.stringify(path)},"content":"`);
  for (let at = 0; at < byteLength; at += PIECE_BYTES) {
    const length = Math.min(PIECE_BYTES, byteLength - at);
    writeAll(Buffer.from(buffer, byteOffset + at, length).toString('base64'));
  }
  writeAll('"}\n');
}

function writeAll(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += write(bytes.subarray(written));
}

function write(bytes: Uint8Array): number {
  try {
    return writeSync(STDOUT, bytes);
  } catch (error) {
    // The pipe is full for the moment: the parent reads, so this ends.
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return 0;
    throw error;
  }
}

function boundedOutput(): CallOutput {
  let left = MAX_LOG_CHARACTERS;
  return {
    log(level, message) {
      if (left < 0) return;
      const text =
        message.length > MAX_LOG_LINE_CHARACTERS
          ? `${message.slice(0, MAX_LOG_LINE_CHARACTERS)} …`
          : message;
      left -= text.length + 1;
      if (left < 0) say({ kind: 'log', level: 'warn', message: 'further output was dropped' });
      else say({ kind: 'log', level, message: text });
    },
    progress(fraction, message) {
      left -= 16;
      if (left < 0 || !Number.isFinite(fraction)) return;
      const bounded = Math.min(1, Math.max(0, fraction));
      const text = message?.slice(0, MAX_LOG_LINE_CHARACTERS);
      say({
        kind: 'progress',
        fraction: bounded,
        ...(text === undefined ? {} : { message: text }),
      });
    },
    file: sayFile,
  };
}
