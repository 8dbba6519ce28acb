import { invalidField } from './fault.ts';
import type { LabelTerm } from './ports.ts';

const KEY = '[A-Za-z0-9][\\w./-]*';
const term = new RegExp(`^(!?)(${KEY})(?:(==|=|!=)([\\w.-]*))?$`);

/** `a=b,c!=d,e,!f` as kubectl has it; all terms must hold. */
export function parseLabelSelector(text: string): LabelTerm[] {
  if (text.trim() === '') return [];
  return text.split(',').map((part) => parseTerm(part.trim()));
}

function parseTerm(text: string): LabelTerm {
  const [, not, key, operator, value = ''] = term.exec(text) ?? [];
  if (key === undefined || (not === '!' && operator !== undefined)) {
    throw invalidField(
      'label_selector',
      `expected key=value, key!=value, key or !key, found ${JSON.stringify(text)}`,
    );
  }
  if (operator === undefined) return { kind: not === '!' ? 'absent' : 'exists', key, value: '' };
  return { kind: operator === '!=' ? 'differs' : 'equals', key, value };
}
