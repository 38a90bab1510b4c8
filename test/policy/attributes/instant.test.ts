import assert from 'node:assert/strict';
import { formatInstant, parseInstant } from '../../../src/policy/attributes/instant';

interface InstantCase {
  readonly zone: string;
  readonly text: string;
  /** In UTC; nothing where the text names no instant. */
  readonly is?: string;
  readonly shown?: string;
}

const cases: readonly InstantCase[] = [
  { zone: 'UTC', text: '2026-12-31', is: '2026-12-31T00:00Z', shown: '2026-12-31T00:00+00:00' },
  { zone: 'Asia/Tokyo', text: '2026-12-31', is: '2026-12-30T15:00Z', shown: '2026-12-31T00:00+09:00' },
  { zone: 'Asia/Tokyo', text: '2026-12-31T18:05', is: '2026-12-31T09:05Z', shown: '2026-12-31T18:05+09:00' },
  { zone: 'Asia/Tokyo', text: '2026-12-31T18:00Z', is: '2026-12-31T18:00Z', shown: '2027-01-01T03:00+09:00' },
  { zone: 'America/St_Johns', text: '2026-01-15', is: '2026-01-15T03:30Z', shown: '2026-01-15T00:00-03:30' },
  { zone: 'Europe/Berlin', text: '2028-02-29T23:59', is: '2028-02-29T22:59Z' },
  { zone: 'UTC', text: '2000-01-01', is: '2000-01-01T00:00Z' },
  // Summer time leaves 02:00 to 03:00 out, and has it twice in autumn.
  { zone: 'Europe/Berlin', text: '2026-03-29T02:30' },
  { zone: 'Europe/Berlin', text: '2026-03-29T03:00', is: '2026-03-29T01:00Z' },
  { zone: 'Europe/Berlin', text: '2026-03-29T02:30Z', is: '2026-03-29T02:30Z' },
  { zone: 'Europe/Berlin', text: '2026-10-25T02:30', is: '2026-10-25T00:30Z', shown: '2026-10-25T02:30+02:00' },
  // There it leaves out midnight: the day begins at one.
  { zone: 'America/Santiago', text: '2026-09-06', is: '2026-09-06T04:00Z', shown: '2026-09-06T01:00-03:00' },
  { zone: 'America/Santiago', text: '2026-09-06T00:30' },
  ...[
    ...['2026-02-29', '2026-02-30', '2026-04-31', '2026-13-01', '2026-00-10', '2026-01-00', '2026-12-31T24:00'],
    ...['2026-12-31T18:60', '2026-12-31T18', '2026-12-31T18:00:00', '2026-12-31Z', '2026-12-31T18:00+09:00'],
    ...['1999-12-31', '0099-01-01', '26-12-31', '31.12.2026', '2026-1-1', '2026-12-31 ', '', 'never'],
  ].map((text) => ({ zone: 'UTC', text })),
];

describe('an instant', () => {
  const { TZ: zone } = process.env;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  for (const { zone, text, is, shown } of cases) {
    it(`${JSON.stringify(text)} in ${zone} is ${is ?? 'none'}`, () => {
      process.env.TZ = zone;
      const time = parseInstant(text);
      assert.equal(time === undefined ? undefined : `${new Date(time).toISOString().slice(0, 16)}Z`, is);
      if (time !== undefined && shown !== undefined) assert.equal(formatInstant(time), shown);
    });
  }
});
