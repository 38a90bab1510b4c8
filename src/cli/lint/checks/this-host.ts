/**
 * By which names and addresses this host is known, and where Haraka listens on it. By its configuration, which is the same
 * wherever lint runs; the addresses of interfaces are those of the host that lint runs on.
 */
import { networkInterfaces } from 'node:os';
import {
  formatAddress,
  type IpAddress,
  isThisHostEverywhere,
  parseAddress,
  sameAddress,
} from '../../../policy/entries/ip-address';
import type { Settings } from '../../../policy/settings/settings-description';
import { type HarakaFolder, readConfigIni, readConfigValue } from '../../haraka-folder';

export interface ThisHost {
  /** Loopback first. Of all 127.0.0.0/8 only the address that programs use. */
  readonly addresses: readonly IpAddress[];
  /** Lower case; `localhost` first. */
  readonly names: readonly string[];
  isOurAddress(address: IpAddress): boolean;
  /** The ports that Haraka listens on at this address. */
  listensOn(host: string, port: number): boolean;
}

const loopback = ['127.0.0.1', '::1'];

export function thisHostOf(
  folder: HarakaFolder,
  { relay }: Pick<Settings, 'relay'>,
  interfaces: readonly string[] = [],
): ThisHost {
  const listeners = listenersOf(folder);
  const addresses = new Map<string, IpAddress>();
  const written = [...loopback, ...relay.this_host, ...interfaces].map((text) => parseAddress(text));
  for (const address of [...written, ...listeners.map(({ address }) => address)])
    if (address && !isAnyAddress(address)) addresses.set(formatAddress(address), address);
  const own = (readConfigValue(folder, 'me') ?? '').toLowerCase();
  const names = ['localhost', own, ...relay.this_host].filter((name) => name !== '' && !parseAddress(name));
  return {
    addresses: [...addresses.values()],
    names: [...new Set(names)],
    isOurAddress(address) {
      return isThisHostEverywhere(address) || addresses.has(formatAddress(address));
    },
    listensOn(host, port) {
      const address = parseAddress(host);
      return listeners.some(
        (listener) =>
          listener.port === port &&
          (!listener.address || !address || isAnyAddress(listener.address) || sameAddress(listener.address, address)),
      );
    },
  };
}

export function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

function isAnyAddress({ w0, w1, w2, w3 }: IpAddress): boolean {
  return w0 === 0 && w1 === 0 && w2 === 0 && w3 === 0;
}

/** As Haraka reads `listen` (and the older `listen_host` and `port`) of `smtp.ini`; without them it is port 25 everywhere. */
function listenersOf(folder: HarakaFolder): { readonly address: IpAddress | undefined; readonly port: number }[] {
  const entries = readConfigIni(folder, 'smtp.ini')?.entries ?? [];
  const settingOf = (name: string) =>
    entries.filter(({ section, key }) => section === 'main' && key === name).at(-1)?.value ?? '';
  const written = [
    ...settingOf('listen').split(/\s*,\s*/),
    ...(settingOf('port') ? [`${settingOf('listen_host') || '[::0]'}:${settingOf('port')}`] : []),
  ];
  const listeners = written.flatMap((text) => {
    const match = /^(?:\[([^\]]+)\]|([^:]+))(?::([0-9]{1,5}))?$/.exec(text.trim());
    if (!match) return [];
    const address = parseAddress((match[1] ?? match[2] ?? '').replace(/^::0$/, '::'));
    return [{ address, port: Number(match[3] ?? 25) }];
  });
  return listeners.length > 0 ? listeners : [{ address: undefined, port: 25 }];
}
