#!/bin/sh
# Vet, which also builds, for each other system that crawlbench supports. If qemu-user is installed, the
# unit tests of the code that depends on the processor also run on arm64.
set -eu
for platform in linux/arm64 darwin/arm64 freebsd/amd64 windows/amd64; do
	echo "vet $platform"
	GOOS=${platform%/*} GOARCH=${platform#*/} CGO_ENABLED=0 go vet ./...
done
if ! qemu=$(command -v qemu-aarch64-static || command -v qemu-aarch64); then
	echo "no tests on arm64: qemu-user is not installed"
	exit
fi
echo "test linux/arm64, emulated"
GOARCH=arm64 CGO_ENABLED=0 go test -short -exec "$qemu" ./internal/crawl ./internal/crawler/... ./internal/engine \
	./internal/visited ./internal/limiter ./internal/web ./internal/host ./internal/rundir ./internal/plain
