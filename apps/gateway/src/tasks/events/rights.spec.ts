import { newId } from '@lovage/foundation';
import type { AccessChecks, ApiKey, UserStanding } from '@lovage/ports';
import { eventually, TestClock } from '@lovage/testing';
import { AccessTokens } from '../../auth/access-tokens.ts';
import { SECRET, TestGateway } from '../../testing/test-gateway.ts';

const clock = new TestClock(Date.now());
let gateway: TestGateway;
let id: string;
const [ada, bo, cy] = [newId(), newId(), newId()];
const standing = new Map<string, UserStanding>([ada, bo, cy].map((user) => [user, { role: 'viewer', epoch: 0 }]));
let key: ApiKey | undefined = { id: newId(), userId: ada, role: 'viewer', name: 'k', prefix: 'lvk_' } as ApiKey;
const checks: AccessChecks = {
  standingOf: (user) => Promise.resolve(standing.get(user)),
  useApiKey: () => Promise.resolve(key),
};
const tokens = new AccessTokens(SECRET, clock);
const bearer = async (user: string) => ({
  authorization: `Bearer ${await tokens.issue({ id: user, role: 'viewer', epoch: 0 })}`,
});
beforeAll(async () => {
  gateway = await TestGateway.start({ listen: { host: '127.0.0.1', port: 0 }, clock, deps: { checks } });
  standing.set(gateway.userId, { role: 'operator', epoch: 0 });
  id = (await gateway.ask('/api/tasks/math.add', { body: { input: { x: 1, y: 2 } } })).json().id;
});
afterAll(() => gateway[Symbol.asyncDispose]());

/** Follows the task, or what the path says; the text of the stream grows as it comes. */
async function follow(headers: Record<string, string>, path = `/api/tasks/${id}/events`) {
  const response = await fetch(`${await gateway.gateway.url}${path}`, { headers });
  expect(response.status).toBe(200);
  const stream = { text: '', ended: false };
  void (async () => {
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) stream.text += chunk;
    stream.ended = true;
  })();
  return stream;
}

async function endsByItself(stream: { text: string; ended: boolean }): Promise<void> {
  await eventually(async () => {
    await clock.advance(1000);
    return stream.ended;
  });
  expect(stream.text).toMatch(/event: closed\ndata: \{"code":"unauthenticated"/);
}

test('a stream ends when the API key is revoked, the user removed or given another password; others go on', async () => {
  const ofAnother = await follow(await bearer(cy));
  const ofKey = await follow({ 'x-api-key': 'lvk_x' });
  const liveOfKey = await follow({ 'x-api-key': 'lvk_x' }, '/api/live?topics=counts');
  const liveOfAnother = await follow(await bearer(cy), '/api/live?topics=counts');
  const ofRemoved = await follow(await bearer(ada));
  const ofChanged = await follow(await bearer(bo));
  await clock.advance(20_000);
  expect([ofAnother, ofKey, ofRemoved, ofChanged].map(({ ended }) => ended)).toEqual([false, false, false, false]);

  key = undefined;
  await endsByItself(ofKey);
  await endsByItself(liveOfKey);
  standing.delete(ada);
  await endsByItself(ofRemoved);
  standing.set(bo, { role: 'viewer', epoch: 1 });
  await endsByItself(ofChanged);

  expect([ofAnother.ended, liveOfAnother.ended]).toEqual([false, false]);
  await gateway.finish(id, 'SUCCESS', 3);
  await eventually(async () => {
    await clock.advance(100);
    return ofAnother.ended;
  });
  expect(ofAnother.text).not.toContain('closed');
});
