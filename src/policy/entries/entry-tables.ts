/** Entries in the tables they are searched in: by address, by name, by mailbox. Of several that cover one, the most specific wins. */

import { foldLocalPart, mailboxKey } from '../mailbox';
import type { Ends } from '../tables/ends';
import { type NameHit, NameTable, NameTableBuilder, type NameTableData } from '../tables/name-table';
import { type PrefixHit, PrefixTable, PrefixTableBuilder, type PrefixTableData } from '../tables/prefix-table';
import type { SameKey } from '../tables/sorted-rows';
import { type Entry, formatLiteral } from './entry';
import { type IpAddress, parseAddressLiteral } from './ip-address';

/** Plain data: it can be moved to another thread. */
export interface EntryTablesData {
  readonly networks4: PrefixTableData;
  readonly networks6: PrefixTableData;
  /** Domains that cover all below them. */
  readonly suffixes: NameTableData;
  /** `=name` entries. */
  readonly exacts: NameTableData;
  /** Mailboxes, and `user@` for a local part at any domain. */
  readonly mailboxes: NameTableData;
}

export interface Recipient {
  /** As the client wrote it, quotes included. */
  readonly localPart: string;
  /** Lower-case A-labels, an address literal in brackets, or empty (`<postmaster>`). */
  readonly domain: string;
}

export type EntryHit = PrefixHit | NameHit;

export class EntryTables {
  private readonly networks4: PrefixTable;
  private readonly networks6: PrefixTable;
  private readonly suffixes: NameTable;
  private readonly exacts: NameTable;
  private readonly mailboxes: NameTable;

  /** `ends` where any row has an end; a row that has ended is passed over for the next wider one. */
  constructor(data: EntryTablesData, ends?: Ends) {
    this.networks4 = new PrefixTable(data.networks4, ends);
    this.networks6 = new PrefixTable(data.networks6, ends);
    this.suffixes = new NameTable(data.suffixes, ends);
    this.exacts = new NameTable(data.exacts, ends);
    this.mailboxes = new NameTable(data.mailboxes, ends);
  }

  get size(): number {
    return this.networks4.size + this.networks6.size + this.domainCount + this.mailboxes.size;
  }

  /** How many entries go by a name: where there are none, no name need be looked up. */
  get domainCount(): number {
    return this.suffixes.size + this.exacts.size;
  }

  findAddress(address: IpAddress, time: number): EntryHit | undefined {
    return (address.family === 4 ? this.networks4 : this.networks6).find(address, time);
  }

  findDomain(name: string, time: number): EntryHit | undefined {
    return this.exacts.findExact(withoutDot(name), time) ?? this.suffixes.findSuffix(name, time);
  }

  /** A mailbox, its user at any domain, its domain and the parents of that; an address literal by the networks. */
  findRecipient(recipient: Recipient, time: number): EntryHit | undefined {
    const literal = parseAddressLiteral(recipient.domain);
    const domain = literal ? formatLiteral(literal) : recipient.domain;
    if (this.mailboxes.size > 0) {
      const localPart = foldLocalPart(recipient.localPart);
      if (localPart !== undefined) {
        const hit =
          this.mailboxes.findExact(mailboxKey(localPart, domain), time) ??
          this.mailboxes.findExact(mailboxKey(localPart, ''), time);
        if (hit) return hit;
      }
    }
    return literal ? this.findAddress(literal, time) : this.findDomain(domain, time);
  }
}

function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}

/** An entry, or a local part at any domain. */
export type EntryKey = Entry | { readonly kind: 'user'; readonly localPart: string };

export class EntryTablesBuilder {
  private readonly networks4 = new PrefixTableBuilder(4);
  private readonly networks6 = new PrefixTableBuilder(6);
  readonly suffixes = new NameTableBuilder();
  private readonly exacts = new NameTableBuilder();
  private readonly mailboxes = new NameTableBuilder();

  networksOf({ family }: IpAddress): PrefixTableBuilder {
    return family === 4 ? this.networks4 : this.networks6;
  }

  add(key: EntryKey, line: number, payload = 0): void {
    switch (key.kind) {
      case 'network':
        this.networksOf(key.address).add(key.address, key.length, line, key.excluded, payload);
        break;
      case 'domain':
        (key.exact ? this.exacts : this.suffixes).add(key.name, line, key.excluded, payload);
        break;
      case 'mailbox':
        this.mailboxes.add(mailboxKey(key.localPart, key.domain), line, key.excluded, payload);
        break;
      case 'user':
        this.mailboxes.add(mailboxKey(key.localPart, ''), line, false, payload);
        break;
    }
  }

  build(): { readonly data: EntryTablesData; readonly same: readonly SameKey[] } {
    const networks4 = this.networks4.build();
    const networks6 = this.networks6.build();
    const suffixes = this.suffixes.build();
    const exacts = this.exacts.build();
    const mailboxes = this.mailboxes.build();
    return {
      data: {
        networks4: networks4.data,
        networks6: networks6.data,
        suffixes: suffixes.data,
        exacts: exacts.data,
        mailboxes: mailboxes.data,
      },
      same: [networks4, networks6, suffixes, exacts, mailboxes].flatMap(({ same }) => same),
    };
  }
}
