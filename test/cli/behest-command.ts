import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';

import type { Outcome } from './fake-terminal.ts';

const entry = resolve(import.meta.dirname, '../../bin/behest.mjs');

/** The real program, and what it has said so far. */
export class BehestCommand {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
  out = '';
  err = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, input = '') {
    const { PATH = '', HOME = '' } = process.env;
    const options = { env: { PATH, HOME, ...env }, cwd: env['PWD'] ?? '/' };
    this.child = spawn(process.execPath, [entry, ...args], options);
    this.child.stdin?.end(input);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.ended = new Promise((done) => {
      this.child.once('close', (code) => done({ code: code ?? -1, out: this.out, err: this.err }));
    });
  }

  async interrupt(): Promise<Outcome> {
    this.child.kill('SIGINT');
    return await this.ended;
  }
}
