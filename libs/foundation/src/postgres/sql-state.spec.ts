import { describe, expect, test } from '@jest/globals';
import { endsSession, isBadValue, isHopeless, isTransient, sqlState } from './sql-state.ts';

const error = (code: unknown): Error => Object.assign(new Error('for the test'), { code, severity: 'ERROR' });

describe('SQLSTATE', () => {
  test('is told apart from the codes of sockets, five characters long or not', () => {
    for (const code of ['EPIPE', 'EPERM', 'ECONNRESET', 'ERR_SOCKET_CLOSED', '', 22001, undefined])
      expect(sqlState(error(code))).toBeUndefined();
    expect(sqlState(Object.assign(new Error('of Prisma'), { code: 'P2002' }))).toBeUndefined();
    for (const thrown of [null, undefined, 'text', {}]) expect(sqlState(thrown)).toBeUndefined();
    for (const code of ['22P05', '57P01', 'XX000', 'P0001', 'F0000', 'HV000', '0A000', '3F000'])
      expect(sqlState(error(code))).toBe(code);
  });

  test('says what to do', () => {
    expect(['22021', '23505', '54000', '40001', '57P01'].map((code) => isBadValue(error(code)))).toEqual([
      ...[true, true, true],
      ...[false, false],
    ]);
    expect(['40001', '40P01', '42601'].map((code) => isTransient(error(code)))).toEqual([true, true, false]);
    expect(['28P01', '3D000', '42501', '57P03', '53300'].map((code) => isHopeless(error(code)))).toEqual([
      ...[true, true, true],
      ...[false, false],
    ]);
    // A cancelled statement (57014) leaves its session alive, and is undone.
    expect(['57P01', '08006', '57014'].map((code) => endsSession(error(code)))).toEqual([true, true, false]);
  });
});
