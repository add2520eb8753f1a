// main.js -- the page of a running graph.
import { html } from 'htm/preact';
import { render } from 'preact';
import { useState } from 'preact/hooks';
import { LinkPane, StagePane } from './details.js';
import { GraphView } from './graph.js';
import { Contexts, Head, StageTable, stateOf, Totals, Why } from './parts.js';
import { listen, takeToken, useStore } from './store.js';

function Details({ chosen, choose }) {
	const close = () => choose({});

	if (chosen.stage !== undefined)
		return html`<${StagePane} k=${chosen.stage} close=${close}/>`;
	if (chosen.link !== undefined)
		return html`<${LinkPane} k=${chosen.link} close=${close}/>`;
	return null;
}

function Page() {
	const store = useStore();
	const [chosen, choose] = useState({});
	const { graph, look } = store;
	const isThere = graph && look;
	const known = isThere && (graph.stages[chosen.stage] ||
		graph.links[chosen.link]) ? chosen : {};
	const isOpen = known.stage !== undefined || known.link !== undefined;

	document.title = `${stateOf(store)} – leat`;
	return html`<${Head} store=${store}/>
		<main>${isThere ? html`
			<${Why} store=${store} choose=${choose}/>
			<${Totals} store=${store}/>
			<div class=${`sides${isOpen ? ' open' : ''}`}>
				<${GraphView} store=${store} chosen=${known}
					choose=${choose}/>
				<${Details} chosen=${known} choose=${choose}/>
			</div>
			<${StageTable} store=${store} choose=${choose}/>
			<${Contexts}/>` :
		html`<p class="muted" role="status">Waiting for the first look.
		</p>`}</main>
		<footer class="muted">leat ${graph?.version}${graph &&
			`, ${graph.stages.length} stages in ${graph.segments
			} segments on ${graph.workers} workers`}</footer>`;
}

takeToken();
listen();
render(html`<${Page}/>`, document.getElementById('app'));
