export { RunningPlatform, type RunningPlatformOptions } from './kit/platform.ts';
export { RestClient, type RestAnswer } from './kit/rest.ts';
export { onBothShapes, onServers, type Shape } from './kit/shapes.ts';
