import { didYouMean } from '../expr/suggest.ts';
import { isJsonObject, type JsonObject } from '../expr/json.ts';
import type { Path, Problem } from '../graph/problem.ts';
import type { Converted, Dialect, DialectContext } from './dialects/dialect.ts';
import { detectShape, DIALECTS } from './dialects/detect.ts';
import { sameOrigins } from './dialects/origins.ts';
import type { ManifestDocument } from './parse.ts';
import { schemaCheck, type Check } from './schema/check-schema.ts';
import { describeFound } from './schema/describe.ts';
import { unserved } from './unserved.ts';

export const API_VERSION = 'behest.dev/v1';
const KINDS = ['Workflow', 'Run'] as const;

export type Kind = (typeof KINDS)[number];

/** A document as canonical manifests, not yet checked by their schemas. */
export interface Interpreted {
  readonly manifests: readonly CanonicalManifest[];
  /** Paths are those of the document as written. */
  readonly problems: readonly Problem[];
}

export interface CanonicalManifest {
  readonly kind: Kind;
  readonly manifest: JsonObject;
  readonly trace: (path: Path) => Path;
  /** Name of the dialect; empty for a canonical manifest. */
  readonly dialect: string;
}

/** Finds out what a document is, and turns every shape into canonical manifests. */
export function interpret(document: ManifestDocument, context: DialectContext): Interpreted {
  const { value } = document;
  if (!isJsonObject(value)) {
    return refuse('not-a-manifest', [], {
      message: `Expected a manifest, which is an object; found ${describeFound(value)}.`,
      hint: shapes(),
    });
  }
  const shape = detectShape(value);
  if (shape.kind === 'dialect') return fromDialect(value, shape.dialect, context);
  return shape.kind === 'canonical' ? fromCanonical(value) : unknownShape(value);
}

function fromCanonical(value: JsonObject): Interpreted {
  const { apiVersion, kind } = value;
  if (apiVersion !== API_VERSION) {
    const hint = `Write "apiVersion: ${API_VERSION}".`;
    if (apiVersion === undefined) {
      return refuse('missing-field', [], { message: 'The field "apiVersion" is missing.', hint });
    }
    const message = `Expected apiVersion "${API_VERSION}", found ${describeFound(apiVersion)}.`;
    return refuse('unknown-api-version', ['apiVersion'], { message, hint });
  }
  const known = KINDS.find((each) => each === kind);
  if (known !== undefined) {
    const trace = sameOrigins.trace.bind(sameOrigins);
    return { manifests: [{ kind: known, manifest: value, trace, dialect: '' }], problems: [] };
  }
  if (kind === undefined) {
    return refuse('missing-field', [], {
      message: 'The field "kind" is missing.',
      hint: `Write "kind: ${KINDS.join('" or "kind: ')}".`,
    });
  }
  const planned = typeof kind === 'string' ? unserved('kind', kind) : undefined;
  if (planned !== undefined) return refuse(planned.code, ['kind'], { hint: '', ...planned });
  return refuse('unknown-kind', ['kind'], {
    message: `Expected a kind of manifest, found ${describeFound(kind)}.`,
    hint:
      (typeof kind === 'string' ? didYouMean(kind, KINDS) : undefined) ??
      `The kinds are ${KINDS.join(', ')}.`,
  });
}

const dialectChecks = new Map<Dialect, Check>();

function fromDialect(value: JsonObject, dialect: Dialect, context: DialectContext): Interpreted {
  const check = dialectChecks.get(dialect) ?? schemaCheck(dialect.schema);
  dialectChecks.set(dialect, check);
  const problems = check(value);
  if (problems.length > 0) return { manifests: [], problems };
  const converted: readonly Converted[] = dialect.convert(value, context);
  return {
    manifests: converted.map(({ manifest, origins }) => ({
      kind: 'Workflow',
      manifest,
      trace: (path) => origins.trace(path),
      dialect: dialect.name,
    })),
    problems: converted.flatMap((each) => each.problems),
  };
}

function unknownShape(value: JsonObject): Interpreted {
  const keys = Object.keys(value);
  const [first] = keys;
  const names = ['apiVersion', 'kind', 'nodes', 'steps', 'jobs', 'tasks'];
  const near = keys.map((key) => ({ key, hint: didYouMean(key, names) })).find(({ hint }) => hint);
  if (near?.hint !== undefined) {
    const message = `This is no manifest: it has none of the known shapes, but a field "${near.key}".`;
    return refuse('not-a-manifest', [near.key], { message, hint: near.hint, atKey: true });
  }
  const path = first === undefined ? [] : [first];
  const message = 'This is no manifest: it has none of the known shapes.';
  return refuse('not-a-manifest', path, { message, hint: shapes(), atKey: true });
}

function shapes(): string {
  const written = DIALECTS.map(({ name, shape }) => `${name} ${shape}`).join('; ');
  return `Begin with "apiVersion: ${API_VERSION}", or use one of: ${written}. A file that is no manifest can be listed in .behestignore.`;
}

function refuse(
  code: string,
  path: Path,
  text: { readonly message: string; readonly hint: string; readonly atKey?: boolean },
): Interpreted {
  return { manifests: [], problems: [{ code, severity: 'error', path, ...text }] };
}
