/** Fetches all packages before the test files run beside one another: two of them would fetch the same at once. */
import {
  installFail2ban,
  installPeers,
  installPrometheus,
  installRedis,
  installSendmailDocumentation,
  type MailServer,
  packages,
} from './install';

/** Called by mocha once, in its first process. What cannot be had is reported by the tests that need it. */
export function mochaGlobalSetup(): void {
  installPeers(Object.keys(packages) as MailServer[]);
  installSendmailDocumentation();
  installRedis();
  installPrometheus();
  installFail2ban();
}
