import { describe, expect, test } from 'vitest';
import {
  comparePrecedence,
  matchPath,
  parsePathTemplate,
  splitRequestPath,
} from './path-template.ts';

function check(template: string, path: string, expected: { [field: string]: string } | null): void {
  const bound = matchPath(parsePathTemplate(template), splitRequestPath(path));
  const found =
    bound === null
      ? null
      : Object.fromEntries(bound.map((each) => [each.field.join('.'), each.value]));
  expect(found).toEqual(expected);
}

describe('a template matches a path, with these variables', () => {
  test.each([
    ['/v1/books', '/v1/books', {}],
    ['/v1/books', '/v1/books/', {}],
    ['/v1/books/', '/v1/books', {}],
    ['/v1/books', '/v1/books/1', null],
    ['/v1/books', '/v1', null],
    ['/v1/books/{id}', '/v1/books/a', { id: 'a' }],
    ['/v1/books/{id}', '/v1/books/a/', { id: 'a' }],
    ['/v1/books/{id}', '/v1/books/', null],
    ['/v1/books/{id}', '/v1/books//', null],
    ['/v1/books/{id}', '/v1/books/a%2Fb%20c', { id: 'a/b c' }],
    ['/v1/books/{id}', '/v1/books/%zz', null],
    ['/v1/books/{id}', '/v1/books/a:b', { id: 'a:b' }],
    ['/v1/{book.id}/x', '/v1/7/x', { 'book.id': '7' }],
    ['/v1/{name=shelves/*/books/*}', '/v1/shelves/1/books/2', { name: 'shelves/1/books/2' }],
    ['/v1/{name=shelves/*}', '/v1/drawers/1', null],
    ['/v1/files/{path=**}', '/v1/files/a/b/c.txt', { path: 'a/b/c.txt' }],
    ['/v1/files/{path=**}', '/v1/files', null],
    ['/v1/{name}:reconcile', '/v1/files:reconcile', { name: 'files' }],
    ['/v1/{name}:reconcile', '/v1/a:b:reconcile', { name: 'a:b' }],
    ['/v1/{name}:reconcile', '/v1/files:suspend', null],
    ['/v1/{name}:reconcile', '/v1/files', null],
    ['/v1/{name}:reconcile', '/v1/:reconcile', null],
    ['/v1/*/x', '/v1/any/x', {}],
  ] as const)('%s ~ %s → %j', check);
});

test('more literal templates come first', () => {
  const texts = ['/w/{id}', '/w/{path=**}', '/w/list', '/w/{id}/code', '/w/{id}:run', '/w'];
  const sorted = texts.map(parsePathTemplate).toSorted(comparePrecedence);
  expect(sorted.map(({ text }) => text)).toEqual([
    '/w/list',
    '/w/{id}/code',
    '/w/{id}:run',
    '/w/{id}',
    '/w/{path=**}',
    '/w',
  ]);
});

test.each(['books', '/a/{path=**}/b'])('%s is refused', (text) => {
  expect(() => parsePathTemplate(text)).toThrow(text);
});
