import { dirname, relative, sep } from 'node:path';
import type { Plugin } from 'rolldown';
import { type ESTree, parseSync, Visitor } from 'rolldown/utils';

/**
 * Packages that look for their own files in code that we never call: the transports of pino, which
 * write logs from threads, and a word that undici adds to the stack traces of `fetch`.
 */
const LOOK_AROUND = ['pino', 'thread-stream', 'undici'];

/**
 * Has `import.meta.url`, `dirname` and `filename` go on meaning the source file's own place, seen
 * from the bundle's files, which all stand in `folder`: what is read from beside a source (worker
 * programs, migrations) is read from there also by the bundle, wherever the repository is moved to.
 */
export function keepPlaces(folder: string): Plugin {
  return {
    name: 'keep-places',
    transform: {
      filter: { code: /import\.meta|__dirname|__filename/ },
      handler(code, id) {
        if (id.startsWith('\0')) return null;
        const { places, lost } = findPlaces(id, code);
        const [first] = lost;
        if (first !== undefined && !LOOK_AROUND.some((name) => id.includes(`/${name}/`))) {
          this.error(
            `${id} uses ${first}, which a bundle does not have. Remedy: make its package external ` +
              'in build/bundle.ts, or name it in build/keep-places.ts when that code is never run.',
          );
        }
        return { code: replaceAll(code, places, placesFrom(folder, id)), map: null };
      },
    },
  };
}

interface Place {
  readonly start: number;
  readonly end: number;
  readonly property: string;
}

type Texts = Readonly<Record<string, string>>;

/** What stands in a file of the bundle for each property of `import.meta` of the module `id`. */
function placesFrom(folder: string, id: string): Texts {
  const towards = (path: string): string => relative(folder, path).split(sep).join('/');
  const join = 'process.getBuiltinModule("node:path").join';
  const path = (of: string): string =>
    `${join}(import.meta.dirname, ${JSON.stringify(towards(of))})`;
  return {
    url: `new URL(${JSON.stringify(encodeURI(towards(id)))}, import.meta.url).href`,
    dirname: path(dirname(id)),
    filename: path(id),
  };
}

function findPlaces(id: string, code: string): { places: Place[]; lost: string[] } {
  const places: Place[] = [];
  const lost: string[] = [];
  const visitor = new Visitor({
    MemberExpression(node) {
      const property = propertyOfMeta(node);
      if (property === null) return;
      if (property in placesFrom('/', '/')) {
        places.push({ start: node.start, end: node.end, property });
      } else lost.push(`import.meta.${property}`);
    },
    Identifier({ name }) {
      if (name === '__dirname' || name === '__filename') lost.push(name);
    },
  });
  visitor.visit(parseSync(id, code).program);
  return { places, lost };
}

function propertyOfMeta({ object, property }: ESTree.MemberExpression): string | null {
  if (object.type !== 'MetaProperty' || object.meta.name !== 'import') return null;
  return property.type === 'Identifier' ? property.name : 'an expression';
}

function replaceAll(code: string, places: readonly Place[], texts: Texts): string {
  let replaced = code;
  for (const { start, end, property } of places.toSorted((a, b) => b.start - a.start)) {
    replaced = replaced.slice(0, start) + (texts[property] ?? '') + replaced.slice(end);
  }
  return replaced;
}
