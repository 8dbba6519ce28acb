import { posix } from 'node:path';

import { type Import, type Use, readModule } from './read-module.ts';
import { type Room, foundation, rooms, shared } from './rooms.ts';

/** Only the tests beside the code use these. */
const testPackages = new Set(['vitest', 'fast-check']);

const impureNames = new Set([
  'Date.now',
  'new Date()',
  'Math.random',
  'performance',
  'process',
  'console',
  'crypto',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'globalThis',
  'Promise',
  'eval',
  'Function',
]);

/** Checks one module of `src/` (path relative to it); each answer is one line with its remedy. */
export function checkModule(path: string, text: string): string[] {
  const name = path.split('/')[0] ?? '';
  if (!path.includes('/')) {
    return [`src/${path}: no file stands directly in src. Remedy: put it into the room it serves.`];
  }
  const room = rooms[name];
  if (room === undefined) {
    const known = Object.keys(rooms).join(', ');
    return [`src/${path}: unknown room ${name} (known: ${known}). Remedy: test/rooms/rooms.ts.`];
  }
  const isTest = path.endsWith('.test.ts') || path.includes('/testing/');
  const place: Place = { path, name, room, isTest };
  const { imports, uses } = readModule(path, text);
  return [
    ...imports.flatMap((found) => checkImport(place, found)),
    ...uses.flatMap((use) => checkUse(place, use)),
  ];
}

interface Place {
  readonly path: string;
  readonly name: string;
  readonly room: Room;
  readonly isTest: boolean;
}

function checkImport(place: Place, found: Import): string[] {
  const at = `src/${place.path}:${found.line}`;
  if (found.from.startsWith('.')) return checkRoomImport(place, found, at);
  if (found.from.startsWith('node:')) {
    if (place.isTest || place.room.node === 'all' || place.room.node.includes(found.from))
      return [];
    return [
      `${at}: ${place.name} is kept from the host and may not import ${found.from}. ${askMain}`,
    ];
  }
  const packageName = packageOf(found.from);
  if (place.isTest && testPackages.has(packageName)) return [];
  if (allowsPackage(place.room, packageName)) return [];
  return [
    `${at}: ${place.name} may not import the package ${packageName}. ` +
      `Remedy: use the room that owns it, or add it with a reason to test/rooms/rooms.ts.`,
  ];
}

const askMain = 'Remedy: take the value or effect as an argument.';

function checkRoomImport(place: Place, found: Import, at: string): string[] {
  const target = posix.normalize(posix.join(posix.dirname(place.path), found.from));
  if (target.startsWith('..')) {
    return found.from.endsWith('.json')
      ? []
      : [`${at}: ${found.from} is outside src. Remedy: import only rooms.`];
  }
  const targetRoom = target.split('/')[0] ?? '';
  if (targetRoom === place.name) return [];
  if (targetRoom === 'main') return [`${at}: nobody imports main. Remedy: let main pass it in.`];
  const allowed = foundation.has(place.name) ? place.room.rooms : [...place.room.rooms, ...shared];
  const matching = allowed.filter((entry) => entry === '*' || covers(entry, target, targetRoom));
  if (matching.some((entry) => !entry.endsWith(':types') || found.isType)) return [];
  const problem =
    matching.length > 0
      ? `${place.name} may import only types of ${target}. Remedy: import type, or a port.`
      : `${place.name} may not import ${target}. Remedy: a port in ${place.name} that main fills.`;
  return [`${at}: ${problem}`];
}

function covers(entry: string, target: string, targetRoom: string): boolean {
  const name = entry.replace(/:types$/, '');
  return name === targetRoom || name === target;
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? specifier);
}

function allowsPackage(room: Room, name: string): boolean {
  const scope = `${name.split('/')[0] ?? ''}/*`;
  return name in room.packages || scope in room.packages || '*' in room.packages;
}

function checkUse(place: Place, use: Use): string[] {
  const at = `src/${place.path}:${use.line}`;
  switch (use.kind) {
    case 'environment':
      if (place.name === 'main' || place.isTest) return [];
      return [`${at}: only main reads the environment. ${askMain}`];
    case 'sql':
      if (place.name === 'store' || place.isTest) return [];
      return [`${at}: SQL outside store (${use.what}). Remedy: a statement file in src/store.`];
    case 'async':
      if (!place.room.pure || place.isTest) return [];
      return [`${at}: ${use.what} in the pure room ${place.name}. Remedy: return a decision.`];
    case 'name':
      if (!place.room.pure || place.isTest || !impureNames.has(use.what)) return [];
      return [`${at}: ${use.what} in the pure room ${place.name}. ${askMain}`];
  }
}
