import { expect, test } from 'vitest';
import { allowRules, mayConnect, targetOf } from './address-guard.ts';

function check(address: string, expected: boolean, allow: readonly string[] = []): void {
  const target = targetOf(new URL('http://example.test:8080/'));
  expect(mayConnect(allowRules(allow, ''), target, address)).toBe(expected);
}

test.each([
  '127.0.0.1',
  '127.255.255.254',
  '10.0.0.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '100.127.255.255',
  '0.0.0.0',
  '0.1.2.3',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '192.0.2.1',
  '198.18.0.1',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::ffff:a9fe:a9fe',
  '::7f00:1',
  '64:ff9b::7f00:1',
  'fe80::1',
  'fe80::1%eth0',
  'fc00::1',
  'fd00:ec2::254',
  'ff02::1',
  '2002:7f00:1::',
  '2001::1',
  '2001:db8::1',
])('%s is not public → refused', (address) => {
  check(address, false);
});

test.each([
  '1.1.1.1',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '::ffff:8.8.8.8',
  '64:ff9b::808:808',
])('%s is public → allowed', (address) => {
  check(address, true);
});

test.each([
  ['10.0.0.0/8', '10.1.2.3', true],
  ['10.0.0.0/8', '11.0.0.1', true], // public anyway
  ['10.0.0.0/8', '192.168.0.1', false],
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.1', '127.0.0.2', false],
  ['127.0.0.0/8', '::ffff:127.0.0.1', true],
  ['::1', '::1', true],
  ['fd00::/8', 'fd12::1', true],
  ['example.test', '127.0.0.1', true],
  ['EXAMPLE.test', '127.0.0.1', true],
  ['example.test:8080', '127.0.0.1', true],
  ['example.test:8081', '127.0.0.1', false],
  ['other.test', '127.0.0.1', false],
])('allowing %s, connecting to %s → %s', (entry, address, expected) => {
  check(address, expected, [entry]);
});

test('selfUrl → its own host and port, no other port', () => {
  const rules = allowRules([], 'http://127.0.0.1:8080/');
  expect(mayConnect(rules, targetOf(new URL('http://127.0.0.1:8080/x')), '127.0.0.1')).toBe(true);
  expect(mayConnect(rules, targetOf(new URL('http://127.0.0.1:8081/x')), '127.0.0.1')).toBe(false);
  expect(mayConnect(rules, targetOf(new URL('http://127.0.0.2:8080/')), '127.0.0.2')).toBe(false);
  const v6 = allowRules([], 'http://[::1]:8080');
  expect(mayConnect(v6, targetOf(new URL('http://[::1]:8080/')), '::1')).toBe(true);
});
