import { Code, type ConnectError } from '@connectrpc/connect';
import { toJson, type JsonValue } from '@bufbuild/protobuf';
import { ProblemsSchema } from '../../gen/behest/v1/error_pb.ts';
import { BadRequestSchema } from '../../gen/google/rpc/error_details_pb.ts';
import { toFault } from '../fault.ts';
import { HttpFault } from './http-fault.ts';
import { toRestJson } from './rest-json.ts';

/** HTTP status and word of each RPC code. A broken precondition is a conflict of states: 409. */
const statuses: { readonly [code in Code]: readonly [number, string, string] } = {
  [Code.Canceled]: [499, 'cancelled', 'Request cancelled'],
  [Code.Unknown]: [500, 'unknown', 'Unknown error'],
  [Code.InvalidArgument]: [400, 'invalid_argument', 'Invalid request'],
  [Code.DeadlineExceeded]: [504, 'deadline_exceeded', 'Took too long'],
  [Code.NotFound]: [404, 'not_found', 'Not found'],
  [Code.AlreadyExists]: [409, 'already_exists', 'Already exists'],
  [Code.PermissionDenied]: [403, 'permission_denied', 'Not allowed'],
  [Code.ResourceExhausted]: [429, 'resource_exhausted', 'Too much'],
  [Code.FailedPrecondition]: [409, 'failed_precondition', 'Not possible now'],
  [Code.Aborted]: [409, 'aborted', 'Aborted'],
  [Code.OutOfRange]: [400, 'out_of_range', 'Out of range'],
  [Code.Unimplemented]: [501, 'unimplemented', 'Not implemented'],
  [Code.Internal]: [500, 'internal', 'Internal error'],
  [Code.Unavailable]: [503, 'unavailable', 'Unavailable'],
  [Code.DataLoss]: [500, 'data_loss', 'Data loss'],
  [Code.Unauthenticated]: [401, 'unauthenticated', 'Not signed in'],
};

const httpWords: { readonly [status: number]: readonly [string, string] } = {
  400: ['invalid_argument', 'Invalid request'],
  403: ['permission_denied', 'Not allowed'],
  404: ['not_found', 'Not found'],
  405: ['method_not_allowed', 'Method not allowed'],
  408: ['deadline_exceeded', 'Took too long'],
  413: ['too_large', 'Body too large'],
  414: ['uri_too_long', 'Address too long'],
  415: ['unsupported_media_type', 'Media type not supported'],
  416: ['out_of_range', 'Range not satisfiable'],
};

/** An error as REST answers it: RFC 9457, `application/problem+json`. */
export interface ProblemAnswer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly body: JsonValue;
}

export function problemAnswer(error: unknown): ProblemAnswer {
  if (error instanceof HttpFault) {
    const [code, title] = httpWords[error.status] ?? ['http', 'Refused'];
    return answer(error.status, { title, detail: error.message, code }, error.headers);
  }
  const fault = toFault(error);
  const [status, code, title] = statuses[fault.code];
  const headers: { [name: string]: string } = {};
  if (fault.code === Code.Unauthenticated) headers['www-authenticate'] = 'Bearer realm="behest"';
  const body = { title, detail: fault.rawMessage, code, ...details(fault) };
  return answer(status, body, headers);
}

function answer(
  status: number,
  body: { [key: string]: JsonValue },
  headers: { readonly [name: string]: string },
): ProblemAnswer {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
    body: { type: 'about:blank', status, success: false, ...body },
  };
}

function details(fault: ConnectError): { [key: string]: JsonValue } {
  const extra: { [key: string]: JsonValue } = {};
  for (const detail of fault.findDetails(BadRequestSchema)) {
    const json = toJson(BadRequestSchema, detail);
    if (isRecord(json)) extra['violations'] = json['fieldViolations'] ?? [];
  }
  for (const detail of fault.findDetails(ProblemsSchema)) {
    const json = toRestJson(ProblemsSchema, detail);
    if (isRecord(json)) extra['problems'] = json['problems'] ?? [];
  }
  return extra;
}

function isRecord(json: JsonValue): json is { [key: string]: JsonValue } {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
