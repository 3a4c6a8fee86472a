#!/bin/sh
# Merges the shards that slurm.sh measured; see there.
#SBATCH --job-name=crawlbench-merge
#SBATCH --ntasks=1
#SBATCH --time=00:30:00
set -eu
: "${RUN:?name the run, as for slurm.sh}" "${RESULTS:=results}"
crawlbench merge -results "$RESULTS" -run "$RUN" "$RESULTS"
