// layout.js -- where stages and links are drawn, by dagre; and how far a queue
// is filled.
import { Graph, layout } from '@dagrejs/dagre';

export const NODE = { width: 164, height: 84 };
const LABEL = { width: 88, height: 38 };
const FUSED = { width: 24, height: 24 };

// From left to right, or from the top where there is little width.
export function place(graph, isTall) {
	const g = new Graph({ multigraph: true });

	g.setGraph({
		rankdir: isTall ? 'TB' : 'LR', nodesep: 28, edgesep: 20,
		ranksep: isTall ? 22 : 18, marginx: 16, marginy: 16,
	});
	g.setDefaultEdgeLabel(() => ({}));
	graph.stages.forEach((stage, k) => g.setNode(String(k), { ...NODE }));
	graph.links.forEach((link, k) => g.setEdge(String(link.from),
		String(link.to), { ...(link.is_fused ? FUSED : LABEL),
			labelpos: 'c' }, String(k)));
	layout(g);
	return {
		width: g.graph().width || 1,
		height: g.graph().height || 1,
		nodes: graph.stages.map((stage, k) => g.node(String(k))),
		edges: graph.links.map((link, k) => g.edge({
			v: String(link.from), w: String(link.to), name: String(k),
		})),
	};
}

// Through the middles of the pieces, as a smooth line.
export function pathOf(points) {
	const [first, ...rest] = points;
	let d = `M${first.x},${first.y}`;

	rest.forEach((p, k) => {
		const next = rest[k + 1];
		if (next)
			d += `Q${p.x},${p.y} ${(p.x + next.x) / 2},${
				(p.y + next.y) / 2}`;
		else
			d += `L${p.x},${p.y}`;
	});
	return d;
}

// Of the window what is on its way. A sign besides the colour says the same.
export function fill(link) {
	const window = link.window_frames;
	const part = window ?
		(link.queued_frames + link.held_frames) / window : 0;
	const level = part > 0.85 ? 'full' : part > 0.6 ? 'high' : 'low';
	const signs = { low: '●', high: '▲', full: '■' };

	return { part, level, sign: signs[level] };
}

// Stages in the order of the data, each with the links that leave it.
export function inOrder(graph) {
	const n_before = graph.stages.map(() => 0);
	const order = [];

	for (const link of graph.links)
		n_before[link.to]++;
	const ready = graph.stages.map((s, k) => k).filter((k) => !n_before[k]);
	while (ready.length) {
		const stage = ready.shift();
		const links = graph.links.map((l, k) => k)
			.filter((k) => graph.links[k].from === stage);
		order.push({ stage, links });
		for (const k of links)
			if (--n_before[graph.links[k].to] === 0)
				ready.push(graph.links[k].to);
	}
	return order;
}
