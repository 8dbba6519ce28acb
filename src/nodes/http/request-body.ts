import { posix } from 'node:path';
import { HardError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import { filePath } from '../read-config.ts';
import type { HttpConfig, MultipartFile, Parameters } from './config.ts';

export interface RequestBody {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** The body that the config asks for, in memory so that a redirect can repeat it; or none. */
export async function requestBody(
  context: StepContext,
  config: HttpConfig,
): Promise<RequestBody | undefined> {
  if (config.form !== undefined) {
    return text(parameters(config.form).toString(), 'application/x-www-form-urlencoded');
  }
  if (config.multipart !== undefined) return multipartBody(context, config);
  if (config.bodyFile !== undefined) {
    const bytes = await context.readFile(filePath(config.bodyFile));
    return { bytes, contentType: 'application/octet-stream' };
  }
  if (config.body === undefined) return undefined;
  if (typeof config.body === 'string') return text(config.body, 'text/plain; charset=utf-8');
  return text(JSON.stringify(config.body), 'application/json');
}

function text(content: string, contentType: string): RequestBody {
  return { bytes: Buffer.from(content), contentType };
}

/** Query or form parameters: a list repeats its name, null leaves it out. */
export function parameters(values: Parameters): URLSearchParams {
  const result = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    for (const single of [value].flat()) {
      if (single !== null) result.append(name, String(single));
    }
  }
  return result;
}

async function multipartBody(context: StepContext, config: HttpConfig): Promise<RequestBody> {
  const form = new FormData();
  for (const [name, value] of Object.entries(config.multipart?.fields ?? {})) {
    if (value !== null) form.append(name, String(value));
  }
  const paths = new Set(config.files.map((file) => posix.normalize(filePath(file))));
  for (const file of config.multipart?.files ?? []) {
    const content = new Uint8Array(await fileContent(context, file, paths));
    const { name, mediaType } = describedFile(file);
    form.append(file.name, new Blob([content], { type: mediaType }), name);
  }
  const encoded = new Response(form);
  return {
    bytes: new Uint8Array(await encoded.arrayBuffer()),
    contentType: encoded.headers.get('content-type') ?? 'multipart/form-data',
  };
}

/** What the form says of a file: what the config says, else what is known of it. */
function describedFile({ name, file, filename, contentType }: MultipartFile): {
  readonly name: string;
  readonly mediaType: string;
} {
  const isArtifact = typeof file === 'object';
  const own = isArtifact ? file.name : (file ?? name);
  const known = isArtifact ? file.media_type : undefined;
  return {
    name: filename ?? posix.basename(own),
    mediaType: contentType ?? known ?? 'application/octet-stream',
  };
}

async function fileContent(
  context: StepContext,
  file: MultipartFile,
  paths: ReadonlySet<string>,
): Promise<Uint8Array> {
  if (file.content !== undefined) return Buffer.from(file.content);
  if (file.contentBase64 !== undefined) return Buffer.from(file.contentBase64, 'base64');
  if (typeof file.file === 'object') return context.loadBlob(file.file.artifact);
  const path = posix.normalize(file.file ?? '');
  if (paths.has(path)) return context.readFile(path);
  throw new HardError(
    'invalid_input',
    `multipart.files: '${path}' is not one of the paths in \`files\` ` +
      `(${[...paths].join(', ') || 'none'}); add it there, so that it is stored with the workflow`,
  );
}
