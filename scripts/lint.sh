#!/bin/sh
# Formatting, vet and staticcheck. The version of staticcheck is pinned in scripts/tools.mod,
# outside the main go.mod.
set -eu
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
if [ -n "$unformatted" ]; then
	echo "gofmt would change:" "$unformatted" >&2
	exit 1
fi
go vet ./...
go tool -modfile=scripts/tools.mod staticcheck ./...
