import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface CurlAnswer {
  readonly status: number;
  readonly body: string;
}

/** Runs curl with these arguments and answers the status and body. */
export async function curl(...args: readonly string[]): Promise<CurlAnswer> {
  const all = ['-sS', '--max-time', '20', '-w', '\n%{http_code}', ...args];
  const { stdout } = await promisify(execFile)('curl', all, { maxBuffer: 64 << 20 });
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}
