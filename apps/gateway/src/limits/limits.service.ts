import { Inject, Injectable } from '@nestjs/common';
import type { LimitBody, LimitDetail, LimitList } from '@lovage/http-api';
import type { LimitOverride, LimitUse, LimitUses } from '@lovage/ports';
import { rateIntervalMs, type AnyContract, type ContractRegistry } from '@lovage/task';
import { CONTRACTS, type GatewayPlatform, PLATFORM } from '../deps.ts';
import { ProblemError } from '../problems/problem-error.ts';
import { limitDocument, limitedTasks, usedKeys } from './limit-document.ts';

/** Holders and waiters of a contract that are told of, each. */
const MOST_TASKS = 100;

/** Reads and sets limits. Claims go by what is written here. */
@Injectable()
export class LimitsService {
  constructor(
    @Inject(PLATFORM) private readonly platform: Pick<GatewayPlatform, 'limits'>,
    @Inject(CONTRACTS) private readonly contracts: ContractRegistry,
  ) {}

  async list(): Promise<LimitList> {
    const [overrides, { uses, approximate }] = await this.read();
    const byContract = new Map(this.contracts.list().map((contract) => [contract, [] as LimitUse[]]));
    for (const use of uses) {
      // Of a contract that is no more, tasks may still wait.
      const contract = this.contracts.find(use.contract);
      if (contract) byContract.get(contract)!.push(use);
    }
    const items = [...byContract].map(([contract, used]) =>
      limitDocument(contract, overrides.get(contract.name), used, approximate),
    );
    return { items };
  }

  /** @throws ContractUnknownError */
  async get(name: string): Promise<LimitDetail> {
    return this.detail(this.contracts.get(name));
  }

  /** @throws ContractUnknownError; ProblemError `body_invalid` for what this contract cannot have. */
  async set(name: string, body: LimitBody, userId: string): Promise<LimitDetail> {
    const contract = this.contracts.get(name);
    checkAgainst(contract, body);
    const { concurrency, keys, rate: text, burst = null, reason = null } = body;
    const rate = typeof text === 'string' ? { text, intervalMs: rateIntervalMs(text), burst } : text;
    const by = { actor: userId, reason, uncounted: contract.options.concurrency === undefined };
    await this.platform.limits.override(name, { concurrency, keys, rate }, by);
    return this.detail(contract);
  }

  /** @throws ContractUnknownError */
  async clear(name: string): Promise<LimitDetail> {
    const contract = this.contracts.get(name);
    await this.platform.limits.clear(name);
    return this.detail(contract);
  }

  private async detail(contract: AnyContract): Promise<LimitDetail> {
    const { name } = contract;
    const [[overrides, { uses, approximate }], tasks] = await Promise.all([
      this.read(name),
      this.platform.limits.tasksOf(name, MOST_TASKS),
    ]);
    const document = limitDocument(contract, overrides.get(name), uses, approximate);
    return { ...document, keys: usedKeys(name, uses), ...limitedTasks(name, tasks) };
  }

  private async read(contract?: string): Promise<[Map<string, LimitOverride>, LimitUses]> {
    const [overrides, uses] = await Promise.all([
      this.platform.limits.overrides(),
      this.platform.limits.uses(contract),
    ]);
    return [new Map(overrides.map((override) => [override.contract, override])), uses];
  }
}

function checkAgainst({ name, options }: AnyContract, body: LimitBody): void {
  const errors: { path: string; message: string }[] = [];
  for (const path of ['concurrency', 'keys', 'rate'] as const)
    if (body[path] !== undefined && options.record !== 'full')
      errors.push({ path, message: `${name} records '${options.record}': it has no row that could wait` });
  if (body.keys !== undefined && !options.concurrency?.key)
    errors.push({ path: 'keys', message: `${name} counts by no key: its concurrency has one limit for all` });
  if (errors.length === 0) return;
  throw new ProblemError('body_invalid', errors.map(({ path, message }) => `${path}: ${message}`).join('; '), {
    errors,
  });
}
