#!/bin/sh
# Runs every fuzz target of the module for the time in the first argument.
set -eu
for package in $(go list ./...); do
	go test -list '^Fuzz' "$package" | grep '^Fuzz' | while read -r target; do
		echo "$package $target"
		# By default, minimising an interesting input takes a minute, during which nothing else is
		# tried.
		go test -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 10x "$package"
	done
done
