import type { PeerName } from '../cli/options.ts';
import type { Stand } from '../stand/stand.ts';
import { openBullmq } from './bullmq.ts';
import { openCelery } from './celery.ts';
import type { System } from './system.ts';

export interface Peers extends AsyncDisposable {
  readonly systems: readonly System[];
}

/** A peer, and what was started for it. */
export type OpenPeer = (stand: Stand) => Promise<{ system: System; close(): Promise<unknown> }>;

const OPEN: Record<PeerName, OpenPeer> = {
  bullmq: (stand) => openBullmq(stand, 'everysec'),
  'bullmq-always': (stand) => openBullmq(stand, 'always'),
  celery: openCelery,
};

/** @throws Error naming what a peer needs and has not. */
export async function openPeers(stand: Stand, names: readonly PeerName[]): Promise<Peers> {
  const opened: Awaited<ReturnType<OpenPeer>>[] = [];
  const close = async (): Promise<void> => {
    for (const peer of opened) await peer.close();
  };
  try {
    for (const name of names) opened.push(await OPEN[name](stand));
  } catch (error) {
    await close();
    throw error;
  }
  return { systems: opened.map(({ system }) => system), [Symbol.asyncDispose]: close };
}
