import { create } from '@bufbuild/protobuf';
import { durationFromMs } from '@bufbuild/protobuf/wkt';
import {
  ErrorClass,
  ErrorSchema,
  ProblemSchema,
  Problem_Severity,
  type Error as ErrorMessage,
  type Problem,
} from '../../gen/behest/v1/error_pb.ts';
import type { RunError } from '../../engine/fact.ts';
import type { FileProblem } from '../../record/source.ts';
import type { StepError } from '../../task/error.ts';
import { toValue } from './dynamic.ts';

export function toErrorClass(error: StepError): ErrorClass {
  return error.class === 'retryable' ? ErrorClass.RETRYABLE : ErrorClass.HARD;
}

export function toErrorMessage(error: StepError | RunError): ErrorMessage {
  const message = create(ErrorSchema, {
    class: toErrorClass(error),
    code: error.code,
    message: error.message,
    stepId: 'step' in error ? (error.step ?? '') : '',
  });
  if (error.retryAfterMs !== undefined) message.retryAfter = durationFromMs(error.retryAfterMs);
  if (error.details !== undefined) message.details = toValue(error.details);
  return message;
}

/** For an answer that has no room for the whole. */
export function toCutError(error: StepError | RunError): ErrorMessage {
  const { details: _, ...rest } = error;
  const message = toErrorMessage({ ...rest, message: cutMessage(error.message) });
  message.cut = true;
  return message;
}

const CUT_LENGTH = 100;

export function cutMessage(message: string): string {
  return message.length <= CUT_LENGTH ? message : `${message.slice(0, CUT_LENGTH).toWellFormed()}…`;
}

export function toProblem(problem: FileProblem): Problem {
  const { severity, ...rest } = problem;
  return create(ProblemSchema, {
    ...rest,
    severity: severity === 'error' ? Problem_Severity.ERROR : Problem_Severity.WARNING,
  });
}
