#!/usr/bin/env bash
# What does it cost a measurement to be watched? Runs alone and runs with a server, a browser on its list and a listener to
# the run's events take turns; the ratio of their times is that of a pair. Two runs alone one after the other are the noise
# floor. usage: watched.sh [PAIRS]
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
contenders = ["cas", "owner"]
workers    = [2, 8]
rounds     = 6
sample     = "100ms"
[[graph]]
name  = "g"
kind  = "rmat"
scale = 14
TOML

# once NAME: measures, and prints the mean over cells of the logarithm of the median time of a crawl.
once() {
	"$tool" run -progress none -results "$work/$1" "$work/watched.toml" >/dev/null 2>&1
	awk '/^Benchmark/ {for (i = 3; i < NF; i++) if ($(i+1) == "sec/op") print $1, $i}' "$work/$1"/latest/bench.txt | sort -k1,1 -k2,2g |
		awk '$1 != c && n {s += log((v[int((n+1)/2)] + v[int(n/2)+1])/2); k++; n = 0} {c = $1; v[++n] = $2} END {s += log((v[int((n+1)/2)] + v[int(n/2)+1])/2); print s/(k+1)}'
}

# watched NAME: the same, under the eyes of a browser and of a listener.
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
	sleep 3 # a browser starts up
	once "$1"
	awk -v hz="$(getconf CLK_TCK)" '{print ($14 + $15) / hz}' "/proc/$server/stat" >>"$work/processor" # user and system
	stop
	grep -q '"done"' "$work/events" || echo "nobody was told of anything" >&2
}

browser=$(command -v chromium || command -v chromium-browser || true)
[ -n "$browser" ] || echo "no chromium: a listener alone watches" >&2
for i in $(seq "$pairs"); do
	echo "$(once "a$i") $(watched "w$i") $(once "b$i")"
done | tee "$work/logs" | awk '{printf "pair %d: watched %.4f of the time alone, alone again %.4f\n", NR, exp($2-($1+$3)/2), exp($3-$1)}'
quartiles() { sort -g | awk '{v[NR] = $1} END {printf "%.4f [%.4f, %.4f]\n", v[int((NR+1)/2)], v[int((NR+3)/4)], v[int((3*NR+1)/4)]}'; }
echo "processor time of the server a run, seconds: $(quartiles <"$work/processor")"
echo "watched over alone, median and quartiles: $(awk '{print exp($2-($1+$3)/2)}' "$work/logs" | quartiles)"
echo "alone over alone:                         $(awk '{print exp($3-$1)}' "$work/logs" | quartiles)"
