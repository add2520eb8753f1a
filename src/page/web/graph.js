// graph.js -- the graph: stages are buttons, links are lines with a button at
// their middle; a frame to scroll, to drag and to zoom it in.
import { html } from 'htm/preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState }
	from 'preact/hooks';
import { count, flow, percent } from './format.js';
import { fill, inOrder, NODE, pathOf, place } from './layout.js';

const ZOOM_LEAST = 0.1;
const ZOOM_LEGIBLE = 0.75;
const TALL_BELOW = 640;
const SHORT = 2000;
const SHARES = ['busy', 'blocked', 'starved', 'idle'];

export function ShareBar({ shares }) {
	if (!shares || shares.busy === undefined)
		return html`<span class="shares" aria-hidden="true"></span>`;
	return html`<span class="shares" aria-hidden="true">
		${SHARES.map((name) => html`<i class=${name}
			style=${{ width: `${100 * shares[name]}%` }}></i>`)}
	</span>`;
}

export function QueueBar({ link }) {
	const { part, level, sign } = fill(link);

	return html`<span class="queue ${level}">
		<span class="sign" aria-hidden="true">${sign}</span>
		<span class="track" aria-hidden="true">
			<i style=${{ width: `${100 * part}%` }}></i></span>
		<span class="sr">, queue ${percent(part)} full</span>
	</span>`;
}

// ---- stages -----------------------------------------------------------------

function mark(look, k) {
	const { why } = look;

	if (why.stage !== k)
		return null;
	if (why.kind === 'slow')
		return html`<span class="mark slow">▲ bottleneck</span>`;
	return why.kind === 'stall' ?
		html`<span class="mark stall">■ stalled</span>` : null;
}

function Rates({ stage, rates }) {
	if (!rates)
		return html`<span class="rates">–</span>`;
	const { in: n_in, in_bytes, out, out_bytes } = rates;
	return html`<span class="rates">
		${stage.kind !== 'source' && html`<span class="sr">in </span>${
			flow(n_in, in_bytes)}`}
		<span aria-hidden="true"> → </span>
		${stage.kind !== 'sink' && html`<span class="sr">out </span>${
			flow(out, out_bytes)}`}
	</span>`;
}

function StageNode({ stage, k, at, store, isChosen, choose }) {
	const { look, rates } = store;
	const now = look.stages[k];
	const shown = mark(look, k);
	const classes = ['stage', stage.kind, isChosen && 'chosen',
		shown && look.why.kind, now.is_done && 'done'];

	return html`<button type="button" id=${`stage-${k}`}
		class=${classes.filter(Boolean).join(' ')}
		aria-pressed=${isChosen} onClick=${() => choose({ stage: k })}
		style=${{ left: `${at.x - NODE.width / 2}px`,
			top: `${at.y - NODE.height / 2}px` }}>
		<span class="head">
			<span class="name" title=${stage.name}>${stage.name}</span>
			<span class="kind">${now.is_done ? 'ended' : stage.kind}
			</span>
		</span>
		<${Rates} stage=${stage} rates=${rates?.stages[k]}/>
		<${ShareBar} shares=${now}/>
		<span class="sr">${now.busy !== undefined &&
			`busy ${percent(now.busy)}`}</span>
		<span class="foot">${shown}
			${now.failed > 0 && html`<span class="mark failed">
				✕ ${count(now.failed)} failed</span>`}
		</span>
	</button>`;
}

// ---- links ------------------------------------------------------------------

function LinkLabel({ link, k, at, store, isChosen, choose }) {
	const { graph, look, rates } = store;
	const now = look.links[k], r = rates?.links[k];
	const names = `${graph.stages[link.from].name} to ${
		graph.stages[link.to].name}: `;

	return html`<button type="button" id=${`link-${k}`}
		class=${`link${isChosen ? ' chosen' : ''}${
			link.is_fused ? ' fused' : ''}`}
		aria-pressed=${isChosen} onClick=${() => choose({ link: k })}
		style=${{ left: `${at.x}px`, top: `${at.y}px` }}>
		<span class="sr">${names}</span>
		${link.is_fused ? html`<span aria-hidden="true">›</span>
			<span class="sr">fused</span>` :
			html`<span class="rate">${r ? flow(r.records, r.bytes) :
				'–'}</span><${QueueBar} link=${now}/>`}
	</button>`;
}

function Lines({ graph, look, placed, chosen }) {
	const arrows = ['low', 'high', 'full', 'fused'];

	return html`<svg width=${placed.width} height=${placed.height}
		aria-hidden="true">
		<defs>${arrows.map((level) => html`<marker id=${`arrow-${level}`}
			class=${`arrow ${level}`} viewBox="0 0 8 8" refX="7"
			refY="4" markerWidth="9" markerHeight="9"
			markerUnits="userSpaceOnUse" orient="auto">
			<path d="M0,0L8,4L0,8z"/></marker>`)}</defs>
		${placed.edges.map((edge, k) => {
			const level = graph.links[k].is_fused ? 'fused' :
				fill(look.links[k]).level;
			return html`<path d=${pathOf(edge.points)}
				marker-end=${`url(#arrow-${level})`}
				class=${`line ${level}${
					chosen.link === k ? ' chosen' : ''}`}/>`;
		})}
	</svg>`;
}

// ---- the frame --------------------------------------------------------------

function useWidth(ref) {
	const [width, setWidth] = useState(0);

	useLayoutEffect(() => {
		const observer = new ResizeObserver(([entry]) =>
			setWidth(Math.floor(entry.contentRect.width)));
		observer.observe(ref.current);
		setWidth(ref.current.clientWidth);
		return () => observer.disconnect();
	}, []);
	return width;
}

function startDrag(event) {
	const frame = event.currentTarget;

	if (event.pointerType !== 'mouse' || event.target.closest('button'))
		return;
	const from = { x: event.clientX + frame.scrollLeft,
		y: event.clientY + frame.scrollTop };
	const move = (e) => frame.scrollTo(from.x - e.clientX,
		from.y - e.clientY);
	const end = () => {
		frame.removeEventListener('pointermove', move);
		frame.classList.remove('dragged');
	};
	frame.setPointerCapture(event.pointerId);
	frame.classList.add('dragged');
	frame.addEventListener('pointermove', move);
	frame.addEventListener('pointerup', end, { once: true });
	frame.addEventListener('pointercancel', end, { once: true });
}

function Zoom({ zoom, whole, setZoom }) {
	const by = (factor) => setZoom(Math.min(2, Math.max(ZOOM_LEAST,
		zoom * factor)));

	return html`<div class="zoom" role="group" aria-label="Zoom">
		<button type="button" aria-label="Smaller"
			onClick=${() => by(0.8)}>−</button>
		<button type="button" aria-label="Larger"
			onClick=${() => by(1.25)}>+</button>
		<button type="button" onClick=${() => setZoom(whole)}
			disabled=${zoom === whole}>Fit</button>
		<button type="button" onClick=${() => setZoom(1)}
			disabled=${zoom === 1}>1:1</button>
	</div>`;
}

function Legend() {
	return html`<p class="legend">
		<span><i class="busy"></i>busy</span>
		<span><i class="blocked"></i>blocked</span>
		<span><i class="starved"></i>starved</span>
		<span><i class="idle"></i>idle</span>
		<span class="gap"></span>
		<span class="queue low"><b class="sign">●</b>queue to 60 %</span>
		<span class="queue high"><b class="sign">▲</b>to 85 %</span>
		<span class="queue full"><b class="sign">■</b>above</span>
		<span class="hint">Choose a stage or a link for all of it</span>
	</p>`;
}

function wholeZoom(width, placed) {
	return Math.min(1, Math.max(ZOOM_LEAST, (width - 2) / placed.width));
}

export function GraphView({ store, chosen, choose }) {
	const frame = useRef();
	const width = useWidth(frame);
	const isTall = width > 0 && width < TALL_BELOW;
	const { graph, look } = store;
	const placed = useMemo(() => place(graph, isTall), [graph, isTall]);
	const order = useMemo(() => inOrder(graph), [graph]);
	const [asked, setZoom] = useState(null);
	const whole = wholeZoom(width || placed.width, placed);
	/* of long ones as much as can be read */
	const zoom = asked ?? Math.max(ZOOM_LEGIBLE, whole);
	const isShort = placed.height * zoom < SHORT;

	useEffect(() => {
		if (chosen.show)
			document.getElementById(`stage-${chosen.stage}`)
				?.scrollIntoView({ block: 'nearest',
					inline: 'center' });
	}, [chosen]);
	return html`<section class="graph card" aria-labelledby="graph-title">
		<div class="bar"><h2 id="graph-title">Graph</h2>
			<${Zoom} zoom=${zoom} whole=${whole}
				setZoom=${setZoom}/></div>
		<div class=${`frame${isShort ? ' short' : ''}`} ref=${frame} onPointerDown=${startDrag}>
			<div class="sized" style=${{
				width: `${placed.width * zoom}px`,
				height: `${placed.height * zoom}px` }}>
			<div class="drawn" style=${{
				width: `${placed.width}px`,
				height: `${placed.height}px`,
				transform: `scale(${zoom})` }}>
				<${Lines} graph=${graph} look=${look}
					placed=${placed} chosen=${chosen}/>
				${order.map(({ stage, links }) => [
		html`<${StageNode} key=${`s${stage}`} k=${stage} store=${store}
			stage=${graph.stages[stage]} at=${placed.nodes[stage]}
			isChosen=${chosen.stage === stage} choose=${choose}/>`,
		...links.map((k) => html`<${LinkLabel} key=${`l${k}`} k=${k}
			store=${store} link=${graph.links[k]}
			at=${placed.edges[k]} isChosen=${chosen.link === k}
			choose=${choose}/>`)])}
			</div></div>
		</div>
		<${Legend}/>
	</section>`;
}
