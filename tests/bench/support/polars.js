// One job in Polars, as a process: polars.js MODULES TASK IN OUT
// The number of threads is POLARS_MAX_THREADS.
"use strict";
const { createRequire } = require("module");
const fs = require("fs");

async function main() {
	const [modules, task, input, output] = process.argv.slice(2);
	const pl = createRequire(modules + "/package.json")("nodejs-polars");
	const rows = pl.scanCSV(input);

	if (task === "count") {
		const r = await rows.select(pl.len()).collect();
		fs.writeFileSync(output, `${r.row(0)[0]}\n`);
	} else {
		const job = rows.filter(pl.col("delay").gt(60))
			.select("date", "origin", "delay")
			.sinkCSV(output, { includeHeader: true });
		await job.collect({ streaming: true });
	}
}

main();
