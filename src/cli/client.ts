import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { ConnectError } from '@connectrpc/connect';
import { type Client, Code, type Interceptor, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';

import { ProblemsSchema } from '../gen/behest/v1/error_pb.ts';
import { NodeService } from '../gen/behest/v1/node_service_pb.ts';
import { RunService } from '../gen/behest/v1/run_service_pb.ts';
import { SourceService } from '../gen/behest/v1/source_service_pb.ts';
import { WorkflowService } from '../gen/behest/v1/workflow_service_pb.ts';
import { BadRequestSchema } from '../gen/google/rpc/error_details_pb.ts';
import { CommandFailure, type ExitName } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export interface ServerOptions {
  readonly server?: string;
  readonly tokenFile?: string;
}

export interface Clients {
  readonly server: string;
  readonly workflows: Client<typeof WorkflowService>;
  readonly runs: Client<typeof RunService>;
  readonly sources: Client<typeof SourceService>;
  readonly nodes: Client<typeof NodeService>;
}

const defaultServer = 'http://127.0.0.1:8080';

/** Clients of the server that options, environment or default name. Throws a usage failure. */
export function connect(
  options: ServerOptions,
  { environment }: Pick<Terminal, 'environment'>,
): Clients {
  const server = serverUrl(options, { environment });
  const token = findToken(options, new URL(server), environment);
  const transport = createConnectTransport({
    baseUrl: server,
    httpVersion: '1.1',
    interceptors: token === null ? [] : [bearer(token)],
  });
  return {
    server,
    workflows: createClient(WorkflowService, transport),
    runs: createClient(RunService, transport),
    sources: createClient(SourceService, transport),
    nodes: createClient(NodeService, transport),
  };
}

/** The server that options, environment or default name. Throws a usage failure. */
export function serverUrl(
  options: Pick<ServerOptions, 'server'>,
  { environment }: Pick<Terminal, 'environment'>,
): string {
  const server = (options.server ?? environment['BEHEST_SERVER'] ?? '') || defaultServer;
  const url = URL.parse(server);
  if (url !== null && /^https?:$/.test(url.protocol)) return server;
  throw new CommandFailure('usage', `${server} is no server. Expected http://host:port.`);
}

/** The local token goes to loopback only: it is worth nothing elsewhere, and must not leak. */
function findToken(
  { tokenFile }: ServerOptions,
  url: URL,
  environment: Terminal['environment'],
): string | null {
  if (tokenFile !== undefined) return readToken(tokenFile);
  const given = environment['BEHEST_TOKEN'];
  if (given !== undefined && given !== '') return given;
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)) return null;
  try {
    return readToken(join(environment['BEHEST_DATA_DIR'] ?? '.behest', 'token'));
  } catch {
    // Not made, or not ours to read: anonymous callers may still look.
    return null;
  }
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new CommandFailure('usage', `cannot read the token file: ${message}`);
  }
}

function bearer(token: string): Interceptor {
  return (next) => (request) => {
    request.header.set('authorization', `Bearer ${token}`);
    return next(request);
  };
}

const exits: { readonly [code in Code]?: ExitName } = {
  [Code.InvalidArgument]: 'invalid',
  [Code.OutOfRange]: 'invalid',
  [Code.NotFound]: 'notFound',
  [Code.AlreadyExists]: 'conflict',
  [Code.FailedPrecondition]: 'conflict',
  [Code.Aborted]: 'conflict',
  [Code.PermissionDenied]: 'forbidden',
  [Code.Unauthenticated]: 'forbidden',
  [Code.Unavailable]: 'unreachable',
  [Code.DeadlineExceeded]: 'timeout',
};

/** A server's refusal as the end of a command, with the problems of a manifest in full. */
export function explainRefusal(error: ConnectError, server: string): CommandFailure {
  const problems = error.findDetails(ProblemsSchema).flatMap((detail) => detail.problems);
  const exit = isConnectionFault(error) ? 'unreachable' : (exits[error.code] ?? 'failed');
  if (exit === 'unreachable') {
    const remedy = 'Start one with `behest up`, or name it with --server or BEHEST_SERVER.';
    return new CommandFailure(exit, `no answer from ${server} (${error.rawMessage}). ${remedy}`);
  }
  if (exit === 'forbidden') {
    const remedy = 'Set BEHEST_TOKEN or --token-file; `behest up` keeps its own in .behest/token.';
    return new CommandFailure(exit, `${error.rawMessage} ${remedy}`);
  }
  const places = problems.map((problem) => {
    const hint = problem.hint === '' ? '' : `\n  ${problem.hint}`;
    const place = `${problem.file}:${problem.line}:${problem.column}`;
    return `${place}: ${problem.message}${hint}\n${problem.frame}`;
  });
  if (places.length > 0) return new CommandFailure(exit, places.join('\n'));
  return new CommandFailure(exit, violations(error) ?? error.rawMessage);
}

/** All that is wrong with a request, a line each; null when its message says it already. */
function violations(error: ConnectError): string | null {
  const found = error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  if (found.length < 2) return null;
  return found.map(({ field, description }) => `${field}: ${description}`).join('\n  ');
}

/** The Connect client calls a refused or broken connection unavailable, aborted or internal. */
export function isConnectionFault(error: ConnectError): boolean {
  if (error.code === Code.Unavailable) return true;
  const { cause } = error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return /^(ECONN|ENOTFOUND|EAI_|EPIPE|EHOST|ENET|ETIMEDOUT|UND_ERR)/.test(code);
}
