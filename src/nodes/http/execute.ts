import { request as send, type Dispatcher } from 'undici';
import type { Json } from '../../expr/json.ts';
import { abortFailure, HardError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import { connectionFailure, statusFailure, type ReceivedResponse } from './classify.ts';
import { readHttpConfig, type HttpConfig, type ResponseConfig } from './config.ts';
import { guardedAgent } from './guarded-agent.ts';
import { atPointer, parseBody } from './parse-body.ts';
import { readBody } from './read-body.ts';
import { firstRequest, redirectedRequest, shownUrl, type HttpRequest } from './request.ts';
import { requestBody } from './request-body.ts';

const MAX_REDIRECTS = 5;

interface Exchange {
  readonly request: HttpRequest;
  readonly response: ReceivedResponse;
}

/** Makes the request that the config describes; see docs/spec/nodes/http.md. */
export async function executeHttp(context: StepContext, config: Json): Promise<Json> {
  const startedAt = performance.now();
  const settings = readHttpConfig(config);
  const body = await requestBody(context, settings);
  const first = firstRequest(context, settings, body);
  const { request, response } = await followRedirects(context, settings, first);
  checkStatus(request, response, settings.response);
  const parsed = parseBody(
    response.body,
    response.headers['content-type'] ?? '',
    settings.response.parse,
  );
  return {
    status: response.status,
    headers: response.headers,
    body: parsed,
    url: request.url.href,
    durationMs: Math.round(performance.now() - startedAt),
    ...extracted(parsed, settings.response.extract),
  };
}

async function followRedirects(
  context: StepContext,
  config: HttpConfig,
  first: HttpRequest,
): Promise<Exchange> {
  let request = first;
  for (let hops = 0; ; hops += 1) {
    const response = await exchange(context, request, config.response.maxBytes);
    const next = config.followRedirects
      ? redirectedRequest(request, response.status, response.headers['location'])
      : null;
    if (next === null) return { request, response };
    if (hops === MAX_REDIRECTS) {
      throw new HardError(
        'limit',
        `${first.method} ${shownUrl(first.url)} was redirected more than ${MAX_REDIRECTS} times`,
      );
    }
    request = next;
  }
}

async function exchange(
  context: StepContext,
  request: HttpRequest,
  maxBytes: number,
): Promise<ReceivedResponse> {
  try {
    const answer = await send(request.url, {
      method: request.method,
      headers: Object.fromEntries(request.headers),
      body: request.body,
      dispatcher: guardedAgent(context.settings),
      signal: context.signal,
    });
    const headers = joinedHeaders(answer.headers);
    const encoding = request.method === 'HEAD' ? undefined : headers['content-encoding'];
    const body = await readBody(answer.body, { encoding, maxBytes });
    return { status: answer.statusCode, headers, body };
  } catch (error) {
    if (context.signal.aborted) throw abortFailure(context.signal);
    throw connectionFailure(request, error);
  }
}

function joinedHeaders(headers: Dispatcher.ResponseData['headers']): { [name: string]: string } {
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name.toLowerCase(), [value].flat().join(', ')]),
  );
}

function checkStatus(
  request: HttpRequest,
  response: ReceivedResponse,
  config: ResponseConfig,
): void {
  const { status } = response;
  const { expectStatus } = config;
  if (expectStatus === undefined ? status < 400 : expectStatus.includes(status)) return;
  throw statusFailure(request, response, expectStatus?.join(' or ') ?? '2xx or 3xx');
}

function extracted(body: Json, pointers: ResponseConfig['extract']): { extracted?: Json } {
  if (pointers === undefined) return {};
  const values = Object.entries(pointers).map(([name, pointer]) => [
    name,
    atPointer(body, pointer),
  ]);
  return { extracted: Object.fromEntries(values) as Json };
}
