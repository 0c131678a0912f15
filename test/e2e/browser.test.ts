import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDemo, type Demo } from '../../src/app/demo/demo.ts';
import { silentLog } from '../../src/platform/log.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { hasTool } from '../support/tools.ts';
import { freePort } from './free-port.ts';

describe.runIf(hasTool('chromium'))('the forum in a browser, through the gateway', () => {
  const root = temporaryDirectory();
  let demo: Demo | null = null;
  let browser: Browser | null = null;
  let proxy = '';

  beforeAll(async () => {
    const ports = { gateway: await freePort(), control: await freePort(), proxy: await freePort() };
    proxy = `http://127.0.0.1:${ports.proxy}`;
    demo = await startDemo({
      directory: join(root, 'demo-data'),
      write: () => undefined,
      log: silentLog,
      ports,
    });
    browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await demo?.stop();
  }, 30_000);

  it('registers, posts, and shows the region as text and as an image on the profile', async () => {
    const page = await browser?.newPage();
    if (page === undefined) throw new Error('no browser');
    await page.goto(`${proxy}/register`);
    await page.locator('input[name=account]').fill('dora');
    await page.locator('input[name=password]').fill('correct horse');
    await page.locator('main form button').click();
    await page.goto(`${proxy}/`);
    await page.locator('input[name=title]').fill('你好');
    await page.locator('textarea[name=text]').fill('<script>document.title = "owned"</script>');
    await page.locator('main form button').first().click();
    await page.goto(`${proxy}/u/dora`);
    expect(await page.locator('body').innerText()).toContain('广东');
    expect(await page.title()).not.toContain('owned');
    const badge = page.locator('img[src*="/.shudi/badge/"]');
    expect(await badge.evaluate((image) => 'naturalWidth' in image && Number(image.naturalWidth) > 0)).toBe(
      true,
    );
    await page.close();
  }, 60_000);
});
