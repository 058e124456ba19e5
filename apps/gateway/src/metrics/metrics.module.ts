import { Global, Module } from '@nestjs/common';
import type { Log, QueueStore, TaskLists } from '@lovage/ports';
import type { ContractRegistry } from '@lovage/task';
import { BROKER, CONTRACTS, LISTS, LOG, QUEUES, type GatewayDeps } from '../deps.ts';
import { ClusterGaugeSet } from './cluster-gauges.ts';
import { MetricsController } from './metrics.controller.ts';
import { GatewayMetrics } from './metrics.ts';

@Global()
@Module({
  controllers: [MetricsController],
  providers: [
    { provide: GatewayMetrics, useFactory: () => new GatewayMetrics() },
    {
      provide: ClusterGaugeSet,
      useFactory: (
        metrics: GatewayMetrics,
        contracts: ContractRegistry,
        lists: TaskLists,
        queueStore: QueueStore,
        broker: GatewayDeps['broker'],
        log: Log,
      ) => {
        const queues = [...new Set(contracts.list().map((contract) => contract.options.queue))].sort();
        return new ClusterGaugeSet(metrics.registry, queues, { lists, queues: queueStore, broker, log });
      },
      inject: [GatewayMetrics, CONTRACTS, LISTS, QUEUES, BROKER, LOG],
    },
  ],
  exports: [GatewayMetrics],
})
export class MetricsModule {}
