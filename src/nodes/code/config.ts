import { posix } from 'node:path';
import type { Json } from '../../expr/json.ts';
import type { ArtifactReference } from '../artifact-reference.ts';
import { configReader } from '../read-config.ts';
import type { Language } from './call.ts';
import { codeConfig } from './schema.ts';

type File = string | { readonly $file: string };

/** The config of a code step as it reaches a runner, defaults filled in. */
export interface CodeConfig {
  readonly language?: Language;
  readonly code?: string;
  readonly file?: File;
  readonly function: string;
  readonly input?: Json;
  readonly input_mapping?: { readonly [name: string]: Json };
  readonly files: readonly (File | ArtifactReference)[];
  readonly outputs: readonly string[];
  readonly memoryMb: number;
  readonly sandbox: 'wasm' | 'none';
}

export const readCodeConfig = configReader<CodeConfig>({
  type: 'code',
  schema: codeConfig,
  fileKeys: ['file', 'files'],
});

/** The language that a config asks for, by the file's name where it says nothing. */
export function languageOf(config: CodeConfig, filename: string): Language {
  if (config.language !== undefined) return config.language;
  return ['.js', '.mjs', '.cjs'].includes(posix.extname(filename)) ? 'javascript' : 'python';
}
