// One job in DuckDB, as a process: duckdb.js MODULES TASK IN OUT [THREADS]
// The job and the column types are those of the leat jobs in etl.py.
"use strict";
const { createRequire } = require("module");
const fs = require("fs");

async function main() {
	const [modules, task, input, output, threads] = process.argv.slice(2);
	const from = createRequire(modules + "/package.json");
	const { DuckDBInstance } = from("@duckdb/node-api");
	const instance = await DuckDBInstance.create(":memory:", {
		threads: threads || "2",
	});
	const db = await instance.connect();
	const rows = `read_csv('${input}', types={'date': 'VARCHAR'})`;

	if (task === "count") {
		const r = await db.runAndReadAll(`SELECT count(*) FROM ${rows}`);
		fs.writeFileSync(output, `${r.getRows()[0][0]}\n`);
	} else {
		await db.run(`COPY (SELECT date, origin, delay FROM ${rows} ` +
			`WHERE delay > 60) TO '${output}' (HEADER)`);
	}
}

main();
