import { spawn } from 'node:child_process';

import { explainGitFailure } from './git-failure.ts';
import { hasCode } from './has-code.ts';
import { SourceError } from './source-error.ts';

export interface GitSettings {
  /** Environment of the git program: PATH, HOME, SSH_AUTH_SOCK, GIT_SSH_COMMAND, proxies. */
  readonly environment: { readonly [name: string]: string | undefined };
  readonly credentials?: { readonly username: string; readonly password: string };
  /** Time limit of each call of git. */
  readonly timeoutMs: number;
}

export interface GitCall extends GitSettings {
  /** For messages; holds no credentials. */
  readonly location: string;
  readonly args: readonly string[];
  readonly stdin?: string;
  /** A configuration file of ours, in place of the account's. */
  readonly configFile: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Runs git and gives its output; throws a SourceError. It and its children end with the call. */
export async function runGit(call: GitCall): Promise<Buffer> {
  if (call.signal.aborted) throw aborted(call);
  const child = spawn('git', call.args, {
    env: gitEnvironment(call),
    stdio: ['pipe', 'pipe', 'pipe'],
    // A group of its own, so that git-remote-https and ssh end with it.
    detached: true,
  });
  let reason: SourceError | undefined;
  const stop = (why: SourceError): void => {
    reason ??= why;
    killGroup(child.pid);
  };
  const timer = setTimeout(() => stop(tooSlow(call)), call.timeoutMs);
  const onAbort = (): void => stop(aborted(call));
  call.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const output: Buffer[] = [];
    let size = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > call.maxBytes) stop(tooMuch(call));
      else output.push(chunk);
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk).slice(-8_000)));
    // Git may leave before it has read all; its exit code then tells why.
    child.stdin.on('error', () => undefined);
    child.stdin.end(call.stdin ?? '');
    const code = await exitCode(child);
    if (reason !== undefined) throw reason;
    if (code !== 0) throw explainGitFailure(call.location, complaint);
    return Buffer.concat(output);
  } finally {
    clearTimeout(timer);
    call.signal.removeEventListener('abort', onAbort);
  }
}

function exitCode(child: ReturnType<typeof spawn>): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.on('close', resolve);
    child.on('error', (cause) => {
      const isMissing = hasCode(cause, 'ENOENT');
      const message = isMissing ? 'there is no git program' : `git did not start: ${cause.message}`;
      reject(
        new SourceError('git-missing', { message, remedy: 'Install git, 2.25 or newer', cause }),
      );
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself in this moment.
  }
}

/** Nothing of the account's or the system's configuration takes part; nobody is asked anything. */
function gitEnvironment(call: GitCall): NodeJS.ProcessEnv {
  const config: [string, string][] = [
    ['core.hooksPath', '/dev/null'],
    ['protocol.ext.allow', 'never'],
    ['credential.helper', ''],
    ['gc.autoDetach', 'false'],
    ['maintenance.autoDetach', 'false'],
  ];
  if (call.credentials !== undefined) {
    const { username, password } = call.credentials;
    const basic = Buffer.from(`${username}:${password}`).toString('base64');
    config.push(['http.extraHeader', `Authorization: Basic ${basic}`]);
    // A redirect would carry the header to another host.
    config.push(['http.followRedirects', 'false']);
  }
  const environment: NodeJS.ProcessEnv = {
    ...call.environment,
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: call.configFile,
    GIT_ALLOW_PROTOCOL: 'file:http:https:ssh',
    GIT_SSH_COMMAND: call.environment['GIT_SSH_COMMAND'] ?? 'ssh -oBatchMode=yes',
    GIT_CONFIG_COUNT: String(config.length),
  };
  config.forEach(([key, value], i) => {
    environment[`GIT_CONFIG_KEY_${i}`] = key;
    environment[`GIT_CONFIG_VALUE_${i}`] = value;
  });
  return environment;
}

function aborted(call: GitCall): SourceError {
  return new SourceError('aborted', {
    message: `reading ${call.location} was given up`,
    remedy: 'The next look reads it',
  });
}

function tooSlow(call: GitCall): SourceError {
  return new SourceError('timeout', {
    message: `git ${call.args[0] ?? ''} for ${call.location} took more than ${call.timeoutMs} ms`,
    remedy: 'Check the network; it is tried again',
  });
}

function tooMuch(call: GitCall): SourceError {
  return new SourceError('limit', {
    message: `git ${call.args[0] ?? ''} for ${call.location} gave more than ${call.maxBytes} bytes`,
    remedy: 'Name a narrower directory (#ref:directory)',
  });
}
