// details.js -- all of one stage, or of one link, beside the graph.
import { html } from 'htm/preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Histogram, Quantiles, Series } from './charts.js';
import { bytes, duration, exact, percent } from './format.js';
import { QueueBar, ShareBar } from './graph.js';
import { ask, store } from './store.js';

const AGAIN_MS = 2000;

// What is behind a path, every two seconds while the run lasts.
export function useAnswer(path, token) {
	const [answer, setAnswer] = useState(null);

	useEffect(() => {
		let timer, isOver = false;
		const look = async () => {
			const next = await ask(path, token).catch(() => null);
			if (isOver)
				return;
			if (next)
				setAnswer(next);
			if (store.status !== 'ended')
				timer = setTimeout(look, AGAIN_MS);
		};
		setAnswer(null);
		look();
		return () => {
			isOver = true;
			clearTimeout(timer);
		};
	}, [path]);
	return answer;
}

// A list of names and values, without those that are nothing.
export function Facts({ facts }) {
	return html`<dl class="facts">${facts.filter(Boolean).map(
		([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
	</dl>`;
}

// Focus goes to what was opened, and back to where it came from.
function Pane({ title, kind, from, close, children }) {
	const heading = useRef();

	useEffect(() => {
		heading.current.focus({ preventScroll: true });
		if (matchMedia('(max-width: 1099px)').matches)
			heading.current.scrollIntoView({ block: 'start' });
	}, [from]);
	const leave = () => {
		close();
		document.getElementById(from)?.focus();
	};
	return html`<aside class="pane card" aria-labelledby="pane-title"
		onKeyDown=${(e) => e.key === 'Escape' && leave()}>
		<div class="bar">
			<h2 id="pane-title" tabindex="-1" ref=${heading}>${title}
				<span class="kind">${kind}</span></h2>
			<button type="button" onClick=${leave}
				aria-label="Close details">✕</button>
		</div>
		${children}
	</aside>`;
}

// ---- stages -----------------------------------------------------------------

function Shares({ title, shares }) {
	const names = ['busy', 'blocked', 'starved', 'idle'];

	return html`<div class="share-list"><h3>${title}</h3>
		<${ShareBar} shares=${shares}/>
		<p>${names.map((name) => html`<span><i class=${name}></i>${name}${' '}
			<b>${percent(shares[name])}</b></span>`)}</p></div>`;
}

function Records({ all }) {
	const names = ['in', 'read', 'made', 'out', 'written', 'filtered',
		'folded', 'failed', 'dead_lettered', 'skipped', 'given_up', 'shed'];
	const facts = names.filter((name) => all[name] > 0).map((name) =>
		[name.replace('_', ' '), exact(all[name])]);

	return html`<h3>Records</h3><${Facts} facts=${[...facts,
		all.in_bytes > 0 && ['bytes in', bytes(all.in_bytes)],
		all.out_bytes > 0 && ['bytes out', bytes(all.out_bytes)],
		all.copied_bytes > 0 && ['copied', bytes(all.copied_bytes)]]}/>`;
}

function Latency({ title, latency }) {
	if (!latency?.n)
		return null;
	return html`<h3>${title}</h3>
		<${Histogram} title=${title} latency=${latency}/>
		<${Quantiles} title=${title} latency=${latency}/>`;
}

const inCode = (o) => [o.name, html`<code>${o.value}</code>`];

// The same guards, as they are and as they count.
function Guards({ stage, guards }) {
	if (!guards.length)
		return null;
	const waited = (g) => [`@${g.name}`, [`waited ${duration(g.wait_ns)}`,
		g.again > 0 && `${exact(g.again)} again`,
		g.refused > 0 && `${exact(g.refused)} refused`,
		g.shed_frames > 0 && `${exact(g.shed_frames)} frames shed`,
		g.elsewhere > 0 && `${exact(g.elsewhere)} elsewhere`]
		.filter(Boolean).join(', ')];
	const options = (g, k) => (stage.guards[k]?.name === g.name ?
		stage.guards[k].options.map(inCode) : []);

	return html`<h3>Guards</h3><${Facts} facts=${guards.flatMap(
		(g, k) => [waited(g), ...options(g, k)])}/>`;
}

function Options({ stage }) {
	return html`<h3>Options</h3>
		${stage.options.length ? html`<${Facts} facts=${
			stage.options.map(inCode)}/>` :
			html`<p class="muted">All are as they are by default.</p>`}
		<h3>${stage.stage}</h3><p>${stage.summary}</p>
		${stage.has_thread && html`<p class="muted">Has a thread of its
			own.</p>`}
		${stage.replicas > 1 && html`<p class="muted">${
			`Run by ${stage.replicas} workers at once.`}</p>`}`;
}

export function StagePane({ k, close }) {
	const { graph, history } = store;
	const stage = graph.stages[k];
	const all = useAnswer(`/api/stage/${k}`);
	const names = stage.kind === 'source' ? ['out', 'failed'] :
		['in', 'out', 'failed'];

	return html`<${Pane} title=${stage.name} kind=${stage.kind}
		from=${`stage-${k}`} close=${close}>
		<h3>Records a second</h3>
		<${Series} key=${k} label=${`Records a second of ${stage.name}`}
			at=${history.at} stage=${history.stages[k]} names=${names}/>
		${all?.window && html`<${Shares} title="Its last second"
			shares=${all.window}/><${Shares} title="All of its time"
			shares=${all.total}/>`}
		${all && html`<${Latency} title="How long its calls take"
			latency=${all.call}/><${Latency}
			title="Age of frames that arrive" latency=${all.arrival}/>
			<${Records} all=${all}/><${Guards}
				stage=${stage} guards=${all.guards}/>`}
		<${Options} stage=${stage}/>
	<//>`;
}

// ---- links ------------------------------------------------------------------

function Window({ link }) {
	const parts = [['queued', link.queued_frames], ['held', link.held_frames],
		['credit', link.credit_frames]];

	return html`<h3>Window, in frames</h3>
		<p class="big"><${QueueBar} link=${link}/></p>
		<${Facts} facts=${[...parts.map(([name, n]) => [{
		queued: 'queued, not yet taken', held: 'in the receiver\'s hands',
		credit: 'credit: may be sent now' }[name], exact(n)]),
	['window', exact(link.window_frames)],
	['bytes on their way', bytes(link.flight_bytes)],
	link.window_bytes > 0 && ['window in bytes', bytes(link.window_bytes)]]}/>`;
}

// Some of a frame that has passed lately, a column each.
function Rows({ k }) {
	const all = useAnswer(`/api/rows/${k}`, store.token);

	if (!all)
		return html`<p class="muted">…</p>`;
	if (!all.rows.length)
		return html`<p class="muted">${all.error ??
			'No frame has passed yet.'}</p>`;
	const names = Object.keys(all.rows[0]);
	const cell = (value) => (value === null ? html`<i>null</i>` :
		String(value));
	return html`<div class="scroll" tabindex="0" role="region"
		aria-label="Rows"><table class="rows">
		<thead><tr>${names.map((name) =>
			html`<th scope="col">${name}</th>`)}</tr></thead>
		<tbody>${all.rows.map((row) => html`<tr>${names.map((name) =>
			html`<td>${cell(row[name])}</td>`)}</tr>`)}</tbody>
	</table></div><p class="muted">${
		`${all.rows.length} of the ${exact(all.n_of)} of a frame`}</p>`;
}

export function LinkPane({ k, close }) {
	const { graph } = store;
	const link = graph.links[k];
	const all = useAnswer(`/api/link/${k}`);
	const title = `${graph.stages[link.from].name} → ${
		graph.stages[link.to].name}`;

	return html`<${Pane} title=${title} kind="link" from=${`link-${k}`}
		close=${close}>
		${link.is_fused && html`<p>Both stages run as one: frames are
			handed on, and there is no queue.</p>`}
		${all && !link.is_fused && html`<${Window} link=${all}/>`}
		${all && html`<h3>So far</h3><${Facts} facts=${[
		['records', exact(all.records)], ['frames', exact(all.frames)],
		['bytes', bytes(all.bytes)],
		all.refused > 0 && ['refused: the receiver had closed',
			exact(all.refused)],
		link.is_ordered && ['order', 'kept: leads to an ordered merge'],
		all.is_ended && ['sender', 'has ended'],
		all.is_closed && ['receiver', 'wants no more']]}/>`}
		<h3>Rows that pass</h3>
		${store.token ? html`<${Rows} key=${k} k=${k}/>` : html`<p
			class="muted">Only for who has the token.</p>`}
	<//>`;
}
