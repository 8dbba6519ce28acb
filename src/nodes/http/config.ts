import type { Json } from '../../expr/json.ts';
import type { ArtifactReference } from '../artifact-reference.ts';
import { configReader } from '../read-config.ts';
import { httpConfig } from './schema.ts';

type Scalar = string | number | boolean | null;
type File = string | { readonly $file: string };

/** The config of an http step as it reaches a runner, defaults filled in. */
export interface HttpConfig {
  readonly url: string;
  readonly method: string;
  readonly headers: { readonly [name: string]: Scalar };
  readonly query: Parameters;
  readonly body?: Json;
  readonly bodyFile?: File;
  readonly form?: Parameters;
  readonly multipart?: {
    readonly fields: { readonly [name: string]: Scalar };
    readonly files: readonly MultipartFile[];
  };
  readonly files: readonly File[];
  readonly auth?: {
    readonly basic?: { readonly username: string; readonly password: string };
    readonly bearer?: string;
  };
  readonly followRedirects: boolean;
  readonly response: ResponseConfig;
}

export interface Parameters {
  readonly [name: string]: Scalar | readonly Scalar[];
}

export interface MultipartFile {
  readonly name: string;
  readonly file?: string | ArtifactReference;
  readonly content?: string;
  readonly contentBase64?: string;
  readonly filename?: string;
  readonly contentType?: string;
}

export interface ResponseConfig {
  readonly parse: 'auto' | 'json' | 'text' | 'base64';
  readonly maxBytes: number;
  readonly expectStatus?: readonly number[];
  readonly extract?: { readonly [name: string]: string };
}

export const readHttpConfig = configReader<HttpConfig>({
  type: 'http',
  schema: httpConfig,
  fileKeys: ['bodyFile', 'files'],
});
