import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT } from '../root.ts';

/** What a trigger of a manifest asks, and how many workers that wants. */
export type Trigger = { readonly name: string; readonly metric: MetricTarget } & (
  | {
      readonly type: 'metrics-api';
      /** Of the gateway. */
      readonly path: string;
      /** Field of the answer. */
      readonly field: string;
      /** Header of the API key. */
      readonly header: string;
    }
  | { readonly type: 'rabbitmq'; readonly vhost: string | undefined; readonly queues: string }
  | { readonly type: 'cpu'; readonly requestedCores: number }
);

/**
 * `Value`: so many times more workers as the value is above the target. `AverageValue`: one worker for each target in the value.
 * `Utilization`: of the average worker, percent of what it requests.
 */
export interface MetricTarget {
  readonly kind: 'Value' | 'AverageValue' | 'Utilization';
  readonly target: number;
  /** Of the value, for a first worker: above it. */
  readonly activation: number;
}

export interface ScalingPolicy {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodSeconds: number;
}

export interface ScalingRules {
  readonly stabilizationWindowSeconds: number;
  readonly selectPolicy: 'Max' | 'Min' | 'Disabled';
  readonly policies: readonly ScalingPolicy[];
}

/** An autoscaler as its manifest has it, with Kubernetes' and KEDA's own defaults where it says nothing. */
export interface AutoscalerSpec {
  readonly min: number;
  readonly max: number;
  readonly scaleUp: ScalingRules;
  readonly scaleDown: ScalingRules;
  readonly triggers: readonly Trigger[];
  /** Undefined: a plain HorizontalPodAutoscaler. */
  readonly keda: { readonly pollingSeconds: number; readonly cooldownSeconds: number } | undefined;
}

/** What the manifests say of a worker. */
export interface WorkerSpec {
  readonly graceSeconds: number;
  readonly requestedCores: number;
  /** Settings that are written there, those of the ConfigMap included. */
  readonly env: Readonly<Record<string, string>>;
}

export const AUTOSCALERS = ['hpa', 'keda', 'keda-rabbitmq'] as const;
export type AutoscalerName = (typeof AUTOSCALERS)[number];

/* eslint-disable @typescript-eslint/no-explicit-any -- objects of files of this repository, whose schemas another spec checks */

export function readAutoscaler(component: AutoscalerName): AutoscalerSpec {
  const file = component === 'hpa' ? 'hpa.yaml' : 'keda.yaml';
  const [{ spec }] = objects(`components/${component}/${file}`, ['HorizontalPodAutoscaler', 'ScaledObject']);
  const behavior = component === 'hpa' ? spec.behavior : spec.advanced?.horizontalPodAutoscalerConfig?.behavior;
  const rules = { scaleUp: rulesOf(behavior?.scaleUp, SCALE_UP), scaleDown: rulesOf(behavior?.scaleDown, SCALE_DOWN) };
  if (component === 'hpa')
    return {
      ...{ min: spec.minReplicas ?? 1, max: spec.maxReplicas, ...rules, keda: undefined },
      triggers: spec.metrics.map(cpuTrigger),
    };
  return {
    ...{ min: spec.minReplicaCount ?? 0, max: spec.maxReplicaCount ?? 100, ...rules },
    triggers: spec.triggers.map(kedaTrigger),
    keda: { pollingSeconds: spec.pollingInterval ?? 30, cooldownSeconds: spec.cooldownPeriod ?? 300 },
  };
}

export function readWorker(): WorkerSpec {
  const [deployment] = objects('worker/worker.yaml', ['Deployment']);
  const [config] = objects('base/config.yaml', ['ConfigMap']);
  const { terminationGracePeriodSeconds, containers } = deployment.spec.template.spec;
  const [container] = containers;
  const env = container.env.filter(({ value }: { value?: string }) => value !== undefined);
  return {
    graceSeconds: terminationGracePeriodSeconds,
    requestedCores: coresOf(container.resources.requests.cpu),
    env: {
      ...config.data,
      ...Object.fromEntries(env.map(({ name, value }: { name: string; value: string }) => [name, value])),
    },
  };
}

/** Defaults of autoscaling/v2. */
const SCALE_UP: ScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: 'Max',
  policies: [
    { type: 'Percent', value: 100, periodSeconds: 15 },
    { type: 'Pods', value: 4, periodSeconds: 15 },
  ],
};
const SCALE_DOWN: ScalingRules = {
  stabilizationWindowSeconds: 300,
  selectPolicy: 'Max',
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

function rulesOf(given: Partial<ScalingRules> | undefined, standard: ScalingRules): ScalingRules {
  return { ...standard, ...given };
}

function cpuTrigger({ resource }: any): Trigger {
  const { averageUtilization } = resource.target;
  if (resource.name !== 'cpu' || averageUtilization === undefined) throw new Error('only utilization of CPU is known');
  const metric = { kind: 'Utilization', target: averageUtilization, activation: 0 } as const;
  return { name: 'cpu', type: 'cpu', requestedCores: readWorker().requestedCores, metric };
}

function kedaTrigger({ type, metadata, metricType = 'AverageValue' }: any): Trigger {
  const activation = Number(metadata.activationTargetValue ?? metadata.activationValue ?? 0);
  if (type === 'metrics-api') {
    const metric = { kind: metricType, target: Number(metadata.targetValue), activation };
    if (metadata.authMode !== 'apiKey' || metadata.method !== 'header') throw new Error('the key goes into a header');
    const { pathname } = new URL(metadata.url);
    return {
      ...{ name: metadata.valueLocation, type, metric },
      ...{ path: pathname, field: metadata.valueLocation, header: metadata.keyParamName },
    };
  }
  if (type === 'rabbitmq' && metadata.mode === 'QueueLength' && metadata.protocol === 'http') {
    const metric = { kind: metricType, target: Number(metadata.value), activation };
    if (metadata.useRegex !== 'true' || metadata.operation !== 'sum') throw new Error('queues are named by a pattern');
    return { name: 'messages', type, vhost: metadata.vhostName, queues: metadata.queueName, metric };
  }
  throw new Error(`a trigger ${type} like this is not known here`);
}

function objects(file: string, kinds: readonly string[]): [any, ...any[]] {
  const text = readFileSync(join(ROOT, 'deploy/k8s', file), 'utf8');
  const found = parseAllDocuments(text)
    .map((document) => document.toJS())
    .filter(({ kind }) => kinds.includes(kind));
  if (found.length === 0) throw new Error(`${file} has no ${kinds.join(' or ')}`);
  return found as [any, ...any[]];
}

/** `500m` is half a core. */
function coresOf(quantity: unknown): number {
  const text = String(parse(String(quantity)));
  return text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text);
}
