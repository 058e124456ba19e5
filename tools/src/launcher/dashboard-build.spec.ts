import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dashboardFolder, makeDashboard } from './dashboard-build.mjs';

let root: string;
/** A checkout with little in it, and a Vite that does what the sources say. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lovage-dashboard-'));
  write('package-lock.json', '{}');
  for (const folder of ['apps/dashboard', 'libs/foundation', 'libs/http-api', 'libs/task'])
    write(`${folder}/package.json`, '{}');
  write('apps/dashboard/src/main.tsx', 'built');
  write('node_modules/vite/package.json', '{}');
  write(
    'node_modules/vite/bin/vite.js',
    `const { appendFileSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs');
     const folder = process.argv[process.argv.indexOf('--outDir') + 1];
     const text = readFileSync('src/main.tsx', 'utf8');
     appendFileSync('../../runs', '.');
     mkdirSync(folder, { recursive: true });
     if (text === 'broken') { console.error('src/main.tsx: broken'); process.exit(1); }
     if (text === 'endless') setInterval(() => undefined, 1000);
     else writeFileSync(folder + '/index.html', text);`,
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

let edits = 0;
function write(file: string, text: string): void {
  mkdirSync(join(root, file, '..'), { recursive: true });
  writeFileSync(join(root, file), text);
  // Edits of one length within one tick of the clock are edits.
  utimesSync(join(root, file), new Date(), new Date(1_700_000_000_000 + (edits += 1) * 1000));
}
const runs = (): number => readFileSync(join(root, 'runs'), 'utf8').length;

test('it is made once for the sources as they are, and anew after an edit', async () => {
  const first = dashboardFolder(root);
  expect(await makeDashboard(root, first)).toBeUndefined();
  expect(await makeDashboard(root, dashboardFolder(root))).toBeUndefined();
  expect(runs()).toBe(1);
  expect(readFileSync(join(first, 'index.html'), 'utf8')).toBe('built');
  write('apps/dashboard/src/main.spec.ts', 'a test is no source');
  write('apps/dashboard/dist/index.html', 'nor is a build');
  expect(dashboardFolder(root)).toBe(first);
  write('libs/http-api/src/index.ts', 'a source');
  const second = dashboardFolder(root);
  expect(second).not.toBe(first);
  expect(await makeDashboard(root, second)).toBeUndefined();
  expect(runs()).toBe(2);
  // A page that is open still loads files of the one before.
  expect(existsSync(first)).toBe(true);
});

test('the newest three are kept; what lies beside them and is none of them is left alone', async () => {
  const others = ['notes.txt', 'data/file', 'mine.1.tmp', 'deadbeef'];
  for (const other of others) write(`.cache/dashboard/${other}`, 'of somebody else');
  for (let edit = 0; edit < 4; edit += 1) {
    write('libs/http-api/src/index.ts', `edit ${edit}`);
    expect(await makeDashboard(root, dashboardFolder(root))).toBeUndefined();
  }
  const there = others.filter((other) => existsSync(join(root, '.cache/dashboard', other)));
  expect(there).toEqual(others);
  expect(readdirSync(join(root, '.cache/dashboard'))).toHaveLength(3 + others.length);
});

test('sources that do not build are told, and leave nothing behind', async () => {
  write('apps/dashboard/src/main.tsx', 'broken');
  expect(await makeDashboard(root, dashboardFolder(root))).toBe('src/main.tsx: broken');
  expect(readdirSync(join(root, '.cache/dashboard'))).toEqual([]);
});

test('a Vite that is not installed is told', async () => {
  rmSync(join(root, 'node_modules'), { recursive: true });
  expect(await makeDashboard(root, dashboardFolder(root))).toMatch(/Cannot find module 'vite/);
});

test('it ends when it is told to', async () => {
  write('apps/dashboard/src/main.tsx', 'endless');
  const stop = new AbortController();
  const made = makeDashboard(root, dashboardFolder(root), stop.signal);
  setImmediate(() => stop.abort());
  expect(await made).toMatch(/aborted/);
});
