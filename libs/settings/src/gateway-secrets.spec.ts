import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewaySecrets } from './gateway-secrets.ts';
import { parseSettings } from './settings.ts';

let dataDir: string;
beforeEach(() => (dataDir = join(mkdtempSync(join(tmpdir(), 'lovage-settings-')), 'data')));
afterEach(() => rmSync(join(dataDir, '..'), { recursive: true }));

test('development makes them once, and keeps them for its owner alone', () => {
  const settings = parseSettings({ DATA_DIR: dataDir });
  const first = gatewaySecrets(settings);
  expect(first.adminIsNew).toBe(true);
  expect(Buffer.byteLength(first.jwtSecret)).toBeGreaterThanOrEqual(32);
  expect(first.admin.password.length).toBeGreaterThanOrEqual(12);
  expect(gatewaySecrets(settings)).toEqual({ ...first, adminIsNew: false });
  for (const file of ['jwt-secret', 'admin-password']) expect(statSync(join(dataDir, file)).mode & 0o777).toBe(0o600);
});

test('what is set is used, and nothing is written', () => {
  const settings = parseSettings({
    DATA_DIR: dataDir,
    JWT_SECRET: 'j'.repeat(32),
    ADMIN_EMAIL: 'a@b.c',
    ADMIN_PASSWORD: 'long enough',
  });
  expect(gatewaySecrets(settings)).toEqual({
    jwtSecret: 'j'.repeat(32),
    admin: { email: 'a@b.c', password: 'long enough' },
    adminIsNew: false,
  });
  expect(() => statSync(dataDir)).toThrow(/ENOENT/);
});

test('production makes nothing up', () => {
  const settings = parseSettings({ NODE_ENV: 'production', DATA_DIR: dataDir });
  expect(() => gatewaySecrets(settings)).toThrow(/JWT_SECRET.*\n.*ADMIN_EMAIL/s);
});
