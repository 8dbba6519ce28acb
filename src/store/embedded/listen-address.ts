import { createHash } from 'node:crypto';
import { chown, mkdir, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SUPERUSER } from './cluster.ts';
import { removeSocketLock } from './left-over-server.ts';
import type { ServerAccount } from './server-account.ts';

export interface ListenAddress {
  readonly settings: { readonly [name: string]: string };
  /** With the password; `?host=` as libpq and `connect` understand it. */
  url(password: string): string;
}

/** sun_path holds 107 bytes on Linux and 103 on macOS, the file's name included. */
const SOCKET_FOLDER_BYTES_MAX = 103 - '/.s.PGSQL.5432'.length;

/** A Unix socket where the system has them: no port to guess, closed to other users, and faster. */
export async function listenAddress(
  cluster: string,
  account: ServerAccount | null,
  transport: 'socket' | 'tcp' = process.platform === 'win32' ? 'tcp' : 'socket',
): Promise<ListenAddress> {
  return transport === 'tcp' ? tcpAddress() : socketAddress(cluster, account);
}

async function tcpAddress(): Promise<ListenAddress> {
  const port = await freePort();
  return {
    settings: { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '' },
    url: (password) => `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres`,
  };
}

async function socketAddress(
  cluster: string,
  account: ServerAccount | null,
): Promise<ListenAddress> {
  const folder = await socketFolder(cluster, account);
  await removeSocketLock(folder);
  return {
    settings: {
      listen_addresses: '',
      unix_socket_directories: folder,
      unix_socket_permissions: '0700',
      port: '5432',
    },
    url: (password) =>
      `postgres://${SUPERUSER}:${password}@localhost/postgres?host=${encodeURIComponent(folder)}`,
  };
}

/** The cluster's own folder, which is 0700; a short one when its path is too long for a socket. */
async function socketFolder(cluster: string, account: ServerAccount | null): Promise<string> {
  // A comma would separate two folders in the setting.
  if (Buffer.byteLength(cluster) <= SOCKET_FOLDER_BYTES_MAX && !cluster.includes(',')) {
    return cluster;
  }
  const hash = createHash('sha256').update(cluster).digest('hex').slice(0, 16);
  const folder = join(process.platform === 'darwin' ? '/tmp' : tmpdir(), `behest-${hash}`);
  await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  const found = await stat(folder);
  const owner = account?.uid ?? process.getuid?.() ?? 0;
  if (found.uid !== owner && found.uid !== process.getuid?.()) {
    throw new Error(`${folder} belongs to another user (uid ${found.uid}); remove it`);
  }
  if (account !== null) await chown(folder, account.uid, account.gid);
  return folder;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no TCP port was assigned');
  return address.port;
}
