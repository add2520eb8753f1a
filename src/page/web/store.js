// store.js -- what is known of the run: the graph, the last look, rates and
// their history; and the connection by which it comes.
//
// Keeps: a rate is of two looks at the same run, one after the other.
import { useEffect, useState } from 'preact/hooks';

const POINTS_MAX = 900; // a quarter of an hour
const LOOKS = 4;
const AGAIN_MS = 2000;
const SILENCE_MS = 8000;

export const store = {
	status: 'connecting', // live, ended, lost, refused
	graph: null,
	look: null,
	looks: [], // the last ones
	rates: null, // per second: of stages, links and the whole
	history: null, // { at: [], stages: [{in, out, failed}] }
	token: null,
};

const listeners = new Set();

function changed() {
	for (const listener of listeners)
		listener();
}

export function useStore() {
	const [, turn] = useState(0);

	useEffect(() => {
		const listener = () => turn((n) => n + 1);
		listeners.add(listener);
		return () => listeners.delete(listener);
	}, []);
	return store;
}

// token: rows are only for who has it.
export async function ask(path, token) {
	const answer = await fetch(path, { cache: 'no-store',
		headers: token ? { Authorization: `Bearer ${token}` } : {} });

	if (!answer.ok)
		throw new Error(`${path}: ${answer.status}`);
	return answer.json();
}

// ---- rates ------------------------------------------------------------------

const begun = (g) => g.read + g.made;

function stageRates(before, now, seconds) {
	const per = (a, b) => Math.max(0, b - a) / seconds;

	return {
		in: per(before.in, now.in),
		out: per(before.out + before.written, now.out + now.written),
		in_bytes: per(before.in_bytes, now.in_bytes),
		out_bytes: per(before.out_bytes, now.out_bytes),
		failed: per(before.failed, now.failed),
	};
}

function ratesOf(before, now) {
	const seconds = before ? (now.at_ms - before.at_ms) / 1000 : 0;

	if (!(seconds > 0) || before.stages.length !== now.stages.length)
		return null;
	const per = (a, b) => Math.max(0, b - a) / seconds;
	return {
		stages: now.stages.map((s, k) =>
			stageRates(before.stages[k], s, seconds)),
		links: now.links.map((l, k) => ({
			records: per(before.links[k].records, l.records),
			bytes: per(before.links[k].bytes, l.bytes),
		})),
		read: per(begun(before.graph), begun(now.graph)),
		written: per(before.graph.written, now.graph.written),
		failed: per(before.graph.failed, now.graph.failed),
		bytes: per(before.graph.source_bytes, now.graph.source_bytes),
	};
}

function emptyHistory(n) {
	const one = () => ({ in: [], out: [], failed: [] });

	return { at: [], stages: Array.from({ length: n }, one) };
}

function remember(rates, look) {
	const history = store.history;

	history.at.push(look.at_ms / 1000);
	rates.stages.forEach((r, k) => {
		for (const name of ['in', 'out', 'failed'])
			history.stages[k][name].push(r[name]);
	});
	if (history.at.length <= POINTS_MAX)
		return;
	history.at.shift();
	for (const stage of history.stages)
		for (const name of ['in', 'out', 'failed'])
			stage[name].shift();
}

// ---- looks ------------------------------------------------------------------

function forget(graph) {
	store.graph = graph;
	store.look = null;
	store.looks = [];
	store.rates = null;
	store.history = emptyHistory(graph.stages.length);
}

// Another run answers at the same place.
function isOther(look) {
	const { graph, look: last } = store;

	return !graph || look.stages.length !== graph.stages.length ||
		look.links.length !== graph.links.length ||
		(last && look.at_ms < last.at_ms);
}

// Stages, options or guards were changed while it runs: counters go on.
function isRevised(look) {
	return look.revision !== store.graph.revision;
}

async function take(look) {
	if (isOther(look))
		forget(await ask('/api/graph'));
	else if (isRevised(look))
		store.graph = await ask('/api/graph');
	const rates = ratesOf(store.look, look);
	if (rates)
		remember(rates, look);
	// Frames can be large: what is shown is the mean of a few seconds.
	store.looks = [...store.looks, look].slice(-LOOKS);
	store.rates = look.state === 'ended' ? null :
		ratesOf(store.looks[0], look);
	store.look = look;
	store.status = look.state === 'ended' ? 'ended' : 'live';
	changed();
}

// ---- the connection ---------------------------------------------------------

let source, silence, again;

function lost(status) {
	clearTimeout(silence);
	source?.close();
	if (store.status === 'ended')
		return;
	store.status = status;
	changed();
	clearTimeout(again);
	again = setTimeout(listen, AGAIN_MS);
}

// A stream can break without a word.
function heard() {
	clearTimeout(silence);
	silence = setTimeout(() => lost('lost'), SILENCE_MS);
}

async function why() {
	const answer = await fetch('/api/why').catch(() => null);

	lost(answer ? 'refused' : 'lost');
}

export function listen() {
	source = new EventSource('/api/events');
	source.addEventListener('look', async (event) => {
		const look = JSON.parse(event.data);
		heard();
		try {
			await take(look);
		} catch {
			lost('lost');
		}
		if (look.state === 'ended')
			lost('ended');
	});
	source.onerror = () => {
		source.close();
		if (store.status === 'ended')
			return;
		why();
	};
	heard();
}

// ---- what changes the run ---------------------------------------------------

// The token comes behind the #, which is sent to nobody; it stays in this tab.
export function takeToken() {
	const found = /[#&]token=([0-9a-f]+)/.exec(location.hash);

	if (found) {
		sessionStorage.setItem('token', found[1]);
		history.replaceState(null, '', location.pathname);
	}
	store.token = sessionStorage.getItem('token');
}

// "" or what went wrong.
export async function order(what) {
	const answer = await fetch(`/api/${what}`, {
		method: 'POST',
		headers: { Authorization: `Bearer ${store.token}` },
	}).catch(() => null);

	if (!answer)
		return 'The connection is lost.';
	if (answer.ok)
		return '';
	if (answer.status === 401)
		return 'The token is not that of this run.';
	return `The server said ${answer.status}.`;
}
