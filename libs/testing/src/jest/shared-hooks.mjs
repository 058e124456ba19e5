// How Node.js itself gets the repository's modules in a test run: from their sources, as Jest does.
import { register } from 'node:module';

const AS_HOOKS = '?hooks';
if (!import.meta.url.endsWith(AS_HOOKS)) {
  process.setSourceMapsEnabled(true);
  register(new URL(`../../../../tools/ts-hooks.mjs${AS_HOOKS}`, import.meta.url));
  register(import.meta.url + AS_HOOKS);
}

/** @type {import('node:module').ResolveHook} */
export const resolve = (specifier, context, next) =>
  next(specifier, { ...context, conditions: [...context.conditions, '@lovage/source'] });
