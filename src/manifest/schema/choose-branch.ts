import { isJsonObject, type Json } from '../../expr/json.ts';
import { parentSchemaOf, type SchemaError } from './schema-error.ts';

/**
 * `anyOf` and `oneOf` report the errors of every branch. This keeps the errors of the one branch
 * that was meant, so that one mistake makes one problem. What stays of an `anyOf`/`oneOf` itself is
 * told as a whole.
 */
export function chooseBranches(errors: readonly SchemaError[]): readonly SchemaError[] {
  let left = errors.filter((error) => error.keyword !== 'if' && !isMoot(error));
  const choices = left
    .filter(({ keyword }) => keyword === 'anyOf' || keyword === 'oneOf')
    .toSorted((a, b) => b.schemaPath.length - a.schemaPath.length);
  for (const choice of choices) {
    const inner = left.filter((error) => isInside(error, choice));
    if (inner.length === 0) continue;
    const kept = meantBranch(choice, inner);
    const replaced = new Set([...inner, ...(kept.length === 0 ? [] : [choice])]);
    left = [...left.filter((error) => !replaced.has(error)), ...kept];
  }
  return left;
}

/** Rules about fields say nothing of a value that is no object; its type is told anyway. */
function isMoot({ keyword, schema, data }: SchemaError): boolean {
  if (keyword !== 'anyOf' && keyword !== 'oneOf') return false;
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  return !isObject && (schema as readonly Json[]).every(isFieldRule);
}

function isInside(error: SchemaError, choice: SchemaError): boolean {
  const { instancePath } = choice;
  return (
    error.schemaPath.startsWith(`${choice.schemaPath}/`) &&
    (error.instancePath === instancePath || error.instancePath.startsWith(`${instancePath}/`))
  );
}

/** Empty when no branch stands out. */
function meantBranch(choice: SchemaError, inner: readonly SchemaError[]): readonly SchemaError[] {
  const branches = choice.schema as readonly Json[];
  if (branches.every(isFieldRule)) return [];
  const candidates = branches.flatMap((branch, index) => {
    if (isTemplateRule(branch)) return [];
    const own = inner.filter((each) =>
      each.schemaPath.startsWith(`${choice.schemaPath}/${index}/`),
    );
    const isOtherType = own.some(
      (each) => each.keyword === 'type' && each.instancePath === choice.instancePath,
    );
    return isOtherType || own.length === 0 ? [] : [own];
  });
  const [only, ...others] = candidates;
  return only !== undefined && others.length === 0 ? only : [];
}

/** `{ required: [...] }` and nothing else. */
export function isFieldRule(branch: Json): boolean {
  return isJsonObject(branch) && Object.keys(branch).join() === 'required';
}

/** The branch of a config schema that accepts a template in place of the value. */
export function isTemplateRule(branch: Json): boolean {
  return (
    isJsonObject(branch) &&
    typeof branch['pattern'] === 'string' &&
    branch['pattern'].includes('\\{\\{')
  );
}

/** The types that a choice accepts, by all its branches; templates do not count. */
export function typesOf(choice: SchemaError): readonly string[] {
  const branches = choice.schema as readonly Json[];
  const parent = parentSchemaOf(choice)['type'];
  const types = branches.flatMap((branch) => {
    if (!isJsonObject(branch) || isTemplateRule(branch)) return [];
    const { type } = branch;
    if (typeof type === 'string') return [type];
    return Array.isArray(type) ? type.map(String) : [];
  });
  if (types.length === 0 && typeof parent === 'string') return [parent];
  return [...new Set(types)];
}
