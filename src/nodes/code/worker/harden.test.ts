import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);

/** Tries something in a process that has given up its powers; prints how it ended. */
async function attempt(expression: string, thenGlobals: boolean): Promise<string> {
  const harden = new URL('./harden.ts', import.meta.url).href;
  const script = `
    import net from 'node:net'; import http from 'node:http'; import tls from 'node:tls';
    import dgram from 'node:dgram'; import dns from 'node:dns'; 
    import { spawn } from 'node:child_process';
    import { removeHostPowers, removeGlobals } from '${harden}';
    const say = process.stdout.write.bind(process.stdout);
    removeHostPowers();
    if (${thenGlobals}) removeGlobals();
    try {
      await (async () => ${expression})();
      say('it worked');
    } catch (error) {
      say(String(error.cause ?? error));
    }`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  return stdout;
}

test.each([
  'net.connect(80, "127.0.0.1")',
  'new net.Socket().connect(80, "127.0.0.1")',
  'net.createServer().listen(0)',
  'new net.Server().listen(0)',
  'http.get("http://127.0.0.1/")',
  'tls.connect(443, "127.0.0.1")',
  'dgram.createSocket("udp4")',
  'dns.lookup("localhost", () => {})',
  'fetch("http://127.0.0.1/")',
  'spawn("id")',
])('%s → refused', async (expression) => {
  expect(await attempt(expression, false)).toContain('not available in the sandbox');
});

test.each(['fetch("http://127.0.0.1/")', 'new WebSocket("ws://127.0.0.1/")', 'process.exit(3)'])(
  '%s → no such global',
  async (expression) => {
    expect(await attempt(expression, true)).toContain('is not defined');
  },
);
