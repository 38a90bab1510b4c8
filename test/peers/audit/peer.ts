/** Mail servers of Debian to be audited, without DNS, and with a name for the address that the audit asks from. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { freePort } from '../../../examples/haraka-directory';
import type { MailServer } from '../servers/install';
import { type Daemon, inWorkspace, pipeInside, runInside, startInside, type Workspace } from '../servers/namespace';

export interface PeerOptions {
  readonly program: MailServer;
  /** The command, given the workspace and the port. A log that it writes is `maillog` there. */
  command(workspace: Workspace, port: number): readonly string[];
  /** Run once before it, for servers that compile their configuration. */
  prepare?(workspace: Workspace, port: number): readonly string[];
  /**
   * A program that speaks on its standard streams, started for each connection. One that forks has process numbers of its
   * own, or its children would outlive it; one that does not has those of the machine, as its APOP timestamp shows.
   */
  readonly inetd?: 'forks' | 'one-process';
}

/** The folder of each mail server that was had. */
type Roots = Readonly<Partial<Record<MailServer, string>>>;

export interface Peer extends Daemon {
  readonly port: number;
}

export const strangerAddress = '127.0.0.5';
const hosts = `127.0.0.1 localhost mx.example.org\n${strangerAddress} stranger.example.org\n`;

export async function startPeer(roots: Roots, { program, command, prepare, inetd }: PeerOptions): Promise<Peer> {
  const root = roots[program];
  assert.ok(root, program);
  const start = async (workspace: Workspace): Promise<Peer> => {
    const port = await freePort();
    const words = command(workspace, port);
    if (prepare) runInside(root, workspace, prepare(workspace, port));
    const daemon = inetd
      ? await serveEach(root, workspace, words, port, inetd === 'forks')
      : await startInside(root, workspace, words, [{ host: '127.0.0.1', port }]);
    return { ...daemon, port, log: () => `${daemon.log()}${maillogOf(workspace)}` };
  };
  return await inWorkspace('127.0.0.1', start, hosts);
}

function maillogOf(workspace: Workspace): string {
  const file = workspace.file('maillog');
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
}

/** As inetd does. */
async function serveEach(
  root: string,
  workspace: Workspace,
  command: readonly string[],
  port: number,
  forks: boolean,
): Promise<Daemon> {
  let output = '';
  const ends = new Set<() => void>();
  const server = net.createServer((socket) => {
    const child = pipeInside(root, workspace, command, forks);
    const end = () => {
      child.kill('SIGKILL');
      socket.destroy();
    };
    ends.add(end);
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    child.stdin.on('error', end);
    socket.on('error', end);
    socket.on('close', () => child.stdin.end());
    child.on('close', () => {
      ends.delete(end);
      // Nobody reads from it any more, so that its end would never be seen.
      socket.destroySoon();
    });
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    log: () => output,
    async stop() {
      for (const end of ends) end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
