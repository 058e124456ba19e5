import { readFileSync } from 'node:fs';
import { ForbiddenException, HttpException } from '@nestjs/common';
import { IdempotencyKeyReusedError, SubmitOptionsError } from '@lovage/client';
import { PROBLEM_CODES, problemDocument, type ProblemCode } from '@lovage/http-api';
import {
  BrokerUnavailableError,
  ConfirmLostError,
  PublishRefusedError,
  StoreUnavailableError,
  UnroutableError,
} from '@lovage/ports';
import { ContractUnknownError, InputInvalidError } from '@lovage/task';
import { ProblemError } from './problem-error.ts';
import { problemOf } from './problem-of.ts';

const fastify = (code: string, statusCode: number): Error =>
  Object.assign(new Error('of fastify'), { name: 'FastifyError', code, statusCode });

test.each<[unknown, ProblemCode]>([
  [new ProblemError('busy', 'wait'), 'busy'],
  [new ContractUnknownError('a.b'), 'contract_unknown'],
  [new InputInvalidError('a.b', []), 'input_invalid'],
  [new SubmitOptionsError('delay', 'is wrong'), 'options_invalid'],
  [new SubmitOptionsError('idempotencyKey', 'is wrong'), 'header_invalid'],
  [new IdempotencyKeyReusedError('k', 'id'), 'idempotency_key_reused'],
  [new UnroutableError('q'), 'queue_unknown'],
  [new StoreUnavailableError('away'), 'store_unavailable'],
  [new StoreUnavailableError('all at work', { code: 'store_busy' }), 'store_busy'],
  [new BrokerUnavailableError('away'), 'broker_unavailable'],
  [new ConfirmLostError('lost'), 'broker_unavailable'],
  [new PublishRefusedError('no'), 'broker_unavailable'],
  [new ForbiddenException(), 'forbidden'],
  [fastify('FST_ERR_CTP_BODY_TOO_LARGE', 413), 'body_too_large'],
  [new HttpException('x', 413, { cause: fastify('FST_ERR_CTP_BODY_TOO_LARGE', 413) }), 'body_too_large'],
  [fastify('FST_ERR_CTP_INVALID_CONTENT_LENGTH', 400), 'http_malformed'],
  [Object.assign(new Error('aborted'), { statusCode: 400 }), 'http_malformed'],
  [fastify('FST_ERR_REP_ALREADY_SENT', 500), 'internal_error'],
  [new Error('a bug'), 'internal_error'],
  ['a string', 'internal_error'],
  [undefined, 'internal_error'],
])('%s is %s', (thrown, code) => {
  expect(problemOf(thrown).code).toBe(code);
});

test('every 503 that may pass says when to try again', () => {
  const busy = new StoreUnavailableError('x', { code: 'store_busy' });
  for (const error of [new StoreUnavailableError('x'), busy, new ConfirmLostError('x'), new PublishRefusedError('x')])
    expect(problemOf(error).headers).toEqual({ 'retry-after': '1' });
});

test('a database that is busy is not said to be away', () => {
  const busy = new StoreUnavailableError('all connections are at work', { code: 'store_busy' });
  expect(problemOf(busy).detail).toBe('all connections are at work');
  expect(problemOf(new StoreUnavailableError('no answer')).detail).toBe('no answer; try again');
});

test('a bug’s message stays inside', () => {
  expect(problemOf(new Error('password is hunter2')).detail).not.toContain('hunter2');
});

test('docs/rest.md lists every code with its status, and no other', () => {
  const text = readFileSync(new URL('../../../../docs/rest.md', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^\| `([a-z_]+)` +\| (\d{3}) +\|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  expect(Object.fromEntries(listed)).toEqual(
    Object.fromEntries(Object.entries(PROBLEM_CODES).map(([code, { status }]) => [code, status])),
  );
});

test('a problem document is complete without errors and request id', () => {
  expect(problemDocument('task_unknown', { detail: 'no such task' })).toEqual({
    type: 'urn:lovage:problem:task_unknown',
    title: 'There is no such task',
    status: 404,
    code: 'task_unknown',
    detail: 'no such task',
    errors: [],
  });
});
