#!/bin/sh
# Formatting, vet and staticcheck. Staticcheck's version is pinned in scripts/tools.mod, apart from the module's own.
set -eu
unformatted=$(git ls-files '*.go' | xargs gofmt -l)
if [ -n "$unformatted" ]; then
	echo "gofmt would change:" "$unformatted" >&2
	exit 1
fi
go vet ./...
go tool -modfile=scripts/tools.mod staticcheck ./...
