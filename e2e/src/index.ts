export { Platform, type PlatformOptions } from './kit/platform.ts';
export { Rest, type Answer } from './kit/rest.ts';
export { onBothShapes, onServers, type Shape } from './kit/shapes.ts';
