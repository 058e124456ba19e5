// npm start, from the sources.
import { fileURLToPath } from 'node:url';
import { launch } from './launcher/launch.ts';

await launch(fileURLToPath(new URL('../..', import.meta.url)));
