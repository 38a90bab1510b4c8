/** Tests that need a redis-server. */
import { installRedis } from '../servers/install';
import { onPackage } from '../servers/on-package';

export function onRedis(name: string, suite: (root: string) => void): void {
  onPackage(name, installRedis(), ({ root }) => suite(root));
}
