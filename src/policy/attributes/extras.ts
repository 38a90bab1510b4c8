/** What entries of a list have besides themselves, in columns: the payload of a row is the number of its extras, 0 for none. */
import { isProblem } from '../entries/entry';
import { formatRoute, type Route } from '../entries/route';
import { type Ends, endOf } from '../tables/ends';
import { GrowableUint32 } from '../tables/growable';
import { TextPoolBuilder, type TextPoolData, textAt } from '../tables/text-pool';
import { parseAttributes } from './attribute-words';
import { type Attributes, describeAttributes } from './attributes';

export interface Extras extends Attributes {
  readonly route?: Route;
  readonly verify?: true;
}

/** A column may end before the last number: what is behind its end has none. Plain data: it can be moved to another thread. */
export interface ExtrasTableData {
  readonly count: number;
  readonly hosts: TextPoolData;
  /** 0 for extras without a route. */
  readonly ports: Uint32Array;
  readonly ends: Ends;
  /** 1 for extras with `verify`. */
  readonly verified: Uint32Array;
  /** What narrows the trust of entries, as words: `from=` and `limit=`. */
  readonly bounds: TextPoolData;
  /** The number of the bounds of each, counted from 1. */
  readonly boundsNumbers: Uint32Array;
  readonly hasScopes: boolean;
  readonly hasLimits: boolean;
}

export class ExtrasTableBuilder {
  private readonly numbers = new Map<string, number>();
  private readonly hosts = new TextPoolBuilder();
  private readonly ports = new GrowableUint32();
  private readonly ends = new GrowableUint32();
  private readonly verified = new GrowableUint32();
  private readonly bounds = new TextPoolBuilder();
  private readonly boundsNumbers = new GrowableUint32();
  private readonly knownBounds = new Map<string, number>();
  private hasScopes = false;
  private hasLimits = false;

  /** The same extras have the same number. */
  numberOf(extras: Extras): number {
    const { route, verify, until, ...bounds } = extras;
    const key = keyOf(extras);
    if (key === '') return 0;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const place = this.numbers.size;
    this.hosts.add(route?.host ?? '');
    this.ports.push(route?.port ?? 0);
    this.ends.put(place, endOf(until));
    this.verified.put(place, verify ? 1 : 0);
    this.boundsNumbers.put(place, this.boundsNumberOf(describeAttributes(bounds)));
    this.hasScopes ||= bounds.from !== undefined;
    this.hasLimits ||= bounds.limit !== undefined;
    this.numbers.set(key, place + 1);
    return place + 1;
  }

  private boundsNumberOf(text: string): number {
    if (text === '') return 0;
    const known = this.knownBounds.get(text);
    if (known !== undefined) return known;
    this.bounds.add(text);
    this.knownBounds.set(text, this.knownBounds.size + 1);
    return this.knownBounds.size;
  }

  build(): ExtrasTableData {
    return {
      count: this.numbers.size,
      hosts: this.hosts.build(),
      ports: this.ports.finish(),
      ends: this.ends.finish(),
      verified: this.verified.finish(),
      bounds: this.bounds.build(),
      boundsNumbers: this.boundsNumbers.finish(),
      hasScopes: this.hasScopes,
      hasLimits: this.hasLimits,
    };
  }
}

function keyOf({ route, verify, until, ...bounds }: Extras): string {
  const words = [
    route && formatRoute(route),
    verify && 'verify',
    describeAttributes(bounds),
    until !== undefined && `until=${until}`,
  ];
  return words.filter((word) => word).join(' ');
}

/** What narrows the trust of an entry while it exists. */
export type Bounds = Pick<Attributes, 'from' | 'limit'>;

const noBounds: Bounds = {};

/** The extras of a list, the bounds of each read once. */
export class ExtrasTable {
  private readonly bounds: (Bounds | undefined)[] = [];

  constructor(private readonly data: ExtrasTableData) {}

  /** Where no entry has an end, none need be looked for. */
  get ends(): Ends | undefined {
    return this.data.ends.length > 0 ? this.data.ends : undefined;
  }

  get hasScopes(): boolean {
    return this.data.hasScopes;
  }

  get hasLimits(): boolean {
    return this.data.hasLimits;
  }

  routeAt(number: number): Route | undefined {
    const { hosts, ports } = this.data;
    const port = ports[number - 1] ?? 0;
    return port > 0 ? { host: textAt(hosts, number - 1), port } : undefined;
  }

  verifiesAt(number: number): boolean {
    return this.data.verified[number - 1] === 1;
  }

  boundsAt(number: number): Bounds {
    const place = this.data.boundsNumbers[number - 1] ?? 0;
    if (place === 0) return noBounds;
    this.bounds[place] ??= readBounds(textAt(this.data.bounds, place - 1));
    return this.bounds[place];
  }
}

function readBounds(text: string): Bounds {
  const bounds = parseAttributes(text.split(' '), ['from', 'limit'], '');
  // Without them the entry would trust the client for every sender, and for any number of recipients.
  if (isProblem(bounds)) throw new Error('the attributes of an entry cannot be read');
  return bounds;
}
