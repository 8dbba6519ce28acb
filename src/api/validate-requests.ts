import { createValidator, type Validator } from '@bufbuild/protovalidate';
import { pathToString } from '@bufbuild/protobuf/reflect';
import type { DescMessage, Message } from '@bufbuild/protobuf';
import type { Interceptor } from '@connectrpc/connect';
import { invalidFields } from './fault.ts';
import { unstorableFields } from './storable-fields.ts';

/** Enforces the rules of the proto on every request message: INVALID_ARGUMENT with all violations. */
export function createValidationInterceptor(): Interceptor {
  const validator = createValidator();
  return (next) => async (request) => {
    if (!request.stream) {
      validate(validator, request.method.input, request.message);
      return next(request);
    }
    const message = validated(validator, request.method.input, request.message);
    return next({ ...request, message });
  };
}

async function* validated<T extends Message>(
  validator: Validator,
  desc: DescMessage,
  messages: AsyncIterable<T>,
): AsyncIterable<T> {
  for await (const message of messages) {
    validate(validator, desc, message);
    yield message;
  }
}

function validate(validator: Validator, desc: DescMessage, message: Message): void {
  const unstorable = unstorableFields(desc, message);
  if (unstorable.length > 0) throw invalidFields(unstorable);
  const result = validator.validate(desc, message);
  if (result.kind === 'valid') return;
  if (result.kind === 'error') throw result.error;
  throw invalidFields(
    result.violations.map((violation) => ({
      field: pathToString(violation.field),
      description: violation.message,
    })),
  );
}
