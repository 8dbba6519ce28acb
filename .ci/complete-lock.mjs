// npm leaves an optional platform package out of the lock file when the registry it spoke to does
// not carry it, and npm 11's `npm ci` then refuses the lock file. This adds what is missing, from
// the exact version that its parent asks for; os, cpu and libc are read from its name.
// Run after `npm install NAME`: `npm run lock`.
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd'];
const systemNames = {
  openharmony: 'openharmony',
  sunos: 'sunos',
  win32: 'win32',
  windows: 'win32',
};
const cpuNames = { aarch64: 'arm64', armv7: 'arm', armhf: 'arm', wasm32: 'wasm32' };
const cpus = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'x64'];
for (const name of systems) systemNames[name] = name;
for (const name of cpus) cpuNames[name] = name;

const added = [];
for (const [parentPath, parent] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const isExact = /^\d/.test(version);
    if (!isExact || isLocked(parentPath, name, version)) continue;
    const words = name.split(/[/-]/);
    const os = words.map((word) => systemNames[word]).find(Boolean);
    const cpu = words.map((word) => cpuNames[word]).find(Boolean);
    if (cpu === undefined) continue;
    lock.packages[besideParent(parentPath, name)] = {
      version,
      cpu: [cpu],
      ...(parent.dev === true ? { dev: true } : {}),
      ...libc(words),
      optional: true,
      ...(os === undefined ? {} : { os: [os] }),
    };
    added.push(name);
  }
}

/** Whether Node's resolution from the parent finds this package at this version. */
function isLocked(parentPath, name, version) {
  const folders = parentPath.split('/node_modules/');
  for (let depth = folders.length; depth >= 0; depth -= 1) {
    const folder = folders
      .slice(0, depth)
      .map((part) => `${part}/node_modules/`)
      .join('');
    const found = lock.packages[`${folder === '' ? 'node_modules/' : folder}${name}`];
    if (found !== undefined) return found.version === version;
  }
  return false;
}

function besideParent(parentPath, name) {
  return `${parentPath.slice(0, parentPath.lastIndexOf('node_modules/'))}node_modules/${name}`;
}

function libc(words) {
  if (words.some((word) => word.startsWith('musl'))) return { libc: ['musl'] };
  if (words.includes('gnu')) return { libc: ['glibc'] };
  return {};
}

const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
lock.packages = Object.fromEntries(sorted);
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.error(`${added.length} packages added to package-lock.json`);
