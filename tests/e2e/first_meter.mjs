// From an empty site to a moving value, as an administrator does it: signs in, adds a Modbus instance through
// its form, watches `voltage` move on the Thing's page, then changes language and colours.
//
//   node first_meter.mjs --url http://127.0.0.1:PORT --password P --modbus-port N [--screenshots DIR]
//
// Needs a daemon at --url and a Modbus TCP server on 127.0.0.1:N whose holding registers 0 and 1 hold a changing
// float32, high word first. Exits 0 when everything held, 1 with the reason otherwise.
// CHROMIUM names the browser; /usr/bin/chromium otherwise.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const FLAGS = [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
];
const PATIENCE_MS = 30000;
const NEW_PASSWORD = 'a much longer password';

function readOptions() {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' }, username: { type: 'string', default: 'admin' }, password: { type: 'string' },
      'modbus-port': { type: 'string' }, screenshots: { type: 'string' },
    },
  });
  for (const name of ['url', 'password', 'modbus-port']) {
    if (!values[name]) throw new Error(`--${name} is missing`);
  }
  return { ...values, modbusPort: values['modbus-port'], origin: new URL(values.url).origin };
}

/** Collects what must not happen: requests to elsewhere, errors in the page. */
function watch(page, origin) {
  const complaints = [];
  page.on('request', (request) => {
    const { protocol } = new URL(request.url());
    const own = request.url().startsWith(`${origin}/`) || protocol === 'data:' || protocol === 'blob:';
    if (!own) complaints.push(`a request left the origin: ${request.url()}`);
  });
  page.on('pageerror', (error) => complaints.push(`the page threw: ${error.message}`));
  page.on('console', (message) => {
    // The first question, "who am I", is rightly answered 401 before signing in, and browsers log that.
    const askedWho = message.location().url.endsWith('/api/v1/auth/me');
    if (message.type() === 'error' && !askedWho) complaints.push(`console error: ${message.text()} (${message.location().url})`);
  });
  return complaints;
}

async function signIn(page, { url, username, password }) {
  await page.goto(url);
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  const overview = page.getByRole('heading', { level: 1, name: 'Overview' });
  const change = page.getByRole('heading', { level: 1, name: 'Choose a new password' });
  const refused = page.getByRole('alert');
  await overview.or(change).or(refused).first().waitFor();
  if (await refused.isVisible()) throw new Error(`sign-in refused: ${await refused.innerText()}`);
  if (await change.isVisible()) await choosePassword(page);
  await overview.waitFor();
}

async function choosePassword(page) {
  await page.getByLabel('New password').fill(NEW_PASSWORD);
  await page.getByLabel('Repeat the new password').fill(NEW_PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
}

async function choose(scope, page, label, option) {
  await scope.getByRole('textbox', { name: label }).click();
  await page.getByRole('option', { name: option, exact: true }).click();
}

async function addMeter(page, { modbusPort }) {
  await page.getByRole('link', { name: 'Plugins', exact: true }).click();
  await page.getByRole('link', { name: 'Add instance of Modbus' }).click();
  await page.getByLabel('Instance id').fill('meter');
  const form = page.locator('#config-form');
  await choose(form, page, 'Transport', 'tcp');
  await form.getByLabel('Host').fill('127.0.0.1');
  await form.getByLabel('Port', { exact: true }).fill(modbusPort);
  await form.locator('#root_unit').fill('1');
  await form.getByLabel('Poll interval (ms)').fill('200');
  await form.locator('#root_thing').fill('meter');
  await addPoint(page, form.getByRole('group', { name: 'Points' }));
  await page.getByRole('button', { name: 'Add instance', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'meter' }).waitFor();
}

async function addPoint(page, points) {
  const property = points.getByLabel('Property');
  if ((await property.count()) === 0) await points.getByRole('button', { name: 'Add to Points' }).click();
  await property.fill('voltage');
  await choose(points, page, 'Table', 'holding');
  await points.getByLabel('Address').fill('0');
  await choose(points, page, 'Type', 'float32');
  await choose(points, page, 'Word order', 'big');
  await points.getByLabel('Unit of measure').fill('V');
}

/** Two different values with quality good, from the stream alone. */
async function seeVoltageMove(page) {
  await page.getByRole('link', { name: 'Things', exact: true }).click();
  await page.getByRole('list', { name: 'Things' }).getByRole('link', { name: 'meter' }).click();
  const row = page.getByRole('row', { name: /^voltage/ });
  await row.getByRole('img', { name: /^Good/ }).waitFor();
  const cell = row.getByRole('cell').first();
  const seen = new Set();
  const deadline = Date.now() + PATIENCE_MS;
  while (seen.size < 2) {
    if (Date.now() > deadline) throw new Error(`voltage did not move in ${PATIENCE_MS / 1000} s; seen: ${[...seen].join(', ')}`);
    const text = (await cell.innerText()).trim();
    if (/^-?[\d.,]+ V$/.test(text)) seen.add(text);
    await page.waitForTimeout(100);
  }
  return [...seen];
}

async function changeLanguageAndColours(page) {
  await page.getByRole('radiogroup', { name: 'Language' }).getByText('中文').click();
  await page.getByRole('heading', { level: 2, name: '最近一小时' }).waitFor();
  const language = await page.locator('html').getAttribute('lang');
  if (language !== 'zh') throw new Error(`the document says lang="${language}" after switching to Chinese`);
  await page.getByRole('radiogroup', { name: '配色' }).getByTitle('深色').click();
  await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
}

async function run(options, page) {
  const complaints = watch(page, options.origin);
  const shoot = async (name) => {
    if (options.screenshots) await page.screenshot({ path: join(options.screenshots, `${name}.png`), fullPage: true });
  };
  const step = async (name, action) => {
    try {
      const result = await action();
      await shoot(name);
      console.log(`ok  ${name}${result ? `: ${result}` : ''}`);
    } catch (error) {
      await shoot(`failed-${name}`).catch(() => undefined);
      throw new Error(`${name}: ${error.message}`);
    }
  };
  await step('1-sign-in', () => signIn(page, options));
  await step('2-add-instance', () => addMeter(page, options));
  await step('3-live-value', () => seeVoltageMove(page));
  await step('4-chinese-dark', () => changeLanguageAndColours(page));
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  console.log('ok  no request left the origin, no console error');
}

async function main() {
  const options = readOptions();
  if (options.screenshots) mkdirSync(options.screenshots, { recursive: true });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  try {
    const context = await browser.newContext({ locale: 'en-US', ignoreHTTPSErrors: true, viewport: { width: 1360, height: 900 } });
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await run(options, page);
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(`FAILED ${error.message}`);
  process.exitCode = 1;
});
