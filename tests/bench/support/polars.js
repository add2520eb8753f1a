// One job in Polars, as a process: polars.js MODULES TASK IN OUT AIRPORTS
// The number of threads is POLARS_MAX_THREADS.
"use strict";
const { createRequire } = require("module");
const fs = require("fs");

const SORTED = ["date", "origin", "destination", "delay", "distance"];
const JOINED = ["date", "delay", "origin", "destination", "name", "city",
	"state"];

// The lazy frame that a task writes.
function job(pl, task, rows, airports) {
	const late = () => rows.filter(pl.col("delay").gt(60))
		.select("date", "origin", "delay");
	const jobs = {
		filter_project: late,
		from_zst: late,
		from_gz: late,
		from_ndjson: late,
		to_ndjson: () => rows,
		group: () => rows.groupBy("origin").agg(pl.len(),
			pl.col("delay").sum().alias("total"),
			pl.col("delay").mean().alias("mean")),
		top: () => rows.sort("distance", true).head(10),
		sort: () => rows.sort(SORTED),
		join: () => rows.join(pl.scanCSV(airports),
			{ leftOn: "origin", rightOn: "iata" }).select(...JOINED),
	};
	return jobs[task]();
}

async function main() {
	const [modules, task, input, output, airports] = process.argv.slice(2);
	const pl = createRequire(modules + "/package.json")("nodejs-polars");
	const rows = task === "from_ndjson" ? pl.scanJson(input)
		: pl.scanCSV(input, task === "distinct"
			? { dtypes: { id: pl.Utf8 } } : {});
	const numbers = {
		count: () => rows.select(pl.len()),
		distinct: () => rows.select(pl.col("id").nUnique()),
	};

	if (numbers[task]) {
		const r = await numbers[task]().collect({ streaming: true });
		fs.writeFileSync(output, `${r.row(0)[0]}\n`);
		return;
	}
	const frame = job(pl, task, rows, airports);
	const sink = task === "to_ndjson" ? frame.sinkNdJson(output)
		: frame.sinkCSV(output, { includeHeader: true });
	await sink.collect({ streaming: true });
}

main();
