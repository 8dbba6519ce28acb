import { constants } from 'node:http2';
import type { DescService } from '@bufbuild/protobuf';
import { Code, ConnectError, type ConnectRouter } from '@connectrpc/connect';
import { ArtifactService } from '../gen/behest/v1/artifact_service_pb.ts';
import { NodeService } from '../gen/behest/v1/node_service_pb.ts';
import { RunService } from '../gen/behest/v1/run_service_pb.ts';
import { SourceService } from '../gen/behest/v1/source_service_pb.ts';
import { WorkflowService } from '../gen/behest/v1/workflow_service_pb.ts';
import { Health } from '../gen/health/v1/health_pb.ts';
import type { ApiContext } from './api-context.ts';
import { createAuthenticator, type AuthSettings } from './auth/authenticator.ts';
import { assertRolesDeclared, authorise, createAuthInterceptor } from './auth/authorise.ts';
import { isLoopback } from './auth/loopback.ts';
import { checkOrigin } from './auth/origin-guard.ts';
import { createFaultInterceptor } from './fault-interceptor.ts';
import { checkHealth } from './health.ts';
import { mendGrpcMessage } from './grpc-message.ts';
import type { HttpHandler, HttpRequest } from './http-exchange.ts';
import { openPort } from './one-port.ts';
import { type ApiMeter, createMeterInterceptor, metricsEndpoint } from './meter.ts';
import { plainEndpoints } from './plain-endpoints.ts';
import type { Library, NodeDescription, Reader, RunViewer, Signals } from './ports.ts';
import { createRpcAdapter } from './rpc-adapter.ts';
import { createArtifactService } from './services/artifact-service.ts';
import { createHealthService } from './services/health-service.ts';
import { createNodeService } from './services/node-service.ts';
import { addReflection } from './services/reflection-service.ts';
import { createRunService } from './services/run-service.ts';
import { createSourceService } from './services/source-service.ts';
import { createWorkflowService } from './services/workflow-service.ts';
import { createInvoker, serve, type Served } from './transcode/invoke.ts';
import { createShortDetailsInterceptor } from './short-details.ts';
import { buildRoutes } from './transcode/route-table.ts';
import { createTranscoder, sendProblem } from './transcode/transcoder.ts';
import { createValidationInterceptor } from './validate-requests.ts';
import { createVersionCache } from './version-cache.ts';
import { createWatchHub } from './watch/watch-hub.ts';

export interface ApiOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM; null serves plain text. */
  readonly tls: { readonly key: string; readonly cert: string } | null;
  readonly auth: AuthSettings;
  readonly library: Library;
  readonly signals: Signals;
  readonly reader: Reader;
  readonly viewer: RunViewer;
  readonly nodeTypes: ReadonlyMap<string, NodeDescription>;
  /** Shown by /health. */
  readonly version: string;
  /** Default 4 MiB. */
  readonly maxBodyBytes?: number;
  /** Default 64 MiB. */
  readonly maxUploadBytes?: number;
  /** Watches open at once. Default 10,000. */
  readonly maxWatches?: number;
  readonly now: () => number;
  readonly newRunId: (now: number) => string;
  /** Whether an error says that the database is out of reach for the moment. Default: none does. */
  readonly isAway?: (error: unknown) => boolean;
  /** A defect of ours whose caller hears only "internal", or what kept the database out of reach; for the log. */
  readonly onInternalError: (error: unknown) => void;
  /** Serves `/metrics`. Default: there is none. */
  readonly meter?: ApiMeter;
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** Ends streams, finishes what is being answered, and closes. */
  close(): Promise<void>;
}

const MiB = 1 << 20;
const CLOSE_GRACE_MS = 2000;

/** Serves gRPC, gRPC-Web, Connect and REST on one port; resolves when it listens. */
export async function startApiServer(options: ApiOptions): Promise<ApiServer> {
  const shutdown = new AbortController();
  const hub = createWatchHub(options);
  const api: ApiContext = { ...options, hub, versions: createVersionCache(options.library) };
  const handler = createHandler(options, { api, shutdownSignal: shutdown.signal });
  const open = await openPort({ ...options, handler });
  const scheme = options.tls === null ? 'http' : 'https';
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${scheme}://${host}:${open.port}`,
    port: open.port,
    async close() {
      shutdown.abort(new ConnectError('The server is shutting down.', Code.Unavailable));
      hub.close();
      await open.close(CLOSE_GRACE_MS);
    },
  };
}

interface Wiring {
  readonly api: ApiContext;
  readonly shutdownSignal: AbortSignal;
}

/** Our services and what carries them out. */
function serveAll(api: ApiContext): Served[] {
  return [
    serve(WorkflowService, createWorkflowService(api)),
    serve(RunService, createRunService(api)),
    serve(SourceService, createSourceService(api)),
    serve(NodeService, createNodeService(api)),
    serve(ArtifactService, createArtifactService(api)),
  ];
}

function createHandler(options: ApiOptions, { api, shutdownSignal }: Wiring): HttpHandler {
  const { onInternalError, meter, isAway = () => false } = options;
  const served = serveAll(api);
  const services = served.map(({ service }) => service);
  assertRolesDeclared(services);
  const authenticator = createAuthenticator(options.auth, options.library);
  const interceptors = [
    ...(meter === undefined ? [] : [createMeterInterceptor(meter)]),
    createShortDetailsInterceptor(),
    createFaultInterceptor({ isAway, onInternalError }),
    createAuthInterceptor(authenticator),
    createValidationInterceptor(),
  ];
  const maxBodyBytes = options.maxBodyBytes ?? 4 * MiB;
  const transcoder = createTranscoder({
    routes: buildRoutes(services),
    invoker: createInvoker(served, { interceptors, shutdownSignal }),
    limits: { maxBodyBytes, maxUploadBytes: options.maxUploadBytes ?? 64 * MiB },
    putBlob: (bytes) => options.library.putBlob(bytes),
    authorise: (rpc, headers, values) => authorise(authenticator, { rpc, headers, values }),
    onInternalError,
  });
  const plain = plainEndpoints({ ...options, isServing: () => !shutdownSignal.aborted });
  const rpc = createRpcAdapter({
    routes: (router) => addRoutes(router, served, options),
    interceptors,
    readMaxBytes: maxBodyBytes,
    shutdownSignal,
    fallback: (request, response) => transcoder(request, response),
  });
  const guarded = isLoopback(options.host);
  const access = { isLocal: guarded, authenticator };
  const metrics = meter === undefined ? undefined : metricsEndpoint(meter, access);
  return (request, response) => {
    const fail = (error: unknown): void =>
      void sendProblem({ request, response, error, onInternalError });
    try {
      if (guarded) checkOrigin(request);
      const path = (request.url ?? '/').split('?', 1)[0]?.replace(/\/$/, '') ?? '';
      const endpoint = path === '/metrics' ? metrics : plain.get(path);
      mendGrpcMessage(request, response);
      dropWhenAnswered(request);
      if (path.startsWith('/behest.') || path.startsWith('/grpc.')) closeWhenAnswered(request);
      if (endpoint === undefined) rpc(request, response);
      else endpoint(request, response).catch(fail);
    } catch (error) {
      fail(error);
    }
  };
}

/**
 * Ends a stream of HTTP/2 once it is answered: Connect stops reading a message that it refuses, and
 * the client would keep the stream open, waiting to send the rest.
 */
function closeWhenAnswered(request: HttpRequest): void {
  if (!('stream' in request)) return;
  const { stream } = request;
  // The last moment of an answer: trailers, which hold the status of gRPC, are sent right before.
  stream.once('wantTrailers', () => {
    if (!request.complete) setImmediate(() => stream.close(constants.NGHTTP2_NO_ERROR));
  });
}

/**
 * Drops what nobody has read of a request. Node does so by itself over HTTP/1.1; a stream of HTTP/2
 * would wait for a reader for ever, and so would its connection once the client has said farewell.
 */
function dropWhenAnswered(request: HttpRequest): void {
  if (!('stream' in request)) return;
  const { stream } = request;
  const drop = (): void => {
    // The request's own listener would stop the stream again.
    stream.removeAllListeners('data');
    stream.resume();
  };
  stream.once('finish', drop).once('aborted', drop);
}

function addRoutes(router: ConnectRouter, served: readonly Served[], options: ApiOptions): void {
  for (const each of served) each.addTo(router);
  const services: DescService[] = [...served.map(({ service }) => service), Health];
  const isReady = async (): Promise<boolean> => (await checkHealth(options)).status === 'ok';
  const names = services.map(({ typeName }) => typeName);
  router.service(Health, createHealthService({ services: names, isReady }));
  addReflection(router, services);
}
