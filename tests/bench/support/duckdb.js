// One job in DuckDB, as a process: duckdb.js MODULES TASK IN OUT AIRPORTS
// The jobs and the column types are those of the leat jobs in etl.py; two
// threads.
"use strict";
const { createRequire } = require("module");
const fs = require("fs");

const late = (rows) => `SELECT date, origin, delay FROM ${rows} ` +
	"WHERE delay > 60";

// What is written to a file: [query, how].
function copies(rows, airports) {
	const json = rows.replace("read_csv", "read_json").replace(
		"types={'date': 'VARCHAR'}",
		"columns={date: 'VARCHAR', origin: 'VARCHAR', delay: 'BIGINT'}");
	return {
		filter_project: [late(rows), "HEADER"],
		from_zst: [late(rows), "HEADER"],
		from_gz: [late(rows), "HEADER"],
		from_ndjson: [late(json), "HEADER"],
		group: ["SELECT origin, count(*), sum(delay), avg(delay) FROM " +
			`${rows} GROUP BY origin`, "HEADER"],
		to_ndjson: [`SELECT * FROM ${rows}`, "FORMAT json"],
		top: [`SELECT * FROM ${rows} ORDER BY distance DESC LIMIT 10`,
			"HEADER"],
		sort: [`SELECT * FROM ${rows} ORDER BY date, origin, ` +
			"destination, delay, distance", "HEADER"],
		join: ["SELECT date, delay, origin, destination, name, city, " +
			`state FROM ${rows} JOIN read_csv('${airports}') ` +
			"ON origin = iata", "HEADER"],
	};
}

async function main() {
	const [modules, task, input, output, airports] = process.argv.slice(2);
	const from = createRequire(modules + "/package.json");
	const { DuckDBInstance } = from("@duckdb/node-api");
	const instance = await DuckDBInstance.create(":memory:", {
		threads: "2",
	});
	const db = await instance.connect();
	const types = task === "distinct" ? "{'id': 'VARCHAR'}"
		: "{'date': 'VARCHAR'}";
	const rows = `read_csv('${input}', types=${types})`;
	const number = {
		count: `SELECT count(*) FROM ${rows}`,
		distinct: `SELECT count(DISTINCT id) FROM ${rows}`,
	}[task];

	if (number) {
		const r = await db.runAndReadAll(number);
		fs.writeFileSync(output, `${r.getRows()[0][0]}\n`);
	} else {
		const [query, how] = copies(rows, airports)[task];
		await db.run(`COPY (${query}) TO '${output}' (${how})`);
	}
}

main();
