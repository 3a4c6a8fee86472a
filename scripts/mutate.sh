#!/bin/sh
# Mutation testing: changes one operator at a time and asks whether the tests of its package notice.
# Usage: scripts/mutate.sh [package...], by name below internal/, of the five by default; for example
# scripts/mutate.sh plan stat. It works on a copy, so the tree stays as it is and may be edited meanwhile.
# Survivors that no test should kill are explained in scripts/mutate.md. The exit status is 0 whatever survives.
set -eu
[ $# -gt 0 ] || set -- plan store stat scenario web
root=$(git rev-parse --show-toplevel)
cd "$root"
for package; do
	if [ ! -d "internal/$package" ]; then
		echo "mutate: there is no package internal/$package; name one of plan, store, stat, scenario, web" >&2
		exit 2
	fi
done

scratch=$(mktemp -d)
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM
mkdir "$scratch/tree" "$scratch/bin" "$scratch/tmp"
git ls-files -z --cached --others --exclude-standard |
	xargs -0 sh -c 'for f; do [ ! -f "$f" ] || printf "%s\0" "$f"; done' sh |
	tar --null -cf - -T - | tar -xf - -C "$scratch/tree"
cd "$scratch/tree"

# Gremlins runs this instead of go, for two things that it gets wrong. A mutant that does not compile it tells by status 2
# of go test, which has 1 for it as for a failed test. And the coverage profile has no block for the conditions of a switch,
# for constants, and for what stands behind a function literal, which would count as not covered: such lines are added.
# Its own -test-cpu makes one argument of flag and value, which go refuses, so it is not used.
real=$(command -v go)
module=$(go list -m)
cat >"$scratch/bin/go" <<EOF
#!/bin/sh
[ "\$1" = test ] || exec "$real" "\$@"
status=0
out=\$("$real" "\$@" 2>&1) || status=\$?
[ \$status -eq 0 ] || printf '%s\n' "\$out"
case \$out in *'[build failed]'*) exit 2 ;; esac
profile=
for arg; do
	[ "\$profile" != next ] || profile=\$arg
	[ "\$arg" != -coverprofile ] || profile=next
	package=\$arg
done
if [ -n "\$profile" ] && [ \$status -eq 0 ]; then
	sleep 5 # see the allowed time below
	package=\${package#./}
	awk '/^(const|var) \($/ { declares = 1 }
		/^\)/ { declares = 0 }
		declares || /^(const|var) [^(]/ || /^\t+(case .*:|}[,)])/ { printf "$module/%s:%d.1,%d.999 1 1\n", FILENAME, FNR, FNR }' \
		"\${package%/...}"/*.go >>"\$profile"
fi
exit \$status
EOF
chmod +x "$scratch/bin/go"
gremlins=$(go tool -n -modfile=scripts/mutate.mod gremlins)

for package; do
	excluded=
	if [ "$package" = web ]; then # of the site only the judge decides anything about a number
		for f in internal/web/*.go; do
			case $f in
			*/verify.go | */violations.go | *_test.go) ;;
			*) excluded="$excluded|^$(basename "$f" .go)[.]go\$" ;;
			esac
		done
	fi
	[ -z "$excluded" ] || excluded="--exclude-files=${excluded#|}"
	# The allowed time is 6 times that of the run with coverage, which is drawn out by 5 s: half a minute at least, so that
	# neither the compilation nor a neighbour who wants the cores makes a mutant time out. What does so hangs.
	# A minus is inverted by both of invert-negatives and arithmetic-base; once is enough.
	PATH="$scratch/bin:$PATH" TMPDIR="$scratch/tmp" GOFLAGS="$(go env GOFLAGS) -short -count=1 -vet=off" \
		nice -n 15 "$gremlins" unleash --workers=1 --timeout-coefficient=6 --invert-negatives=false \
		--invert-logical --invert-loopctrl --invert-assignments --remove-self-assignments \
		--invert-bitwise --invert-bwassign \
		$excluded "./internal/$package" >"$scratch/$package.log" || {
		cat "$scratch/$package.log" >&2
		echo "mutate: internal/$package: it was interrupted, or the tests fail without any mutation, as above" >&2
		exit 1
	}
	awk -v package="internal/$package" '
		/ at [^ ]+[.]go:[0-9]+:[0-9]+$/ { # STATUS OPERATOR at file:line:column, the status of one or two words
			status = tolower($1 (NF > 4 ? " " $2 : ""))
			count[status]++
			if (status != "killed" && status != "not viable") list = list sprintf("  %s/%s %s: %s\n", package, $NF, $(NF - 2), status)
		}
		END {
			printf "%s: %d killed, %d lived, %d not covered, %d timed out; %d did not compile\n%s", package,
				count["killed"], count["lived"], count["not covered"], count["timed out"], count["not viable"], list
		}' "$scratch/$package.log"
done
