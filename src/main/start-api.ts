import { requireAuthentication } from '../api/auth/require-authentication.ts';
import { isLoopback } from '../api/auth/loopback.ts';
import type { Reader, Signals } from '../api/ports.ts';
import { startApiServer, type ApiServer } from '../api/server.ts';
import type { Bus } from '../bus/bus.ts';
import { readText } from '../manifest/read-text.ts';
import { nodeTypes } from '../nodes/registry.ts';
import type { Store } from '../store/open-store.ts';
import { isTransient } from '../store/transient.ts';
import { newRunId } from '../store/uuid.ts';
import { localToken } from './local-token.ts';
import type { ProcessParts } from './process-parts.ts';
import { readTls } from './read-tls.ts';
import { createRunViewer } from './run-viewer.ts';
import { sha256 } from './start-controller.ts';
import { programVersion } from './program-version.ts';
import { workflowChangeOf, runManifestOf } from '../controller/change-set.ts';

export interface StartedApi {
  readonly server: ApiServer;
  /** May do everything; empty where the server is not on loopback. */
  readonly token: string;
}

/** Starts the API of this process. Throws when others could reach it and nobody could sign in. */
export async function startApiPart(
  parts: ProcessParts,
  { store, bus }: { store: Store; bus: Bus },
): Promise<StartedApi> {
  const { settings, log, endings } = parts;
  const { host, port, jwtSecret, jwksUrl, jwtAlgorithm, databaseUrl } = settings;
  requireAuthentication({ host, jwtSecret, jwksUrl, hasTokens: false });
  const isLocal = isLoopback(host);
  const token = isLocal ? await localToken(settings.dataDir) : '';
  const server = await startApiServer({
    host,
    port,
    tls: readTls(settings),
    auth: {
      anonymousMayRead: isLocal && databaseUrl === '',
      staticToken: token,
      jwt: {
        secret: jwtSecret,
        algorithm: jwtAlgorithm,
        jwksUrl,
        defaultRole: settings.jwtDefaultRole,
        ...(settings.jwtIssuer === '' ? {} : { issuer: settings.jwtIssuer }),
        ...(settings.jwtAudience === '' ? {} : { audience: settings.jwtAudience }),
      },
    },
    library: store.library,
    signals: signalsOf(bus),
    reader: createReader(),
    viewer: createRunViewer(() => Date.now()),
    nodeTypes,
    version: programVersion(),
    maxBodyBytes: settings.bodyLimitBytes,
    maxUploadBytes: settings.uploadLimitBytes,
    now: () => Date.now(),
    newRunId,
    meter: {
      ...parts.telemetry.page,
      answered: (...call) => parts.telemetry.metrics.answered(...call),
    },
    isAway: isTransient,
    onInternalError: (error) => log.error('api.internal_error', { error }),
  });
  endings.push(() => server.close());
  return { server, token };
}

function signalsOf(bus: Bus): Signals {
  return {
    nudge: (runIds, created = []) => bus.broadcast({ kind: 'nudge', runIds, created }),
    reconcile: (source) => bus.broadcast({ kind: 'reconcile', source }),
    onChanged: (handler) => {
      const consumer = bus.onSignal('changed', ({ runIds }) => handler(runIds));
      return () => void consumer.stop();
    },
    ping: () => bus.ping(),
  };
}

/** What a caller declares belongs to no source: it is imperative and marked so. */
function createReader(): Reader {
  return {
    read: ({ text, file, namespace, author, name, files = new Map() }) => {
      const options = { nodeTypes, digest: sha256, defaultNamespace: namespace, file, files };
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
