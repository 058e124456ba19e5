import type { PlatformDocument, QueueDocument, WorkerDocument } from '@lovage/http-api';
import { attentionOf, type AttentionData } from './attention.ts';

const NOW = Date.parse('2026-11-29T22:00:00Z');
const ago = (seconds: number): string => new Date(NOW - seconds * 1_000).toISOString();
const well: PlatformDocument = {
  ...{ broker: 'up', workers: 1, outbox: { due: 0, lagSeconds: 0 }, deadLetters: [] },
  beats: [{ host: 'a', pid: 1, startedAt: ago(900), seenAt: ago(2), alive: true }],
};
const queue = (parts: Partial<QueueDocument>): QueueDocument =>
  ({
    name: 'mail',
    paused: null,
    workers: ['w1'],
    consumers: 1,
    waiting: 0,
    later: 0,
    oldestSeconds: null,
    ...parts,
  }) as QueueDocument;
const texts = (details: Partial<AttentionData>): string[] => {
  const all = {
    now: NOW,
    platform: well,
    countedTo: ago(4),
    queues: [],
    workers: [],
    dead: [],
    failing: [],
    ...details,
  };
  return attentionOf(all).map(({ text }) => text);
};

test('nothing is said of a platform that is well, or of which nothing is known yet', () => {
  expect(texts({ queues: [queue({ waiting: 12, oldestSeconds: 20 })] })).toEqual([]);
  expect(
    texts({ platform: undefined, countedTo: undefined, queues: undefined, workers: undefined, dead: undefined }),
  ).toEqual([]);
});

test('the platform: broker, beat, outbox, workers, dead letters', () => {
  const platform: PlatformDocument = {
    ...{ broker: 'down', workers: 0, outbox: { due: 3, lagSeconds: 95 }, deadLetters: [{ reason: 'expired', n: 1 }] },
    beats: [{ host: 'a', pid: 1, startedAt: ago(9_000), seenAt: ago(7_200), alive: false }],
  };
  expect(texts({ platform })).toEqual([
    'The broker is away.',
    'No beat runs: the last one was here 2 h ago.',
    '3 messages should have been sent; the first is 1 min 35 s late.',
    'No worker runs.',
    '1 message could not be run by anybody.',
  ]);
  expect(texts({ platform: { ...well, beats: [] } })).toEqual(['No beat runs.']);
  expect(texts({ countedTo: ago(600) })).toEqual(['The charts end 10 min ago.']);
});

test('queues: paused, without consumers, waiting for long; a delayed task does not wait', () => {
  const paused = { at: ago(60), actor: null, reason: null };
  const queues = [
    queue({ name: 'a', waiting: 5, paused }),
    queue({ name: 'b', waiting: 1, workers: [], consumers: 0 }),
    queue({ name: 'c', waiting: 2, oldestSeconds: 3_600 }),
    queue({ name: 'd', waiting: 9, later: 9, workers: [], consumers: 0 }),
    queue({ name: 'e', waiting: 9, workers: [], consumers: 2 }),
  ];
  expect(texts({ queues })).toEqual([
    'Queue a is paused and 5 tasks wait in it.',
    'Queue b has no consumers and 1 task waits in it.',
    'The oldest task in queue c has waited 1 h; 2 tasks wait.',
  ]);
});

test('workers that died within the hour and have not come back; contracts that fail', () => {
  const dead = [
    { id: '1', name: 'gone', goneAt: ago(60), held: 4, death: null },
    { id: '2', name: 'back', goneAt: ago(60), held: 0, death: null },
    { id: '3', name: 'long ago', goneAt: ago(9_000), held: 0, death: null },
  ] as WorkerDocument[];
  const failing = [
    { contract: 'mail.send', failed: 30, ended: 100 },
    { contract: 'few', failed: 3, ended: 3 },
    { contract: 'well', failed: 1, ended: 100 },
  ];
  expect(texts({ dead, workers: [{ name: 'back' } as WorkerDocument], failing })).toEqual([
    'Worker gone is thought dead; it held 4 tasks.',
    '30 % of mail.send failed: 30 of 100 tasks.',
  ]);
});
