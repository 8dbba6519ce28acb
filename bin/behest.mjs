#!/usr/bin/env node
// Starts Behest on a Node that runs TypeScript: this one when it is 24 or newer, else the one that
// npm put beside the packages.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { keepCompiledCode, restartWithFlags } from './node-flags.mjs';
import { isMadeFrom, listSources } from './sources.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const bundledNode = path('../node_modules/.bin/node');
const servers = ['up', 'controller', 'api', 'runner'];
const args = process.argv.slice(2);

if (Number(process.versions.node.split('.')[0]) >= 24) {
  if (servers.includes(args[0])) restartWithFlags(process.argv[1], args);
  keepCompiledCode();
  // The bundle starts twice as quick; where a source has changed since, it is not what was meant.
  const isBuilt = isMadeFrom(path('../dist'), listSources(path('..')));
  const program = path(isBuilt ? '../dist/behest.js' : '../src/main/behest.ts');
  process.argv[1] = program;
  await import(program);
} else if (existsSync(bundledNode)) {
  const child = spawn(bundledNode, [process.argv[1], ...args], { stdio: 'inherit' });
  // A terminal sends its signals to both of us; others only to this process.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => signal === 'SIGINT' || child.kill(signal));
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
} else {
  console.error(`behest: Node ${process.version} is too old. Install Node 24, or run npm ci.`);
  process.exitCode = 1;
}
