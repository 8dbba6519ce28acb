import type { Json } from '../../expr/json.ts';
import { storeArtifact, type ArtifactReference } from '../artifact-reference.ts';
import { HardError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import { configReader } from '../read-config.ts';
import { artifactConfig } from './schema.ts';

interface StoreConfig {
  readonly name: string;
  readonly content: Json;
  readonly encoding: 'utf8' | 'base64';
  readonly mediaType?: string;
}

interface ArtifactConfig {
  readonly store?: StoreConfig;
  readonly fetch?: ArtifactReference;
  readonly as: 'text' | 'json' | 'base64';
  readonly maxBytes: number;
}

const readArtifactConfig = configReader<ArtifactConfig>({
  type: 'artifact',
  schema: artifactConfig,
  fileKeys: [],
});

/** One artifact: what a blob of the transport may hold. */
const MAX_STORED_BYTES = 64 * 1024 * 1024;
const NAME = /^(?!\.{1,2}$)[^/\\\p{Cc}]{1,255}$/u;
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+( *; *[\w.+-]+=("[^"\p{Cc}]*"|[\w.+-]+))*$/u;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Stores or fetches what the config names; see docs/spec/nodes/artifact.md. */
export async function executeArtifact(context: StepContext, config: Json): Promise<Json> {
  const settings = readArtifactConfig(config);
  if (settings.store !== undefined) return store(context, settings.store);
  if (settings.fetch !== undefined) return fetchContent(context, settings, settings.fetch);
  throw new HardError('invalid_input', 'the config has neither `store` nor `fetch`; give one');
}

async function store(context: StepContext, config: StoreConfig): Promise<Json> {
  const { name, mediaType } = config;
  if (!NAME.test(name)) {
    const expected = 'a file name of at most 255 characters without slashes';
    const found = JSON.stringify(name.slice(0, 100));
    throw new HardError('invalid_input', `store.name is ${found}; expected ${expected}`);
  }
  if (mediaType !== undefined && !MEDIA_TYPE.test(mediaType)) {
    const found = JSON.stringify(mediaType.slice(0, 100));
    throw new HardError('invalid_input', `store.mediaType is ${found}; expected e.g. text/csv`);
  }
  const bytes = bytesOf(config);
  if (bytes.byteLength > MAX_STORED_BYTES) {
    const found = `'${name}' has ${bytes.byteLength} bytes`;
    const remedy = `an artifact holds at most ${MAX_STORED_BYTES}: store it in parts`;
    throw new HardError('limit', `${found}; ${remedy}`);
  }
  return storeArtifact(context, {
    path: name,
    bytes,
    ...(mediaType === undefined ? {} : { mediaType }),
  });
}

function bytesOf({ content, encoding }: StoreConfig): Uint8Array {
  if (encoding === 'utf8') {
    const text = typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`;
    return Buffer.from(text);
  }
  const packed = typeof content === 'string' ? content.replaceAll(/\s+/g, '') : null;
  if (packed !== null && BASE64.test(packed) && packed.replace(/=+$/, '').length % 4 !== 1) {
    return Buffer.from(packed, 'base64');
  }
  throw new HardError('invalid_input', 'store.content is no base64, which `encoding` says it is');
}

async function fetchContent(
  context: StepContext,
  config: ArtifactConfig,
  reference: ArtifactReference,
): Promise<Json> {
  const bytes = await context.loadBlob(reference.artifact);
  if (bytes.byteLength > config.maxBytes) {
    throw new HardError(
      'limit',
      `artifact '${reference.name}' has ${bytes.byteLength} bytes, more than maxBytes ` +
        `(${config.maxBytes}); raise it, or read the file in a code step`,
    );
  }
  if (config.as === 'base64') return Buffer.from(bytes).toString('base64');
  const text = decoded(bytes, reference);
  return config.as === 'json' ? parsed(text, reference) : text;
}

function decoded(bytes: Uint8Array, { name }: ArtifactReference): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const message = `artifact '${name}' is no UTF-8 text; fetch it as base64`;
    throw new HardError('malformed_output', message, { cause: error });
  }
}

function parsed(text: string, { name }: ArtifactReference): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    const message = `artifact '${name}' is no JSON: ${error instanceof Error ? error.message : ''}`;
    throw new HardError('malformed_output', message, { cause: error });
  }
}
