import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { ProblemsSchema, type Problem } from '../gen/behest/v1/error_pb.ts';
import { BadRequestSchema } from '../gen/google/rpc/error_details_pb.ts';

/** One thing wrong with one field of a request. */
export interface Violation {
  /** Path by proto names, `labels["a b"]`; or a JSON pointer below a dynamic field: `input/url`. */
  readonly field: string;
  readonly description: string;
}

/** INVALID_ARGUMENT with all that is wrong; the message names the first. */
export function invalidFields(violations: readonly Violation[]): ConnectError {
  const [first] = violations;
  const rest = violations.length > 1 ? ` (and ${violations.length - 1} more)` : '';
  const message = first === undefined ? 'invalid request' : `${describe(first)}${rest}`;
  const fieldViolations = violations.map(({ field, description }) => ({ field, description }));
  return new ConnectError(message, Code.InvalidArgument, undefined, [
    { desc: BadRequestSchema, value: create(BadRequestSchema, { fieldViolations }) },
  ]);
}

export function invalidField(field: string, description: string): ConnectError {
  return invalidFields([{ field, description }]);
}

function describe({ field, description }: Violation): string {
  return field === '' ? description : `${field}: ${description}`;
}

/** INVALID_ARGUMENT for a manifest: every problem with its place, and each as a violation too. */
export function invalidManifest(problems: readonly Problem[]): ConnectError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  const place = (problem: Problem): string => `${problem.file}:${problem.line}:${problem.column}`;
  const message =
    first === undefined ? 'The manifest is not valid.' : `${place(first)}: ${first.message}${more}`;
  const fieldViolations = problems.map((problem) => ({
    field: place(problem),
    description: problem.hint === '' ? problem.message : `${problem.message} ${problem.hint}`,
  }));
  return new ConnectError(message, Code.InvalidArgument, undefined, [
    { desc: BadRequestSchema, value: create(BadRequestSchema, { fieldViolations }) },
    { desc: ProblemsSchema, value: create(ProblemsSchema, { problems: [...problems] }) },
  ]);
}

export function notFound(what: string, remedy = ''): ConnectError {
  const message = `${what} does not exist.${remedy === '' ? '' : ` ${remedy}`}`;
  return new ConnectError(message, Code.NotFound);
}

export function precondition(message: string): ConnectError {
  return new ConnectError(message, Code.FailedPrecondition);
}

/**
 * What a caller may see of an error: a ConnectError as it is; anything else is a defect of ours,
 * whose message and stack stay in the log.
 */
export function toFault(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof Error && error.name === 'AbortError') {
    return new ConnectError('The request was aborted.', Code.Canceled);
  }
  return new ConnectError(
    'The server failed; its log says why.',
    Code.Internal,
    undefined,
    [],
    error,
  );
}
