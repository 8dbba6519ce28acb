/** A parsed path of google.api.http: `/v1/{name=shelves/*}/books/{id}:verb`. */
export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly Segment[];
  readonly variables: readonly Variable[];
  /** After the last colon; empty is none. */
  readonly verb: string;
}

export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  /** `*`: one segment. */
  | { readonly kind: 'one' }
  /** `**`: all that is left, also nothing. */
  | { readonly kind: 'rest' };

/** The field takes the text of the segments from `start` on, up to `end`, which is not included. */
export interface Variable {
  readonly field: readonly string[];
  readonly start: number;
  readonly end: number;
}

/** Parses a template; a final slash means nothing. Throws on what the grammar does not know. */
export function parsePathTemplate(text: string): PathTemplate {
  if (!text.startsWith('/')) throw new Error(`path template "${text}" does not begin with "/"`);
  const colon = text.lastIndexOf(':');
  const hasVerb = colon > Math.max(text.lastIndexOf('/'), text.lastIndexOf('}'));
  const verb = hasVerb ? text.slice(colon + 1) : '';
  const path = (hasVerb ? text.slice(0, colon) : text).replace(/\/$/, '');
  const segments: Segment[] = [];
  const variables: Variable[] = [];
  for (const part of path.matchAll(/\/(?:\{([^}]*)\}|([^/{}]+))/g)) {
    const [, variable, plain] = part;
    if (variable === undefined) {
      segments.push(parseSegment(plain ?? ''));
      continue;
    }
    const [field = '', pattern = '*'] = variable.split('=');
    const start = segments.length;
    segments.push(...pattern.split('/').map(parseSegment));
    variables.push({ field: field.split('.'), start, end: segments.length });
  }
  const rest = segments.findIndex(({ kind }) => kind === 'rest');
  if (rest !== -1 && rest !== segments.length - 1) {
    throw new Error(`path template "${text}": "**" must be the last segment`);
  }
  return { text, segments, variables, verb };
}

function parseSegment(text: string): Segment {
  if (text === '*') return { kind: 'one' };
  if (text === '**') return { kind: 'rest' };
  return { kind: 'literal', text };
}

/** A request's path, split once for all templates. Null when its percent-encoding is broken. */
export interface RequestPath {
  readonly segments: readonly string[];
  /** The same without the verb in the last segment. */
  readonly beforeVerb: readonly string[];
  readonly verb: string;
}

export function splitRequestPath(path: string): RequestPath {
  const trimmed = path.replace(/\/$/, '');
  const segments = trimmed === '' ? [] : trimmed.slice(1).split('/');
  const last = segments.at(-1) ?? '';
  const colon = last.lastIndexOf(':');
  if (colon === -1) return { segments, beforeVerb: segments, verb: '' };
  const beforeVerb = [...segments.slice(0, -1), last.slice(0, colon)];
  return { segments, beforeVerb, verb: last.slice(colon + 1) };
}

export interface BoundVariable {
  readonly field: readonly string[];
  readonly value: string;
}

/** The values of the template's variables, or null where the path is another one. */
export function matchPath(template: PathTemplate, path: RequestPath): BoundVariable[] | null {
  if (template.verb !== '' && template.verb !== path.verb) return null;
  const segments = template.verb === '' ? path.segments : path.beforeVerb;
  if (!fits(template.segments, segments)) return null;
  const bound: BoundVariable[] = [];
  for (const { field, start, end } of template.variables) {
    const isRest = template.segments[end - 1]?.kind === 'rest';
    const taken = segments.slice(start, isRest ? undefined : end);
    const value = decode(taken);
    if (value === null || value === '') return null;
    bound.push({ field, value });
  }
  return bound;
}

function fits(expected: readonly Segment[], found: readonly string[]): boolean {
  const isOpen = expected.at(-1)?.kind === 'rest';
  const least = isOpen ? expected.length - 1 : expected.length;
  if (found.length < least || (!isOpen && found.length > least)) return false;
  return expected.every(
    (segment, index) => segment.kind !== 'literal' || segment.text === found[index],
  );
}

function decode(segments: readonly string[]): string | null {
  try {
    return segments.map(decodeURIComponent).join('/');
  } catch {
    // Broken percent-encoding names nothing that exists.
    return null;
  }
}

const rank = { literal: 0, one: 1, rest: 2 } as const;

/** Sorts templates so that the first that matches is the most literal one. */
export function comparePrecedence(a: PathTemplate, b: PathTemplate): number {
  for (const [index, segment] of a.segments.entries()) {
    const other = b.segments[index];
    if (other === undefined) return -1;
    const difference = rank[segment.kind] - rank[other.kind];
    if (difference !== 0) return difference;
  }
  if (a.segments.length !== b.segments.length) return b.segments.length - a.segments.length;
  return Number(a.verb === '') - Number(b.verb === '');
}
