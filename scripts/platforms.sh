#!/bin/sh
# Vet, which also builds, for each other system that crawlbench supports. For systems that differ from one of the
# others in their system calls only, these are the packages that use them or that have files for some systems. If
# qemu-user is installed, the unit tests of the code that depends on the processor also run on arm64.
set -eu
some=$(go list -f '{{.ImportPath}} {{len .IgnoredGoFiles}} {{.Imports}} {{.TestImports}} {{.XTestImports}}' ./... |
	awk '$2 > 0 || /[[ ](syscall|golang.org\/x\/sys\/unix)[] ]/ {print $1}')
vet() {
	platform=$1
	shift
	echo "vet $platform"
	GOOS=${platform%/*} GOARCH=${platform#*/} CGO_ENABLED=0 go vet "$@"
}
vet darwin/arm64 ./...
vet windows/amd64 ./...
# shellcheck disable=SC2086 # one word a package
vet linux/arm64 $some
# shellcheck disable=SC2086
vet freebsd/amd64 $some
if ! qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64); then
	echo "no tests on arm64: qemu-user is not installed"
	exit
fi
echo "test linux/arm64, emulated"
GOARCH=arm64 CGO_ENABLED=0 go test -short -exec "$qemu" ./internal/crawl ./internal/crawler/... ./internal/crawl/engine \
	./internal/crawl/visited ./internal/crawl/limiter ./internal/web ./internal/host ./internal/rundir ./internal/plain
