/** A running Haraka with the lists, the domains and the DNS that the cases of the corpus speak of. */
import { configuration, readCases, zoneOf } from './corpus';
import { startDns } from './dns';
import { type HarakaVersion, listeners, type RunningHaraka, startHaraka } from './haraka';

export interface CorpusSite {
  readonly haraka: RunningHaraka;
  stop(): Promise<void>;
}

export async function startCorpusSite(version: HarakaVersion): Promise<CorpusSite> {
  const dns = await startDns(zoneOf(readCases()));
  const haraka = await startHaraka({
    version,
    plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
    files: configuration,
    dns: dns.port,
    listen: listeners,
  });
  return {
    haraka,
    async stop() {
      await haraka.stop();
      await dns.stop();
    },
  };
}
