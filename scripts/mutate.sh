#!/bin/sh
# Mutation testing: changes one operator at a time and checks whether the tests of its package fail.
# It works on a copy, so the tree stays as it is and may be edited meanwhile. Survivors that no test
# should kill are explained in scripts/mutate.md. The exit status is 0 whatever survives.
#
# usage: scripts/mutate.sh [PACKAGE...], names below internal/; the default is plan store stat
# web.
set -eu
[ $# -gt 0 ] || set -- plan store stat web
root=$(git rev-parse --show-toplevel)
cd "$root"
for package; do
	if [ ! -d "internal/$package" ]; then
		echo "mutate: unknown package internal/$package: want some of plan, store, stat, web" >&2
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

# Gremlins runs this wrapper instead of go, to correct two of its errors. It expects status 2 for a
# mutant that does not compile, but go test exits with 1, as for a failed test. And the coverage
# profile has no block for switch conditions, constants, and code after a function literal, which
# would count as not covered: such lines are added. Gremlins's own -test-cpu passes flag and value
# as one argument, which go refuses, so it is not used.
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
	if [ "$package" = web ]; then # of the site, only the verifier affects results, and no package below it
		excluded="|/"
		for f in internal/web/*.go; do
			case $f in
			*/verify.go | */violations.go | *_test.go) ;;
			*) excluded="$excluded|^$(basename "$f" .go)[.]go\$" ;;
			esac
		done
	fi
	[ -z "$excluded" ] || excluded="--exclude-files=${excluded#|}"
	# The timeout is 6 times the duration of the run with coverage, which is extended by 5 s: at
	# least half a minute, so that neither compilation nor other load makes a mutant time out. Only
	# a mutant that hangs does. Both invert-negatives and arithmetic-base invert a minus; one is
	# enough.
	PATH="$scratch/bin:$PATH" TMPDIR="$scratch/tmp" GOFLAGS="$(go env GOFLAGS) -short -count=1 -vet=off" \
		nice -n 15 "$gremlins" unleash --workers=1 --timeout-coefficient=6 --invert-negatives=false \
		--invert-logical --invert-loopctrl --invert-assignments --remove-self-assignments \
		--invert-bitwise --invert-bwassign \
		$excluded "./internal/$package" >"$scratch/$package.log" || {
		cat "$scratch/$package.log" >&2
		echo "mutate: internal/$package: interrupted, or the tests fail without a mutation, as above" >&2
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
