import { BlockList } from 'node:net';
import type { KubeObject } from './kustomize.ts';

/** A pod, or an address outside the cluster. */
export type Peer =
  { readonly namespace: string; readonly labels: Record<string, string> } | { readonly address: string };

interface Selector {
  readonly matchLabels?: Record<string, string>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}
interface Rule {
  readonly from?: readonly RulePeer[];
  readonly to?: readonly RulePeer[];
  readonly ports?: readonly { readonly protocol: string; readonly port: number }[];
}
interface RulePeer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
}

/** Namespaces of the policies. */
export const namespaces = (policies: readonly KubeObject[]): string[] => [
  ...new Set(policies.map(({ metadata }) => metadata.namespace ?? '')),
];

/** Whether the policies let `from` open a TCP connection to `to`: where a side has policies of its direction, one of them must let it. */
export function allows(policies: readonly KubeObject[], from: Peer, to: Peer, port: number): boolean {
  return side(policies, 'Egress', from, to, port) && side(policies, 'Ingress', to, from, port);
}

function side(
  policies: readonly KubeObject[],
  type: 'Egress' | 'Ingress',
  self: Peer,
  other: Peer,
  port: number,
): boolean {
  if (!('labels' in self)) return true;
  const mine = policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === self.namespace &&
      spec.policyTypes.includes(type) &&
      selects(spec.podSelector, self.labels),
  );
  if (mine.length === 0) return true;
  return mine.some(({ metadata, spec }) =>
    ((type === 'Egress' ? spec.egress : spec.ingress) as Rule[] | undefined)?.some(
      (rule) =>
        (rule.ports ?? [{ protocol: 'TCP', port }]).some((p) => p.protocol === 'TCP' && p.port === port) &&
        ((type === 'Egress' ? rule.to : rule.from) ?? []).some((peer) => matches(peer, metadata.namespace!, other)),
    ),
  );
}

function matches({ podSelector, namespaceSelector, ipBlock }: RulePeer, home: string, other: Peer): boolean {
  if (ipBlock) {
    if (!('address' in other)) return false;
    const within = (cidr: string) => {
      const list = new BlockList();
      const [net, bits] = cidr.split('/');
      list.addSubnet(net!, Number(bits));
      return list.check(other.address);
    };
    return within(ipBlock.cidr) && !(ipBlock.except ?? []).some(within);
  }
  if (!('labels' in other)) return false;
  const there = namespaceSelector
    ? selects(namespaceSelector, { 'kubernetes.io/metadata.name': other.namespace })
    : other.namespace === home;
  return there && selects(podSelector ?? {}, other.labels);
}

function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`the operator ${operator} is not understood here`);
      return values.includes(labels[key] ?? '');
    })
  );
}
