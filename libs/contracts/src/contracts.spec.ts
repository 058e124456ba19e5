import { readdirSync, readFileSync } from 'node:fs';
import { ContractRegistry, validateInput, validateOutput, type AnyContract } from '@lovage/task';
import { z } from 'zod';
import * as exported from './index.ts';
import {
  add,
  allContracts,
  divide,
  downloadFile,
  MAX_SUM_N,
  notifyMentions,
  processWord,
  sendMail,
  sumToN,
  thumbnail,
  waitAndReturn,
} from './index.ts';

const accepts = (contract: AnyContract, input: unknown) => {
  try {
    validateInput(contract, input);
    return true;
  } catch {
    return false;
  }
};

interface Schema {
  examples?: unknown[];
  description?: string;
  additionalProperties?: boolean;
  properties?: Record<string, Schema>;
}

describe('allContracts', () => {
  it('holds every contract that the library exports, each once', () => {
    const contracts = Object.values(exported).filter((value) => typeof value === 'object' && 'input' in value);
    expect([...allContracts].map(({ name }) => name).sort()).toEqual(contracts.map(({ name }) => name).sort());
    expect(new ContractRegistry(allContracts).list()).toHaveLength(allContracts.length);
  });

  it('imports no more than contracts need: they are loaded by browsers and by every process', () => {
    const imported = readdirSync(new URL('.', import.meta.url))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
      .flatMap((file) => [...readFileSync(new URL(file, import.meta.url), 'utf8').matchAll(/from '([^'.][^']*)'/g)])
      .map((match) => match[1]);
    expect(new Set(imported)).toEqual(new Set(['zod', '@lovage/task']));
  });

  describe.each(allContracts.map((contract) => [contract.name, contract] as const))('%s', (_name, contract) => {
    const schema = z.toJSONSchema(contract.input, { io: 'input' }) as Schema;

    it('says what it is for and describes every field', () => {
      expect(contract.summary).toMatch(/^[A-Z].{5,60}[^.]$/);
      expect(contract.description).toMatch(/\.$/);
      for (const field of Object.values(schema.properties!)) expect(field.description).toMatch(/\.$|`$/);
    });

    it('has examples that it accepts', () => {
      expect(schema.examples!.length).toBeGreaterThan(0);
      for (const example of schema.examples!) expect(validateInput(contract, example)).toEqual(example);
      const output = z.toJSONSchema(contract.output) as Schema;
      expect(output.examples!.length).toBeGreaterThan(0);
      for (const example of output.examples!) expect(validateOutput(contract, example)).toEqual(example);
    });

    it('refuses unknown fields', () => {
      expect(schema.additionalProperties).toBe(false);
      expect(accepts(contract, { ...(schema.examples![0] as object), extra: 1 })).toBe(false);
    });

    it('has JSON Schemas without references, as they go into OpenAPI', () => {
      for (const part of [contract.input, contract.output, contract.progress, ...Object.values(contract.errors)])
        expect(JSON.stringify(z.toJSONSchema(part as z.ZodType))).not.toContain('$ref');
    });
  });
});

describe('inputs', () => {
  it.each([
    [add.name, add, { x: 1.5, y: -2 }, true],
    [add.name, add, { x: '1', y: 2 }, false],
    [add.name, add, { x: 1 }, false],
    [add.name, add, { x: Infinity, y: 1 }, false],
    [divide.name, divide, { x: 1, y: 0 }, true],
    [divide.name, divide, { x: 1, y: null }, false],
    [sumToN.name, sumToN, { n: 0 }, true],
    [sumToN.name, sumToN, { n: MAX_SUM_N }, true],
    [sumToN.name, sumToN, { n: MAX_SUM_N + 1 }, false],
    [sumToN.name, sumToN, { n: -1 }, false],
    [sumToN.name, sumToN, { n: 1.5 }, false],
    [waitAndReturn.name, waitAndReturn, { seconds: 0, value: null }, true],
    [waitAndReturn.name, waitAndReturn, { seconds: 3600, value: { a: [1, 'b'] } }, true],
    [waitAndReturn.name, waitAndReturn, { seconds: 3600.1, value: 1 }, false],
    [waitAndReturn.name, waitAndReturn, { seconds: -0.1, value: 1 }, false],
    [waitAndReturn.name, waitAndReturn, { seconds: 1 }, false],
    [waitAndReturn.name, waitAndReturn, { seconds: 1, value: undefined }, false],
    [processWord.name, processWord, { word: 'a' }, true],
    [processWord.name, processWord, { word: '' }, false],
    [processWord.name, processWord, { word: 'x'.repeat(1001) }, false],
    ...[
      ['ann@example.org', true],
      ['ann+tag@mail.example.org', true],
      ['ann@localhost', true],
      ['ann', false],
      ['ann@', false],
      ['ann@example.org\r\nBcc: eve@example.org', false],
      ['ann@example.org, eve@example.org', false],
      ['"ann b"@example.org', false],
      ['Ann <ann@example.org>', false],
      ['ann@-example.org', false],
      ['ann@ex\u0131mple.org', false],
      [`${'a'.repeat(65)}@example.org`, false],
    ].map(([to, valid]) => [sendMail.name, sendMail, { to: [to], subject: '', text: '' }, valid]),
    [sendMail.name, sendMail, { to: [], subject: '', text: '' }, false],
    ...['a\r\nBcc: eve@example.org', 'a\nb', 'a\u2028b', 'a\0'].map((subject) => [
      sendMail.name,
      sendMail,
      { to: ['a@b'], subject, text: '' },
      false,
    ]),
    [notifyMentions.name, notifyMentions, { text: '@ann' }, false],
    [notifyMentions.name, notifyMentions, { text: '@ann', domain: 'example.org' }, true],
    [notifyMentions.name, notifyMentions, { text: '@ann', domain: 'example.org\n' }, false],
    [notifyMentions.name, notifyMentions, { text: '@ann', users: { 'a b': 'a@b' } }, false],
    [notifyMentions.name, notifyMentions, { text: '@ann', users: { ann: 'a' } }, false],
    ...[
      [{ url: 'http://example.org/' }, [{ width: 1 }], true],
      [{ path: 'a' }, [{ height: 4096 }], true],
      [{ path: 'a' }, [{}], false],
      [{ path: 'a' }, [], false],
      [{ path: 'a' }, [{ width: 4097 }], false],
      [{ path: 'a', url: 'http://example.org/' }, [{ width: 1 }], false],
      [{}, [{ width: 1 }], false],
    ].map(([source, sizes, valid]) => [thumbnail.name, thumbnail, { source, sizes }, valid]),
    ...[
      ['https://example.org:8443/a?b#c', true],
      ['ftp://example.org/a', false],
      ['file:///etc/passwd', false],
      ['https://user:password@example.org/a', false],
      ['https://user@example.org/a', false],
      ['example.org/a', false],
      [`https://example.org/${'a'.repeat(2048)}`, false],
    ].map(([url, valid]) => [downloadFile.name, downloadFile, { url }, valid]),
    [downloadFile.name, downloadFile, { url: 'http://h', sha256: 'abc' }, false],
  ] as [string, AnyContract, unknown, boolean][])('%s: case %#', (_name, contract, input, valid) => {
    expect(accepts(contract, input)).toBe(valid);
  });

  it('keep their order of fields, which Celery callers rely on', () => {
    expect(allContracts.map(({ positional }) => positional.join())).toEqual([
      'x,y',
      'x,y',
      'n',
      'seconds,value',
      'word',
      'to,subject,text,html,cc,bcc,replyTo',
      'text,users,domain,author,subject',
      'source,sizes,fit,format,quality',
      'url,path,sha256,maxBytes,timeout,replace',
      'url,payload,secret',
      '',
      '',
    ]);
  });

  it('bound the sum so that it is exact', () => {
    expect(Number.isSafeInteger((MAX_SUM_N * (MAX_SUM_N + 1)) / 2)).toBe(true);
  });
});
