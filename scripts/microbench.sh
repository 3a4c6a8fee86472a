#!/bin/sh
# Go benchmarks of the hot paths, on standard output, for benchstat: sets and frontiers, limiters,
# graphs, journal, report, verification, time breakdown. crawlbench itself measures whole crawls.
#
# usage: scripts/microbench.sh COUNT BENCH-REGEXP
set -eu
cd "$(dirname "$0")/.."
# One package at a time (-p 1): two at once would disturb each other.
packages=$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./internal/... | while read -r dir; do
	if grep -qs '^func Benchmark' "$dir"/*_test.go; then echo "$dir"; fi
done)
# shellcheck disable=SC2086 # one word per package
exec go test -run '^$' -bench "$2" -benchtime 100ms -count "$1" -p 1 $packages
