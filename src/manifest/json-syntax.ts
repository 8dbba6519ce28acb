import type { Mistake, TextSpan } from './source-text.ts';

const TOKEN =
  /[ \t\r\n]+|"(?:[^"\\\u0000-\u001F]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)\b|[[\]{}:,]/y;

/** The first place where a text that YAML would accept is no JSON; null when it is JSON. */
export function findJsonFault(text: string): { span: TextSpan; mistake: Mistake } | null {
  try {
    JSON.parse(text);
    return null;
  } catch {
    return locate(text);
  }
}

function locate(text: string): { span: TextSpan; mistake: Mistake } {
  TOKEN.lastIndex = 0;
  let comma = -1;
  let end = 0;
  for (;;) {
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) break;
    if (comma >= 0 && (token === ']' || token === '}')) return fault(comma, trailingComma);
    if (token.trim() !== '') comma = token === ',' ? end : -1;
    end = TOKEN.lastIndex;
  }
  return fault(Math.min(end, Math.max(0, text.length - 1)), notJson);
}

function fault(offset: number, mistake: Mistake): { span: TextSpan; mistake: Mistake } {
  return { span: { start: offset, end: offset + 1 }, mistake };
}

const trailingComma: Mistake = {
  code: 'json-syntax',
  message: 'A comma after the last item is not allowed in JSON.',
  hint: 'Remove the comma.',
};

const notJson: Mistake = {
  code: 'json-syntax',
  message: 'The text does not fit JSON’s rules here.',
  hint: 'Keys and text need double quotes, comments are not allowed; or name the file .yaml.',
};
