/** Starts the three servers side by side and plays every case to each. */
import { clientOf, readCases, zoneOf } from '../../../testkit/live/corpus';
import { startDns } from '../../../testkit/live/dns';
import { listeners } from '../../../testkit/live/haraka';
import type { PeerName } from '../servers/install';
import { serveAtPort53 } from '../servers/name-server';
import { startPostfix } from '../servers/postfix';
import { startSendmail } from '../servers/sendmail';
import { type Server, type ServerName, takenSince } from '../servers/server';
import { startSuite } from '../servers/suite';
import { commandCases, type PeerCase } from './commands';
import { type Outcome, play, type Stage } from './play';

export interface Measured {
  readonly played: PeerCase;
  readonly outcomes: Readonly<Record<ServerName, Outcome>>;
}

/** No other server trusts a client for some senders alone. */
const comparable = readCases().filter(({ group }) => group !== 'scope' && group !== 'limit') as readonly PeerCase[];

export const peerCases: readonly PeerCase[] = [...comparable, ...commandCases];

export async function measure(roots: Readonly<Record<PeerName, string>>): Promise<readonly Measured[]> {
  const running: { stop(): Promise<void> | void }[] = [];
  const started = async <T extends { stop(): Promise<void> | void }>(starting: Promise<T>): Promise<T> => {
    const one = await starting;
    running.unshift(one);
    return one;
  };
  try {
    const dns = await started(startDns(zoneOf(peerCases)));
    const names = await started(serveAtPort53(dns.port));
    return await playAll({
      smtpcheck: stageOf(await started(startSuite(dns.port))),
      sendmail: stageOf(await started(startSendmail(roots.sendmail, names.address))),
      postfix: stageOf(await started(startPostfix(roots.postfix, names.address))),
    });
  } finally {
    for (const one of running) await one.stop();
  }
}

interface ServerStage extends Stage {
  readonly server: Server;
}

function stageOf(server: Server): ServerStage {
  return { server, ports: server.ports, taken: takenSince(server) };
}

async function playAll(stages: Readonly<Record<ServerName, ServerStage>>): Promise<readonly Measured[]> {
  const measured: Measured[] = [];
  for (const [number, played] of peerCases.entries()) {
    const from = clientOf(number, played);
    if (!listeners.includes(from.listener)) throw new Error(`${played.id} needs an IPv6 loopback`);
    const to = (stage: ServerStage) => play(stage, from, played).catch((cause) => fail(stage.server, played, cause));
    const [smtpcheck, sendmail, postfix] = await Promise.all([
      to(stages.smtpcheck),
      to(stages.sendmail),
      to(stages.postfix),
    ]);
    measured.push({ played, outcomes: { smtpcheck, sendmail, postfix } });
  }
  return measured;
}

function fail(server: Server, { id }: PeerCase, cause: unknown): never {
  throw new Error(`${id} could not be played to ${server.name}:\n${server.log().slice(-4_000)}`, { cause });
}
