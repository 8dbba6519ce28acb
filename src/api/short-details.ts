import { create, toBinary } from '@bufbuild/protobuf';
import { ConnectError, type Interceptor } from '@connectrpc/connect';
import { ProblemSchema, ProblemsSchema, type Problem } from '../gen/behest/v1/error_pb.ts';
import {
  BadRequest_FieldViolationSchema as violationSchema,
  BadRequestSchema,
  type BadRequest_FieldViolation,
} from '../gen/google/rpc/error_details_pb.ts';
import { isGrpc } from './grpc-message.ts';

/**
 * What gRPC sends with an error travels in trailers, in base64. Some clients take 8 KiB of them in
 * all, and none takes more than 64: a longer error would reach its caller as INTERNAL.
 */
export const MAX_DETAIL_BYTES = 4096;
const MAX_MESSAGE_LENGTH = 1000;

export function createShortDetailsInterceptor(): Interceptor {
  return (next) => async (request) => {
    try {
      return await next(request);
    } catch (error) {
      const isSentShort =
        error instanceof ConnectError && isGrpc(request.header.get('content-type') ?? '');
      throw isSentShort ? withShortDetails(error) : error;
    }
  };
}

/** The same error with as many of its violations and problems, the first ones, as gRPC can send. */
function withShortDetails(error: ConnectError): ConnectError {
  const problems = error.findDetails(ProblemsSchema).flatMap((detail) => detail.problems);
  const violations = error
    .findDetails(BadRequestSchema)
    .flatMap(({ fieldViolations }) => fieldViolations);
  const count = countFitting(problems, violations);
  const isShort = error.rawMessage.length <= MAX_MESSAGE_LENGTH;
  if (isShort && count >= Math.max(problems.length, violations.length)) return error;
  const message = isShort ? error.rawMessage : `${error.rawMessage.slice(0, MAX_MESSAGE_LENGTH)}…`;
  return new ConnectError(
    message.toWellFormed(),
    error.code,
    error.metadata,
    outgoing(problems.slice(0, count), violations.slice(0, count)),
    error.cause,
  );
}

/** Each problem is told as a violation too. */
function countFitting(
  problems: readonly Problem[],
  violations: readonly BadRequest_FieldViolation[],
): number {
  let bytes = 0;
  let count = 0;
  for (; count < Math.max(problems.length, violations.length); count += 1) {
    const [problem, violation] = [problems[count], violations[count]];
    if (problem !== undefined) bytes += toBinary(ProblemSchema, problem).length;
    if (violation !== undefined) bytes += toBinary(violationSchema, violation).length;
    if (bytes > MAX_DETAIL_BYTES) break;
  }
  return count;
}

function outgoing(
  problems: Problem[],
  fieldViolations: BadRequest_FieldViolation[],
): ConstructorParameters<typeof ConnectError>[3] {
  const badRequest = create(BadRequestSchema, { fieldViolations });
  return [
    ...(fieldViolations.length > 0 ? [{ desc: BadRequestSchema, value: badRequest }] : []),
    ...(problems.length > 0
      ? [{ desc: ProblemsSchema, value: create(ProblemsSchema, { problems }) }]
      : []),
  ];
}
