import type { INestMicroservice, Type } from '@nestjs/common';
import { APP_PIPE, MetadataScanner, ModulesContainer } from '@nestjs/core';
import { shortPipeline } from './short-pipeline.ts';
import { isUndecorated, PARAM_ARGS_METADATA } from './task-handler.ts';

/** Nest keeps the pipes of a class or method here (`@nestjs/common`, PIPES_METADATA). */
const PIPES_METADATA = '__pipes__';

/**
 * `app.listen()` for an application that serves tasks. Handlers with undecorated parameters that no pipe applies to are registered as if they
 * had no parameters: Nest then passes input and context on as they are, instead of resolving each by two promises and a pass over
 * no pipes, which is a fifth of what the worker itself does for a task that does nothing (docs/decisions/0211). What applies stays the same.
 *
 * Pipes for all handlers are to be given as a provider `APP_PIPE`; `app.useGlobalPipes` is not seen here.
 */
export async function listenLean(app: INestMicroservice): Promise<void> {
  shortPipeline(app);
  const modules = [...app.get(ModulesContainer, { strict: false }).values()];
  const tokens = modules.flatMap(({ providers }) => [...providers.keys()]);
  // Nest makes each such provider a token of its own, which begins so.
  if (tokens.some((token) => typeof token === 'string' && token.startsWith(APP_PIPE))) return void (await app.listen());
  const classes = modules.flatMap(({ controllers }) =>
    [...controllers.values()].map(({ metatype }) => metatype as Type),
  );
  const undo = classes.flatMap((controller) => withoutParameters(controller));
  try {
    await app.listen();
  } finally {
    // The classes are not ours alone: another application may serve them with pipes.
    for (const step of undo) step();
  }
}

/** Takes the parameters off handlers of a class; what it returns restores them. */
function withoutParameters(controller: Type): (() => void)[] {
  if (hasPipes(controller)) return [];
  const prototype = controller.prototype as Record<string, object>;
  return new MetadataScanner()
    .getAllMethodNames(prototype)
    .filter((key) => isUndecorated(controller, key) && !hasPipes(prototype[key]!))
    .map((key) => {
      const own: unknown = Reflect.getOwnMetadata(PARAM_ARGS_METADATA, controller, key);
      Reflect.defineMetadata(PARAM_ARGS_METADATA, {}, controller, key);
      return () => {
        if (own === undefined) Reflect.deleteMetadata(PARAM_ARGS_METADATA, controller, key);
        else Reflect.defineMetadata(PARAM_ARGS_METADATA, own, controller, key);
      };
    });
}

function hasPipes(target: object): boolean {
  return Reflect.hasMetadata(PIPES_METADATA, target);
}
