import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import hooks from 'eslint-plugin-react-hooks';
import regexp from 'eslint-plugin-regexp';
import ts from 'typescript-eslint';

// Floors (docs/architecture.md): an import goes only to a lower floor; adapters of one floor do not know each other.
const FLOORS = 7;
const below = (floor) => Array.from({ length: floor }, (_, n) => `floor:${n}`);
const boundaries = (inTests) => [
  'error',
  {
    enforceBuildableLibDependency: false,
    allow: [],
    depConstraints: [
      ...Array.from({ length: FLOORS }, (_, floor) => ({
        sourceTag: `floor:${floor}`,
        // Specs may use test kits, and neighbours of their own floor: an engine is tested on the real store.
        onlyDependOnLibsWithTags: inTests ? [...below(floor + 1), 'floor:test'] : below(floor),
      })),
      { sourceTag: 'floor:test', onlyDependOnLibsWithTags: [...below(4), 'floor:test'] },
      { sourceTag: 'floor:tool', onlyDependOnLibsWithTags: [...below(FLOORS), 'floor:test'] },
      { sourceTag: 'runs:browser', onlyDependOnLibsWithTags: ['runs:browser'] },
      { sourceTag: 'runs:node', onlyDependOnLibsWithTags: ['runs:browser', 'runs:node'] },
    ],
  },
];

export default [
  { ignores: ['**/dist/**', '**/coverage/**', '**/generated/**', '.nx/**', '.cache/**', '.lovage/**'] },
  js.configs.recommended,
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        WebAssembly: 'readonly',
        crypto: 'readonly',
        performance: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        setInterval: 'readonly',
        clearInterval: 'readonly',
        setImmediate: 'readonly',
      },
    },
  },
  ...ts.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    // `const { secret: _secret, ...rest } = all` says what it leaves out; `await using` is there for its end alone.
    rules: {
      '@typescript-eslint/no-unused-vars': [
        'error',
        { ignoreRestSiblings: true, argsIgnorePattern: '^_', ignoreUsingDeclarations: true },
      ],
    },
  },
  {
    // No expression may take more than linear time, whatever text it is given: what looks harmless today is handed a stranger's
    // text tomorrow. Specs match texts of their own.
    files: ['**/*.ts', '**/*.tsx', '**/*.mjs'],
    ignores: ['**/*.spec.ts', 'e2e/**'],
    plugins: { regexp },
    rules: {
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential', ignorePartial: false }],
    },
  },
  { ...hooks.configs.flat['recommended-latest'], files: ['apps/dashboard/**/*.{ts,tsx}'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@nx': nx },
    rules: { '@nx/enforce-module-boundaries': boundaries(false) },
  },
  {
    files: ['**/*.spec.ts', '**/*.test-d.ts', '**/src/testing/**/*.ts'],
    rules: { '@nx/enforce-module-boundaries': boundaries(true) },
  },
];
