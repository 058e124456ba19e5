export { CeleryCanvas, type CeleryCanvasDeps } from './celery-canvas.ts';
export { CanvasQueues, type CanvasQueuesDeps } from './canvas-queues.ts';
