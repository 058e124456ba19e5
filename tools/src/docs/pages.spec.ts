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

test('the floors of the architecture page are those of the projects', () => {
  const rows = [...read('docs/architecture.md').matchAll(/^\| (\d|–) +\| (.*?) \|/gm)];
  const shown = Object.fromEntries(
    rows.flatMap(([, floor, cell]) => [...cell!.matchAll(/`([\w-]+)`/g)].map(([, name]) => [name!, floor!])),
  );
  const folders = ['apps', 'libs'].flatMap((kind) => readdirSync(join(root, kind)).map((name) => `${kind}/${name}`));
  const real = Object.fromEntries(
    [...folders, 'tools', 'e2e']
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .map((folder) => {
        const { nx } = JSON.parse(read(`${folder}/package.json`)) as { nx: { name: string; tags: string[] } };
        const [, floor] = /^floor:(.*)$/.exec(nx.tags.find((tag) => tag.startsWith('floor:'))!)!;
        return [nx.name, /\d/.test(floor!) ? floor! : '–'];
      }),
  );
  expect(shown).toEqual(real);
});
