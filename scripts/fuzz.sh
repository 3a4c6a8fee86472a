#!/bin/sh
# Runs every fuzz target of the module for the time given as the first argument.
set -eu
for package in $(go list ./...); do
	go test -list '^Fuzz' "$package" | grep '^Fuzz' | while read -r target; do
		echo "$package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" "$package"
	done
done
