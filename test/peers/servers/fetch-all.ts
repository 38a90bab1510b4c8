/** Fetches all packages before the test files run beside one another: two of them would fetch the same at once. */
import { peerPackages } from '../audit/peer';
import { installPeers, installRedis, installSendmailDocumentation } from './install';

/** Called by mocha once, in its first process. What cannot be had is reported by the tests that need it. */
export function mochaGlobalSetup(): void {
  for (const fetch of [installPeers, installSendmailDocumentation, installRedis, peerPackages]) {
    try {
      fetch();
    } catch (error) {
      console.error((error as Error).message);
    }
  }
}
