#!/bin/sh
# The benchmarks of the hot parts in Go's own form, on standard output, for benchstat: sets and frontiers, limiters, graphs,
# journal, report, judge, ledger. Those of whole crawls are crawlbench's own business.
# usage: scripts/microbench.sh COUNT BENCH-REGEXP
set -eu
cd "$(dirname "$0")/.."
# Each package by itself: two at once would measure each other.
packages=$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.Dir}}{{end}}' ./internal/... | while read -r dir; do
	if grep -qs '^func Benchmark' "$dir"/*_test.go; then echo "$dir"; fi
done)
# shellcheck disable=SC2086 # one word a package
exec go test -run '^$' -bench "$2" -benchtime 100ms -count "$1" -p 1 $packages
