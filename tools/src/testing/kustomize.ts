import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { repoText } from './repo-files.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A Kubernetes object. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of any kind; the specs say which fields they read.
  [field: string]: any;
}

interface JsonPatch {
  readonly op: 'add' | 'replace';
  readonly path: string;
  readonly value: unknown;
}
interface Kustomization {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly nameSuffix?: string;
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly images?: readonly { readonly name: string; readonly newName?: string; readonly newTag?: string }[];
  readonly patches?: readonly { readonly target: { kind: string; name: string }; readonly patch: string }[];
}
const KNOWN = ['apiVersion', 'kind', 'namespace', 'nameSuffix', 'resources', 'components', 'images', 'patches'];

/**
 * Builds a folder of `deploy/k8s` as kustomize 5.5 does, with what these folders use of it; the rest is refused. A spec compares it
 * with the real one where that is installed. @param path from the root of the repository. @throws Error for what it does not know
 */
export function kustomize(path: string, before: KubeObject[] = []): KubeObject[] {
  const file = join(path, 'kustomization.yaml');
  const text = parse(repoText(file)) as Kustomization;
  const strange = Object.keys(text).find((field) => !KNOWN.includes(field));
  if (strange !== undefined) throw new Error(`${file}: ${strange} is not understood here`);
  let objects = [...before, ...(text.resources ?? []).flatMap((resource) => read(normalize(join(path, resource))))];
  for (const component of text.components ?? []) objects = kustomize(normalize(join(path, component)), objects);
  for (const { target, patch } of text.patches ?? []) {
    const found = objects.filter(({ kind, metadata }) => kind === target.kind && metadata.name === target.name);
    if (found.length !== 1) throw new Error(`${file}: ${found.length} objects are ${target.kind} ${target.name}`);
    for (const operation of parse(patch) as JsonPatch[]) apply(found[0]!, operation, file);
  }
  for (const object of objects) {
    if (text.nameSuffix !== undefined) object.metadata.name += text.nameSuffix;
    if (text.namespace !== undefined) object.metadata.namespace = text.namespace;
    for (const container of containersOf(object))
      for (const { name, newName, newTag } of text.images ?? [])
        if (container.image === name) container.image = `${newName ?? name}:${newTag ?? 'latest'}`;
  }
  return objects;
}

/** Containers of an object's pods, those for the start included. */
export function containersOf(object: KubeObject): KubeContainer[] {
  const pod = object['spec']?.template?.spec as
    { initContainers?: KubeContainer[]; containers?: KubeContainer[] } | undefined;
  return [...(pod?.initContainers ?? []), ...(pod?.containers ?? [])];
}

/** A container, as far as specs read it. */
export interface KubeContainer {
  image: string;
  readonly name: string;
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object }[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- as above
  readonly [field: string]: any;
}

function read(path: string): KubeObject[] {
  if (statSync(join(root, path)).isDirectory()) return kustomize(path);
  if (!existsSync(join(root, dirname(path), 'kustomization.yaml'))) throw new Error(`${path} belongs to no folder`);
  return parseAllDocuments(repoText(path)).map((document) => {
    if (document.errors.length > 0) throw document.errors[0]!;
    return document.toJS() as KubeObject;
  });
}

/** RFC 6902, of which these folders add and replace. */
function apply(object: KubeObject, { op, path, value }: JsonPatch, file: string): void {
  const keys = path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop()!;
  const place = keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
  if (typeof place !== 'object' || place === null || (op === 'replace' && !(last in place)))
    throw new Error(`${file}: there is no ${path}`);
  (place as Record<string, unknown>)[last] = value;
}
