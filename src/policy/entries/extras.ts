/** What entries of a list have besides themselves, in columns: the payload of a row is the number of its extras, 0 for none. */
import { type Ends, endOf } from '../tables/ends';
import { GrowableUint32 } from '../tables/growable';
import { TextPoolBuilder, type TextPoolData, textAt } from '../tables/text-pool';
import type { Attributes } from './attributes';
import { formatRoute, type Route } from './route';
import { SenderScope } from './sender-scope';

export interface Extras extends Attributes {
  readonly route?: Route;
}

/** A column may end before the last number: what is behind its end has none. Plain data: it can be moved to another thread. */
export interface ExtrasTableData {
  readonly count: number;
  readonly hosts: TextPoolData;
  /** 0 for extras without a route. */
  readonly ports: Uint32Array;
  readonly ends: Ends;
  readonly scopes: TextPoolData;
  /** The number of the scope of each, counted from 1. */
  readonly scopeNumbers: Uint32Array;
}

export class ExtrasTableBuilder {
  private readonly numbers = new Map<string, number>();
  private readonly hosts = new TextPoolBuilder();
  private readonly ports = new GrowableUint32();
  private readonly ends = new GrowableUint32();
  private readonly scopes = new TextPoolBuilder();
  private readonly scopeNumbers = new GrowableUint32();
  private readonly knownScopes = new Map<string, number>();

  /** The same extras have the same number. */
  numberOf(extras: Extras): number {
    const { route, from, until } = extras;
    const key = keyOf(extras);
    if (key === '') return 0;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const place = this.numbers.size;
    this.hosts.add(route?.host ?? '');
    this.ports.push(route?.port ?? 0);
    this.ends.put(place, endOf(until));
    if (from) this.scopeNumbers.put(place, this.scopeNumberOf(from.text));
    this.numbers.set(key, place + 1);
    return place + 1;
  }

  private scopeNumberOf(text: string): number {
    const known = this.knownScopes.get(text);
    if (known !== undefined) return known;
    this.scopes.add(text);
    this.knownScopes.set(text, this.knownScopes.size + 1);
    return this.knownScopes.size;
  }

  build(): ExtrasTableData {
    return {
      count: this.numbers.size,
      hosts: this.hosts.build(),
      ports: this.ports.finish(),
      ends: this.ends.finish(),
      scopes: this.scopes.build(),
      scopeNumbers: this.scopeNumbers.finish(),
    };
  }
}

function keyOf({ route, from, until }: Extras): string {
  const words = [route && formatRoute(route), from && `from=${from.text}`, until !== undefined && `until=${until}`];
  return words.filter((word) => word).join(' ');
}

/** The extras of a list, each scope made once. */
export class ExtrasTable {
  private readonly scopes: (SenderScope | undefined)[] = [];

  constructor(private readonly data: ExtrasTableData) {}

  /** Where no entry has an end, none need be looked for. */
  get ends(): Ends | undefined {
    return this.data.ends.length > 0 ? this.data.ends : undefined;
  }

  get hasScopes(): boolean {
    return this.data.scopeNumbers.length > 0;
  }

  routeAt(number: number): Route | undefined {
    const { hosts, ports } = this.data;
    const port = ports[number - 1] ?? 0;
    return port > 0 ? { host: textAt(hosts, number - 1), port } : undefined;
  }

  scopeAt(number: number): SenderScope | undefined {
    const place = this.data.scopeNumbers[number - 1] ?? 0;
    if (place === 0) return undefined;
    const scope = this.scopes[place] ?? SenderScope.parse(textAt(this.data.scopes, place - 1));
    // Without its scope the entry would trust the client for every sender.
    if (!scope) throw new Error('a scope cannot be read');
    this.scopes[place] = scope;
    return scope;
  }
}
