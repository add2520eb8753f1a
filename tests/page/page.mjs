// page.mjs LEAT MODULES CHROMIUM PICTURES -- leat run --page, as people meet it.
//
// A browser opens the page of runs that are slow, wide, stalled and over; what
// it shows is compared with what is known of the run. Pictures are left to be
// looked at. Prints `N passed, N failed`.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync }
	from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const [leat, modules, chromiumPath, pictures] =
	process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(modules, 'page.js'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE_MS = 1000 * Number(process.env.LEAT_TEST_SECONDS ?? 60);
const WIDE = { width: 1280, height: 800 }, PHONE = { width: 390, height: 844 };
const work = mkdtempSync(join(tmpdir(), 'leat-page-'));
const counts = { passed: 0, failed: 0 };

mkdirSync(pictures, { recursive: true });

function check(what, holds, more = '') {
	counts[holds ? 'passed' : 'failed']++;
	if (!holds)
		console.log(`FAIL: ${what} ${more}`);
}

// Asked again and again; what it was last is told.
async function until(what, holds) {
	const end = Date.now() + PATIENCE_MS;
	let last;

	while (Date.now() < end) {
		last = await holds();
		if (last === true)
			return check(what, true);
		await new Promise((done) => setTimeout(done, 50));
	}
	check(what, false, `(was: ${JSON.stringify(last)})`);
}

// ---- runs -------------------------------------------------------------------

class Run {
	constructor(graph, ...options) {
		this.said = '';
		this.process = spawn(leat, ['run', '--page=0', ...options, graph],
			{ cwd: work, stdio: ['pipe', 'pipe', 'pipe'] });
		this.process.stderr.on('data', (text) => { this.said += text; });
		this.process.stdin.on('error', () => {});
		this.ended = new Promise((done) =>
			this.process.on('exit', (status) => done(status)));
	}

	async address() {
		await until('it says where the page is',
			() => this.match() !== null);
		return this.match()?.[1];
	}

	match() {
		return /page at (http:\/\/\S+\/#token=[0-9a-f]{32})\n/
			.exec(this.said);
	}

	end() {
		this.process.kill('SIGQUIT');
		return this.ended;
	}
}

function rows(n) {
	let text = 'n,t\n';

	for (let k = 0; k < n; k++)
		text += `${k},${'x'.repeat(40)}\n`;
	return text;
}

// ---- the browser ------------------------------------------------------------

const browser = await chromium.launchPersistentContext(join(work, 'profile'), {
	executablePath: chromiumPath,
	headless: true,
	viewport: WIDE,
	args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic',
		'--no-first-run', '--disable-background-networking',
		'--disable-component-update', '--disable-sync'],
});

// What it asks for elsewhere, and what goes wrong in it, is kept.
async function open(address, scheme = 'light', size = WIDE) {
	const page = await browser.newPage();
	const { origin } = new URL(address);

	page.strangers = [];
	page.errors = [];
	page.on('request', (request) => {
		const { protocol } = new URL(request.url());
		if (protocol !== 'data:' && !request.url().startsWith(origin))
			page.strangers.push(request.url());
	});
	page.on('pageerror', (error) => page.errors.push(String(error)));
	page.on('console', (message) => message.type() === 'error' &&
		page.errors.push(message.text()));
	page.setDefaultTimeout(PATIENCE_MS);
	await page.setViewportSize(size);
	await page.emulateMedia({ colorScheme: scheme });
	await page.goto(address);
	return page;
}

const picture = (page, name, fullPage = true) =>
	page.screenshot({ path: join(pictures, `${name}.png`), fullPage });

async function isAccessible(page, what) {
	await page.evaluate(axe);
	const found = await page.evaluate(() => window.axe.run());
	const words = found.violations.map((v) => `${v.id}: ${v.help} (${
		v.nodes.slice(0, 3).map((n) => n.html.slice(0, 140) + ' ' +
			n.any.map((a) => a.message).join('; ')).join(' | ')})`);
	check(`axe has nothing to say: ${what}`, words.length === 0,
		words.join('\n\t'));
}

// Nothing is wider than the screen, and what is wide scrolls in its frame.
async function hasNoSideways(page, what) {
	const [whole, seen] = await page.evaluate(() => [
		document.documentElement.scrollWidth, window.innerWidth]);
	check(`no scrolling to the side: ${what}`, whole <= seen,
		`${whole} > ${seen}`);
}

const text = (page, selector) => page.locator(selector).first().innerText();

// ---- a slow sink ------------------------------------------------------------

const GRAPH = 'read rows.csv ! csv.parse ! where "n >= 0" ! csv.format ! ' +
	'write - name=out';

// Takes its output slowly, so that it is held up at the end.
function sip(run, bytesEach, everyMs) {
	run.process.stdout.pause();
	const timer = setInterval(() => run.process.stdout.read(bytesEach) ??
		run.process.stdout.read(), everyMs);
	run.ended.then(() => clearInterval(timer));
}

function gulp(run) {
	run.process.stdout.resume();
}

async function slowSink() {
	const run = new Run(GRAPH);
	sip(run, 16384, 120);
	const address = await run.address();
	const page = await open(address);

	await page.waitForSelector('.stage');
	const names = await page.locator('.stage .name').allInnerTexts();
	check('each stage is drawn, in the order of the data', names.join() ===
		'read,csv.cut,csv.parse,where,csv.format,csv.gather,out', names);
	check('and each link', await page.locator('.link').count() === 6);
	check('the token is not left in the address',
		!page.url().includes('token'), page.url());
	await rates(page);
	await until('the one that holds it up is named', async () => {
		const why = await text(page, '#why');
		return /^'out' waited for the outside/.test(why) || why;
	});
	await until('and marked', async () => (await page.locator(
		'.stage:has(.mark.slow) .name').allInnerTexts()).join() === 'out');
	await until('what leads to it is full', async () =>
		await page.locator('.line.full').count() > 0);
	await isStill(page);
	await picture(page, 'slow-light');
	await isAccessible(page, 'light');
	await stage(page);
	await link(page);
	await unfolded(page);
	await page.emulateMedia({ colorScheme: 'dark' });
	await picture(page, 'slow-dark');
	await isAccessible(page, 'dark');
	await phone(page);
	await drain(page, run, address);
}

async function rates(page) {
	const read = () => text(page, '.totals .tile .value');
	await until('rates are there', async () =>
		/\/s/.test(await text(page, '#stage-2 .rates')));
	const before = await read();
	await until('and go on', async () => await read() !== before);
}

// From one look to the next nothing moves.
async function isStill(page) {
	const places = () => page.evaluate(() => [...document.querySelectorAll(
		'header, .why, .tile, .stage, .link, .legend, details, footer')]
		.map((e) => {
			const r = e.getBoundingClientRect();
			return [r.x, r.y, r.width, r.height].join();
		}).join(' '));
	const clock = await text(page, '.clock');
	const before = await places();
	await until('the clock goes on', async () =>
		await text(page, '.clock') !== clock);
	check('nothing moves from one look to the next',
		await places() === before);
}

async function stage(page) {
	await page.locator('#stage-2').focus();
	await page.keyboard.press('Enter');
	await until('Enter opens a stage, and the focus is there', async () =>
		await page.evaluate(() => document.activeElement.id) ===
			'pane-title');
	check('which has its name',
		(await text(page, '#pane-title')).startsWith('csv.parse'));
	await page.waitForSelector('.quantiles');
	check('with its shares', await page.locator('.share-list').count() === 2);
	check('and a histogram', await page.locator('.histogram rect').count() > 0);
	await until('and rates over time, of several looks', async () =>
		await page.evaluate(() => {
			const canvas = document.querySelector('.series canvas');
			const { data } = canvas.getContext('2d').getImageData(0, 0,
				canvas.width, canvas.height);
			return data.some((byte) => byte !== 0);
		}));
	check('quantiles do not fall', await page.locator('.quantiles td')
		.count() >= 6);
	await page.waitForTimeout(0);
	await picture(page, 'stage-light');
	await isAccessible(page, 'a stage');
	await page.keyboard.press('Escape');
	check('Escape closes it, and the focus is where it was',
		await page.evaluate(() => document.activeElement.id) === 'stage-2');
}

async function link(page) {
	await page.locator('.link:not(.fused)').last().click();
	await page.waitForSelector('.pane .big .queue');
	const facts = await text(page, '.pane');
	check('a link shows its queue, credit and window',
		/queued/.test(facts) && /credit/.test(facts) &&
		/window/.test(facts), facts);
	await page.keyboard.press('Escape');
	await page.getByRole('button', { name: 'csv.parse to where' }).click();
	await page.waitForSelector('.rows td');
	check('rows that pass are shown by their columns',
		(await page.locator('.rows th').allInnerTexts()).join() === 'n,t');
	check('with their values', /^\d+$/.test(await text(page, '.rows td')) &&
		/^x+$/.test(await text(page, '.rows td + td')));
	await picture(page, 'link-light');
	await isAccessible(page, 'a link');
	await page.keyboard.press('Escape');
}

async function unfolded(page) {
	await page.locator('summary', { hasText: 'All stages' }).click();
	await page.waitForSelector('.all tbody tr');
	check('all stages as a table',
		await page.locator('.all tbody tr').count() === 7);
	await page.locator('summary', { hasText: 'Contexts' }).click();
	await page.waitForSelector('.contexts li');
	check('contexts are shown',
		await page.locator('.contexts li').count() > 1);
	await isAccessible(page, 'unfolded');
	await page.locator('summary', { hasText: 'All stages' }).click();
	await page.locator('summary', { hasText: 'Contexts' }).click();
}

async function phone(page) {
	await page.setViewportSize(PHONE);
	await page.emulateMedia({ colorScheme: 'light' });
	await until('on a phone the graph is drawn from the top', async () =>
		await page.evaluate(() => {
			const box = (k) => document.getElementById(`stage-${k}`)
				.getBoundingClientRect();
			return box(6).y > box(0).y + 300 &&
				Math.abs(box(6).x - box(0).x) < 100;
		}));
	await hasNoSideways(page, 'phone');
	await picture(page, 'phone-light');
	await page.locator('#stage-6').click();
	await page.waitForSelector('.quantiles');
	await hasNoSideways(page, 'phone, a stage');
	await picture(page, 'phone-stage');
	await isAccessible(page, 'phone');
	await page.keyboard.press('Escape');
	await page.setViewportSize(WIDE);
}

async function drain(page, run, address) {
	const stranger = await open(address.replace(/#.*/, ''));
	await stranger.waitForSelector('.stage');
	check('in another tab without the token there are no buttons',
		await stranger.locator('button.drain').count() === 0);
	const status = await stranger.evaluate(() => fetch('/api/drain',
		{ method: 'POST', headers: { Authorization: 'Bearer 0' } })
		.then((answer) => answer.status));
	check('and a drain is refused', status === 401, status);
	await stranger.close();
	await page.locator('button.drain').first().click();
	await page.waitForSelector('dialog[open]');
	await picture(page, 'drain', false);
	await isAccessible(page, 'a question');
	await page.locator('dialog[open] button.drain').click();
	await until('the page drains it', async () =>
		(await text(page, '.state')).includes('drain'));
	await picture(page, 'draining', false);
	gulp(run);
	check('which is status 3', await run.ended === 3, run.said);
	await until('the page says how it ended', async () =>
		(await text(page, '.state')).includes('ended: drained'));
	check('and that nothing was lost',
		/every record is accounted for/.test(await text(page, '#why')));
	await picture(page, 'ended', false);
	check('nobody else was asked', page.strangers.length === 0,
		page.strangers);
	check('nothing went wrong in the page', page.errors.length === 0,
		page.errors.join('\n\t'));
	await page.close();
}

// ---- other runs -------------------------------------------------------------

// Two branches of 48 stages, one of which is slow by a guard.
async function wide() {
	const chain = Array.from({ length: 48 }, () => 'where "n >= 0"')
		.join(' ! ');
	const run = new Run(`read rows.csv ! csv.parse ! tee block name=t ! ${chain
		} ! csv.format ! write a.csv t. ! ${chain} ! csv.format ! ` +
		'@rate(items=20000) write b.csv');
	const page = await open(await run.address(), 'dark');

	await page.waitForSelector('.stage');
	check('a hundred stages are drawn',
		await page.locator('.stage').count() >= 100);
	await hasNoSideways(page, 'a hundred stages');
	await until('the guard that holds it up is named', async () => {
		const why = await text(page, '#why');
		return /^'write2' waited in its guard @rate/.test(why) || why;
	});
	await picture(page, 'hundred', false);
	const width = () => page.evaluate(() =>
		document.querySelector('.sized').offsetWidth);
	const before = await width();
	await page.getByRole('button', { name: 'Smaller' }).click();
	await until('they can be made smaller', async () =>
		await width() < 0.9 * before);
	await page.locator('.stage').last().focus();
	check('and the last one is brought into sight by the keyboard',
		await page.evaluate(() => {
			const stage = document.activeElement.getBoundingClientRect();
			const frame = document.querySelector('.frame')
				.getBoundingClientRect();
			return stage.left >= frame.left - 1 &&
				stage.right <= frame.right + 1;
		}));
	await run.end();
	await until('a cancel is told', async () =>
		(await text(page, '.state')).includes('ended: cancelled'));
	await page.close();
}

// Values that are nobody's business, and a process that is killed.
async function lost() {
	writeFileSync(join(work, 'job.yaml'), 'secrets: [HIDDEN]\n' +
		'vars: {HIDDEN: "sesame 7"}\ngraph:\n  - read: "-"\n' +
		'  - csv.parse\n  - where: t != \'${HIDDEN}\'\n' +
		'  - write: lost.csv\n');
	const run = new Run('--file=job.yaml');
	run.process.stdin.write(rows(10));
	const page = await open(await run.address());

	await page.locator('.stage', { hasText: 'where' }).click();
	await page.waitForSelector('.pane code');
	const options = await text(page, '.pane');
	check('a secret is not shown', options.includes('***') &&
		!options.includes('sesame'), options);
	await until('who waits for input is not held up', async () => {
		const why = await text(page, '#why');
		return why.startsWith('Nothing is held up') || why;
	});
	run.process.kill('SIGKILL');
	await until('a connection that is lost is told', async () =>
		(await text(page, '.state')).includes('connection lost'));
	await picture(page, 'lost', false);
	await page.close();
}

// Nobody takes its output, and a disk that is full.
async function stalled() {
	const run = new Run(GRAPH);
	run.process.stdout.pause();
	const page = await open(await run.address());

	await until('what stands still is told', async () => {
		const why = await text(page, '#why');
		return /^No progress for \d+ s: 'out' has waited for the outside/
			.test(why) || why;
	});
	await until('and marked', async () => (await page.locator(
		'.stage:has(.mark.stall) .name').allInnerTexts()).join() === 'out');
	await picture(page, 'stalled', false);
	await isAccessible(page, 'stalled');
	await run.end();
	await page.close();
}

async function full() {
	const run = new Run('read - ! write /dev/full');
	const page = await open(await run.address());

	await page.waitForSelector('.stage');
	run.process.stdin.end(rows(100000));
	check('a full disk ends a run', await run.ended === 1, run.said);
	await until('and the page says whose', async () => {
		const why = await text(page, '#why');
		return /^Failed in 'write': .*No space left/.test(why) || why;
	});
	await page.close();
}

// What changes in a run changes in the page, which is not read anew for that.
const job = (place, n, guards = '') => `graph:
  - read: "-"
  - csv.parse
  - ${place}
  - where: "n >= ${n}"
  - write: changed.csv
${guards}`;
const LARGE = 'where: "n > 2"\n    name: large';
const RATE = '    guards: [{rate: {items: 1000001}}]\n';

// Rows come as long as it runs.
function drip(run) {
	run.process.stdin.write('n,t\n');
	const timer = setInterval(() => run.process.stdin.write('7,x\n'), 20);
	run.ended.then(() => clearInterval(timer));
}

async function reload(run, text) {
	const done = () => run.said.split('reload: done').length;
	const before = done();

	writeFileSync(join(work, 'changing.yaml'), text);
	run.process.kill('SIGHUP');
	await until('it is reloaded', () => done() > before || run.said);
}

// Stages by how their names begin (a second place is pass2); one has come, and
// one has gone.
const isExchanged = (page, come, gone) => until(
	`${come} is drawn, and no ${gone}`, async () => {
		const now = await page.locator('.stage .name').allInnerTexts();
		const has = (name) => now.some((n) => n.startsWith(name));
		return (has(come) && !has(gone)) || now;
	});

const paneSays = (page, what, ...words) => until(what, async () => {
	const now = await text(page, '.pane');
	return words.every((word) => now.includes(word)) || now;
});

async function changing() {
	writeFileSync(join(work, 'changing.yaml'), job('pass', 1));
	const run = new Run('--file=changing.yaml', '--workers=1');
	drip(run);
	const page = await open(await run.address());

	await page.waitForSelector('.stage');
	await page.evaluate(() => { window.isSame = true; });
	await page.getByRole('button', { name: /^where / }).first().click();
	await paneSays(page, 'an option is shown', 'n >= 1');
	await rates(page);
	await reload(run, job(LARGE, 1));
	await isExchanged(page, 'large', 'pass');
	check('the details that were open still are',
		(await text(page, '#pane-title')).startsWith('where'));
	await reload(run, job('pass', 5));
	await isExchanged(page, 'pass', 'large');
	await paneSays(page, 'an option that was changed is shown', 'n >= 5');
	await picture(page, 'changed', false);
	await page.getByRole('button', { name: /^write / }).first().click();
	await reload(run, job('pass', 5, RATE));
	await paneSays(page, 'a guard has come', '@rate', 'items', '1000001');
	await isAccessible(page, 'changed');
	check('all the while it was the same page, without a mistake',
		await page.evaluate(() => window.isSame === true) &&
		page.errors.length === 0, page.errors.join('\n\t'));
	await run.end();
	await page.close();
}

async function failed() {
	const run = new Run('read - ! csv.parse ! cast n:int64 ! write out.csv');
	run.process.stdin.write(rows(10));
	const page = await open(await run.address());

	await page.waitForSelector('.stage');
	run.process.stdin.end('no number,x\n');
	check('a run that fails', await run.ended === 1, run.said);
	await until('is told with its reason', async () => {
		const why = await text(page, '#why');
		return /^Failed in 'cast': .*no number/.test(why) || why;
	});
	await picture(page, 'failed', false);
	await page.close();
}

try {
	writeFileSync(join(work, 'rows.csv'), rows(400000));
	await slowSink();
	await Promise.all([wide(), lost(), failed()]);
	await Promise.all([stalled(), full(), changing()]);
} catch (error) {
	check('no surprise', false, error.stack);
}
await browser.close();
rmSync(work, { recursive: true, force: true });
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed ? 1 : 0);
