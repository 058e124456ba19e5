import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mendSymlinks } from './binaries.ts';

test('links that an install without scripts left out are made, others stay', () => {
  const root = mkdtempSync(join(tmpdir(), 'lovage-binaries-'));
  try {
    mkdirSync(join(root, 'native/lib/deep'), { recursive: true });
    writeFileSync(join(root, 'native/lib/libx.so.1.2'), 'x');
    writeFileSync(join(root, 'native/lib/libx.so'), 'there');
    writeFileSync(
      join(root, 'native/pg-symlinks.json'),
      JSON.stringify([
        { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so.1' },
        { source: 'native/lib/libx.so.1.2', target: 'native/lib/deep/libx.so' },
        { source: 'native/lib/libx.so.1.2', target: 'native/lib/libx.so' },
      ]),
    );
    mendSymlinks(root);
    mendSymlinks(root);
    expect(readFileSync(join(root, 'native/lib/libx.so.1'), 'utf8')).toBe('x');
    expect(readFileSync(join(root, 'native/lib/deep/libx.so'), 'utf8')).toBe('x');
    expect(readFileSync(join(root, 'native/lib/libx.so'), 'utf8')).toBe('there');
  } finally {
    rmSync(root, { recursive: true });
  }
});
