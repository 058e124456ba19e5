import { Global, Module } from '@nestjs/common';
import type { Log } from '@lovage/ports';
import type { ContractRegistry } from '@lovage/task';
import { CONTRACTS, type GatewayPlatform, LOG, PLATFORM } from '../deps.ts';
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
        { lists, queues: queueStore, broker }: GatewayPlatform,
        log: Log,
      ) => {
        const queues = [...new Set(contracts.list().map((contract) => contract.options.queue))].sort();
        return new ClusterGaugeSet(metrics.registry, queues, { lists, queues: queueStore, broker, log });
      },
      inject: [GatewayMetrics, CONTRACTS, PLATFORM, LOG],
    },
  ],
  exports: [GatewayMetrics],
})
export class MetricsModule {}
