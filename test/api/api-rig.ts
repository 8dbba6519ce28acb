import { createHash } from 'node:crypto';
import type { Reader } from '../../src/api/ports.ts';
import { startApiServer, type ApiOptions, type ApiServer } from '../../src/api/server.ts';
import { runManifestOf, workflowChangeOf } from '../../src/controller/change-set.ts';
import type { Json } from '../../src/expr/json.ts';
import { createRunViewer } from '../../src/main/run-viewer.ts';
import { readText } from '../../src/manifest/read-text.ts';
import type { NodeType } from '../../src/nodes/node-type.ts';
import { nodeTypes } from '../../src/nodes/registry.ts';
import { newRunId } from '../../src/store/uuid.ts';
import { Rig } from '../controller/rig.ts';

export const TOKEN = 'a-token-of-the-operator';
export const JWT_SECRET = 'a secret of at least thirty-two bytes';

const act: NodeType = {
  type: 'act',
  title: 'Act',
  description: 'A step of a test.',
  configSchema: { type: 'object' },
  runsIn: 'runner',
  timeoutMs: 60_000,
};

function readerOf(types: ReadonlyMap<string, NodeType>): Reader {
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  return {
    read({ text, file, namespace, author, name }) {
      const options = { nodeTypes: types, digest, defaultNamespace: namespace, file };
      const read = readText(text, name === undefined ? options : { ...options, name });
      const origin = { source: '', revision: '', path: file, commit: '', author };
      return {
        workflows: read.resources.flatMap((each) => workflowChangeOf(each, origin)),
        runs: read.resources.flatMap(runManifestOf),
        problems: read.problems,
      };
    },
  };
}

/** A whole backbone in this process, with its API on a free port of loopback. */
export interface ApiRig {
  readonly rig: Rig;
  readonly server: ApiServer;
  /** A REST call with the operator's token. */
  call(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Starts a run over REST and answers its id. */
  execute(workflow: string, input?: Json): Promise<string>;
  stop(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into answers freely
  readonly json: any;
}

/** The options of a server on this backbone. */
export function apiOptions(rig: Rig, change: Partial<ApiOptions> = {}): ApiOptions {
  const types = new Map([...nodeTypes, ['act', act] as const]);
  const now = (): number => Date.now();
  return {
    host: '127.0.0.1',
    port: 0,
    tls: null,
    auth: {
      anonymousMayRead: true,
      staticToken: TOKEN,
      jwt: { secret: JWT_SECRET, algorithm: 'HS256', jwksUrl: '', defaultRole: 'viewer' },
    },
    library: rig.store.library,
    signals: {
      nudge: (runIds, created = []) => rig.bus.broadcast({ kind: 'nudge', runIds, created }),
      reconcile: (source) => rig.bus.broadcast({ kind: 'reconcile', source }),
      onChanged: (handler) => {
        const consumer = rig.bus.onSignal('changed', ({ runIds }) => handler(runIds));
        return () => void consumer.stop();
      },
      ping: () => rig.bus.ping(),
    },
    reader: readerOf(types),
    viewer: createRunViewer(now),
    nodeTypes: types,
    version: '0.1.0-test',
    now,
    newRunId,
    onInternalError: (error) => console.error(error),
    ...change,
  };
}

export async function startApiRig(change: Partial<ApiOptions> = {}): Promise<ApiRig> {
  const rig = await Rig.start();
  const server = await startApiServer(apiOptions(rig, change));
  const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
    callRest(server.url, { method, path, body });
  return {
    rig,
    server,
    call,
    async execute(workflow, input = {}) {
      const { status, json } = await call('POST', `/api/v1/workflows/${workflow}/execute`, {
        input,
      });
      if (status !== 200) throw new Error(JSON.stringify(json));
      return json.job_id;
    },
    async stop() {
      await server.close();
      await rig.stop();
    },
  };
}

export interface RestCall {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Empty sends none. */
  readonly token?: string;
}

export async function callRest(url: string, call: RestCall): Promise<Answer> {
  const { method, path, body, token = TOKEN } = call;
  const headers: { [name: string]: string } = {};
  if (token !== '') headers['authorization'] = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${url}${path}`, { method, headers, ...sent });
  const text = await response.text();
  return { status: response.status, headers: response.headers, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
