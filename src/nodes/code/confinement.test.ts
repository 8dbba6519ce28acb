import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { confinement } from './confinement.ts';

function runConfined(script: string): { readonly status: number | null; readonly stdout: string } {
  const [program, ...options] = [...confinement(), process.execPath];
  const { status, stdout } = spawnSync(program, [...options, '-e', script], { encoding: 'utf8' });
  return { status, stdout };
}

test('whatever this machine offers → a program runs in it', () => {
  expect(runConfined('console.log(1)')).toEqual({ status: 0, stdout: '1\n' });
});

test('without network where the kernel permits it → loopback cannot be reached', async () => {
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [program, ...options] = [...confinement(), process.execPath];
  const script = `require('net').connect(${port}, '127.0.0.1')
    .on('connect', () => process.exit(3)).on('error', () => process.exit(4))`;
  const child = spawn(program, [...options, '-e', script], { stdio: 'ignore' });
  const [status] = await once(child, 'exit');
  server.close();
  expect(status).toBe(confinement().includes('--net') ? 4 : 3);
});

test('dying with its parent where the kernel permits it → gone, though it loops', async () => {
  const command = JSON.stringify([...confinement(), process.execPath, '-e', 'for (;;) {}']);
  const script = `const [program, ...options] = ${command};
    console.log(require('child_process').spawn(program, options, { stdio: 'ignore' }).pid);
    setInterval(() => {}, 1000)`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  const [chunk] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(chunk.toString());
  await expect.poll(() => commandOf(pid)).toContain('for (;;)');
  await expect.poll(() => commandOf(pid)).not.toContain('setpriv');
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  if (confinement().includes('--pdeathsig')) {
    await expect.poll(() => commandOf(pid)).toBe('');
  } else {
    process.kill(pid, 'SIGKILL');
  }
});

/** Empty once the process is gone, or has ended and only waits to be collected. */
function commandOf(pid: number): string {
  return spawnSync('ps', ['-o', 'args=', '-p', `${pid}`], { encoding: 'utf8' })
    .stdout.replace(/^.*<defunct>.*$/m, '')
    .trim();
}
