// parts.js -- what stands around the graph: the head with its buttons, what
// holds the run up, totals, all stages as a table, contexts.
import { html } from 'htm/preact';
import { useRef, useState } from 'preact/hooks';
import { bytes, clock, count, duration, exact, percent, rate }
	from './format.js';
import { ShareBar } from './graph.js';
import { useAnswer } from './details.js';
import { order } from './store.js';

// ---- the head ---------------------------------------------------------------

const STATES = {
	connecting: ['◌', 'connecting', 'wait'],
	running: ['●', 'running', 'good'],
	draining: ['◐', 'draining', 'wait'],
	lost: ['✕', 'connection lost', 'bad'],
	refused: ['✕', 'no room: 16 pages are open', 'bad'],
	done: ['■', 'ended: done', 'good'],
	drained: ['■', 'ended: drained', 'wait'],
	cancelled: ['■', 'ended: cancelled', 'wait'],
	failed: ['✕', 'ended: failed', 'bad'],
};

export function stateOf({ status, look }) {
	if (status === 'ended')
		return look.result;
	return status === 'live' ? look.state : status;
}

const WISHES = {
	drain: ['Drain', 'Drain this run?', 'The sources stop, what was read ' +
		'arrives, and the run ends. Outputs stand as NAME.partial.'],
	cancel: ['Cancel', 'Cancel this run?', 'It ends at once. What is on ' +
		'its way is lost, and no output is completed.'],
};

// One that opens, and asks whether it is meant.
function Wish({ what, isOff }) {
	const dialog = useRef();
	const [error, setError] = useState('');
	const [label, question, words] = WISHES[what];
	const open = () => {
		setError('');
		dialog.current.showModal();
	};
	const send = async () => {
		const failed = await order(what);
		setError(failed);
		if (!failed)
			dialog.current.close();
	};

	return html`<button type="button" class=${what} disabled=${isOff}
		onClick=${open}>${label}</button>
	<dialog ref=${dialog} aria-labelledby=${`${what}-title`}>
		<h2 id=${`${what}-title`}>${question}</h2>
		<p>${words}</p>
		<p class="error" role="alert">${error}</p>
		<div class="row">
			<button type="button" class=${`${what} main`}
				onClick=${send}>${label} it</button>
			<button type="button" autofocus
				onClick=${() => dialog.current.close()}>Keep it running
			</button>
		</div>
	</dialog>`;
}

export function Head({ store }) {
	const { look, status, token } = store;
	const [sign, words, tone] = STATES[stateOf(store)];
	const isOff = status !== 'live';

	return html`<header>
		<h1>leat</h1>
		<p class=${`state ${tone}`}><span aria-hidden="true">${sign}
			</span>${' '}${words}</p>
		<p class="clock"><span class="sr">for </span>${
			look ? clock(look.at_ms) : '–'}</p>
		<div class="row wishes">
			${token ? html`<${Wish} what="drain"
				isOff=${isOff || look?.state === 'draining'}/>
				<${Wish} what="cancel" isOff=${isOff}/>` :
				html`<p class="muted">Read only: the address with its
					token has buttons.</p>`}
		</div>
	</header>`;
}

// ---- why --------------------------------------------------------------------

const SIGNS = { flow: '✓', slow: '▲', stall: '■', drain: '◐', over: '■' };

function sentence({ look, status }) {
	if (status === 'lost')
		return 'The connection is lost: this is how it was. ' +
			'Trying again.';
	if (status === 'ended' && look.result === 'failed')
		return `Failed${look.error_stage ? ` in '${look.error_stage}'` : ''
			}: ${look.error}`;
	if (status === 'ended')
		return `The run has ${look.result === 'done' ? 'come to its end' :
			`been ${look.result}`}${look.is_balanced ?
			'; every record is accounted for' :
			'; the balance sheet does not balance'}.`;
	return `${look.why.text}.`;
}

// Said aloud only when it is about something else.
function Aloud({ store }) {
	const { graph, look, status } = store;
	const { kind, stage } = look.why;
	const name = stage === null ? '' : graph.stages[stage].name;
	const words = {
		flow: 'Nothing is held up.', slow: `${name} is the bottleneck.`,
		stall: `No progress: ${name}.`, drain: 'Draining.',
		over: sentence(store),
	};

	return html`<p class="sr" role="status">${
		status === 'live' ? words[kind] : sentence(store)}</p>`;
}

export function Why({ store, choose }) {
	const { look, status } = store;
	const { kind, stage } = look.why;
	const tone = status === 'lost' ||
		(status === 'ended' && look.result === 'failed') ? 'stall' : kind;

	return html`<section class=${`why ${tone}`} aria-label="What holds it up">
		<span class="sign" aria-hidden="true">${SIGNS[tone]}</span>
		<p id="why">${sentence(store)}</p>
		${stage !== null && status === 'live' && html`<button type="button"
			onClick=${() => choose({ stage, show: true })}>
			Show it</button>`}
		<${Aloud} store=${store}/>
	</section>`;
}

// ---- totals -----------------------------------------------------------------

function Tile({ name, value, more, part, tone }) {
	return html`<div class=${`tile card ${tone ?? ''}`}>
		<dt>${name}</dt>
		<dd><span class="value">${value}</span>
			<span class="more">${more ?? ' '}</span>
			${part !== undefined && html`<span class="track"
				aria-hidden="true"><i style=${{
					width: `${100 * Math.min(1, part)}%` }}></i>
				</span>`}</dd>
	</div>`;
}

function inFlight({ in_flight_least: least, in_flight_most: most }) {
	return least === most ? count(least) : `≤ ${count(most)}`;
}

export function Totals({ store }) {
	const { look: { graph: g }, rates: r } = store;
	const total = g.source_bytes_total;
	const isOver = store.status === 'ended';
	const n_bad = g.dead_lettered + g.skipped + g.given_up;
	const now = (n) => (r && !isOver ? rate(n) : ' ');

	return html`<dl class="totals" aria-label="Totals">
		<${Tile} name="Read" value=${count(g.read + g.made)}
			more=${now(r?.read)}/>
		<${Tile} name="Written" value=${count(g.written)}
			more=${now(r?.written)}/>
		<${Tile} name="In flight" value=${inFlight(g)}
			more=${g.filtered + g.folded > 0 ? `${count(g.filtered +
				g.folded)} filtered, folded` : ' '}/>
		<${Tile} name="Failed" value=${count(g.failed)}
			tone=${g.failed > 0 ? 'bad' : ''}
			more=${n_bad > 0 || g.shed > 0 ? [g.dead_lettered > 0 &&
				`${count(g.dead_lettered)} dead letters`,
			g.skipped > 0 && `${count(g.skipped)} skipped`,
			g.given_up > 0 && `${count(g.given_up)} given up`,
			g.shed > 0 && `${count(g.shed)} shed`]
				.filter(Boolean).join(', ') : 'dead letters: 0'}/>
		<${Tile} name="Memory" value=${bytes(g.memory_bytes)}
			more=${`of ${bytes(g.memory_bound_bytes)} proved`}
			part=${g.memory_bytes / (g.memory_bound_bytes || 1)}/>
		<${Tile} name="Input" value=${total ? percent(Math.min(1,
		g.source_bytes / total)) : bytes(g.source_bytes)}
			more=${now(r?.bytes) === ' ' ? ' ' :
				`${bytes(r?.bytes ?? 0)}/s`}
			part=${total ? g.source_bytes / total : undefined}/>
	</dl>`;
}

// ---- all stages -------------------------------------------------------------

export function StageTable({ store, choose }) {
	const { graph, look, rates } = store;
	const [isOpen, setOpen] = useState(false);

	return html`<details class="card" onToggle=${(e) =>
		setOpen(e.currentTarget.open)}>
		<summary>All stages as a table</summary>
		${isOpen && html`<div class="scroll" tabindex="0" role="region"
			aria-label="All stages"><table class="all">
			<thead><tr><th scope="col">stage</th>
				<th scope="col">in/s</th><th scope="col">out/s</th>
				<th scope="col">busy</th><th scope="col">blocked</th>
				<th scope="col">starved</th><th scope="col">failed</th>
				<th scope="col">time</th></tr></thead>
			<tbody>${graph.stages.map((stage, k) => {
		const now = look.stages[k], r = rates?.stages[k];
		const share = (n) => (n === undefined ? '–' : percent(n));
		return html`<tr class=${look.why.stage === k ? 'marked' : ''}>
			<th scope="row"><button type="button" class="plain"
				onClick=${() => choose({ stage: k })}>${stage.name}
				</button></th>
			<td>${r ? count(r.in) : '–'}</td>
			<td>${r ? count(r.out) : '–'}</td>
			<td>${share(now.busy)}</td><td>${share(now.blocked)}</td>
			<td>${share(now.starved)}</td><td>${count(now.failed)}</td>
			<td class="bar-cell"><${ShareBar} shares=${now}/></td></tr>`;
	})}</tbody></table></div>`}
	</details>`;
}

// ---- contexts ---------------------------------------------------------------

function Waits({ waits, n_waits: n }) {
	if (!n)
		return null;
	const words = waits.map((w) => w.what + (w.for_ns === null ? '' :
		` for ${duration(w.for_ns)}`));
	const n_more = n - waits.length;

	return html`<span class="muted"> waits: ${words.join('; ')}${
		n_more > 0 && ` and ${exact(n_more)} more`}</span>`;
}

function ContextTree() {
	const all = useAnswer('/api/contexts');

	if (!all)
		return html`<p class="muted">…</p>`;
	return html`<ul class="contexts">${all.contexts.map((c) => html`<li
		style=${{ paddingLeft: `${1.2 * Math.min(c.depth, 12)}rem` }}>
		<span class=${c.state}>${c.state}</span>
		<b>${c.name ?? '(no name)'}</b>
		${c.cause && html`<span class="error"> ${c.cause}: ${c.text}</span>`}
		${c.deadline_in_ns !== null &&
			html`<span> ends in ${duration(c.deadline_in_ns)}</span>`}
		<${Waits} ...${c}/>
		<span class="muted created">${c.created}</span></li>`)}
	</ul>${all.n_left_out > 0 && html`<p class="muted">
		${exact(all.n_left_out)} more</p>`}`;
}

export function Contexts() {
	const [isOpen, setOpen] = useState(false);

	return html`<details class="card" onToggle=${(e) =>
		setOpen(e.currentTarget.open)}>
		<summary>Contexts</summary>
		${isOpen && html`<${ContextTree}/>`}
	</details>`;
}
