import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md');

test('the index of docs/ names every page', () => {
  const index = read('docs/README.md');
  expect(pages.filter((page) => !index.includes(`](${page})`))).toEqual([]);
});

test.each(['README.md', ...['README.md', ...pages].map((page) => `docs/${page}`)])(
  '%s: every link leads somewhere',
  (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, link]) => link!);
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  },
);

test('the layers of the architecture page are those of the projects', () => {
  const rows = [...read('docs/architecture.md').matchAll(/^\| (\d|–) +\| (.*?) \|/gm)];
  const shown = Object.fromEntries(
    rows.flatMap(([, layer, cell]) => [...cell!.matchAll(/`([\w-]+)`/g)].map(([, name]) => [name!, layer!])),
  );
  const folders = ['apps', 'libs'].flatMap((kind) => readdirSync(join(root, kind)).map((name) => `${kind}/${name}`));
  const real = Object.fromEntries(
    [...folders, 'tools', 'e2e']
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .map((folder) => {
        const { nx } = JSON.parse(read(`${folder}/package.json`)) as { nx: { name: string; tags: string[] } };
        const [, layer] = /^layer:(.*)$/.exec(nx.tags.find((tag) => tag.startsWith('layer:'))!)!;
        return [nx.name, /\d/.test(layer!) ? layer! : '–'];
      }),
  );
  expect(shown).toEqual(real);
});

test.each(['From route to confirm', 'From delivery to ack'])('%s: at most 20 files, all of them there', (heading) => {
  const [, section = ''] = read('docs/architecture.md').split(`## ${heading}\n`);
  const [list = ''] = section.split('\n## ');
  const files = [...list.matchAll(/^\d+\. `([^`]+)`/gm)].map(([, file]) => file!);
  expect(files.length).toBeGreaterThan(9);
  expect(files.length).toBeLessThanOrEqual(20);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});
