import fc from 'fast-check';
import { maskUrl } from './mask-url.ts';

describe('maskUrl', () => {
  it.each([
    ['amqp://guest:secret@rabbit:5672/vhost', 'amqp://guest:***@rabbit:5672/vhost'],
    [
      'postgres://postgres:p%40ss@127.0.0.1:5432/db?sslmode=require',
      'postgres://postgres:***@127.0.0.1:5432/db?sslmode=require',
    ],
    ['redis://:secret@cache/0', 'redis://:***@cache/0'],
    ['https://user@host/', 'https://user@host/'],
    ['amqp://127.0.0.1', 'amqp://127.0.0.1'],
    ['sentinel://:secret@a:1/0;sentinel://:secret@b', 'sentinel://:***@a:1/0;sentinel://:***@b'],
    [
      'postgres://host/db?user=u&password=secret&sslpassword=x',
      'postgres://host/db?user=u&password=***&sslpassword=***',
    ],
    ['postgres:///db?host=/run/postgresql', 'postgres:///db?host=/run/postgresql'],
    [
      'smtp://u:secret@mail?api_key=x&token=y&client_secret=z',
      'smtp://u:***@mail?api_key=***&token=***&client_secret=***',
    ],
  ])('%s', (url, masked) => expect(maskUrl(url)).toBe(masked));

  it.each([
    '',
    'secret',
    'guest:secret@host',
    'amqp://u:12#secret@host',
    'amqp://u:12/secret@host/vhost',
    'amqp://u:12?secret@host',
    'amqp://u:secret@h1:5672,h2:5672/',
    'amqp://u:secret;sentinel://h',
    'sentinel://:12/secret@a;sentinel://b',
  ])('%p is no URL fit for logs: it may hold a secret anywhere', (text) => {
    expect(maskUrl(text)).toBe('(not a URL)');
  });

  it('never shows a password, escaped or not', () => {
    const password = fc.string({ minLength: 1 }).map((text) => `5ecret${text}5ecret`);
    fc.assert(
      fc.property(password, fc.boolean(), (given, escaped) => {
        expect(maskUrl(`amqp://user:${escaped ? encodeURIComponent(given) : given}@host:5672/v`)).not.toContain(
          '5ecret',
        );
      }),
    );
  });
});
