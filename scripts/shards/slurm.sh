#!/bin/sh
# A sweep in eight shards on Slurm: an array job with a task for each shard, each on a node of its own. Merge them when
# all have ended:
#
#   export SCENARIO=quick RUN=quick-1 RESULTS=$HOME/results
#   job=$(sbatch --parsable slurm.sh)
#   sbatch --dependency="afterok:$job" slurm-merge.sh
#
# Choose nodes of one kind with --constraint or --partition: machines with different processors are not averaged.
#SBATCH --job-name=crawlbench
#SBATCH --array=1-8
#SBATCH --nodes=1
#SBATCH --exclusive
#SBATCH --time=02:00:00
#SBATCH --no-requeue
set -eu
: "${SCENARIO:=quick}" "${RUN:=$SLURM_JOB_NAME-$SLURM_ARRAY_JOB_ID}" "${RESULTS:=results}"
if [ "$SLURM_ARRAY_TASK_MIN" -ne 1 ] || [ "$SLURM_ARRAY_TASK_MAX" -ne "$SLURM_ARRAY_TASK_COUNT" ]; then
	echo "slurm.sh: --array=$SLURM_ARRAY_TASK_MIN-$SLURM_ARRAY_TASK_MAX has $SLURM_ARRAY_TASK_COUNT tasks: want --array=1-N" >&2
	exit 2
fi
# Exit code 4 says that a crawl failed: the shard is complete nevertheless.
crawlbench run -progress plain -shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" -run "$RUN" \
	-machine "$SLURMD_NODENAME" -results "$RESULTS" "$SCENARIO" || test $? -eq 4
