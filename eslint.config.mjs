import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import hooks from 'eslint-plugin-react-hooks';
import regexp from 'eslint-plugin-regexp';
import ts from 'typescript-eslint';

// Layers (docs/architecture.md): an import goes only to a lower layer; adapters of one layer do not know each other.
const LAYERS = 7;
const below = (layer) => Array.from({ length: layer }, (_, n) => `layer:${n}`);
const boundaries = (inTests) => [
  'error',
  {
    enforceBuildableLibDependency: false,
    allow: [],
    depConstraints: [
      ...Array.from({ length: LAYERS }, (_, layer) => ({
        sourceTag: `layer:${layer}`,
        // Specs may use test kits, and neighbours of their own layer: an engine is tested on the real store.
        onlyDependOnLibsWithTags: inTests ? [...below(layer + 1), 'layer:test'] : below(layer),
      })),
      { sourceTag: 'layer:test', onlyDependOnLibsWithTags: [...below(4), 'layer:test'] },
      { sourceTag: 'layer:tool', onlyDependOnLibsWithTags: [...below(LAYERS), 'layer:test'] },
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
