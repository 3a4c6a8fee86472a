#!/bin/sh
# Kills runs with -9 at random moments and resumes them until they are complete. The first argument
# is the number of kills. After a kill the journal may lack the block in flight and nothing else:
# everything before it is unchanged, byte for byte, and at the end each slot of the plan is present
# once.
set -eu
kills=$1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/crawlbench" ./bench/cmd/crawlbench
cat >"$dir/crash.toml" <<'TOML'
crawlers = ["mutexmap", "cas"]
workers = [2]
control = false
rounds = 8
sample = "5ms"
rest = "0s"
stop = false
[[graph]]
name = "small"
kind = "uniform"
pages = 1000
degree = 8
[profiles]
kinds = ["cpu", "block"]
length = "20ms"
TOML
killed=0 runs=0
while [ "$killed" -lt "$kills" ]; do
	runs=$((runs + 1))
	results="$dir/results$runs"
	go_on="$dir/crash.toml"
	while :; do
		# shellcheck disable=SC2086 # the words of $go_on are separate arguments
		"$dir/crawlbench" run -progress none -results "$results" $go_on >"$dir/out" 2>&1 &
		pid=$!
		delay=$(awk -v seed="$(od -An -N4 -tu4 /dev/urandom)" 'BEGIN {srand(seed); printf "%.3f", rand() * 2.5}')
		(sleep "$delay" && kill -9 "$pid" 2>/dev/null) &
		killer=$!
		code=0
		wait "$pid" 2>/dev/null || code=$?
		kill "$killer" 2>/dev/null || true
		wait "$killer" 2>/dev/null || true
		# The manifest is written last: if it exists, the run can be resumed.
		run=$(find "$results" -maxdepth 2 -name manifest.json 2>/dev/null | head -n 1)
		run=${run:+$(dirname "$run")/journal.jsonl}
		if [ -n "$run" ] && [ -f "$dir/before" ]; then
			cmp -s -n "$(wc -c <"$dir/before")" "$dir/before" "$run" || {
			echo "crash.sh: a committed record was changed or lost" >&2
				exit 1
			}
		fi
		if [ "$code" -eq 0 ]; then
			break
		fi
		if [ "$code" -ne 137 ]; then
			cat "$dir/out" >&2
			echo "crash.sh: exit code $code, want 0, or 137 for a kill" >&2
			exit 1
		fi
		killed=$((killed + 1))
		if [ -n "$run" ]; then
			# Only complete lines of complete blocks are committed; the last may be partial.
			head -n "$(wc -l <"$run")" "$run" | awk '{line[NR] = $0}
				!/^{"crc":"[0-9a-f]*","rec":{[^{]*"more":/ {n = NR}
				END {for (i = 1; i <= n; i++) print line[i]}' >"$dir/before"
			go_on="-resume $(dirname "$run")"
		else
			rm -rf "$results" # killed before the journal existed: nothing to resume
			go_on="$dir/crash.toml"
		fi
	done
	rm -f "$dir/before"
	"$dir/crawlbench" list cells -results "$results" >"$dir/cells"
	if [ "$(grep -c ' 8 samples  *block cpu' "$dir/cells")" -ne 2 ]; then
		cat "$dir/cells" >&2
		echo "crash.sh: incomplete run: want 2 cells with 8 samples and both profiles" >&2
		exit 1
	fi
	if [ "$(wc -l <"$run")" -ne 20 ]; then
		echo "crash.sh: the journal has $(wc -l <"$run") records, want 20: 16 samples and 4 passes" >&2
		exit 1
	fi
done
echo "$killed kills in $runs runs: no committed sample lost or repeated, every plan complete"
