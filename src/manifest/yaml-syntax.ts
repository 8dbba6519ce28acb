import type { YAMLError } from 'yaml';
import type { Mistake } from './source-text.ts';
import { unquotedTemplate } from './yaml-value.ts';

type Wording = { readonly message: string; readonly hint: string };

/** Plain sentences for what the YAML library calls its mistakes by code. */
const WORDINGS: Readonly<Partial<Record<YAMLError['code'], Wording>>> = {
  ALIAS_PROPS: {
    message: 'An alias (*name) cannot have an anchor or a tag of its own.',
    hint: 'Remove the anchor or tag in front of the alias.',
  },
  BAD_ALIAS: {
    message: 'This anchor or alias has no usable name.',
    hint: 'Text that begins with & or * must be in quotes.',
  },
  BAD_DIRECTIVE: {
    message: 'This line begins with %, which YAML keeps for directives.',
    hint: 'Put text that begins with % in quotes.',
  },
  BAD_DQ_ESCAPE: {
    message: 'This escape is unknown inside double quotes.',
    hint: 'Write \\\\ for a backslash, or use single quotes.',
  },
  BAD_INDENT: {
    message: 'The indentation does not fit the lines around it.',
    hint: 'Items of one list and keys of one object begin at the same column.',
  },
  BAD_SCALAR_START: {
    message: 'Plain text cannot begin with this character.',
    hint: 'Put the text in quotes.',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    message: 'A nested object or list cannot begin here.',
    hint: 'Begin it on a new line, indented deeper. Text that contains ": " must be in quotes.',
  },
  BLOCK_IN_FLOW: {
    message: 'Inside { } and [ ] everything must be in { } and [ ] too.',
    hint: 'Close the bracket first, or write the inner part with brackets.',
  },
  KEY_OVER_1024_CHARS: {
    message: 'A key may have 1024 characters at the most.',
    hint: 'Shorten the key.',
  },
  MULTILINE_IMPLICIT_KEY: {
    message: 'This line is neither "key: value" nor part of the value before it.',
    hint: 'Look for a missing ":" or quote, or for wrong indentation.',
  },
  MULTIPLE_ANCHORS: {
    message: 'A value can have one anchor only.',
    hint: 'Remove one of the anchors.',
  },
  MULTIPLE_TAGS: { message: 'A value can have one tag only.', hint: 'Remove one of the tags.' },
  RESOURCE_EXHAUSTION: {
    message: 'The document nests too deep to be read.',
    hint: 'Move deep data into a file of the workflow’s folder.',
  },
  TAB_AS_INDENT: {
    message: 'A tab is used for indentation; YAML allows spaces only.',
    hint: 'Replace the tab with spaces (two for each level).',
  },
};

/** The first syntax error of a document in words; those that follow are mostly its echoes. */
export function syntaxMistake(error: YAMLError, text: string): Mistake {
  const [start] = error.pos;
  if (error.code === 'TAB_AS_INDENT' || isTabIndented(text, start)) {
    return { code: 'tab', ...wordingOf('TAB_AS_INDENT') };
  }
  if (/(?:: |- )\{\{/.test(lineOf(text, start))) return unquotedTemplate;
  if (error.code === 'TAG_RESOLVE_FAILED') return unknownTag(text.slice(...error.pos));
  if (error.code === 'RESOURCE_EXHAUSTION') return { code: 'too-deep', ...wordingOf(error.code) };
  const bracket = /end with a ([\]}])/.exec(error.message)?.[1];
  if (bracket !== undefined) return { code: 'yaml-syntax', ...openBracket(bracket) };
  const known = WORDINGS[error.code];
  if (known !== undefined) return { code: 'yaml-syntax', ...known };
  return { code: 'yaml-syntax', ...missing(error) };
}

export function unknownTag(tag: string): Mistake {
  return {
    code: 'unknown-tag',
    message: `The tag ${tag.trim() === '' ? '!' : tag.trim()} is not allowed here.`,
    hint: 'Remove the tag; values are plain text, numbers, booleans, null, lists and objects.',
  };
}

function wordingOf(code: YAMLError['code']): Wording {
  return WORDINGS[code] ?? { message: 'The text is not valid YAML.', hint: '' };
}

function openBracket(bracket: string): Wording {
  return { message: 'The bracket is never closed.', hint: `Add the closing ${bracket}.` };
}

function missing(error: YAMLError): Wording {
  const quote = /Missing closing (['"])quote/.exec(error.message)?.[1];
  if (quote !== undefined) {
    return { message: `The text in quotes is never closed.`, hint: `Add the closing ${quote}.` };
  }
  if (/Implicit map keys need/.test(error.message)) {
    return { message: 'A key without ":" and value.', hint: 'Write "key: value".' };
  }
  if (/Missing , /.test(error.message)) {
    return { message: 'A comma is missing between two items.', hint: 'Add the comma.' };
  }
  if (/Unexpected , |empty item/.test(error.message)) {
    return { message: 'There is a comma too many.', hint: 'Remove it.' };
  }
  return {
    message: 'The text does not fit YAML’s rules here.',
    hint: 'Look for a missing quote, bracket or ":", or put the text in quotes.',
  };
}

/** Whether the line of this offset begins with white space that has a tab in it. */
function isTabIndented(text: string, offset: number): boolean {
  const line = lineOf(text, offset);
  return /^ *\t/.test(line) && !/^[ \t]*[[\]{}",]/.test(line);
}

function lineOf(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  const start = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
  return text.slice(start, end < 0 ? undefined : end);
}
