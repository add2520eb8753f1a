// viewer.mjs LEAT MODULES CHROMIUM PICTURES -- the file of leat run --trace in a
// viewer of such files.
//
// speedscope, from npm, is opened in a browser, takes the file, and must have
// nothing to say against it: it reckons where slices begin and end for itself,
// and tells of each that is not within another or behind it. All tracks are
// there, by their names. Prints `N passed, N failed`.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [leat, modules, chromiumPath, pictures] =
	process.argv.slice(2).map((path) => resolve(path));
const require = createRequire(join(modules, 'page.js'));
const { chromium } = require('playwright-core');
const viewer = pathToFileURL(join(dirname(require.resolve(
	'speedscope/package.json')), 'dist/release/index.html'));
const PATIENCE_MS = 1000 * Number(process.env.LEAT_TEST_SECONDS ?? 60);
const work = mkdtempSync(join(tmpdir(), 'leat-viewer-'));
const counts = { passed: 0, failed: 0 };

function check(what, holds, more = '') {
	counts[holds ? 'passed' : 'failed']++;
	if (!holds)
		console.log(`FAIL: ${what} ${more}`);
}

function trace(path) {
	const run = spawnSync(leat, ['run', '--workers=2', `--trace=${path}`,
		'gen count=100000 ! where "n > 9" ! sort "n desc" ! write out.csv'],
	{ cwd: work, encoding: 'utf8' });

	check('a run with a trace ends well', run.status === 0, run.stderr);
}

// The tracks that something was drawn on.
function written(path) {
	const events = JSON.parse(readFileSync(path, 'utf8'));
	const of = (name, like) => events.find((e) =>
		e.ph === 'M' && e.name === name && like(e)).args.name;
	const drawn = events.filter((e) => e.ph === 'X').map((e) => {
		const process = of('process_name', (m) => m.pid === e.pid);
		const thread = of('thread_name',
			(m) => m.pid === e.pid && m.tid === e.tid);
		return [`${e.pid} ${e.tid}`, `${process}: ${thread}`];
	});

	return [...new Map(drawn).values()];
}

async function open(path) {
	const browser = await chromium.launchPersistentContext(
		join(work, 'profile'), {
			executablePath: chromiumPath,
			headless: true,
			viewport: { width: 1280, height: 800 },
			args: ['--headless', '--no-sandbox', '--disable-gpu',
				'--no-first-run', '--allow-file-access-from-files',
				'--disable-background-networking'],
		});
	const page = await browser.newPage();

	page.said = [];
	page.on('pageerror', (error) => page.said.push(String(error)));
	page.on('console', (message) => page.said.push(message.text()));
	page.setDefaultTimeout(PATIENCE_MS);
	await page.goto(String(viewer));
	await page.setInputFiles('input[type=file]', path);
	return { browser, page };
}

// "segments (pid 2), where (tid 3) (8/13)"
const TRACK = /^(\w+) \(pid \d+\), (\S+.*?) \(tid \d+\) \((\d+)\/(\d+)\)$/m;

async function track(page, k) {
	await page.waitForFunction(([source, wanted]) => new RegExp(source, 'm')
		.exec(document.body.innerText)?.[3] === String(wanted),
	[TRACK.source, k]);
	return TRACK.exec(await page.evaluate(() => document.body.innerText));
}

// Each is shown after the other.
async function tracks(page) {
	const names = [];
	let found = await track(page, 1);

	for (let k = 2; ; k++) {
		names.push(`${found[1]}: ${found[2]}`);
		if (Number(found[4]) < k)
			return names;
		await page.keyboard.press('n');
		found = await track(page, k);
	}
}

try {
	mkdirSync(pictures, { recursive: true });
	trace(join(work, 'trace.json'));
	const { browser, page } = await open(join(work, 'trace.json'));
	const names = await tracks(page);
	const wanted = written(join(work, 'trace.json'));
	check('its tracks are those of the file',
		names.sort().join('\n') === wanted.sort().join('\n'),
		`${names}; ${wanted}`);
	// others may never have had to wait
	for (const name of ['threads: worker 0', 'threads: write',
		'segments: sort', 'segments: write'])
		check(`there is a track ${name}`, names.includes(name), names);
	await page.screenshot({ path: join(pictures, 'trace.png') });
	const against = page.said.filter((words) =>
		/tried to end|still open|error|invalid|unrecognized/i.test(words));
	check('the viewer has nothing to say against it', !against.length,
		against.slice(0, 5).join('\n\t'));
	await browser.close();
} catch (error) {
	check('no surprise', false, error.stack);
}
rmSync(work, { recursive: true, force: true });
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed ? 1 : 0);
