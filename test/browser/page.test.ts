/** The status page in Debian's Chromium, while a Haraka serves mail. With `SMTPCHECK_BROWSER_REQUIRED=1` it is a failure where there is no browser. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { checkout } from '../../examples/haraka-directory';
import { startPrimary } from '../../testkit/fakes/primary';
import { eventually, load, pause } from '../../testkit/live/talk';
import { installChromium, launchChromium } from './chromium';
import { type Department, lists, settingsOf, startDepartment, visit, visits } from './department';
import { type OpenPage, openPage } from './open-page';

const screenshots = process.env.SMTPCHECK_SCREENSHOTS || path.join(checkout, '.build', 'screenshots');
const schemes = ['light', 'dark'] as const;
const widths = [360, 768, 1280, 2560];
/** With each of the two layouts. */
const axeWidths = [360, 1280];

/** A blank would end the name that a client says. */
const hostile = '<img/src=x/onerror=alert(1)>';
const longName = `<b>${'x'.repeat(9_993)}</b>`;
const slip = '192.0.2.9/24';

const missing = installChromium();

describe('the page in a browser', () => {
  if (missing !== undefined) {
    it(`could not be opened: ${missing}`, () => {
      console.log(`      NOTHING WAS OPENED IN A BROWSER: ${missing}`);
      assert.equal(process.env.SMTPCHECK_BROWSER_REQUIRED, undefined);
    });
    return;
  }

  let department: Department;
  let browser: Browser;
  const opened: OpenPage[] = [];

  before(async () => {
    [department, browser] = await Promise.all([startDepartment({ nodes: 2 }), launchChromium()]);
    for (const one of visits) await visit(department, one);
  });
  afterEach(async () => {
    const complaints: string[] = [];
    for (const one of opened.splice(0)) {
      complaints.push(...one.complaints);
      await one.close();
    }
    assert.deepEqual(complaints, []);
    assert.doesNotMatch(department.haraka.log(), /smtpcheck fault|status server failed|MaxListenersExceeded/);
  });
  after(async () => {
    await Promise.all([browser?.close(), department?.stop()]);
  });

  async function open(options?: BrowserContextOptions): Promise<OpenPage> {
    const one = await openPage(browser, department.url, options);
    opened.push(one);
    return one;
  }

  it('shows a refusal within 3 seconds: the reply, the rule, and the entry with its place and comment', async () => {
    const { page } = await open();
    const recipient = `at-${Date.now()}@elsewhere.example`;
    const before = Date.now();
    await visit(department, { client: '133.9.12.66', from: 'printer@dept.example', to: recipient });
    const refused = rows(page).filter({ hasText: recipient });
    await refused.waitFor();
    const seconds = (Date.now() - before) / 1000;
    assert.ok(seconds < 3, `after ${seconds} s`);
    const text = await refused.innerText();
    for (const part of [
      'refuse',
      'client-excluded',
      '133.9.12.66',
      'printer.dept.example',
      'printer@dept.example',
      '550 5.7.1 Relaying denied',
      'localip:3',
      '!133.9.12.66',
      "but not the guests' printer",
    ]) {
      assert.ok(text.includes(part), `${part} in ${text}`);
    }
  });

  it('draws what was decided in the last hour, in the colours of the outcomes', async () => {
    const { page } = await open();
    const sum = async (name: string) => Number(await page.locator(`#sums .${name} dd`).innerText());
    await eventually(
      (count) => count > 0,
      () => sum('refuse'),
    );
    assert.ok((await sum('permit')) > 0);
    assert.equal(await sum('observed'), 0);
    assert.deepEqual(await page.evaluate(drawn), ['permit', 'refuse']);
  });

  it('shows what is wrong with a new version of a list, and no longer once it is repaired', async () => {
    const { page } = await open();
    department.haraka.write('localip', `${lists.localip}${slip}\n`);
    const finding = page.locator('#lists .findings');
    await finding.waitFor();
    assert.match(await finding.innerText(), /localip:5 192\.0\.2\.9\/24 has host bits set; write 192\.0\.2\.0\/24/);
    assert.match(await page.locator('#lists tr', { hasText: 'local_ip' }).first().innerText(), /kept/);
    assert.match(await page.locator('#attention').innerText(), /local_ip: a newer version is rejected/);
    assert.equal(await page.title(), '(1) smtpcheck');
    department.haraka.write('localip', lists.localip ?? '');
    await finding.waitFor({ state: 'detached' });
    await page.locator('#attention').waitFor({ state: 'hidden' });
    assert.equal(await page.title(), 'smtpcheck');
  });

  it('filters the decisions as somebody types, and shows the permitted ones on request', async () => {
    const { page } = await open();
    const all = await rows(page).count();
    const shown = () => rows(page).allInnerTexts();
    await page.locator('#filter').pressSequentially('PRINTER 550');
    const printers = await shown();
    assert.ok(printers.length > 0 && printers.length < all);
    assert.ok(printers.every((text) => text.includes('printer.dept.example')));
    assert.match(await page.locator('#shown').innerText(), new RegExp(`^${printers.length} of \\d+$`));
    await page.locator('#filter').fill('nothing like that');
    assert.deepEqual(await shown(), []);
    await page.locator('#filter').fill('backup MX');
    assert.deepEqual(await shown(), []);
    await page.locator('#permitted').check();
    const permitted = await shown();
    assert.ok(permitted.length > 0);
    assert.ok(permitted.every((text) => /permit\s+destination[\s\S]*relay\.to:1/.test(text)));
    await page.locator('#permitted').uncheck();
    await page.locator('#filter').fill('');
    assert.equal((await shown()).length, all);
  });

  it('explains what a client would be answered, by the keyboard alone', async () => {
    const { page } = await open();
    const explanation = page.locator('#explanation');
    await page.locator('#ip').focus();
    await page.keyboard.type('133.9.12.66');
    await page.keyboard.press('Tab');
    await page.keyboard.type('user@elsewhere.example');
    await page.keyboard.press('Enter');
    await explanation.getByText('RCPT TO:<user@elsewhere.example>').waitFor();
    const last = await explanation.locator('li').last().innerText();
    assert.match(last, /refuse client-excluded localip:3 +but not the guests' printer/);
    assert.match(last, /550 5\.7\.1 Relaying denied/);
    await page.locator('#ip').fill('nobody');
    await page.keyboard.press('Enter');
    await explanation.getByText('ip has no value nobody; ip: an IP address').waitFor();
    // The browser says by itself that the answer was 400.
    assert.deepEqual(takeComplaints(/status of 400/), 1);
  });

  it('shows the entries that have not matched since the start, and no longer when they have', async () => {
    const { page } = await open();
    const list = page.locator('#unmatched-relay_to');
    await list.locator('summary').click();
    assert.match(await list.innerText(), /relay_to 1 of 3 entries\s+relay\.to:3 former\.example moved away in 2023/);
    await visit(department, { client: '192.0.2.25', to: 'a@former.example' });
    // Until the worker has reported.
    await eventually(
      (text) => /relay_to 0 of 3 entries/.test(text),
      async () => {
        await page.reload();
        return list.innerText();
      },
    );
  });

  it('says of an entry that has not matched whether it has ended, and why it narrows what it decides', async () => {
    const { page } = await open();
    await load(department.haraka, 'host.deny', '192.0.2.98 until=2020-01-01\n192.0.2.96/31 until=2120-01-01T00:00Z\n');
    await page.reload();
    const list = page.locator('#unmatched-hosts');
    await list.locator('summary').click();
    assert.match(await list.innerText(), /192\.0\.2\.98 until=2020-01-01 ended\s+host\.deny:2 192\.0\.2\.96\/31 \S+$/);
    await page.locator('#ip').fill('192.0.2.97');
    await page.locator('#to').fill('a@victim.example');
    await page.keyboard.press('Enter');
    await page.locator('#explanation', { hasText: /host\.deny:2 until=2\d{3}-[^ ]+:00/ }).waitFor();
    await load(department.haraka, 'host.deny', lists['host.deny'] ?? '');
  });

  it('shows rules, entries and processes', async () => {
    const { page } = await open();
    assert.match(await page.locator('#rules-table').innerText(), /relay-denied\s+relay\s+refuse\s+\d/);
    assert.match(
      await page.locator('#entries-table').innerText(),
      /localip:1\s+133\.9\.12 the department's network\s+\d/,
    );
    assert.match(
      await page.locator('#processes-table').innerText(),
      /master[\s\S]*worker 1[\s\S]*reporting[\s\S]*worker 2/,
    );
  });

  it('shows who is near a limit of recipients, or over it', async () => {
    const { page } = await open();
    const printer = page.locator('#limits-table tbody tr', { hasText: 'client 133.9.13.9' });
    for (const [count, shown] of [
      [2, /2\/1h localip:4\s+near\s+2\s+0/],
      [1, /2\/1h localip:4\s+over\s+2\s+1\s+\d\d:\d\d/],
    ] as const) {
      for (let i = 0; i < count; i++) await visit(department, { client: '133.9.13.9', to: `a${i}@victim.example` });
      await eventually(
        (text) => shown.test(text),
        async () => ((await printer.count()) > 0 ? printer.innerText() : ''),
      );
    }
    assert.match(await page.locator('#limits-state').innerText(), /1 over its limit/);
  });

  it('shows what next hops have said of recipients', async () => {
    const primary = await startPrimary();
    try {
      const { page } = await open();
      const table = page.locator('#verify-table');
      await table.getByText('Nobody has been asked about.').waitFor();
      const verified = `${lists['relay.to']}verified.example [127.0.0.1]:${primary.port} verify\n`;
      await load(department.haraka, 'relay.to', verified);
      for (const to of ['known@verified.example', 'nobody@verified.example', 'nobody@verified.example'])
        await visit(department, { client: '203.0.113.9', to });
      primary.manners.rcpt = () => '250 2.1.5 Ok';
      const all = `${verified}all.example [127.0.0.1]:${primary.port} verify\n`;
      await load(department.haraka, 'relay.to', all);
      await visit(department, { client: '203.0.113.9', to: 'anybody@all.example' });
      await eventually(
        (text) =>
          /known\s+3\s+unknown\s+2\s+.*from memory\s+1\s+in memory, the oldest answer \d+ s old\s+4/s.test(text),
        () => table.innerText(),
      );
      await page.locator('#verify-accept-all', { hasText: 'not asked again today: all.example' }).waitFor();
    } finally {
      await load(department.haraka, 'relay.to', lists['relay.to'] ?? '');
      await primary.stop();
    }
  });

  it('keeps as text what clients and lists say', async () => {
    const { page } = await open();
    await visit(department, { client: '203.0.113.9', helo: hostile, to: 'a@victim.example' });
    await rows(page)
      .filter({ hasText: `HELO ${hostile}` })
      .waitFor();
    await load(department.haraka, 'host.deny', `${lists['host.deny']}192.0.2.99  # ${hostile}\n`);
    await page.reload();
    await page.locator('#unmatched-hosts summary').click();
    await page.locator('#unmatched-hosts', { hasText: `192.0.2.99 ${hostile}` }).waitFor();
    assert.equal(await page.locator('img').count(), 0);
    await load(department.haraka, 'host.deny', lists['host.deny'] ?? '');
  });

  // Haraka and the record of events let through no name as long as this.
  it('keeps as text, within its window, a name of 10,000 characters in every field of a decision', async () => {
    const { page } = await open({ viewport: { width: 360, height: 800 } });
    await page.route('**/decisions.json?*', async (route) => {
      const answer = await (await route.fetch()).json();
      const fields = ['rule', 'ip', 'ptr', 'helo', 'from', 'rcpt', 'reply'].map((name) => [name, `${name}${longName}`]);
      const entry = { list: longName, file: longName, line: 1, text: `${longName} # ${hostile}`, comment: hostile };
      const decision = { number: 1, plugin: 'relay', outcome: 'refuse', observed: true, time: answer.startedAt, entry };
      await route.fulfill({ json: { ...answer, decisions: [{ ...decision, ...Object.fromEntries(fields) }] } });
    });
    await page.reload();
    const text = await rows(page).first().innerText();
    for (const part of [`ptr${longName}`, `HELO helo${longName}`, `${longName}:1`, hostile])
      assert.ok(text.includes(part));
    for (const width of widths) {
      await page.setViewportSize({ width, height: 900 });
      assert.ok(await fits(page), `${width} px`);
    }
    assert.equal(await page.locator('img').count(), 0);
  });

  it('can be used by the keyboard: everything is reached, and seen when it is', async () => {
    const { page } = await open();
    const reached: string[] = [];
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('Tab');
      reached.push(String(await page.evaluate(focused)));
    }
    for (const name of ['a:Skip to recent decisions', 'button:pause', 'a:Lists', 'input:filter', 'input:permitted'])
      assert.ok(reached.includes(`${name} seen`), `${name} in ${reached.join('\n')}`);
    for (const name of ['input:ip', 'input:to', 'input:from', 'input:ptr', 'button:Explain', 'section:', 'summary:'])
      assert.ok(
        reached.some((one) => one.startsWith(name) && one.endsWith(' seen')),
        `${name} in ${reached.join('\n')}`,
      );
  });

  it('asks nothing while it is hidden or paused, and goes on at once', async () => {
    const { page } = await open();
    let asked = 0;
    page.on('request', () => asked++);
    const state = page.locator('#connection');
    for (const [stop, go] of [
      [() => hide(page, true), () => hide(page, false)],
      [() => page.locator('#pause').press('Enter'), () => page.locator('#pause').press('Enter')],
    ] as const) {
      await stop();
      assert.equal(await state.innerText(), 'Paused');
      await pause(200);
      asked = 0;
      await pause(1500);
      assert.equal(asked, 0);
      await go();
      await page.locator('#connection.live').waitFor({ timeout: 1000 });
      assert.ok(asked > 0);
    }
  });

  for (const colorScheme of schemes) {
    it(`has nothing serious for axe-core to say, and is no wider than its window: ${colorScheme}`, async () => {
      department.haraka.write('localip', `${lists.localip}${slip}\n`);
      const { page } = await open({ colorScheme });
      await page.locator('#lists .findings').waitFor();
      await page.locator('#permitted').check();
      await page.locator('#ip').fill('203.0.113.9');
      await page.locator('#to').fill('user@elsewhere.example');
      await page.locator('#to').press('Enter');
      await page.locator('#explanation li').last().waitFor();
      await page.locator('#unmatched-local_ip summary').click();
      for (const width of widths) {
        await page.setViewportSize({ width, height: 900 });
        assert.ok(await fits(page), `${width} px`);
        if (axeWidths.includes(width)) assert.deepEqual(await violations(page), [], `${width} px`);
      }
      await page.setViewportSize({ width: 1280, height: 900 });
      fs.mkdirSync(screenshots, { recursive: true });
      await page.screenshot({ path: path.join(screenshots, `page-${colorScheme}.png`), fullPage: true });
      department.haraka.write('localip', lists.localip ?? '');
      await page.locator('#lists .findings').waitFor({ state: 'detached' });
    });
  }

  it('is read with the token as the password where there is one, and not without', async () => {
    department.haraka.write('token', 'a-token-of-the-test\n');
    department.haraka.write('smtpcheck.ini', `${settingsOf(department.port)}token_file=token\n`);
    const status = async () => (await fetch(department.url).catch(() => undefined))?.status;
    await eventually((answered) => answered === 401, status);
    // The browser has nobody to ask for the password.
    await assert.rejects(open(), /ERR_INVALID_AUTH_CREDENTIALS/);
    await open({ httpCredentials: { username: 'anybody', password: 'a-token-of-the-test' } });
    department.haraka.write('smtpcheck.ini', settingsOf(department.port));
    await eventually((answered) => answered === 200, status);
  });

  it('shows when the server is gone, and what the next one decides when that is there', async () => {
    const { page } = await open();
    await department.stop();
    await page.locator('#connection.lost').waitFor();
    assert.match(await page.locator('#connection').innerText(), /^Connection lost; last answer at \d\d:\d\d:\d\d$/);
    department = await startDepartment({ port: department.port });
    await page.locator('#connection.live').waitFor();
    await visit(department, { client: '203.0.113.9', to: 'of-the-next@victim.example' });
    await rows(page).filter({ hasText: 'of-the-next' }).waitFor();
    assert.equal(await rows(page).count(), 1);
    assert.ok(takeComplaints(/ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/) > 0);
  });

  /** What the browser itself says of an answer that the test has asked for; how many there were. */
  function takeComplaints(expected: RegExp): number {
    let taken = 0;
    for (const { complaints } of opened) {
      const rest = complaints.filter((text) => !expected.test(text));
      taken += complaints.length - rest.length;
      (complaints as string[]).splice(0, complaints.length, ...rest);
    }
    return taken;
  }
});

/** The decisions that are shown. */
function rows(page: Page): Locator {
  return page.locator('#decisions-table tbody tr:visible');
}

async function fits(page: Page): Promise<boolean> {
  return (await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')) as boolean;
}

/** Runs in the browser: the outcomes whose colour the chart has. */
const drawn = `(() => {
  const chart = document.querySelector('#chart');
  const canvas = chart.querySelector('canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const pixels = new Set();
  for (let i = 0; i < data.length; i += 4) pixels.add((data[i] << 16) + (data[i + 1] << 8) + data[i + 2]);
  const colourOf = (name) => parseInt(getComputedStyle(chart).getPropertyValue('--' + name).trim().slice(1), 16);
  return ['permit', 'refuse', 'defer', 'observed'].filter((name) => pixels.has(colourOf(name)));
})()`;

/** Runs in the browser: what has the focus, and whether somebody sees that it has. */
const focused = `(() => {
  const { tagName, id, textContent } = document.activeElement;
  const { outlineStyle } = getComputedStyle(document.activeElement);
  const box = document.activeElement.getBoundingClientRect();
  const isSeen = outlineStyle !== 'none' && box.right > 0 && box.bottom > 0;
  return tagName.toLowerCase() + ':' + (id || textContent.trim().slice(0, 60)) + (isSeen ? ' seen' : '');
})()`;

/** As a browser does it with a page in the background. */
async function hide(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate(`
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} });
    document.dispatchEvent(new Event('visibilitychange'));
  `);
}

/** What axe-core calls serious or critical. */
async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const { violations: found } = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as axe.AxeResults;
  return found
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}
