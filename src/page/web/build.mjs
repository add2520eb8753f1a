// build.mjs MODULES OUT -- the page: one file of HTML that asks for nothing.
//
// Writes OUT/page.html, the same packed, and page.policy: what a browser may
// run and draw with, by the hashes of the one script and the one style. Fails
// where the packed page is larger than it may be.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync, existsSync }
	from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const PACKED_BYTES_MAX = 100_000;
const web = dirname(fileURLToPath(import.meta.url));
const [modules, out] = process.argv.slice(2).map((path) => resolve(path));
const esbuild = createRequire(join(modules, 'page.js'))('esbuild');

async function bundle() {
	const made = await esbuild.build({
		entryPoints: [join(web, 'main.js')],
		bundle: true,
		minify: true,
		write: false,
		format: 'iife',
		target: 'es2020',
		charset: 'utf8',
		legalComments: 'none',
		nodePaths: [modules],
		logLevel: 'error',
	});
	return made.outputFiles[0].text;
}

async function styles() {
	const text = readFileSync(join(modules, 'uplot/dist/uPlot.min.css'),
		'utf8') + readFileSync(join(web, 'page.css'), 'utf8');
	const made = await esbuild.transform(text, {
		loader: 'css', minify: true, legalComments: 'none',
	});
	return made.code.trim();
}

// Of all that is in the bundle, as they ask for.
function licenses() {
	const names = ['preact', 'htm', 'uplot', '@dagrejs/dagre',
		'@dagrejs/graphlib'];
	return names.map((name) => {
		const path = join(modules, name, 'LICENSE');
		const about = JSON.parse(
			readFileSync(join(modules, name, 'package.json')));
		const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
		return `${name} ${about.version} (${about.license})\n\n${text}`;
	}).join('\n\n').replaceAll('--', '- -');
}

function hash(text) {
	return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

function fill(template, parts) {
	return template.replace(/@(\w+)@/g, (whole, name) =>
		name in parts ? parts[name] : whole);
}

const parts = {
	style: await styles(), script: await bundle(), licenses: licenses(),
};
const html = fill(readFileSync(join(web, 'page.html'), 'utf8'), parts);
const packed = gzipSync(html, { level: 9 });
const policy = ["default-src 'none'", `script-src ${hash(parts.script)}`,
	`style-src ${hash(parts.style)}`, "connect-src 'self'",
	'img-src data:', "base-uri 'none'", "form-action 'none'",
	"frame-ancestors 'none'"].join('; ');

if (packed.length > PACKED_BYTES_MAX) {
	console.error(`the page is ${packed.length} bytes packed; at most ` +
		`${PACKED_BYTES_MAX}`);
	process.exit(1);
}
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'page.html'), html);
writeFileSync(join(out, 'page.html.gz'), packed);
writeFileSync(join(out, 'page.policy'), policy + '\n');
