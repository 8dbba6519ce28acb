import busboy from 'busboy';
import type { Readable } from 'node:stream';
import type { JsonObject, JsonValue } from '@bufbuild/protobuf';
import type { HttpRequest } from '../http-exchange.ts';
import type { UploadOptions } from '../../gen/behest/v1/rest_pb.ts';
import { invalidField } from '../fault.ts';
import { HttpFault } from './http-fault.ts';
import { parseLoosely } from './query.ts';
import { clientGone, refuseLarge } from './read-body.ts';

export interface FormOptions {
  readonly upload: UploadOptions;
  /** Of all parts together. */
  readonly maxBytes: number;
  /** Stores a file's content; answers its digest. */
  readonly putBlob: (bytes: Uint8Array) => Promise<string>;
}

/**
 * The JSON of a request from a form. Nothing is stored before the whole form has arrived within
 * the limits, so a refused form leaves nothing behind.
 */
export async function readForm(request: HttpRequest, options: FormOptions): Promise<JsonObject> {
  refuseLarge(Number(request.headers['content-length'] ?? 0), options.maxBytes);
  const parts = await collectParts(request, options.maxBytes);
  const stored: NamedValue[] = [];
  for (const part of parts) {
    const value = part.kind === 'file' ? await store(part, options) : part.text;
    stored.push({ name: part.name, value });
  }
  return arrange(stored, options.upload);
}

/** The same for `application/x-www-form-urlencoded`. */
export function parseForm(text: string, upload: UploadOptions): JsonObject {
  const fields = [...new URLSearchParams(text)];
  return arrange(
    fields.map(([name, value]) => ({ name, value })),
    upload,
  );
}

interface NamedValue {
  readonly name: string;
  /** Text of a field, or the reference to a file. */
  readonly value: string | JsonObject;
}

function arrange(values: readonly NamedValue[], upload: UploadOptions): JsonObject {
  const json: JsonObject = {};
  const gathered: JsonObject = {};
  for (const { name, value } of values) {
    if (typeof value !== 'string') add(gathered, name, value);
    else if (upload.fields.includes(name)) json[name] = value;
    else add(gathered, name, parseLoosely(value));
  }
  json[upload.into] = gathered;
  return json;
}

type Part =
  | { readonly kind: 'field'; readonly name: string; readonly text: string }
  | {
      readonly kind: 'file';
      readonly name: string;
      readonly fileName: string;
      readonly mediaType: string;
      readonly chunks: Buffer[];
    };

type FilePart = Extract<Part, { kind: 'file' }>;

function collectParts(request: HttpRequest, maxBytes: number): Promise<Part[]> {
  const { promise, resolve, reject } = Promise.withResolvers<Part[]>();
  const parts: Part[] = [];
  const parser = createParser(request, maxBytes);
  let size = 0;
  const fail = (error: unknown): void => {
    request.unpipe(parser);
    // What is still on its way is read and dropped: the answer reaches a client that still sends.
    request.resume();
    reject(error);
  };
  parser.on('field', (name, text, info) => {
    if (info.valueTruncated) fail(new HttpFault(413, `The form field ${name} is too large.`));
    parts.push({ kind: 'field', name, text });
  });
  parser.on('file', (name, stream: Readable, info) => {
    const part: FilePart = {
      kind: 'file',
      name,
      fileName: info.filename ?? '',
      mediaType: info.mimeType,
      chunks: [],
    };
    parts.push(part);
    stream.on('data', (chunk: Buffer) => part.chunks.push(chunk));
    // The form that breaks off within a file breaks both; the parser's error tells it.
    stream.on('error', () => undefined);
  });
  parser.on('error', (error) =>
    fail(invalidField('', `The form cannot be read: ${String(error)}`)),
  );
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) {
    parser.on(limit, () => fail(new HttpFault(413, tooManyParts)));
  }
  parser.on('close', () => resolve(parts));
  request.once('error', (error) => fail(clientGone(error)));
  request.once('aborted', () => fail(clientGone(null)));
  // Every byte counts, also those of names and plain fields, before the parser keeps any of it.
  request.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBytes) return;
    parts.length = 0;
    fail(new HttpFault(413, `The upload is larger than the limit of ${maxBytes} bytes.`));
  });
  request.pipe(parser);
  return promise;
}

export const MAX_FIELDS = 1000;
export const MAX_FILES = 100;
const tooManyParts = `A form has at most ${MAX_FIELDS} fields and ${MAX_FILES} files.`;

function createParser(request: HttpRequest, maxBytes: number): busboy.Busboy {
  const limits = {
    fieldSize: Math.min(maxBytes, 4 << 20),
    fields: MAX_FIELDS,
    files: MAX_FILES,
    parts: MAX_FIELDS + MAX_FILES,
  };
  const headers = { ...request.headers, 'content-type': request.headers['content-type'] ?? '' };
  try {
    return busboy({ headers, limits });
  } catch (error) {
    throw invalidField(
      '',
      `The form cannot be read: ${error instanceof Error ? error.message : ''}`,
    );
  }
}

async function store(part: FilePart, options: FormOptions): Promise<JsonObject> {
  const bytes = Buffer.concat(part.chunks);
  return {
    artifact: await options.putBlob(bytes),
    name: part.fileName,
    size: bytes.length,
    media_type: part.mediaType,
  };
}

/** A name that comes twice makes a list. */
function add(target: JsonObject, name: string, value: JsonValue): void {
  if (!Object.hasOwn(target, name)) {
    Object.defineProperty(target, name, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
    return;
  }
  const before = target[name] ?? null;
  target[name] = Array.isArray(before) ? [...before, value] : [before, value];
}
