import type { Problem } from '../../graph/problem.ts';
import { describeFound } from './describe.ts';
import { descriptionOf, parentSchemaOf, type SchemaError } from './schema-error.ts';
import { DURATION_PATTERN, NAME_PATTERN, STEP_ID_PATTERN } from './schema-text.ts';

type Form = Pick<Problem, 'code' | 'message' | 'hint'>;

const PATTERNS: Readonly<Record<string, readonly [expected: string, hint: string]>> = {
  [NAME_PATTERN]: [
    'a name of lower-case letters, digits and dashes',
    'Begin and end with a letter or digit, 63 characters at the most.',
  ],
  [STEP_ID_PATTERN]: [
    'a name of letters, digits, "_" and "-"',
    'Do not begin with "-"; 63 characters at the most.',
  ],
  [DURATION_PATTERN]: ['a duration', 'Write a number and a unit: 500ms, 30s, 5m, 1h30m, 2d.'],
};

/** A value of the right type with the wrong form: pattern, range, length, format. */
export function formOf(error: SchemaError): Form {
  const found = describeFound(error.data);
  const hint = descriptionOf(parentSchemaOf(error));
  const limit = String(error.params['limit'] ?? '');
  switch (error.keyword) {
    case 'pattern':
      return patternForm(String(error.params['pattern']), found, hint);
    case 'minimum':
    case 'exclusiveMinimum':
      return outOfRange(`at least ${limit}`, found, hint);
    case 'maximum':
    case 'exclusiveMaximum':
      return outOfRange(`at most ${limit}`, found, hint);
    case 'minLength':
      return outOfRange(limit === '1' ? 'some text' : `at least ${limit} characters`, found, hint);
    case 'maxLength':
      return outOfRange(`at most ${limit} characters`, found, hint);
    case 'minItems':
      return outOfRange(
        limit === '1' ? 'at least one item' : `at least ${limit} items`,
        found,
        hint,
      );
    case 'maxItems':
      return outOfRange(`at most ${limit} items`, found, hint);
    case 'minProperties':
      return outOfRange(
        limit === '1' ? 'at least one field' : `at least ${limit} fields`,
        found,
        hint,
      );
    case 'maxProperties':
      return outOfRange(limit === '1' ? 'one field only' : `at most ${limit} fields`, found, hint);
    default:
      return {
        code: 'wrong-form',
        message: `This value does not have the form that is expected here; found ${found}.`,
        hint: hint === '' ? (error.message ?? '') : hint,
      };
  }
}

function patternForm(pattern: string, found: string, description: string): Form {
  const [expected, hint] = PATTERNS[pattern] ?? [`text of the form ${pattern}`, description];
  return { code: 'wrong-form', message: `Expected ${expected}, found ${found}.`, hint };
}

function outOfRange(expected: string, found: string, hint: string): Form {
  return { code: 'out-of-range', message: `Expected ${expected}, found ${found}.`, hint };
}
