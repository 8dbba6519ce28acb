import { toJson } from '@bufbuild/protobuf';
import { ValueSchema, type Value } from '@bufbuild/protobuf/wkt';
import type { WorkflowChange } from '../../controller/ports.ts';
import type { ApiContext } from '../api-context.ts';
import { toProblem } from '../convert/error.ts';
import { invalidField, invalidManifest } from '../fault.ts';
import type { Reading } from '../ports.ts';
import { DEFAULT_NAMESPACE } from './find-workflow.ts';

export interface DocumentRequest {
  readonly document?: Value | undefined;
  readonly text: string;
  readonly namespace: string;
  readonly author: string;
  readonly name?: string;
}

/** The one workflow that a request's document declares; INVALID_ARGUMENT with all its problems. */
export function readWorkflow(api: ApiContext, request: DocumentRequest): WorkflowChange {
  const { document, namespace, author, name } = request;
  if ((document === undefined) === (request.text === '')) {
    throw invalidField('document', 'give the workflow as document or as text, and not as both');
  }
  const text = document === undefined ? request.text : printDocument(document);
  const reading = readAll(api, {
    text,
    file: document === undefined ? 'request.yaml' : 'request.json',
    namespace,
    author,
    ...(name === undefined ? {} : { name }),
  });
  const [change, ...more] = reading.workflows;
  if (change !== undefined && more.length === 0 && reading.runs.length === 0) return change;
  throw invalidField(
    'document',
    'expected one workflow; POST /api/v1/apply takes several documents',
  );
}

/** Reads any documents; INVALID_ARGUMENT when one has an error. */
export function readAll(
  api: ApiContext,
  request: Parameters<ApiContext['reader']['read']>[0],
): Reading {
  const namespace = request.namespace === '' ? DEFAULT_NAMESPACE : request.namespace;
  const reading = api.reader.read({ ...request, namespace });
  const errors = reading.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw invalidManifest(errors.map(toProblem));
  return reading;
}

/** Indented, so that problems can point at lines. */
function printDocument(document: Value): string {
  return JSON.stringify(toJson(ValueSchema, document), null, 2);
}
