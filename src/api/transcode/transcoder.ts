import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { createContextValues, type ContextValues } from '@connectrpc/connect';
import { isMessage, type DescMethod, type JsonValue, type Message } from '@bufbuild/protobuf';
import { HttpBodySchema } from '../../gen/google/api/httpbody_pb.ts';
import type { HttpRequest, HttpResponse } from '../http-exchange.ts';
import { HttpFault } from './http-fault.ts';
import type { Invoker } from './invoke.ts';
import { problemAnswer } from './problem-details.ts';
import { readRequest, type ReadOptions, type RoutedRequest } from './read-request.ts';
import { isObject, toRestJson } from './rest-json.ts';
import { findRoute, type Route } from './route-table.ts';
import { sendBody } from './send-body.ts';
import { writeStream } from './write-stream.ts';

export const MAX_URL_LENGTH = 8192;
const MIN_GZIP_BYTES = 1024;

export interface TranscoderOptions extends ReadOptions {
  readonly routes: readonly Route[];
  readonly invoker: Invoker;
  /** Refuses the call or notes who makes it, before any of its body is read. */
  authorise(rpc: DescMethod, headers: Headers, values: ContextValues): Promise<void>;
  /** A defect of ours, whose caller only hears "internal". */
  readonly onInternalError: (error: unknown) => void;
}

/** Serves every REST binding of the proto. Whatever happens becomes an answer. */
export function createTranscoder(
  options: TranscoderOptions,
): (request: HttpRequest, response: HttpResponse) => void {
  return (request, response) => {
    serve(request, response, options).catch((error: unknown) =>
      sendProblem({ request, response, error, onInternalError: options.onInternalError }),
    );
  };
}

async function serve(
  request: HttpRequest,
  response: HttpResponse,
  options: TranscoderOptions,
): Promise<void> {
  const url = parseUrl(request.url ?? '/');
  const verb = request.method ?? 'GET';
  const match = findRoute(options.routes, { verb, path: url.pathname, query: url.searchParams });
  if (match.kind === 'none') throw new HttpFault(404, `Nothing is served at ${url.pathname}.`);
  if (match.kind === 'wrong-verb') {
    const allow = match.allowed.toSorted().join(', ');
    if (verb === 'OPTIONS') return sendNothing(response, { allow });
    throw new HttpFault(405, `${url.pathname} takes ${allow}, not ${verb}.`, { allow });
  }
  const { route, variables } = match;
  const headers = toWebHeaders(request);
  const values = createContextValues();
  await options.authorise(route.rpc, headers, values);
  const routed: RoutedRequest = { request, route, variables, query: url.searchParams };
  const message = await readRequest(routed, options);
  const signal = closeSignal(response);
  const call = { rpc: route.rpc, message, headers, url: url.href, signal, values };
  const { messages, headers: answerHeaders } = options.invoker.invoke(call);
  const { output } = route.rpc;
  if (route.rpc.methodKind === 'unary') {
    await sendMessage({ request, response, route, messages, headers: answerHeaders });
  } else {
    await writeStream({ request, response, desc: output, messages });
  }
}

/** 204. */
export function sendNothing(
  response: HttpResponse,
  headers: { readonly [name: string]: string } = {},
): void {
  response.writeHead(204, headers);
  response.end();
}

function parseUrl(text: string): URL {
  if (text.length > MAX_URL_LENGTH) {
    throw new HttpFault(414, `The address is longer than ${MAX_URL_LENGTH} characters.`);
  }
  const url = URL.parse(text, 'http://behest');
  if (url === null) throw new HttpFault(400, 'The address is not a valid URL.');
  return url;
}

function toWebHeaders(request: HttpRequest): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(':')) continue;
    headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return headers;
}

/** Fires when the client goes away, or the answer is complete. */
function closeSignal(response: HttpResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => controller.abort());
  return controller.signal;
}

interface UnaryAnswer {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly route: Route;
  readonly messages: AsyncIterable<Message>;
  readonly headers: Headers;
}

async function sendMessage(answer: UnaryAnswer): Promise<void> {
  const { request, response, route, messages, headers } = answer;
  for await (const message of messages) {
    if (isMessage(message, HttpBodySchema)) {
      sendBody({ request, response, body: message, headers });
      continue;
    }
    const json = toRestJson(route.rpc.output, message);
    const body =
      route.responseBody !== '' && isObject(json) ? (json[route.responseBody] ?? null) : json;
    await sendJson({ request, response, status: 200, headers: {}, body });
  }
}

interface JsonAnswer {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: JsonValue;
}

/** Sends JSON, compressed where that pays and the client takes it. */
export async function sendJson(answer: JsonAnswer): Promise<void> {
  const { request, response, status } = answer;
  const plain = Buffer.from(`${JSON.stringify(answer.body)}\n`);
  const takesGzip = /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '');
  const isCompressed = takesGzip && plain.length >= MIN_GZIP_BYTES;
  const bytes = isCompressed ? await promisify(gzip)(plain) : plain;
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...answer.headers,
    ...(isCompressed ? { 'content-encoding': 'gzip', vary: 'accept-encoding' } : {}),
    'content-length': bytes.length,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

export interface ProblemOptions {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  readonly error: unknown;
  readonly onInternalError: (error: unknown) => void;
}

/** Answers an error as RFC 9457 says; what is our own fault also goes to the log. */
export async function sendProblem(options: ProblemOptions): Promise<void> {
  const { request, response, error } = options;
  const answer = problemAnswer(error);
  if (answer.status === 500) options.onInternalError(error);
  if (response.headersSent) return void response.destroy();
  // The rest of a refused body is read and dropped, or a client that still sends sees a reset.
  request.resume();
  await sendJson({ request, response, ...answer });
}
