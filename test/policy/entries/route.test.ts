import assert from 'node:assert/strict';
import { formatRoute, parseRoute } from '../../../src/policy/entries/route';

const routes: readonly { readonly text: string; readonly is?: readonly [host: string, port: number, text: string] }[] =
  [
    { text: '[10.0.0.5]:2525', is: ['10.0.0.5', 2525, '[10.0.0.5]:2525'] },
    { text: '[10.0.0.5]', is: ['10.0.0.5', 25, '[10.0.0.5]'] },
    { text: '10.0.0.5', is: ['10.0.0.5', 25, '[10.0.0.5]'] },
    { text: '10.0.0.5:587', is: ['10.0.0.5', 587, '[10.0.0.5]:587'] },
    { text: '[2001:db8::5]:2525', is: ['2001:db8::5', 2525, '[2001:db8::5]:2525'] },
    { text: '[IPv6:2001:DB8::5]', is: ['2001:db8::5', 25, '[2001:db8::5]'] },
    { text: 'mx.Inner.example', is: ['mx.inner.example', 25, 'mx.inner.example'] },
    { text: 'mx.inner.example:2525', is: ['mx.inner.example', 2525, 'mx.inner.example:2525'] },
    { text: '[mx.inner.example]:25', is: ['mx.inner.example', 25, 'mx.inner.example'] },
    { text: '[10.0.0.5]:1', is: ['10.0.0.5', 1, '[10.0.0.5]:1'] },
    { text: '[10.0.0.5]:65535', is: ['10.0.0.5', 65535, '[10.0.0.5]:65535'] },
    { text: '[10.0.0.5]:65536' },
    { text: '[10.0.0.5]:0' },
    { text: '[10.0.0.5]:' },
    { text: '[10.0.0.5]:smtp' },
    { text: '[10.0.0.5' },
    { text: '10.0.0.5]' },
    { text: '[10.0.0.256]' },
    { text: '[10.0.0]' },
    { text: '[]:25' },
    { text: ':25' },
    { text: '' },
    { text: 'smtp:[10.0.0.5]' },
    { text: '[mx.ipv6:inner.example]' },
    { text: 'mx_.-inner' },
  ];

describe('parseRoute', () => {
  for (const { text, is } of routes) {
    it(`${is ? `reads ${is[0]} port ${is[1]} from` : 'finds no next hop in'} ${JSON.stringify(text)}`, () => {
      const route = parseRoute(text);
      assert.deepEqual(route, is && { host: is[0], port: is[1] });
      if (!route || !is) return;
      assert.equal(formatRoute(route), is[2]);
      assert.deepEqual(parseRoute(formatRoute(route)), route);
    });
  }
});
