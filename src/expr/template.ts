import type { Compiled, ExprProblem } from './compiled.ts';
import type { Deferred } from './deferred.ts';
import { Frame } from './frame.ts';
import type { Json, JsonObject } from './json.ts';
import type { Names, Scope } from './scope.ts';
import { compileText, type Text } from './template-text.ts';
import { setOwn } from './value.ts';

/** A JSON value with `{{ expression }}` in its strings, ready to be filled in. */
export interface Template {
  /** Ids of the steps that its expressions read. */
  readonly reads: ReadonlySet<string>;
  /** Throws ExpressionError. */
  evaluate(scope: Scope): Json;
}

/** A step's config: values that read secrets are left to the runner. */
export interface ConfigTemplate {
  readonly reads: ReadonlySet<string>;
  /** Throws ExpressionError. */
  resolve(scope: Scope): { readonly config: JsonObject; readonly deferred: readonly Deferred[] };
}

/** Mistakes of one value that are looked for, string by string. */
const MAX_PROBLEMS = 300;

type Path = readonly (string | number)[];

/** Fills one value in; `deferred` collects what only the runner may complete. */
type Fill = (frame: Frame, deferred: Deferred[]) => Json;

/** What a walk over a value collects. */
interface Walk {
  readonly names: Names;
  readonly problems: ExprProblem[];
  readonly reads: Set<string>;
  readonly verbatimKeys: readonly string[];
}

function newWalk(names: Names, verbatimKeys: readonly string[] = []): Walk {
  return { names, problems: [], reads: new Set(), verbatimKeys };
}

/** Compiles a value; every mistake in all of its strings is reported. Object keys are no templates. */
export function compileTemplate(value: Json, names: Names): Compiled<Template> {
  const walk = newWalk({ ...names, secrets: false });
  const fill = compileValue(value, [], walk);
  if (walk.problems.length > 0) return { ok: false, problems: walk.problems };
  const { reads } = walk;
  if (fill === null) return { ok: true, value: { reads, evaluate: () => value } };
  return { ok: true, value: { reads, evaluate: (scope) => fill(new Frame(scope), []) } };
}

/** Compiles a step's config. Keys of `verbatimKeys` (at its top) are taken as they are written. */
export function compileConfig(
  value: JsonObject,
  names: Names,
  options: { readonly verbatimKeys?: readonly string[] } = {},
): Compiled<ConfigTemplate> {
  const walk = newWalk(names, options.verbatimKeys);
  const fill = compileObject(value, [], walk);
  if (walk.problems.length > 0) return { ok: false, problems: walk.problems };
  const { reads } = walk;
  if (fill === null) {
    const resolved = { config: value, deferred: [] };
    return { ok: true, value: { reads, resolve: () => resolved } };
  }
  const resolve: ConfigTemplate['resolve'] = (scope) => {
    const deferred: Deferred[] = [];
    return { config: fill(new Frame(scope), deferred), deferred };
  };
  return { ok: true, value: { reads, resolve } };
}

/** Null when the value holds no template, so that it is shared as it is. */
function compileValue(value: Json, path: Path, walk: Walk): Fill | null {
  if (typeof value === 'string') return compileString(value, path, walk);
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) return compileItems(value, path, walk);
  return compileObject(value as JsonObject, path, walk);
}

function compileItems(items: readonly Json[], path: Path, walk: Walk): Fill | null {
  const fills = items.map((item, index) => compileValue(item, [...path, index], walk));
  if (fills.every((fill) => fill === null)) return null;
  return (frame, deferred) =>
    items.map((item, index) => {
      const fill = fills[index];
      return fill ? fill(frame, deferred) : item;
    });
}

function compileObject(
  value: JsonObject,
  path: Path,
  walk: Walk,
): ((frame: Frame, deferred: Deferred[]) => JsonObject) | null {
  const entries = Object.entries(value).map(([key, item]) => {
    const isVerbatim = path.length === 0 && walk.verbatimKeys.includes(key);
    return { key, item, fill: isVerbatim ? null : compileValue(item, [...path, key], walk) };
  });
  if (entries.every(({ fill }) => fill === null)) return null;
  return (frame, deferred) => {
    const result: { [key: string]: Json } = {};
    for (const { key, item, fill } of entries) {
      setOwn(result, key, fill === null ? item : fill(frame, deferred));
    }
    return result;
  };
}

function compileString(value: string, path: Path, walk: Walk): Fill | null {
  // A value with so many mistakes is broken in one way many times over.
  if (walk.problems.length > MAX_PROBLEMS) return null;
  const compiled = compileText(value, walk.names);
  if (compiled === null) return null;
  if (!compiled.ok) {
    for (const problem of compiled.problems) walk.problems.push({ ...problem, path });
    return null;
  }
  const text = compiled.value;
  for (const step of text.reads) walk.reads.add(step);
  return text.hasSecrets ? (frame, deferred) => defer({ frame, text, path }, deferred) : text.fill;
}

function defer(
  place: { readonly frame: Frame; readonly text: Text; readonly path: Path },
  deferred: Deferred[],
): null {
  deferred.push({ path: place.path, parts: place.text.parts(place.frame) });
  return null;
}
