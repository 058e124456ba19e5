export { Launcher, type LauncherOptions } from './launcher/launcher.ts';
