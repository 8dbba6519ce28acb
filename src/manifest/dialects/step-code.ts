import type { JsonObject } from '../../expr/json.ts';
import type { Problem } from '../../graph/problem.ts';
import { type DialectContext, problem } from './dialect.ts';
import { classStepCode } from './class-step.ts';
import { snake } from './names.ts';
import type { ListedStep } from './step-list.ts';

export type StepCode =
  | { readonly kind: 'code'; readonly config: JsonObject }
  | { readonly kind: 'missing'; readonly problem: Problem };

interface Place {
  readonly index: number;
  /** Template of what the step works on: the run's input, or the output of the step before. */
  readonly previous: string;
  readonly context: DialectContext;
}

/**
 * The code of a listed step: `<name>.py` or `<name>.js` with `process(input)`; else the function
 * `step_<name>` in `workflow.py` or `workflow.js`, with one parameter or two (input, step).
 */
export function codeOfStep(step: ListedStep, place: Place): StepCode {
  const { context, previous, index } = place;
  for (const base of new Set([step.name, snake(step.name)])) {
    for (const { extension, language } of LANGUAGES) {
      const file = `${base}.${extension}`;
      if (context.readFile(file) === null) continue;
      return { kind: 'code', config: { language, file, input: previous } };
    }
  }
  for (const { extension, language } of LANGUAGES) {
    const file = `workflow.${extension}`;
    const source = context.readFile(file);
    if (source === null) continue;
    const config = stepFunction({ step, previous, source, file, language });
    if (config !== null) return { kind: 'code', config };
    return { kind: 'missing', problem: missingFunction(step, index, file) };
  }
  return { kind: 'missing', problem: missingFile(step, index) };
}

type Language = 'python' | 'javascript';

const LANGUAGES: readonly { readonly extension: string; readonly language: Language }[] = [
  { extension: 'py', language: 'python' },
  { extension: 'js', language: 'javascript' },
];

interface Sought {
  readonly step: ListedStep;
  readonly previous: string;
  readonly source: string;
  readonly file: string;
  readonly language: Language;
}

/** Config of a code step that calls `step_<name>`; null when the file has no such function. */
function stepFunction({ step, previous, source, file, language }: Sought): JsonObject | null {
  const name = `step_${snake(step.name)}`;
  const parameters =
    language === 'python' ? pythonParameters(source, name) : scriptParameters(source, name);
  if (parameters === null) {
    return language === 'python' ? classStepCode({ step, name, previous, source, file }) : null;
  }
  const call = { language, file, function: name };
  if (language === 'javascript') {
    return parameters.length < 2
      ? { ...call, input: previous }
      : { ...call, input_mapping: { input: previous, step } };
  }
  const [first, second] = parameters;
  if (first === undefined || second === undefined) return { ...call, input: previous };
  return { ...call, input_mapping: { [first]: previous, [second]: step } };
}

/** Names of the parameters of a function of the module; null when there is none. */
function pythonParameters(source: string, name: string): readonly string[] | null {
  const match = new RegExp(`^(?:async )?def ${name}\\(([^)]*)\\)`, 'm').exec(source);
  return match === null ? null : parameterNames(match[1] ?? '');
}

function scriptParameters(source: string, name: string): readonly string[] | null {
  const match = new RegExp(
    `(?:function\\s+${name}\\s*\\(([^)]*)\\)|(?:const|let|var)\\s+${name}\\s*=\\s*(?:async\\s*)?\\(?([^)=]*)\\)?\\s*=>)`,
  ).exec(source);
  return match === null ? null : parameterNames(match[1] ?? match[2] ?? '');
}

function parameterNames(list: string): readonly string[] {
  return list
    .split(',')
    .map((parameter) => /^\s*([A-Za-z_]\w*)/.exec(parameter)?.[1])
    .filter((name) => name !== undefined);
}

function missingFunction(step: ListedStep, index: number, file: string): Problem {
  const name = `step_${snake(step.name)}`;
  return problem(['steps', index, 'name'], {
    code: 'missing-function',
    message: `"${file}" has no function "${name}" for the step "${step.name}".`,
    hint: `Add "def ${name}(input):", or put the step into a file ${snake(step.name)}.py of its own.`,
  });
}

function missingFile(step: ListedStep, index: number): Problem {
  const base = snake(step.name);
  return problem(['steps', index, 'name'], {
    code: 'missing-file',
    message: `There is no code for the step "${step.name}" beside this file.`,
    hint: `Add ${base}.py or ${base}.js with process(input), or workflow.py with step_${base}(input); or give the step a config.`,
  });
}
