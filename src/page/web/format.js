// format.js -- numbers as people read them. Widths hardly change from one
// second to the next, so that nothing jumps.

const THOUSANDS = ['', ' k', ' M', ' G', ' T', ' P'];
const BINARY = [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB'];

function scaled(value, step, units) {
	let k = 0;

	while (value >= step && k < units.length - 1) {
		value /= step;
		k++;
	}
	const digits = k === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
	return value.toFixed(digits) + units[k];
}

export const count = (n) => scaled(n, 1000, THOUSANDS);
export const bytes = (n) => scaled(n, 1024, BINARY);
export const exact = (n) => n.toLocaleString('en');
export const percent = (share) => `${Math.round(100 * share)} %`;

// Per second; what is slower than one in ten seconds is told as none.
export function rate(n) {
	if (n > 0 && n < 10)
		return `${n.toFixed(1)}/s`;
	return `${count(n)}/s`;
}

// Of records, or of bytes where there are none yet.
export function flow(n_records, n_bytes) {
	return n_records > 0 || !n_bytes ? rate(n_records) :
		`${bytes(n_bytes)}/s`;
}

export function duration(ns) {
	if (ns < 1e3)
		return `${Math.round(ns)} ns`;
	if (ns < 1e6)
		return `${(ns / 1e3).toPrecision(3)} µs`;
	if (ns < 1e9)
		return `${(ns / 1e6).toPrecision(3)} ms`;
	return `${(ns / 1e9).toPrecision(3)} s`;
}

export function clock(ms) {
	const all = Math.floor(ms / 1000);
	const two = (n) => String(n).padStart(2, '0');
	const hours = Math.floor(all / 3600);
	const rest = `${two(Math.floor(all / 60) % 60)}:${two(all % 60)}`;

	return hours ? `${hours}:${rest}` : rest;
}
