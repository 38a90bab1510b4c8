/** Debian's Chromium, installed where it is not and may be. It runs without a sandbox, since root cannot have one, and asks no host but ours. */
import fs from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { absent, noLinux, refreshPackageLists, run } from '../peers/servers/install';

const program = '/usr/bin/chromium';
const packages = ['chromium', 'fonts-dejavu-core'];

/** Why there is no browser, or nothing. */
export function installChromium(): string | undefined {
  if (fs.existsSync(program)) return undefined;
  const missing = noLinux() ?? absent(['apt-get']);
  if (missing) return missing;
  if (process.getuid?.() !== 0) return `there is no ${program}, and only root may install it`;
  const failure = install() && (refreshPackageLists() || install());
  return failure && `${packages[0]} could not be installed: ${failure}`;
}

function install(): string | undefined {
  const options = ['-qq', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120'];
  return run('env', ['DEBIAN_FRONTEND=noninteractive', 'apt-get', ...options, 'install', ...packages]);
}

/** With a new profile, which is gone with it. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    headless: true,
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
