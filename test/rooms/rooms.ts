/**
 * The rooms of `src/` and what each may know. ARCHITECTURE.md tells what each is for.
 * A new row or entry needs a reason beside it; the rooms test enforces the rest.
 */
export interface Room {
  /**
   * Rooms that this one may import. `room` is all of it, `room/file.ts` only that file,
   * a trailing `:types` allows only `import type`.
   */
  readonly rooms: readonly string[];
  /** Packages that this room may import, each with its reason. A trailing `/*` is a whole scope. */
  readonly packages: { readonly [name: string]: string };
  /** Node's own modules: all of them, or a list. */
  readonly node: 'all' | readonly string[];
  /** Pure: no clock, no randomness, no host, nothing asynchronous. */
  readonly pure: boolean;
}

const inside = { node: 'all', pure: false } as const;
const pure = { packages: {}, node: [], pure: true } as const;

export const rooms: { readonly [name: string]: Room } = {
  expr: {
    ...pure,
    rooms: [],
    packages: {
      '@marcbachmann/cel-js': 'CEL',
      '@bufbuild/re2': 'regular expressions in linear time',
      'fastest-levenshtein': 'did-you-mean',
    },
  },
  task: { ...pure, rooms: ['expr:types'] },
  // SHA-256 of the canonical text is a pure function, and Node's is the fast one.
  graph: { ...pure, rooms: ['expr'], node: ['node:crypto'] },
  engine: { ...pure, rooms: ['graph', 'expr', 'task', 'record:types'] },
  record: { ...pure, rooms: ['engine:types', 'graph:types', 'expr:types', 'task:types'] },

  manifest: {
    rooms: ['graph', 'expr', 'task', 'record:types', 'nodes'],
    packages: {
      yaml: 'reads YAML with positions',
      ajv: 'checks the schemas of the kinds',
      'ajv-formats': 'formats in JSON Schema',
      'fastest-levenshtein': 'did-you-mean',
    },
    node: ['node:crypto', 'node:path', 'node:path/posix'],
    pure: true,
  },
  nodes: {
    ...inside,
    rooms: ['expr', 'task'],
    packages: {
      ajv: 'checks step configs and structured outputs',
      'ajv-formats': 'formats in JSON Schema',
      undici: 'the http step: connection control and the private-address guard',
      'ipaddr.js': 'the private-address guard',
      openai: 'the llm step',
      pyodide: 'Python as WebAssembly',
      'quickjs-emscripten': 'JavaScript in a sandbox',
      busboy: 'multipart bodies',
    },
  },
  source: {
    ...inside,
    rooms: [],
    packages: {
      ignore: '.behestignore in gitignore syntax',
    },
  },
  store: {
    ...inside,
    rooms: ['graph', 'engine:types', 'expr', 'controller/ports.ts:types', 'api/ports.ts:types'],
    packages: { postgres: 'the database client' },
  },
  bus: {
    ...inside,
    rooms: ['engine:types', 'engine/hash.ts', 'expr:types', 'gen'],
    packages: {
      '@nats-io/*': 'JetStream',
      '@bufbuild/protobuf': 'encodes messages',
    },
  },
  controller: {
    ...inside,
    rooms: ['graph', 'engine', 'expr', 'manifest', 'bus:types', 'source:types'],
    packages: { ajv: 'checks run inputs', 'ajv-formats': 'formats in JSON Schema' },
  },
  runner: {
    ...inside,
    rooms: ['nodes', 'gen', 'expr', 'bus:types'],
    packages: { ajv: 'checks configs before an attempt', 'ajv-formats': 'formats in JSON Schema' },
  },
  api: {
    ...inside,
    rooms: [
      'graph',
      'engine',
      'expr',
      'manifest',
      'gen',
      'nodes/registry.ts',
      'nodes/node-type.ts:types',
      'controller/ports.ts:types',
      'bus:types',
    ],
    packages: {
      '@connectrpc/*': 'gRPC, Connect and gRPC-Web',
      '@bufbuild/*': 'messages and their validation',
      jose: 'JWT',
      ws: 'WebSocket',
      busboy: 'multipart uploads',
      ajv: 'checks run inputs',
      'ajv-formats': 'formats in JSON Schema',
      'fastest-levenshtein': 'did-you-mean',
    },
  },
  cli: {
    ...inside,
    rooms: ['gen', 'manifest', 'graph', 'nodes/registry.ts', 'source', 'expr/json.ts'],
    packages: {
      commander: 'parses arguments, prints help',
      '@connectrpc/*': 'talks to the API',
      '@bufbuild/protobuf': 'messages',
      yaml: '-o yaml',
      'string-width': 'aligns tables by display width',
      'fastest-levenshtein': 'did-you-mean',
    },
  },
  telemetry: {
    ...inside,
    rooms: [],
    packages: { pino: 'log lines', 'pino-pretty': 'for people', 'prom-client': '/metrics' },
  },
  gen: {
    ...inside,
    rooms: [],
    packages: { '@bufbuild/protobuf': 'the runtime of generated code' },
  },
  // The only room that reads the environment and wires the others together.
  main: { ...inside, rooms: ['*'], packages: { '*': 'wires everything' } },
};

/** What travels between rooms: any room above the pure ones may import these. */
export const shared: readonly string[] = ['task', 'record', 'expr/json.ts'];

/** The rooms that `shared` comes from; they follow their own rows to the letter. */
export const foundation: ReadonlySet<string> = new Set([
  'expr',
  'graph',
  'engine',
  'task',
  'record',
  'gen',
]);
