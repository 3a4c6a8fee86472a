#!/bin/sh
# Tests crawlbench's conclusions on this machine with known answers.
#   same     RUNS runs in which all crawlers are the same, of which at most one in twenty may claim a difference; SAMPLE
#            shortens their samples
#   slow     RUNS runs with a crawler that is 5 % slower, which must be found
#   planted  RUNS runs of quick, of four minutes, with crawlers that are 5, 8, 10, 15 and 20 % slower in each of its
#            groups; prints how many are found, and how many of the intervals have the truth
#   blocks   RUNS runs of two rounds in blocks, and as many with fresh processes, in turn; prints how much the ratio of
#            the A/A control varies with each, which must be halved, how long a round takes, and whether the ratios of
#            the crawlers differ (they do not where rms z is near what it is without bias)
#   causes   RUNS runs of crawlers that spend their time in a known way, which must be named, each with a twin of which
#            it must not be said; ONLY names the crawlers to run
#   clean    RUNS runs (200) of right and unremarkable crawlers, each a different situation, of which scripts/trial
#            knows what may be said; any other cause is false and is printed, and the script fails. FIRST is the number
#            of the first situation, to run one again or to go on
#
# usage: [SAMPLE=20ms] [ONLY=names] [FIRST=1] scripts/trial.sh same|slow|planted|blocks|causes|clean [RUNS]
set -eu
cd "$(dirname "$0")/.."
what=$1 runs=${2:-20}
[ "$what" != clean ] || runs=${2:-200}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
go build -o "$dir/trial" ./scripts/trial
case $what in
same)
	sed 's/^crawlers .*/crawlers = ["same1", "same2", "same3", "same4", "same5", "same6"]/; s/^baseline .*/baseline = "same1"/; /^\[profiles\]/,$d'"${SAMPLE:+; s/^sample .*/sample = \"$SAMPLE\"/}" scenarios/quick.toml >"$dir/trial.toml"
	;;
slow)
	cat >"$dir/trial.toml" <<-END
		crawlers = ["same1", "slow"]
		workers = [1]
		rounds = 150
		sample = "80ms"
		[[graph]]
		name = "rmat14"
		kind = "rmat"
		scale = 14
		degree = 12
	END
	# 5 % of the time per page.
	"$dir/trial" run -results "$dir" -progress none -crawlers same1 -rounds 10 "$dir/trial.toml" >/dev/null
	TRIAL_DELAY=$(awk '/^BenchmarkCrawl/ {for (i = 1; i < NF; i++) {if ($(i+1) == "sec/op") s = $i; if ($(i+1) == "pages/op") p = $i}; t += s / p; n++} END {print 0.05 * t / n * 1e9}' "$dir/latest/bench.txt")
	export TRIAL_DELAY
	echo "delay: $TRIAL_DELAY ns per page"
	;;
esac
if [ "$what" = planted ]; then
	sed 's/^crawlers .*/crawlers = ["burn0", "burn5", "burn8", "burn10", "burn15", "burn20"]/; s/^baseline .*/baseline = "burn0"/; /^\[profiles\]/,$d' scenarios/quick.toml >"$dir/trial.toml"
	for i in $(seq "$runs"); do
		"$dir/trial" run -results "$dir" -progress none -rate inf -budget 4m -seed "$i" "$dir/trial.toml" >"$dir/out" 2>&1 || { cat "$dir/out" >&2; exit 1; }
		"$dir/trial" report -format csv "$dir/latest" >>"$dir/ratios.csv"
		tail -12 "$dir/out" | grep samples
		rm -rf "$dir"/trial-2*
	done
	awk -F, '
		$1 == "crawler" {for (i = 1; i <= NF; i++) at[$i] = i; next}
		match($1, /^burn[0-9]/) && $at["times_baseline"] != "" {
			slower = substr($1, 5); truth = 100 / (100 + slower); n[slower]++
			found[slower] += $at["verdict"] == "slower"
			wrong += $at["verdict"] == (slower == 0 ? "slower" : "faster")
			covered += $at["times_lo"] <= truth && truth <= $at["times_hi"]; all++
			sum[slower] += log($at["times_baseline"])
		}
		END {
			split("5 8 10 15 20", list, " ")
			for (i = 1; i in list; i++)
				printf "%s %% slower: found in %d of %d, on average %.1f %%\n", list[i], found[list[i]], n[list[i]],
					100 * (exp(-sum[list[i]] / n[list[i]]) - 1)
			printf "wrong claims: %d; intervals that have the truth: %d of %d\n", wrong, covered, all
		}' "$dir/ratios.csv"
	exit
fi
if [ "$what" = blocks ]; then
	go build -o "$dir/trial" ./bench/cmd/crawlbench
	for turns in 6 0; do
		sed 's/^rounds .*/rounds = 2\nstop = false\nturns = '$turns'/; /^\[profiles\]/,$d' scenarios/quick.toml >"$dir/turns$turns.toml"
	done
	for i in $(seq "$runs"); do
		for turns in 6 0; do
			"$dir/trial" run -force -results "$dir" -progress none -rate inf -seed "$i" "$dir/turns$turns.toml" >"$dir/out" 2>&1 || { cat "$dir/out" >&2; exit 1; }
			cat "$dir/latest/bench.txt" >>"$dir/bench$turns"
			cat "$dir/latest/journal.jsonl" >>"$dir/journal$turns"
			rm -rf "$dir"/turns?-2*
		done
	done
	for turns in 6 0; do
		# The n-th line of a cell is the n-th round; without a difference, the mean of the log ratio is 0.
		awk -v turns=$turns -v rounds=$((2 * runs)) '
			FNR == NR {if (match($0, /"wall_sec":[0-9.]+/)) wall += substr($0, RSTART + 11, RLENGTH - 11); next}
			/^Benchmark/ {
				name = $1; again = sub(/mutexmap[.]control/, "mutexmap", name); n = ++count[again, name]
				if (name ~ /impl=mutexmap/) for (i = 2; i < NF; i++) if ($(i+1) == "sec/op") sec[again, name, n] = $i
			}
			END {
				for (key in sec) {
					split(key, part, SUBSEP)
					if (part[1] == 0 && (1 SUBSEP part[2] SUBSEP part[3]) in sec) {
						d = log(sec[1, part[2], part[3]] / sec[key]); sum += d * d; k++
					}
				}
				printf "%s: SD of the log ratio of the control %.4f in %d blocks, %.2f s a round\n",
					turns ? "blocks" : "fresh processes", sqrt(sum / k), k, wall / rounds
			}' "$dir/journal$turns" "$dir/bench$turns"
	done
	# The ratio to mutexmap of every other cell must be the same with both.
	awk '
		/^Benchmark/ {
			name = $1; round = ++count[FILENAME, name]
			for (i = 2; i < NF; i++) if ($(i+1) == "sec/op") sec[FILENAME, name, round] = $i
		}
		END {
			for (key in sec) {
				split(key, part, SUBSEP); base = part[2]; sub(/impl=[^\/]*/, "impl=mutexmap", base)
				if (base == part[2] || !((part[1] SUBSEP base SUBSEP part[3]) in sec)) continue
				d = log(sec[key] / sec[part[1], base, part[3]])
				n[part[1], part[2]]++; sum[part[1], part[2]] += d; square[part[1], part[2]] += d * d
			}
			for (key in n) {
				split(key, part, SUBSEP)
				if (part[1] != ARGV[1] || n[key] < 3) continue
				z = 0; v = 0; w = 0
				for (f = 1; f <= 2; f++) {
					k = ARGV[f] SUBSEP part[2]; mean = sum[k] / n[k]
					z += f == 1 ? mean : -mean
					u = (square[k] - n[k] * mean * mean) / (n[k] - 1) / n[k]; v += u; w += u * u / (n[k] - 1)
				}
				all += z; cells++; squares += z * z / v
				df = v * v / w; chance += df / (df - 2) # the variance of a t distribution with df degrees of freedom
				if (z * z / v > most * most) {most = z / sqrt(v); where = part[2]}
			}
			printf "ratios to mutexmap, blocks against fresh processes: rms z %.2f (%.2f without bias) over %d cells, mean %+.1f %%, largest z %.1f (%s)\n",
				sqrt(squares / cells), sqrt(chance / cells), cells, 100 * all / cells, most, where
		}' "$dir/bench6" "$dir/bench0"
	exit
fi
if [ "$what" = causes ]; then
	hosts='kind = "hosts"\npages = 2000'
	few='kind = "hosts"\npages = 300'
	rmat='kind = "rmat"\nscale = 11\ndegree = 12'
	# The kind of finding, the crawler that must get it, one that must not or -, graph, and the rest of the scenario. Old
	# causes may be named with other words as well.
	while IFS=';' read -r says crawler twin graph more; do
		[ "$crawler" ] || continue
		case ${ONLY:-$crawler} in *"$crawler"*) ;; *) continue ;; esac
		pair="\"$crawler\""
		[ "$twin" = - ] || pair="$pair, \"$twin\""
		printf 'crawlers = [%s]\nworkers = [1, 8]\nrounds = 6\nsample = "80ms"\ncontrol = false\n%b\n[[graph]]\nname = "g"\n%b\n[profiles]\nkinds = ["cpu", "wall"]\nlength = "500ms"\ngrowth = [1]\n' \
			"$pair" "$more" "$graph" >"$dir/trial.toml"
		right=0 wrong=0 flagged=0
		: >"$dir/said"
		for i in $(seq "$runs"); do
			"$dir/trial" run -results "$dir" -progress none -seed "$i" "$dir/trial.toml" >"$dir/out" 2>&1 || true
			# The terminal's text is wrapped; in the report each finding is one line.
			grep '^- [*][*]' "$dir/latest/report.md" >"$dir/findings" || cp "$dir/out" "$dir/findings"
			if grep "^- [*][*]\($says\)[*][*]" "$dir/findings" | grep -q "[: ]$crawler "; then
				right=$((right + 1))
			elif grep -q 'UNTRUSTED' "$dir/out"; then
				flagged=$((flagged + 1))
			else
				cat "$dir/findings"
			fi
			if grep "^- [*][*]\($says\)[*][*]" "$dir/findings" | grep -q "[: ]$twin "; then wrong=$((wrong + 1)); fi
			sed -n "s/^- [*][*]\([^*]*\)[*][*].*[: ]$twin .*/\1/p" "$dir/findings" >>"$dir/said"
			rm -rf "$dir"/trial-2*
		done
		echo "$says: $crawler $right of $runs runs, its twin $wrong; the machine was too busy in $flagged;" \
			"said of the twin: $(sort "$dir/said" | uniq -c | awk '{n = $1; sub(/^ *[0-9]+ /, ""); printf "%s%s %d", sep, $0, n; sep = ", "}')"
	done <<-END
		contended lock;hotmutex;-;$hosts;
		saturated owner;busyowner;-;$hosts;
		narrow frontier;same1;-;kind = "chain"\npages = 2000;[fetch]\ncpu = "20us"
		rate-limited;same1;-;$hosts;rate = [2000]
		latency-bound;same1;-;kind = "hosts"\npages = 400;[fetch]\nlatency = "constant"\nmedian = "2ms"
		wasted cycles\|hot atomic\|hot line;spinner;-;$hosts;
		collector-bound;churner;-;$hosts;
		lock held across a wait;heldacross;heldacross.not;$few;
		channel as lock;chanlock;chanlock.not;$hosts;
		readers' counter;readers;readers.not;$rmat;
		hot atomic;hotcounter;hotcounter.not;$rmat;
		hot line;falseshare;falseshare.not;$rmat;
		yielding;gosched;gosched.not;$hosts;
		thundering herd;herd;herd.not;$hosts;
		sleeping;polling;gosched.not;$hosts;
		logger's lock;logging;logging.not;$hosts;
		system calls;syscalls;syscalls.not;$rmat;
		allocation\|collector-bound;allocates;allocates.not;$rmat;
		serial stage;stage;stage.not;$few;
		long tail;lastpage;lastpage.not;$hosts;
		small channel;smallchan;smallchan.not;$hosts;
	END
	exit
fi
if [ "$what" = clean ]; then
	# situation prints a line for each cause that is said in the situation with a number.
	situation() {
		"$dir/trial" situation "$1" >"$dir/clean.toml"
		"$dir/trial" run -results "$dir" -progress none "$dir/clean.toml" >"$dir/out" 2>&1 || { cat "$dir/out" >&2; return 1; }
		"$dir/trial" report -format json "$dir/latest" >"$dir/report.json"
		"$dir/trial" check "$1" <"$dir/report.json"
		rm -rf "$dir"/clean-2*
	}
	# Situation 0 has a cause that is not on its list: what finds nothing false there finds nothing anywhere.
	situation 0 >"$dir/planted"
	if ! grep -q '^false' "$dir/planted"; then
		cat "$dir/planted" >&2
		if grep -q '^disturbed' "$dir/planted"; then
			echo "clean: other processes disturb the machine so much that no cause is said: try again when it is idle" >&2
		else
			echo "clean: the planted cause was not found: the other situations would prove nothing" >&2
		fi
		exit 1
	fi
	: >"$dir/said"
	first=${FIRST:-1}
	for i in $(seq "$first" $((first + runs - 1))); do
		situation "$i" >"$dir/lines"
		grep '^false' "$dir/lines" || true
		cat "$dir/lines" >>"$dir/said"
	done
	awk -F'\t' -v runs="$runs" '
		$1 == "disturbed" {disturbed++; next}
		{said++; all[$1 ": " $3]++}
		$1 == "false" {wrong++}
		END {
			for (what in all) print all[what], what | "sort -k2"
			close("sort -k2")
			if (disturbed) print disturbed " cells were disturbed by other processes too much to say a cause"
			printf "%d runs, %d causes said, %d false\n", runs, said, wrong
			exit wrong > 0
		}' "$dir/said"
	exit
fi
claims=0 untrusted=0
for i in $(seq "$runs"); do
	"$dir/trial" run -results "$dir" -progress none -seed "$i" "$dir/trial.toml" >"$dir/out" 2>/dev/null
	grep -E '[0-9]x (faster|slower)|which has' "$dir/out" >"$dir/claims" || true
	hits=$(grep -oE '[0-9]x (faster|slower)|which has' "$dir/claims" | wc -l)
	[ "$hits" -gt 0 ] && claims=$((claims + 1))
	grep -q UNTRUSTED "$dir/out" && untrusted=$((untrusted + 1))
	echo "run $i: $hits claims; $(sed -n 's/^  slow  *//p' "$dir/out" | tail -1)"
	cat "$dir/claims"
	rm -rf "$dir"/trial-2*
done
echo "$claims of $runs runs claim a difference, $untrusted are untrusted"
