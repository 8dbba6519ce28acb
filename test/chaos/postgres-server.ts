import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type EmbeddedPostgres,
  startEmbeddedPostgres,
} from '../../src/store/embedded/start-embedded-postgres.ts';
import { freePort } from '../services/free-port.ts';

/** Postgres as a server of its own on one TCP port, also after it was killed. */
export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  #running: EmbeddedPostgres | null = null;
  #url = '';

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.port = port;
  }

  /** With its usual settings: what it confirms has been synced to disk. */
  static async start(folder: string): Promise<PostgresServer> {
    await mkdir(folder, { recursive: true });
    // As root the server is another user, who must get in.
    await chmod(folder, 0o755);
    const server = new PostgresServer(folder, await freePort());
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    this.#running = await startEmbeddedPostgres({
      dataDir: join(this.#folder, 'postgres'),
      transport: 'tcp',
      settings: { port: String(this.port), max_connections: '100' },
    });
    this.#url = this.#running.url;
  }

  /** How to reach it, through another port if given. */
  urlAt(port = this.port): string {
    const url = new URL(this.#url);
    url.port = String(port);
    return url.href;
  }

  /** SIGKILL to the postmaster; its sessions notice and end. */
  async kill(): Promise<void> {
    const killed = this.#running;
    if (killed === null) return;
    this.#running = null;
    process.kill(killed.pid, 'SIGKILL');
    await killed.ended;
    // Gone already: this only lets go of the directory.
    await killed.stop();
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    this.#running = null;
  }
}
