import type { ASTNode } from '@marcbachmann/cel-js';
import { Fault } from './fault.ts';
import { type Context, flaw, type Node, spanOf, withHint } from './node.ts';
import type { StepView } from './scope.ts';
import { didYouMean } from './suggest.ts';
import type { Value } from './value.ts';

/** Names that no step may have, because they mean something else. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  'input',
  'run',
  'workflow',
  'secrets',
  'item',
  'index',
  'steps',
]);

const RUN_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'namespace',
  'workflow',
  'version',
  'createdAt',
  'status',
  'error',
]);
const WORKFLOW_FIELDS: ReadonlySet<string> = new Set(['name', 'namespace']);
const STEP_FIELDS: ReadonlySet<string> = new Set(['output', 'status', 'error']);

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Words that CEL keeps for itself; a step may have them as its id, but not as a bare name. */
const CEL_WORDS: ReadonlySet<string> = new Set(
  (
    'true false null in as break const continue else for function if import let loop package ' +
    'namespace return var void while cel'
  ).split(' '),
);

/** How an expression refers to a step: ids with a dash are no identifiers. */
function stepReference(id: string): string {
  return IDENTIFIER.test(id) && !CEL_WORDS.has(id) ? id : `steps["${id}"]`;
}

/** The key of `x.key` and `x["key"]` where it is written out; null where it is computed. */
function constantKey(ast: ASTNode): { readonly target: ASTNode; readonly key: string } | null {
  if (ast.op === '.' || ast.op === '.?') return { target: ast.args[0], key: ast.args[1] };
  if (ast.op !== '[]' && ast.op !== '[?]') return null;
  const [target, index] = ast.args;
  return index.op === 'value' && typeof index.args === 'string'
    ? { target, key: index.args }
    : null;
}

function isLocal(context: Context, name: string): boolean {
  return context.locals.some((local) => local.name === name);
}

function note(context: Context, ast: ASTNode): void {
  context.findings.firstOther ??= spanOf(ast);
}

/** A bare name. */
export function compileName(context: Context, ast: ASTNode, name: string): Node {
  const local = context.locals.findLast((candidate) => candidate.name === name);
  if (local !== undefined) {
    const { slot, type } = local;
    return { type, size: 1, run: (frame) => frame.locals[slot] ?? null };
  }
  switch (name) {
    case 'input':
      note(context, ast);
      return { type: 'any', size: 1, run: (frame) => frame.scope.input };
    case 'run':
      note(context, ast);
      return { type: 'map', size: 1, run: (frame) => frame.scope.run };
    case 'workflow':
      note(context, ast);
      return { type: 'map', size: 1, run: (frame) => frame.scope.workflow };
    case 'item':
    case 'index':
      return compileItem(context, ast, name);
    case 'steps':
    case 'secrets':
      return flaw(context, {
        code: 'wrong-type',
        span: spanOf(ast),
        message: `\`${name}\` is no value by itself.`,
        hint:
          name === 'steps'
            ? 'Read one step: `steps.fetch.output`.'
            : 'Read one secret: `secrets.api_key`.',
      });
    default:
      return compileStep(context, ast, { id: name, steps: null });
  }
}

function compileItem(context: Context, ast: ASTNode, name: 'item' | 'index'): Node {
  note(context, ast);
  if (!context.names.item) {
    return flaw(context, {
      code: 'item-outside-for-each',
      span: spanOf(ast),
      message: `\`${name}\` exists only inside a step with \`forEach\`.`,
    });
  }
  if (name === 'item') return { type: 'any', size: 1, run: (frame) => frame.scope.item ?? null };
  return { type: 'number', size: 1, run: (frame) => frame.scope.index ?? 0 };
}

/** How a step is named: by itself, or as a field of `steps`. */
interface StepName {
  readonly id: string;
  readonly steps: ASTNode | null;
}

/** A step's view as a value: `classify`, `steps.classify`. */
function compileStep(context: Context, ast: ASTNode, name: StepName): Node {
  const { id } = name;
  note(context, ast);
  if (!context.names.steps.has(id)) return unknownStep(context, ast, name);
  context.findings.steps.add(id);
  return { type: 'map', size: 1, run: (frame) => viewMap(frame.scope.step(id)) };
}

function viewMap(view: StepView): { readonly [key: string]: Value } {
  return { output: view.output, status: view.status, error: view.error };
}

function unknownStep(context: Context, ast: ASTNode, { id, steps }: StepName): Node {
  const { names } = context;
  const span = steps === null ? spanOf(ast) : keySpan(ast, steps);
  if (names.allSteps.has(id)) {
    return flaw(context, {
      code: 'not-upstream',
      span,
      message: `Step "${id}" is not certain to have finished before this expression is read.`,
      hint: `Add "${id}" to \`needs\`, or move the step after it.`,
    });
  }
  const dashed = steps !== null ? undefined : dashedStep(context, span.offset);
  if (dashed !== undefined) {
    return flaw(context, {
      code: 'unknown-name',
      span: { offset: span.offset, length: dashed.length },
      message: `\`${dashed}\` reads as a subtraction: step ids with a dash are no names.`,
      hint: `Write \`${stepReference(dashed)}\`.`,
    });
  }
  if (steps !== null) {
    const message = `There is no step "${id}".`;
    return flaw(
      context,
      withHint({ code: 'unknown-step', span, message }, didYouMean(id, names.allSteps)),
    );
  }
  const known = [...RESERVED_NAMES, ...context.locals.map(({ name }) => name), ...names.allSteps];
  const message = `There is no \`${id}\`: it is neither a step nor a name such as input or run.`;
  const hint = didYouMean(id, known) ?? `Text is written in quotes: \`"${id}"\`.`;
  return flaw(context, { code: 'unknown-name', span, message, hint });
}

/** The step whose dashed id stands at this place of the text. */
function dashedStep(context: Context, offset: number): string | undefined {
  const written = /^[A-Za-z0-9_-]+/.exec(context.text.slice(offset))?.[0] ?? '';
  return written.includes('-') && context.names.allSteps.has(written) ? written : undefined;
}

/** `steps.x`, `secrets.x`, `x.output`, `run.id`: fields that are known here. Null for all else. */
export function compileKnownField(context: Context, ast: ASTNode): Node | null {
  const access = constantKey(ast);
  if (access === null) return isRootIndex(context, ast) ? computedRoot(context, ast) : null;
  const { target, key } = access;
  if (target.op === 'id' && !isLocal(context, target.args)) {
    const known = compileRootField(context, ast, { root: target.args, target, key });
    if (known !== null) return known;
  }
  const step = stepOf(context, target);
  return step === null ? null : compileStepField(context, ast, { id: step, target, key });
}

interface RootField {
  readonly root: string;
  readonly target: ASTNode;
  readonly key: string;
}

function compileRootField(context: Context, ast: ASTNode, field: RootField): Node | null {
  const { root, key } = field;
  switch (root) {
    case 'steps':
      return compileStep(context, ast, { id: key, steps: field.target });
    case 'secrets':
      return compileSecret(context, ast, key);
    case 'run':
      return RUN_FIELDS.has(key)
        ? null
        : unknownField(context, ast, { ...field, known: RUN_FIELDS });
    case 'workflow':
      return WORKFLOW_FIELDS.has(key)
        ? null
        : unknownField(context, ast, { ...field, known: WORKFLOW_FIELDS });
    default:
      return null;
  }
}

function isRootIndex(context: Context, ast: ASTNode): boolean {
  if (ast.op !== '[]' && ast.op !== '[?]') return false;
  const [target] = ast.args;
  if (target.op !== 'id' || isLocal(context, target.args)) return false;
  return target.args === 'steps' || target.args === 'secrets';
}

function computedRoot(context: Context, ast: ASTNode): Node {
  return flaw(context, {
    code: 'computed-name',
    span: spanOf(ast),
    message: 'Steps and secrets are read by a name that is written out; this one is computed.',
    hint: 'What an expression reads has to be known before it runs: write `steps["name"]`.',
  });
}

function compileSecret(context: Context, ast: ASTNode, name: string): Node {
  const span = spanOf(ast);
  if (!context.names.secrets) {
    return flaw(context, {
      code: 'secrets-not-allowed',
      span,
      message: 'Secrets may be read only in the config of a step that runs on a runner.',
      hint: 'Secrets never reach records; read them where they are used.',
    });
  }
  context.findings.firstSecret ??= span;
  context.findings.secrets.add(name);
  return { type: 'string', size: 1, run: (frame) => secretOf(frame.scope.secrets, name) };
}

function secretOf(secrets: { readonly [name: string]: string } | undefined, name: string): string {
  const value = secrets !== undefined && Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (value === undefined) throw new Fault(`secret "${name}" is not set`, 'secret');
  return value;
}

/** The id when this is a step's view: `fetch`, `steps.fetch`, `steps["fetch"]`. */
function stepOf(context: Context, ast: ASTNode): string | null {
  if (ast.op === 'id') {
    const isStep = !RESERVED_NAMES.has(ast.args) && !isLocal(context, ast.args);
    return isStep && context.names.steps.has(ast.args) ? ast.args : null;
  }
  const access = constantKey(ast);
  if (access === null || access.target.op !== 'id' || access.target.args !== 'steps') return null;
  return context.names.steps.has(access.key) ? access.key : null;
}

function compileStepField(
  context: Context,
  ast: ASTNode,
  field: { readonly id: string; readonly target: ASTNode; readonly key: string },
): Node {
  const { id, key } = field;
  if (!STEP_FIELDS.has(key)) {
    const reference = stepReference(id);
    const hint = didYouMean(key, STEP_FIELDS) ?? `Did you mean \`${reference}.output.${key}\`?`;
    return flaw(context, {
      code: 'unknown-field',
      span: keySpan(ast, field.target),
      message: `A step has output, status and error; there is no \`${key}\`.`,
      hint,
    });
  }
  note(context, ast);
  context.findings.steps.add(id);
  if (key === 'output')
    return { type: 'any', size: 1, run: (frame) => frame.scope.step(id).output };
  if (key === 'status')
    return { type: 'string', size: 1, run: (frame) => frame.scope.step(id).status };
  return { type: 'any', size: 1, run: (frame) => frame.scope.step(id).error };
}

function unknownField(
  context: Context,
  ast: ASTNode,
  field: RootField & { readonly known: ReadonlySet<string> },
): Node {
  note(context, ast);
  const { root, key, known } = field;
  const message = `\`${root}\` has no field \`${key}\`; it has ${[...known].join(', ')}.`;
  const span = keySpan(ast, field.target);
  return flaw(context, withHint({ code: 'unknown-field', span, message }, didYouMean(key, known)));
}

/** The part of `target.key` after the dot, or of `target["key"]` after the target. */
function keySpan(ast: ASTNode, target: ASTNode): { offset: number; length: number } {
  const offset = ast.op === '.' ? ast.pos : target.end;
  return { offset, length: ast.end - offset };
}
