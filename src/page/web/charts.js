// charts.js -- time series by uPlot, and histograms of durations.
import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { clock, count, duration, exact } from './format.js';

const HEIGHT = 170;
const SERIES = [
	{ name: 'in', label: 'in/s', colour: '--busy' },
	{ name: 'out', label: 'out/s', colour: '--out', dash: [6, 3] },
	{ name: 'failed', label: 'failed/s', colour: '--bad', dash: [2, 2] },
];

function colour(name) {
	return getComputedStyle(document.documentElement)
		.getPropertyValue(name).trim();
}

function axis(more) {
	const lines = { stroke: colour('--line'), width: 1 };

	return { stroke: colour('--muted'), grid: lines, ticks: lines,
		font: '11px system-ui', ...more };
}

function options(width, names) {
	return {
		width, height: HEIGHT,
		cursor: { y: false }, legend: { live: false },
		scales: { x: { time: false },
			y: { range: (u, min, max) => [0, Math.max(4, 1.1 * max)] } },
		axes: [
			axis({ values: (u, at) => at.map((s) => clock(1000 * s)) }),
			axis({ values: (u, at) => at.map(count), size: 52 }),
		],
		series: [{}, ...SERIES.filter((s) => names.includes(s.name))
			.map((s) => ({ label: s.label, stroke: colour(s.colour),
				width: 1.5, dash: s.dash,
				points: { show: false } }))],
	};
}

// Changes with the colours that the system asks for.
function useScheme() {
	const query = matchMedia('(prefers-color-scheme: dark)');
	const [isDark, setDark] = useState(query.matches);

	useEffect(() => {
		const listener = () => setDark(query.matches);
		query.addEventListener('change', listener);
		return () => query.removeEventListener('change', listener);
	}, []);
	return isDark;
}

export function Series({ label, at, stage, names }) {
	const place = useRef();
	const plot = useRef();
	const isDark = useScheme();
	const data = [at, ...SERIES.filter((s) => names.includes(s.name))
		.map((s) => stage[s.name])];

	useEffect(() => {
		const element = place.current;
		plot.current = new uPlot(options(element.clientWidth, names), data,
			element);
		const observer = new ResizeObserver(() => plot.current.setSize({
			width: element.clientWidth, height: HEIGHT }));
		observer.observe(element);
		return () => {
			observer.disconnect();
			plot.current.destroy();
		};
	}, [stage, isDark]);
	useEffect(() => plot.current.setData(data.map((d) => d.slice())));
	return html`<div class="series" role="img" aria-label=${label}
		ref=${place}></div>`;
}

// ---- histograms -------------------------------------------------------------

const WIDTH = 320, TALL = 84;

// Bars over a logarithmic scale; each is as high as its share of the most.
function bars(buckets) {
	const low = Math.log(Math.max(1, buckets[0][0]));
	const high = Math.log(buckets.at(-1)[1]);
	const most = Math.max(...buckets.map((b) => b[2]));
	const x = (ns) => WIDTH * (Math.log(Math.max(1, ns)) - low) /
		Math.max(0.01, high - low);

	return { x, list: buckets.map(([from, to, n]) => {
		const height = Math.max(1.5, (TALL * n) / most);
		return { x: x(from), y: TALL - height, height,
			width: Math.max(1, x(to) - x(from) - 0.5) };
	}) };
}

export function Histogram({ title, latency }) {
	const { buckets } = latency;

	if (!buckets.length)
		return null;
	const { x, list } = bars(buckets);
	const label = `${title}: half within ${duration(latency.p50_ns)
		}, 99 % within ${duration(latency.p99_ns)}`;
	return html`<svg class="histogram" role="img" aria-label=${label}
		viewBox=${`0 0 ${WIDTH} ${TALL + 16}`}>
		${list.map((b) => html`<rect x=${b.x} y=${b.y} width=${b.width}
			height=${b.height}/>`)}
		${[['p50', latency.p50_ns], ['p99', latency.p99_ns]].map(
			([name, ns]) => html`<line x1=${x(ns)} x2=${x(ns)} y1="0"
				y2=${TALL}><title>${name}</title></line>`)}
		<text x="0" y=${TALL + 13}>${duration(buckets[0][0])}</text>
		<text x=${WIDTH} y=${TALL + 13} text-anchor="end">
			${duration(buckets.at(-1)[1])}</text>
	</svg>`;
}

export function Quantiles({ title, latency }) {
	const rows = [['p50', 'p50_ns'], ['p90', 'p90_ns'], ['p99', 'p99_ns'],
		['p99.9', 'p999_ns'], ['p99.99', 'p9999_ns'],
		['longest', 'longest_ns']];

	return html`<table class="quantiles">
		<caption>${title}, of ${exact(latency.n)}</caption>
		<thead><tr>${rows.map(([name]) =>
			html`<th scope="col">${name}</th>`)}</tr></thead>
		<tbody><tr>${rows.map(([, field]) =>
			html`<td>${duration(latency[field])}</td>`)}</tr></tbody>
	</table>`;
}
