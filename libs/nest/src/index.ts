export { bootChild, type BootChildOptions } from './boot-child.ts';
export { listenLean } from './listen-lean.ts';
export { LovageClientProxy } from './lovage-client-proxy.ts';
export { InjectTasks, LovageModule, type LovageModuleOptions, type TasksOf } from './lovage.module.ts';
export { LovageServer, type LovageServerDeps, type LovageServerOptions } from './lovage-server.ts';
export { NestLog } from './nest-log.ts';
export { TaskBatchHandler, TaskHandler } from './task-handler.ts';
