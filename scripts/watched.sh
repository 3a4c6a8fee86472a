#!/usr/bin/env bash
# How much does watching a run disturb it? Runs alone alternate with runs that are watched by a
# server, a browser on its list of runs and a client of the run's events; each pair gives the ratio
# of their times. Two consecutive runs alone give the noise floor.
#
# usage: watched.sh [PAIRS]
set -euo pipefail
cd "$(dirname "$0")/.."
pairs=${1:-9}
tool=$PWD/.bin/crawlbench
go build -o "$tool" ./bench/cmd/crawlbench
work=$(mktemp -d)
started=()
stop() {
	for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
	for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
	started=()
}
trap 'stop; rm -rf "$work"' EXIT
cat >"$work/watched.toml" <<'TOML'
crawlers = ["cas", "owner"]
workers    = [2, 8]
rounds     = 6
sample     = "100ms"
[[graph]]
name  = "g"
kind  = "rmat"
scale = 14
TOML

# once NAME measures, and prints the mean over cells of the logarithm of the median time per crawl.
once() {
	"$tool" run -progress none -results "$work/$1" "$work/watched.toml" >/dev/null 2>&1
	awk '/^Benchmark/ {for (i = 3; i < NF; i++) if ($(i+1) == "sec/op") print $1, $i}' "$work/$1"/latest/bench.txt | sort -k1,1 -k2,2g |
		awk '$1 != c && n {s += log((v[int((n+1)/2)] + v[int(n/2)+1])/2); k++; n = 0} {c = $1; v[++n] = $2} END {s += log((v[int((n+1)/2)] + v[int(n/2)+1])/2); print s/(k+1)}'
}

# watched NAME does the same while a browser and an event client watch.
watched() {
	mkdir -p "$work/$1"
	: >"$work/url"
	"$tool" serve -open=false -results "$work/$1" >"$work/url" &
	server=$!
	started+=("$server")
	until [ -s "$work/url" ]; do sleep 0.1; done
	url=$(head -1 "$work/url")
	if [ -n "$browser" ]; then
		"$browser" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-quic \
			--user-data-dir="$work/profile" --remote-debugging-port=0 "$url" >/dev/null 2>&1 &
		started+=($!)
	fi
	(
		until run=$(cd "$work/$1" && ls -d watched-* 2>/dev/null | head -1) && [ -f "$work/$1/$run/journal.jsonl" ]; do sleep 0.5; done
		exec curl -sN "${url}runs/$run/events" >"$work/events"
	) &
	started+=($!)
	sleep 3 # for the browser to start
	once "$1"
	awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) / hz}' "/proc/$server/stat" >>"$work/processor" # user and system
	stop
	grep -q '"done"' "$work/events" || echo "watched.sh: the event client received no events" >&2
}

browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] || echo "watched.sh: no chromium: only the event client watches" >&2
for i in $(seq "$pairs"); do
	echo "$(once "a$i") $(watched "w$i") $(once "b$i")"
done | tee "$work/logs" | awk '{printf "pair %d: watched/alone %.4f, alone/alone %.4f\n", NR, exp($2-($1+$3)/2), exp($3-$1)}'
quartiles() { sort -g | awk '{v[NR] = $1} END {printf "%.4f [%.4f, %.4f]\n", v[int((NR+1)/2)], v[int((NR+3)/4)], v[int((3*NR+1)/4)]}'; }
echo "server processor time per run, seconds:   $(quartiles <"$work/processor")"
echo "watched/alone, median and quartiles:      $(awk '{print exp($2-($1+$3)/2)}' "$work/logs" | quartiles)"
echo "alone/alone, median and quartiles:        $(awk '{print exp($3-$1)}' "$work/logs" | quartiles)"
