/** Haraka with this suite, as the live tests of the corpus run it. */
import { configuration } from '../../../testkit/live/corpus';
import { listeners, startHaraka } from '../../../testkit/live/haraka';
import type { Server } from './server';

export async function startSuite(dns: number): Promise<Server> {
  const haraka = await startHaraka({
    plugins: ['smtpcheck', 'rcpt_to.in_host_list', 'keep_queue'],
    files: configuration,
    dns,
    listen: listeners,
  });
  return { ...haraka, name: 'smtpcheck' };
}
