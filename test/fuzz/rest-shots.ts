import { getOption, hasOption } from '@bufbuild/protobuf';
import { upload } from '../../src/gen/behest/v1/rest_pb.ts';
import type { Route } from '../../src/api/transcode/route-table.ts';
import type { Dice } from '../simulation/dice.ts';
import { nastyJson, nastyTexts, nested } from './nasty.ts';
import { messageText, textFor, type Known } from './shape.ts';
import type { Shot } from './shot.ts';

const DEEP = 100_000;

/** A request for this route: the right path, mostly, and anything as query, headers and body. */
export function restShot(dice: Dice, route: Route, known: Known): Shot {
  const { verb, rpc } = route;
  const method = dice.chance(0.04)
    ? dice.pick(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'])
    : verb;
  const takesBody = route.body !== '' || dice.chance(0.05);
  const { type, body } = takesBody ? bodyOf(dice, route, known) : none;
  return {
    label: `${method} ${route.template.text}`,
    http: dice.pick([1, 2]),
    method,
    path: `${pathOf(dice, route, known)}${queryOf(dice, route, known)}`,
    headers: { ...(type === '' ? {} : { 'content-type': type }), ...oddHeaders(dice) },
    body,
    isStream: rpc.methodKind !== 'unary',
  };
}

const none = { type: '', body: Buffer.alloc(0) };

function pathOf(dice: Dice, { template }: Route, known: Known): string {
  const fields = new Map(template.variables.map(({ field, start }) => [start, field.join('.')]));
  const segments = template.segments.map((segment, index) => {
    if (segment.kind === 'literal') return segment.text;
    const text = textFor(dice, fields.get(index) ?? '', known);
    return escaped(dice, text);
  });
  const verb = template.verb === '' ? '' : `:${template.verb}`;
  return `/${segments.join('/')}${verb}${dice.chance(0.1) ? '/' : ''}`;
}

/** Percent-encoded; now and then only as far as HTTP asks for it. */
function escaped(dice: Dice, text: string): string {
  if (dice.chance(0.8)) return encodeURIComponent(text.toWellFormed());
  return text.replaceAll(/[^\x21-\x7e]/g, '').replaceAll(/[?#]/g, '') || 'x';
}

function queryOf(dice: Dice, { rpc, whenQuery }: Route, known: Known): string {
  const names = rpc.input.fields.map(({ name }) => name);
  const parts = whenQuery === '' ? [] : [`${whenQuery}=true`];
  while (dice.chance(0.45)) {
    const name = dice.chance(0.85) ? dice.pick([...names, 'namespace']) : dice.pick(nastyTexts);
    const deep = dice.chance(0.1) ? `.${dice.pick(nastyTexts)}` : '';
    const value = dice.chance(0.1) ? nested(2000, 'lists') : textFor(dice, name, known);
    const isSafe = dice.chance(0.9);
    const encode = isSafe
      ? encodeURIComponent
      : (text: string) => text.replaceAll(/[^\x21-\x7e]/g, '+');
    parts.push(`${encode((name + deep).toWellFormed())}=${encode(value.toWellFormed())}`);
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

const types = [
  'application/json',
  'application/json; charset=utf-16',
  'application/yaml',
  'text/plain',
  'text/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary=other',
  'application/octet-stream',
  'application/vnd.api+json',
  'a/b; c="',
  ';',
];

interface Body {
  readonly type: string;
  readonly body: Buffer;
}

function bodyOf(dice: Dice, route: Route, known: Known): Body {
  if (hasOption(route.rpc, upload) && dice.chance(0.4)) return formOf(dice, route, known);
  const type = dice.chance(0.75) ? 'application/json' : dice.pick(types);
  const isYaml = type === 'application/yaml';
  if (isYaml && known['text'] !== undefined && dice.chance(0.7)) {
    return { type, body: spoiled(dice, Buffer.from(dice.pick(known['text']))) };
  }
  return { type, body: spoiled(dice, Buffer.from(jsonOf(dice, route, known))) };
}

function jsonOf(dice: Dice, route: Route, known: Known): string {
  if (dice.chance(0.02)) return nested(DEEP, dice.pick(['lists', 'objects'] as const));
  if (dice.chance(0.05)) return dice.pick(nastyJson);
  const { input } = route.rpc;
  const field = input.fields.find(({ name }) => name === route.body);
  if (field === undefined) return messageText(dice, input, known);
  const samples = known[field.name];
  if (samples !== undefined && dice.chance(0.6)) return dice.pick(samples);
  return field.message === undefined ? '1' : messageText(dice, field.message, known);
}

/** The same, cut short, with bytes changed, or with bytes that are no UTF-8. */
function spoiled(dice: Dice, body: Buffer): Buffer {
  if (body.length === 0 || dice.chance(0.7)) return body;
  const at = dice.below(body.length);
  if (dice.chance(0.3)) return body.subarray(0, at);
  const scrap = dice.pick([
    Buffer.from([0xff]),
    Buffer.from([0xed, 0xa0, 0x80]),
    Buffer.from([0x00]),
    Buffer.from([0xc0, 0x80]),
    Buffer.from('{'),
    Buffer.from('"'),
  ]);
  return Buffer.concat([body.subarray(0, at), scrap, body.subarray(at + dice.below(3))]);
}

function formOf(dice: Dice, route: Route, known: Known): Body {
  const rules = getOption(route.rpc, upload);
  const names = [...rules.fields, 'file', 'note', ...nastyTexts.slice(0, 12), '__proto__'];
  if (dice.chance(0.3)) {
    const fields = Array.from({ length: dice.below(5) }, (): [string, string] => {
      const name = dice.pick(names);
      const value = dice.chance(0.15) ? nested(DEEP, 'lists') : textFor(dice, name, known);
      return [name, value.toWellFormed()];
    });
    const body = Buffer.from(new URLSearchParams(fields).toString());
    return { type: 'application/x-www-form-urlencoded', body: spoiled(dice, body) };
  }
  const parts = Array.from({ length: dice.between(1, 5) }, () => partOf(dice, names, known));
  const end = dice.chance(0.8) ? '--edge--\r\n' : '';
  const body = spoiled(dice, Buffer.from(`${parts.join('')}${end}`));
  const boundary = dice.chance(0.9) ? 'edge' : dice.pick(['other', '', '"', 'x'.repeat(300)]);
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}

function partOf(dice: Dice, names: readonly string[], known: Known): string {
  const name = dice.pick(names);
  const file = dice.chance(0.4)
    ? `; filename="${dice.pick(['a.txt', '../../x', 'a\0b', '', 'é'])}"`
    : '';
  const type = dice.chance(0.3) ? `Content-Type: ${dice.pick(types)}\r\n` : '';
  const deep = dice.chance(0.1);
  const value = deep ? nested(DEEP, 'lists') : textFor(dice, name, known);
  return `--edge\r\nContent-Disposition: form-data; name="${name}"${file}\r\n${type}\r\n${value}\r\n`;
}

/** Headers that a server acts upon, with values it does not expect. */
export function oddHeaders(dice: Dice): Record<string, string> {
  const odd: Record<string, string> = {};
  const choices: readonly (readonly [string, readonly string[]])[] = [
    ['accept', ['application/x-ndjson', '*/*;q=x', 'text/event-stream', '\xff']],
    ['accept-encoding', ['gzip', 'br;q=0, *', 'gzip;q=0']],
    ['content-encoding', ['gzip', 'br', 'identity', 'x']],
    ['idempotency-key', ['k', 'x'.repeat(300), '\xff\xfe', "'", '']],
    ['last-event-id', ['0', '-1', '1e999', '1-2-3', 'AAAA', '\xe9', 'x'.repeat(400)]],
    ['range', ['bytes=0-', 'bytes=-0', 'bytes=9-1', 'bytes=a-b', 'x'.repeat(500)]],
    ['if-none-match', ['*', '"x"', 'W/']],
    ['x-forwarded-host', ['evil.example']],
    ['connect-timeout-ms', ['-1', 'x', '99999999999', '']],
    ['grpc-timeout', ['1', 'x', '99999999999S', '-1m']],
    ['traceparent', ['00-x', '\xff']],
    ['cookie', ['a=b; c']],
    [
      'authorization',
      ['Bearer', 'Basic Og==', 'Bearer a.b.c', 'Bearer \xff', `Bearer ${'x'.repeat(4000)}`],
    ],
  ];
  while (dice.chance(0.25)) {
    const [name, values] = dice.pick(choices);
    odd[name] = dice.pick(values);
  }
  return odd;
}
