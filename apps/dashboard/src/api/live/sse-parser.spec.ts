import { SseParser } from './sse-parser.ts';

const TEXT = ': hello\nretry: 3000\n\nid: 7\nevent: state\ndata: {"a":\ndata: 1}\n\ndata:x\r\n\r\nevent: none\n\n';

test('however a stream is cut, its events are the same', () => {
  const whole = new SseParser();
  const expected = whole.push(TEXT);
  expect(expected).toEqual([
    { event: 'state', data: '{"a":\n1}', id: '7' },
    { event: 'message', data: 'x', id: '7' },
  ]);
  expect(whole.retryMs).toBe(3000);
  for (let size = 1; size < TEXT.length; size += 1) {
    const parser = new SseParser();
    const pieces = Array.from({ length: Math.ceil(TEXT.length / size) }, (_, n) =>
      TEXT.slice(n * size, (n + 1) * size),
    );
    expect(pieces.flatMap((piece) => parser.push(piece))).toEqual(expected);
  }
});

test('an event without end is refused', () => {
  const parser = new SseParser();
  const push = (): void => {
    for (let n = 0; n < 10; n += 1) parser.push('x'.repeat(1024 ** 2));
  };
  expect(push).toThrow(RangeError);
});
