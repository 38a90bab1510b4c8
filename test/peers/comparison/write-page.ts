/** Plays everything to the three servers and writes the measured part of docs/dev/peers.md. */
import { installPeers } from '../servers/install';
import { measure } from './measure';
import { pageFile, writePage } from './page';

async function main(): Promise<void> {
  const peers = installPeers();
  if ('missing' in peers) throw new Error(`nothing was compared: ${peers.missing}`);
  writePage(await measure(peers.roots));
  console.log(`${pageFile} is written.`);
}

void main();
