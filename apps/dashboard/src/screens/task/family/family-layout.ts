import { Graph, layout } from '@dagrejs/dagre';
import type { ListedTask } from '@lovage/http-api';

export const NODE = { width: 172, height: 44 } as const;

export interface FamilyNode {
  readonly task: ListedTask;
  /** Its left upper corner. */
  readonly x: number;
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface FamilyEdge {
  readonly key: string;
  readonly kind: 'submitted' | 'retried';
  readonly from: Point;
  readonly to: Point;
}

export interface FamilyLayout {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly FamilyNode[];
  readonly edges: readonly FamilyEdge[];
}

/** Places for the tasks of a family, from left to right. */
export function familyLayout(tasks: readonly ListedTask[]): FamilyLayout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'LR', nodesep: 12, ranksep: 48, marginx: 16, marginy: 16 });
  graph.setDefaultEdgeLabel(() => ({}));
  const ids = new Set(tasks.map(({ id }) => id));
  for (const { id } of tasks) graph.setNode(id, { ...NODE });
  for (const { id, parentId, retriedFrom } of tasks) {
    if (parentId !== null && ids.has(parentId)) graph.setEdge(parentId, id, {}, 'submitted');
    if (retriedFrom !== null && ids.has(retriedFrom)) graph.setEdge(retriedFrom, id, {}, 'retried');
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  const side = (id: string, by: number): Point => {
    const { x, y } = graph.node(id) as Point;
    return { x: x + by, y };
  };
  return {
    width,
    height,
    nodes: tasks.map((task) => {
      const { x, y } = graph.node(task.id) as { x: number; y: number };
      return { task, x: x - NODE.width / 2, y: y - NODE.height / 2 };
    }),
    edges: graph.edges().map((edge) => ({
      key: `${edge.v} ${edge.w} ${edge.name ?? ''}`,
      kind: edge.name === 'retried' ? 'retried' : 'submitted',
      from: side(edge.v, NODE.width / 2),
      to: side(edge.w, -NODE.width / 2),
    })),
  };
}
