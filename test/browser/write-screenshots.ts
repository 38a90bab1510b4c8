/** `npm run update:screenshots`: writes the pictures of docs/guides/monitoring.md, of a server with an hour of mail behind it. */
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { checkout } from '../../examples/haraka-directory';
import { pause } from '../../testkit/live/talk';
import { installChromium, launchChromium } from './chromium';
import { type Department, lists, startDepartment, visit, visits } from './department';
import { openPage } from './open-page';

const folder = path.join(checkout, 'docs', 'guides', 'images');
/** Milliseconds, in which the clock goes through an hour. */
const busy = 116_000;
const settled = 8_000;

async function main(): Promise<void> {
  const missing = installChromium();
  if (missing !== undefined) throw new Error(missing);
  const department = await startDepartment({
    nodes: 2,
    env: { NODE_OPTIONS: `--require ${path.join(__dirname, 'hour-ago.js')}` },
  });
  const browser = await launchChromium();
  try {
    await keepBusy(department);
    department.haraka.write('localip', `${lists.localip}192.0.2.9/24\n`);
    // While the clock goes fast, reports of workers seem to be old.
    await pause(settled);
    await picture(browser, department, 'light', 'header', '#decisions');
    await picture(browser, department, 'dark', '#explain', '#processes');
  } finally {
    await browser.close();
    await department.stop();
  }
}

/** More at some times than at others, as mail comes. */
async function keepBusy(department: Department): Promise<void> {
  const start = performance.now();
  for (let turn = 0; performance.now() - start < busy; turn++) {
    const passed = (performance.now() - start) / busy;
    const count = 1 + Math.round(2 + 2 * Math.sin(passed * 9) + Math.sin(turn * 1.7));
    const clients = Array.from({ length: count }, (_, i) => visits[(turn * 3 + i * 7) % visits.length]);
    await Promise.all(clients.map((one) => one && visit(department, one)));
    await pause(250);
  }
}

/** From the top of one part to the bottom of another. */
async function picture(
  browser: Browser,
  { url }: Department,
  colorScheme: 'light' | 'dark',
  from: string,
  to: string,
): Promise<void> {
  const { page, close } = await openPage(browser, url, { colorScheme, viewport: { width: 1160, height: 900 } });
  await page.locator('#lists .findings').waitFor();
  await page.locator('#ip').fill('133.9.12.66');
  await page.locator('#to').fill('user@elsewhere.example');
  await page.locator('#to').press('Enter');
  await page.locator('#explanation li').last().waitFor();
  for (const list of ['local_ip', 'relay_to', 'hosts']) await page.locator(`#unmatched-${list} summary`).click();
  await page.locator('h1').click();
  const [top, bottom] = [await boxOf(page, from), await boxOf(page, to)];
  const clip = { x: 0, y: Math.max(0, top.y - 8), width: 1160, height: bottom.y + bottom.height - top.y + 16 };
  await page.screenshot({ path: path.join(folder, `page-${colorScheme}.png`), fullPage: true, clip });
  await close();
}

async function boxOf(page: Page, selector: string): Promise<{ readonly y: number; readonly height: number }> {
  const box = await page.locator(selector).first().boundingBox();
  if (!box) throw new Error(`${selector} is not on the page`);
  return box;
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 2;
});
