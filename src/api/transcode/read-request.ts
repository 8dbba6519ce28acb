import {
  getOption,
  hasOption,
  type JsonObject,
  type JsonValue,
  type Message,
} from '@bufbuild/protobuf';
import type { HttpRequest } from '../http-exchange.ts';
import { upload } from '../../gen/behest/v1/rest_pb.ts';
import { invalidField } from '../fault.ts';
import { HttpFault } from './http-fault.ts';
import type { BoundVariable } from './path-template.ts';
import { applyQuery, setField } from './query.ts';
import { parseJson, readBytes } from './read-body.ts';
import { parseForm, readForm } from './read-form.ts';
import { fromRestJson, isObject } from './rest-json.ts';
import type { Route } from './route-table.ts';

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly maxUploadBytes: number;
}

export interface ReadOptions {
  readonly limits: BodyLimits;
  readonly putBlob: (bytes: Uint8Array) => Promise<string>;
}

export interface RoutedRequest {
  readonly request: HttpRequest;
  readonly route: Route;
  readonly variables: readonly BoundVariable[];
  readonly query: URLSearchParams;
}

/** The RPC's request message. Where sources disagree the path wins, then the body, then the query. */
export async function readRequest(routed: RoutedRequest, options: ReadOptions): Promise<Message> {
  const { route, query, variables } = routed;
  const { input } = route.rpc;
  const json: JsonObject = {};
  applyQuery(input, json, query);
  Object.assign(json, await readBody(routed, options));
  for (const variable of variables) setField(input, json, variable);
  applyHeaders(routed, json);
  return fromRestJson(input, json);
}

/** Headers that carry what a field carries too. The field wins. */
const headerFields = { 'idempotency-key': 'idempotency_key', 'last-event-id': 'cursor' } as const;

function applyHeaders({ request, route }: RoutedRequest, json: JsonObject): void {
  for (const [header, field] of Object.entries(headerFields)) {
    const value = request.headers[header];
    const isKnown = route.rpc.input.fields.some(({ name }) => name === field);
    if (isKnown && typeof value === 'string' && json[field] === undefined) json[field] = value;
  }
}

async function readBody(routed: RoutedRequest, options: ReadOptions): Promise<JsonObject> {
  const { request, route } = routed;
  const type = mediaType(request);
  const rules = hasOption(route.rpc, upload) ? getOption(route.rpc, upload) : null;
  if (type === 'multipart/form-data' && rules !== null) {
    const { maxUploadBytes: maxBytes } = options.limits;
    return readForm(request, { upload: rules, maxBytes, putBlob: options.putBlob });
  }
  const bytes = await readBytes(request, options.limits.maxBodyBytes);
  if (bytes.length === 0) return {};
  if (route.body === '')
    throw invalidField('', `${route.verb} ${route.template.text} takes no body.`);
  const text = decodeText(bytes);
  if (isYaml(type)) return yamlBody(route, text);
  // curl -d calls everything a form when nobody says what it is: JSON is taken for what it is.
  const isForm = type === 'application/x-www-form-urlencoded';
  const isUnlabelled = type === '' || (isForm && /^\s*[{[]/.test(text));
  if (isUnlabelled || isJson(type)) return jsonBody(route, parseJson(text));
  if (isForm && rules !== null) return parseForm(text, rules);
  throw unsupported(route, type);
}

function jsonBody(route: Route, json: JsonValue): JsonObject {
  if (route.body !== '*') return { [route.body]: json };
  if (isObject(json)) return json;
  throw invalidField('', 'The body must be a JSON object.');
}

/** YAML goes to the field `text` as it is, so that problems can name its lines. */
function yamlBody(route: Route, text: string): JsonObject {
  const takesText = route.rpc.input.fields.some(({ name }) => name === 'text');
  if (!takesText) throw unsupported(route, 'YAML');
  return { text };
}

function unsupported(route: Route, found: string): HttpFault {
  const form = hasOption(route.rpc, upload) ? ' or multipart/form-data' : '';
  const message = `${route.verb} ${route.template.text} takes application/json${form}, found ${found}.`;
  return new HttpFault(415, message);
}

function mediaType(request: HttpRequest): string {
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  return type.trim().toLowerCase();
}

function isJson(type: string): boolean {
  return type === 'application/json' || type === 'text/json' || type.endsWith('+json');
}

function isYaml(type: string): boolean {
  return ['application/yaml', 'application/x-yaml', 'text/yaml', 'text/x-yaml'].includes(type);
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw invalidField('', 'The body is not valid UTF-8.');
  }
}
