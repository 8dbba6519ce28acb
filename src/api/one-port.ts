import { createServer as createHttpServer } from 'node:http';
import { constants, createSecureServer, createServer as createHttp2Server } from 'node:http2';
import {
  createServer as createNetServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import type { HttpHandler } from './http-exchange.ts';

export interface PortOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM; null serves plain text. */
  readonly tls: { readonly key: string; readonly cert: string } | null;
  readonly handler: HttpHandler;
  /** For a whole request to arrive over HTTP/2. */
  readonly requestTimeoutMs?: number;
}

export interface OpenPort {
  readonly port: number;
  /** Takes no more connections; those that are open have `graceMs` to finish. */
  close(graceMs: number): Promise<void>;
}

/** Time for the first bytes of a connection, which say what it speaks. */
const PREFACE_TIMEOUT_MS = 10_000;

/** How HTTP/2 begins without TLS; no method of HTTP/1.1 does. */
const PREFACE = Buffer.from('PRI');

/** One port for HTTP/1.1 and HTTP/2, in plain text or over TLS. */
export async function openPort(options: PortOptions): Promise<OpenPort> {
  const { tls, requestTimeoutMs = REQUEST_TIMEOUT_MS } = options;
  const handler = withTimeout(options.handler, requestTimeoutMs);
  const server =
    tls === null
      ? plainServer(handler)
      : createSecureServer({ ...tls, ...http2Settings, allowHTTP1: true }, handler);
  const sockets = new Set<Socket>();
  server.on(tls === null ? 'connection' : 'secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // A connection that breaks has nobody left to tell.
    socket.on('error', () => socket.destroy());
  });
  await listen(server, options);
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    async close(graceMs) {
      const { promise, resolve } = Promise.withResolvers<void>();
      server.close(() => resolve());
      const timer = setTimeout(() => destroyAll(sockets), graceMs);
      closeIdle(server);
      await promise;
      clearTimeout(timer);
    },
  };
}

function destroyAll(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
}

const idleClosers = new WeakMap<Server, () => void>();

function closeIdle(server: Server): void {
  idleClosers.get(server)?.();
}

/** Calls at once on one connection of HTTP/2; a client with more opens another. */
export const MAX_STREAMS = 1000;

/** Time for a whole request to arrive. Node watches over HTTP/1.1 itself, with these very times. */
export const REQUEST_TIMEOUT_MS = 300_000;

/**
 * Node counts what an answer had still to send when its stream was cancelled as memory of the
 * session for ever, though it is free (seen with 24.21): beyond 10 MB, the default, every further
 * call on the connection would be refused. So many MB are never counted; streams are what is limited.
 */
const UNCOUNTED_MB = 1_000_000;

const http2Settings = {
  settings: { maxConcurrentStreams: MAX_STREAMS },
  maxSessionMemory: UNCOUNTED_MB,
} as const;

/** The same handler; a request of HTTP/2 that never ends is given up. */
function withTimeout(handler: HttpHandler, timeoutMs: number): HttpHandler {
  return (request, response) => {
    if ('stream' in request && !request.stream.endAfterHeaders) {
      const { stream } = request;
      const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), timeoutMs);
      const settle = (): void => clearTimeout(timer);
      request.once('end', settle);
      stream.once('close', settle);
    }
    handler(request, response);
  };
}

function plainServer(handler: HttpHandler): Server {
  const http1 = createHttpServer(handler);
  const http2 = createHttp2Server(http2Settings, handler);
  const sessions = new Set<{ close(): void }>();
  http2.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.on('error', () => session.destroy());
  });
  // This server never listens: it is handed its sockets. Node starts to watch over connections
  // (header and request timeouts, closing idle ones) when a server listens, so it is told so.
  http1.emit('listening');
  const server = createNetServer({ noDelay: true, keepAlive: true }, (socket) => {
    socket.setTimeout(PREFACE_TIMEOUT_MS, () => socket.destroy());
    readPreface(socket, (isHttp2) => {
      socket.setTimeout(0);
      socket.removeAllListeners('timeout');
      (isHttp2 ? http2 : http1).emit('connection', socket);
    });
  });
  idleClosers.set(server, () => {
    for (const session of sessions) session.close();
    http1.closeIdleConnections();
    http1.close();
  });
  return server;
}

/** Looks at the first bytes and puts them back. */
function readPreface(socket: Socket, decide: (isHttp2: boolean) => void): void {
  let seen = Buffer.alloc(0);
  const look = (): void => {
    const chunk: Buffer | null = socket.read();
    if (chunk !== null) seen = Buffer.concat([seen, chunk]);
    const begins = PREFACE.subarray(0, seen.length).equals(seen.subarray(0, PREFACE.length));
    // "P" may still become PRI or POST.
    if (begins && seen.length < PREFACE.length) return void socket.once('readable', look);
    socket.unshift(seen);
    decide(begins);
  };
  look();
}

function listen(server: Server, { host, port }: PortOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (error: NodeJS.ErrnoException) => reject(explain(error, host, port)));
  server.listen(port, host, () => resolve());
  return promise;
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new Error(`Port ${port} of ${host} is in use already. Stop what uses it, or set PORT.`, {
    cause: error,
  });
}
