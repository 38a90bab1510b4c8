/** Random policies whose entries nest, touch and coincide, and what may be asked of them. */
import type { ListLines } from './policy-content';
import { fc } from './properties';

/** Few bits differ, so that networks nest, touch and coincide. */
export const network4 = fc
  .tuple(fc.integer({ min: 24, max: 32 }), fc.nat(255), fc.constantFrom(0, 1, 7, 255))
  .map(([length, last, third]) => {
    const bits = ((198 << 24) | (51 << 16) | (third << 8) | last) >>> 0;
    const masked = length === 32 ? bits : (bits & ~(2 ** (32 - length) - 1)) >>> 0;
    return `${[masked >>> 24, (masked >>> 16) & 255, (masked >>> 8) & 255, masked & 255].join('.')}/${length}`;
  });
const network6 = fc.tuple(fc.constantFrom(64, 112, 120, 121, 124, 127, 128), fc.nat(255)).map(([length, last]) => {
  const masked = length <= 120 ? 0 : last & ~(2 ** (128 - length) - 1);
  return `2001:db8::${masked.toString(16)}/${length}`;
});
const network = fc.oneof({ weight: 3, arbitrary: network4 }, { weight: 1, arbitrary: network6 });
const label = fc.constantFrom('a', 'b', 'c');
export const domain = fc
  .array(label, { minLength: 0, maxLength: 3 })
  .map((labels) => [...labels, 'x', 'example'].join('.'));
export const local = fc.constantFrom('u', 'v', 'w');
const mailbox = fc.oneof(
  fc.tuple(local, domain).map((parts) => parts.join('@')),
  fc.tuple(local, fc.nat(3)).map(([user, last]) => `${user}@[198.51.0.${last}]`),
);
const bang = fc.constantFrom('', '', '!');
const exact = fc.constantFrom('', '', '=');
const hop = fc.constantFrom(
  ...['', '', '  [192.0.2.1]', '  mx.inner.example:2525', '  verify', '  [192.0.2.1]  verify'],
);
const signed = (entry: fc.Arbitrary<string>) => fc.tuple(bang, entry).map((parts) => parts.join(''));
const name = fc.tuple(bang, exact, domain).map((parts) => parts.join(''));
const routed = fc
  .tuple(
    bang,
    fc.oneof(
      fc.tuple(exact, domain).map((parts) => parts.join('')),
      mailbox,
    ),
    hop,
  )
  .map(([sign, entry, route]) => `${sign}${entry}${sign === '' ? route : ''}`);
/** Half of them are over at `now` of `core.ts`. */
const end = fc.constantFrom('', '', '', ' until=2026-01-15T00:00Z', ' until=2026-01-15T00:01Z');
const scopes = ['x.example', 'a.x.example', '=a.x.example,<>', 'b.x.example,=x.example', '<>'];
const scope = fc.constantFrom('', '', ...scopes.map((text) => ` from=${text}`));
const ending = (line: fc.Arbitrary<string>) => fc.tuple(line, end).map((parts) => parts.join(''));
const limits = fc.constantFrom('', '', '', ' limit=9/1h', ' limit=9/1h limit=50/1d,all');
const scoped = (line: fc.Arbitrary<string>) =>
  fc.tuple(line, scope, limits).map(([text, from, limit]) => (text.startsWith('!') ? text : `${text}${from}${limit}`));
/** Enough to tell any two of the scopes apart. */
export const senders = ['x.example', 'a.x.example', 'c.a.x.example', 'b.x.example', 'c.x.example', '<>', ''];
const value = fc.constantFrom('RELAY', 'REJECT', 'OK', 'DISCARD', '450 later', 'ERROR:5.7.1:550 no');
const mapLine = fc
  .oneof(
    fc.tuple(fc.constantFrom('Connect:', ''), fc.oneof(network, domain), value),
    fc.tuple(fc.constantFrom('To:', ''), fc.oneof(network4, domain, mailbox), value),
    fc.tuple(
      fc.constant('To:'),
      local.map((user) => `${user}@`),
      fc.constantFrom('REJECT', 'OK', 'DISCARD'),
    ),
  )
  .chain(([tag, key, says]) =>
    // A tagged key that ends contradicts the same key without tag.
    tag === '' ? ending(fc.constant(`${key} ${says}`)) : fc.constant(`${tag}${key} ${says}`),
  );

/** One line for each thing: what contradicts itself does not load. */
const lines = (line: fc.Arbitrary<string>, maxLength: number) =>
  fc.uniqueArray(line, { maxLength, selector: (text) => text.replace(/^[!]/, '').split(/ +/)[0] });

export const site = fc.record({
  localip: lines(ending(scoped(signed(network))), 8),
  localdomain: lines(ending(scoped(name)), 6),
  'relay.to': lines(ending(fc.oneof(routed, signed(network4))), 8),
  'relay.map': lines(mapLine, 8),
  'host.deny': lines(ending(fc.oneof(signed(network), name)), 6),
  host_list: lines(domain, 3),
});

/** The second is the first with some lists of another: most of a policy stays as it is. */
export const pair = fc
  .tuple(site, site, fc.subarray(Object.keys(contentFiles()) as (keyof ListLines)[], { minLength: 1 }))
  .map(
    ([one, other, changed]) =>
      [one, { ...one, ...Object.fromEntries(changed.map((file) => [file, other[file]])) }] as const,
  );

function contentFiles(): Required<ListLines> {
  return { localip: [], localdomain: [], 'relay.to': [], 'relay.map': [], 'host.deny': [], host_list: [] };
}

export const probeAddress = fc.oneof(
  fc.tuple(fc.constantFrom(0, 1, 7, 255, 9), fc.nat(255)).map(([third, last]) => `198.51.${third}.${last}`),
  fc.nat(0x1ff).map((last) => `2001:db8::${last.toString(16)}`),
);
export const probeName = fc.oneof(
  domain,
  domain.map((host) => `deep.new.${host}`),
  fc.constantFrom('example', 'other.test'),
);
export const probeLocal = fc.oneof(local, fc.constantFrom('nobody'));
export const probeHost = fc.oneof(
  probeName,
  fc.nat(7).map((last) => `[198.51.0.${last}]`),
);
