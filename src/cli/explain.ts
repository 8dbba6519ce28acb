import { type Explanation, explain as lookUp } from '../manifest/explain.ts';
import { nodeTypes } from '../nodes/registry.ts';
import { CommandFailure } from './exit-code.ts';
import { type Paint, type Terminal, painter } from './terminal.ts';

/** `behest explain PATH`: what a field means, from the schemas, without a server. */
export function explain(
  terminal: Terminal,
  path: string,
  { recursive }: { readonly recursive?: boolean },
): void {
  const found = lookUp(path, nodeTypes);
  if (found.kind === 'unknown') {
    const meant = found.suggestion === null ? '' : ` Did you mean ${found.suggestion}?`;
    throw new CommandFailure('notFound', `${found.message}${meant}`);
  }
  const paint = painter(terminal);
  terminal.out(head(found, paint));
  if (found.fields.length === 0) return;
  terminal.out(
    `\n${paint('bold', 'FIELDS')}\n${fields(found, { paint, depth: recursive === true ? 8 : 0 })}`,
  );
}

function head(found: Explanation, paint: Paint): string {
  const lines = [
    `${paint('bold', found.path)}  ${paint('blue', found.type === '' ? 'any value' : found.type)}`,
    found.description,
    found.values === '' ? '' : `Allowed: ${found.values}`,
    found.defaultValue === null ? '' : `Default: ${found.defaultValue}`,
  ];
  return `${lines.filter((line) => line !== '').join('\n')}\n`;
}

function fields(
  { path, fields: list }: Explanation,
  { paint, depth, indent = '  ' }: { paint: Paint; depth: number; indent?: string },
): string {
  return list
    .map(({ name, type, isRequired, description }) => {
      const required = isRequired ? paint('yellow', ' -required-') : '';
      const own = `${indent}${paint('bold', name)}  ${paint('blue', type)}${required}\n`;
      const about = description === '' ? '' : `${indent}    ${description}\n`;
      const inner = depth > 0 ? lookUp(`${path}.${name}`, nodeTypes) : null;
      const below =
        inner?.kind === 'explanation'
          ? fields(inner, { paint, depth: depth - 1, indent: `${indent}  ` })
          : '';
      return own + about + below;
    })
    .join('');
}
