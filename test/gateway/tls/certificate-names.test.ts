import { describe, expect, it } from 'vitest';
import { createNameTable, subjectAltNames } from '../../../src/gateway/tls/certificate-names.ts';

describe('names of a certificate', () => {
  it('are read in their order, in lower case, DNS names apart from addresses', () => {
    expect(
      subjectAltNames(
        'DNS:Forum.Example, IP Address:192.0.2.1, DNS:*.forum.example, email:a@b.example, IP Address:2001:DB8:0:0:0:0:0:1',
      ),
    ).toEqual({
      dns: ['forum.example', '*.forum.example'],
      addresses: ['192.0.2.1', '2001:DB8:0:0:0:0:0:1'],
      unusable: 0,
    });
    expect(subjectAltNames(undefined)).toEqual({ dns: [], addresses: [], unusable: 0 });
  });

  it('inside a quoted value of another kind are none', () => {
    expect(subjectAltNames('URI:"http://a/, DNS:evil.example", DNS:forum.example').dns).toEqual([
      'forum.example',
    ]);
    expect(subjectAltNames('URI:"a\\", DNS:evil.example", DNS:forum.example').dns).toEqual(['forum.example']);
  });

  it.each(['f*.example', '*', '*.*.example', 'a..example', '-a.example', 'a b.example', ''])(
    'cannot be %j',
    (name) => {
      expect(subjectAltNames(`DNS:${name}, DNS:forum.example`)).toEqual({
        dns: ['forum.example'],
        addresses: [],
        unusable: 1,
      });
    },
  );
});

describe('name table', () => {
  const table = createNameTable<string>();
  table.add('*.example.org', 'wildcard');
  table.add('www.example.org', 'www');
  table.add('example.org', 'bare');

  it.each([
    ['www.example.org', 'www'],
    ['WWW.Example.ORG', 'www'],
    ['www.example.org.', 'www'],
    ['example.org', 'bare'],
    ['other.example.org', 'wildcard'],
    ['a.b.example.org', undefined],
    ['.example.org', undefined],
    ['*.example.org', undefined],
    ['org', undefined],
    ['', undefined],
    ['__proto__', undefined],
  ])('%j is %s', (host, found) => {
    expect(table.find(host)).toBe(found);
  });

  it('keeps the first of two of one name', () => {
    expect(table.add('example.org', 'second')).toBe(false);
    expect(table.find('example.org')).toBe('bare');
  });
});
