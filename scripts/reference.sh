#!/bin/sh
# Measures quick anew, makes that run results/reference, and writes what follows from it: its report, and what README.md
# quotes. The machine must be quiet: a run that cannot be believed fails at the end, and "git restore README.md results"
# brings the former one back.
#
# The run does not tell where it was measured: the program is built without the directories of source files, and has a
# relative name.
set -eu
cd "$(dirname "$0")/.."
CGO_ENABLED=0 go build -trimpath -o .bin/crawlbench ./bench/cmd/crawlbench
.bin/crawlbench run quick
run=$(readlink results/latest)
rm -rf results/reference
mv "results/$run" results/reference
ln -sfn reference results/latest
CRAWLBENCH_GOLDEN=write go test -count=1 -run Reference ./internal/report
du -sh results/reference
