import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { add, allContracts, sendMail } from '@lovage/contracts';
import { TestFiles } from './testing/test-files.ts';
import { uuidFrom } from '@lovage/foundation';
import { fakeTask } from '@lovage/runtime/testing';
import { TasksModule } from './index.ts';

/** Takes what Nest finds and does nothing with it. */
class HandlerCollector extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('collector');
  listen(callback: () => void): void {
    callback();
  }
  readonly close = jest.fn();
  readonly on = jest.fn<() => never>();
  readonly unwrap = jest.fn<() => never>();
}

describe('TasksModule', () => {
  it('brings a handler for every shared contract, which Nest finds and can call', async () => {
    const strategy = new HandlerCollector();
    using test = new TestFiles();
    const options = test.options();
    const module = await Test.createTestingModule({
      imports: [TasksModule.with(options, test.deps())],
    }).compile();
    const app = module.createNestMicroservice({ strategy, logger: false });
    await app.listen();
    const handlers = strategy.getHandlers();
    expect([...handlers.keys()].sort()).toEqual(allContracts.map(({ name }) => name).sort());
    const result: unknown = await handlers.get('math.add')!({ x: 1, y: 2 }, fakeTask(add).task);
    expect(result).toBe(3);
    const mail = { to: ['ann@example.org'], subject: 's', text: 't' };
    await expect(handlers.get('mail.send')!(mail, fakeTask(sendMail).task)).resolves.toMatchObject({
      accepted: mail.to,
    });
    expect(readdirSync(join(test.dataDir, 'mails'))).toContain(`${uuidFrom('task')}.eml`);
    await app.close();
  });
});

it('no handler loads the image or the mail library before it is needed: an idle worker is to stay small', () => {
  const folder = new URL('.', import.meta.url);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => /(?<!spec)\.ts$/.test(file) && !file.startsWith('testing'));
  expect(sources.length).toBeGreaterThan(15);
  for (const file of sources)
    expect(readFileSync(new URL(file, folder), 'utf8')).not.toMatch(
      /^import (?!type )[^;]* from '(?:sharp|nodemailer)'/m,
    );
});
