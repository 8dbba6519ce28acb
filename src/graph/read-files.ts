import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import { didYouMean } from '../expr/suggest.ts';
import type { DraftStep } from './draft.ts';
import type { Path } from './problem.ts';
import type { Problems } from './problems.ts';

/** The files of a workflow's folder, and which of them its steps refer to. */
export interface Files {
  readonly known: Readonly<Record<string, string>>;
  readonly used: Set<string>;
}

/** The step's config with each file that it names as `{ $file: path }`. */
export function readFiles(step: DraftStep, files: Files, problems: Problems): JsonObject {
  const { config = {} } = step.spec;
  const { fileKeys } = step.traits;
  const named = fileKeys.filter((key) => config[key] !== undefined);
  if (named.length === 0) return config;
  const result: { [key: string]: Json } = { ...config };
  for (const key of named) {
    const path = [...step.path, 'config', key];
    const value = config[key] ?? null;
    result[key] = Array.isArray(value)
      ? value.map((item: Json, index) =>
          // A template in a list is data of the run, such as the reference to an artifact.
          isTemplate(item) ? item : readFile(item, { path: [...path, index], files, problems }),
        )
      : readFile(value, { path, files, problems });
  }
  return result;
}

function isTemplate(value: Json): boolean {
  return typeof value === 'string' && value.includes('{{');
}

function readFile(
  value: Json,
  place: { readonly path: Path; readonly files: Files; readonly problems: Problems },
): Json {
  const written = isJsonObject(value) ? value['$file'] : value;
  // Of another type than text: the schema of the config tells.
  if (typeof written !== 'string') return value;
  const file = written.replace(/^(\.\/)+/, '');
  const { path, files, problems } = place;
  if (Object.hasOwn(files.known, file)) {
    files.used.add(file);
    return { $file: file };
  }
  problems.error('missing-file', path, {
    message: `There is no file "${written}" beside the workflow.`,
    hint: () => hintFor(file, files),
  });
  return value;
}

function hintFor(file: string, files: Files): string {
  if (file.includes('{{')) return 'A file is named by a plain path: it is part of the version.';
  if (file.startsWith('/') || file.startsWith('..')) {
    return 'Paths are relative to the workflow’s folder, and inside it.';
  }
  const known = Object.keys(files.known);
  if (known.length === 0) return 'Files belong into a folder with the workflow.yaml.';
  return didYouMean(file, known) ?? `The folder has ${known.toSorted().slice(0, 10).join(', ')}.`;
}
