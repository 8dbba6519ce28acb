import childProcess from 'node:child_process';
import dgram from 'node:dgram';
import dns from 'node:dns';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/*
 * The second fence. The first is WebAssembly, the third Node's permission model (no files but the
 * interpreter's, no processes, threads or add-ons) with an empty environment and no code generation
 * from strings. Node 24's permission model does not cover the network, so it is taken away here,
 * and with it whatever could reach another process.
 */

function refuse(): never {
  throw new Error('not available in the sandbox');
}

const PROCESS_POWERS = [
  '_debugEnd',
  '_debugProcess',
  '_kill',
  '_linkedBinding',
  '_rawDebug',
  'abort',
  'chdir',
  'constrainedMemory',
  'dlopen',
  'execve',
  'getBuiltinModule',
  'initgroups',
  'kill',
  'loadEnvFile',
  'setegid',
  'seteuid',
  'setgid',
  'setgroups',
  'setuid',
] as const;

/** Before the interpreter loads: nothing in this process can open a connection any more. */
export function removeHostPowers(): void {
  replace(net, ['connect', 'createConnection', 'createServer']);
  replace(net.Socket.prototype, ['connect']);
  replace(net.Server.prototype, ['listen']);
  replace(dgram, ['createSocket']);
  replace(dgram.Socket.prototype, ['bind', 'connect', 'send']);
  replace(dns, ['lookup', 'resolve', 'lookupService']);
  replace(childProcess, ['spawn', 'spawnSync', 'exec', 'execFile', 'fork']);
  syncBuiltinESMExports();
  replace(process, PROCESS_POWERS);
  // Pyodide asks for this one constant table; the real function is closed by the permission model.
  define(process, 'binding', (name: string) =>
    name === 'constants' ? { fs: fs.constants, os: {} } : refuse(),
  );
}

function replace(target: object, names: readonly string[]): void {
  for (const name of names) define(target, name, refuse);
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: false, configurable: false });
}

const GLOBAL_POWERS = [
  'Buffer',
  'EventSource',
  'MessageChannel',
  'Request',
  'Response',
  'WebSocket',
  'Worker',
  'XMLHttpRequest',
  'clearImmediate',
  'fetch',
  'global',
  'navigator',
  'process',
  'queueMicrotask',
  'require',
  'setImmediate',
  'setInterval',
  'structuredClone',
] as const;

/** After the interpreter has loaded: even the host's global object leads nowhere. */
export function removeGlobals({ keep = [] }: { keep?: readonly string[] } = {}): void {
  for (const name of GLOBAL_POWERS) Reflect.deleteProperty(globalThis, name);
  // Engines look for a console while they start, but nothing may write between the answers.
  const silent = (): void => {};
  define(globalThis, 'console', { log: silent, warn: silent, error: silent, info: silent });
  // A timer would fire in a later call; interpreters run a call without one.
  define(globalThis, 'setTimeout', () => 0);
  for (const name of ['compile', 'compileStreaming', 'instantiate', 'instantiateStreaming']) {
    if (!keep.includes(name)) define(WebAssembly, name, refuse);
  }
}
