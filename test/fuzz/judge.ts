import type { Heard } from './shot.ts';

/** What no answer may hold, each with a word for the report. */
const leaks: readonly (readonly [string, RegExp])[] = [
  ['a stack trace', /\n\s+at [^\n]+:\d+:\d+|node:internal|\.(ts|js|mjs):\d+:\d+/],
  ['a path of this machine', /node_modules|\/src\/(api|store|main|bus)\//],
  [
    'SQL',
    /PostgresError|insert into |select [a-z_, ]+ from |violates \w+(-\w+)* constraint|syntax error at or near|invalid byte sequence|invalid input syntax|out of range for type|could not serialize/i,
  ],
  ['a type of the implementation', /(TypeError|RangeError|ReferenceError|Maximum call stack)/],
];

/** What is wrong with this answer; null when nothing is. */
export function faultOf(heard: Heard, secrets: readonly string[]): string | null {
  if (heard.hung !== null) return `hung: no ${heard.hung} within 5 s`;
  if (heard.broken !== null) return `the connection broke: ${heard.broken}`;
  const { status, text, headers } = heard;
  if (status >= 500 && status !== 501 && !isTimeout(heard)) return `status ${status}`;
  const isGrpc = headers['content-type'] === 'application/grpc';
  if (isGrpc && status === 200 && !everythingIn(heard).includes('grpc-status'))
    return 'gRPC without a status';
  if (/"?grpc-status"?:\s*"?(2|13|15)\b/.test(text)) return 'gRPC INTERNAL or UNKNOWN';
  if (['2', '13', '15'].includes(String(headers['grpc-status']))) return 'gRPC INTERNAL or UNKNOWN';
  if (/"code":\s*"(internal|unknown|data_loss)"/.test(text)) return 'internal or unknown';
  if (headers['set-cookie'] !== undefined) return 'a header of the request came back as a header';
  const everything = everythingIn(heard);
  const leak = leaks.find(([, pattern]) => pattern.test(everything));
  if (leak !== undefined) return `it shows ${leak[0]}`;
  if (secrets.some((secret) => everything.includes(secret))) return 'it shows a secret';
  return null;
}

function everythingIn({ headers, text }: Heard): string {
  return `${JSON.stringify(headers)}\n${text}`;
}

/** A client that asks for an answer within no time gets none: that is its own wish. */
function isTimeout({ status, text }: Heard): boolean {
  return status === 504 && /deadline_exceeded/.test(text);
}
