import { parseSync, visitorKeys } from 'oxc-parser';

export interface Import {
  readonly from: string;
  readonly isType: boolean;
  readonly line: number;
}

/** Something that a rule may forbid: `Date.now`, `process.env`, `await`, a text that reads as SQL. */
export interface Use {
  readonly kind: 'name' | 'async' | 'sql' | 'environment';
  readonly what: string;
  readonly line: number;
}

export interface ModuleFacts {
  readonly imports: readonly Import[];
  readonly uses: readonly Use[];
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

/** Reads what a TypeScript module imports and uses; throws where it does not parse. */
export function readModule(path: string, text: string): ModuleFacts {
  const result = parseSync(path, text);
  if (result.errors.length > 0) throw new Error(`${path}: ${result.errors[0]!.message}`);
  const imports: Import[] = [];
  const uses: Use[] = [];
  const lineOf = lineCounter(text);
  walk(result.program as unknown as Node, (node, parent) => {
    const line = lineOf(node.start);
    const found = importOf(node);
    if (found !== null) imports.push({ ...found, line });
    const use = useOf(node, parent);
    if (use !== null) uses.push({ ...use, line });
  });
  return { imports, uses };
}

function walk(node: Node, visit: (node: Node, parent: Node | null) => void): void {
  const step = (current: Node, parent: Node | null): void => {
    visit(current, parent);
    for (const key of visitorKeys[current.type] ?? []) {
      const children = current[key];
      for (const child of Array.isArray(children) ? children : [children]) {
        if (child !== null && typeof child === 'object') step(child as Node, current);
      }
    }
  };
  step(node, null);
}

function importOf(node: Node): Omit<Import, 'line'> | null {
  const from = literalText(node['source']);
  if (from === null) return null;
  switch (node.type) {
    case 'ImportDeclaration':
      return { from, isType: isTypeOnly(node, 'importKind') };
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return { from, isType: isTypeOnly(node, 'exportKind') };
    case 'TSImportType':
      return { from, isType: true };
    case 'ImportExpression':
      return { from, isType: false };
    default:
      return null;
  }
}

function isTypeOnly(node: Node, key: 'importKind' | 'exportKind'): boolean {
  if (node[key] === 'type') return true;
  const specifiers = (node['specifiers'] ?? []) as readonly Node[];
  return specifiers.length > 0 && specifiers.every((specifier) => specifier[key] === 'type');
}

function useOf(node: Node, parent: Node | null): Omit<Use, 'line'> | null {
  switch (node.type) {
    case 'MemberExpression':
      return memberUse(node);
    case 'AwaitExpression':
    case 'ForOfStatement':
      return node.type === 'AwaitExpression' || node['await'] === true
        ? { kind: 'async', what: 'await' }
        : null;
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return node['async'] === true ? { kind: 'async', what: 'async' } : null;
    case 'Identifier':
      return isReference(node, parent) ? { kind: 'name', what: nameOf(node) } : null;
    case 'NewExpression':
      return nameOf(node['callee']) === 'Date' && (node['arguments'] as unknown[]).length === 0
        ? { kind: 'name', what: 'new Date()' }
        : null;
    case 'Literal':
      return sqlUse(literalText(node));
    case 'TemplateLiteral':
      return sqlUse(
        (node['quasis'] as { value: { raw: string } }[]).map((q) => q.value.raw).join('?'),
      );
    default:
      return null;
  }
}

function memberUse(node: Node): Omit<Use, 'line'> | null {
  const what = `${nameOf(node['object'])}.${nameOf(node['property'])}`;
  if (what === 'process.env') return { kind: 'environment', what };
  return { kind: 'name', what };
}

/** An identifier that reads a variable: not a property's name, a key or a label. */
function isReference(node: Node, parent: Node | null): boolean {
  if (parent === null) return true;
  if (parent.type === 'MemberExpression')
    return parent['object'] === node || parent['computed'] === true;
  if (parent.type === 'Property') return parent['value'] === node;
  const isNamedPart = ['PropertyDefinition', 'MethodDefinition', 'TSPropertySignature'];
  if (isNamedPart.includes(parent.type)) return parent['key'] !== node;
  return parent.type !== 'TSMethodSignature' && parent.type !== 'LabeledStatement';
}

const statements = [
  /^\s*select\s[\s\S]*\sfrom\s/i,
  /^\s*insert\s+into\s/i,
  /^\s*update\s+\w+\s+set\s/i,
  /^\s*delete\s+from\s/i,
  /^\s*with\s+\w+\s+as\s*\(/i,
  /^\s*(create|alter|drop)\s+(table|index|type|schema)\s/i,
];

function sqlUse(text: string | null): Omit<Use, 'line'> | null {
  if (text === null || !statements.some((statement) => statement.test(text))) return null;
  return { kind: 'sql', what: text.trim().slice(0, 40) };
}

function nameOf(node: unknown): string {
  if (node === null || typeof node !== 'object') return '';
  const name = (node as Node)['name'];
  return typeof name === 'string' ? name : '';
}

function literalText(node: unknown): string | null {
  if (node === null || typeof node !== 'object') return null;
  const value = (node as Node)['value'];
  return typeof value === 'string' ? value : null;
}

function lineCounter(text: string): (offset: number) => number {
  return (offset) => text.slice(0, offset).split('\n').length;
}
