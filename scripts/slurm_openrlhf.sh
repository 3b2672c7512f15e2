#!/usr/bin/env bash
# A comparison on several nodes: Ray on each, then tomprm on the first. Not run: no cluster was to be had.
#   sbatch --nodes 2 --gpus-per-node 8 scripts/slurm_openrlhf.sh configs/openrlhf_qwen7b_8gpu.yaml /shared/runs/x [--set a.b=c ...]
# The run folder, the checkout and the environment (VENV, default .venv-gpu) must lie where every node sees them. The layout
# follows from the allocation: one engine a GPU (TENSOR_PARALLEL=2: one for two). The same command resumes the run.
#SBATCH --job-name=tomprm
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=64
#SBATCH --exclusive
set -euo pipefail
if [ $# -lt 2 ]; then echo "usage: sbatch ... slurm_openrlhf.sh CONFIG RUN_FOLDER [OPTIONS OF tomprm compare]" >&2; exit 2; fi
: "${SLURM_JOB_NODELIST:?run it with sbatch}"
config=$1 out=$2
shift 2
cd "${SLURM_SUBMIT_DIR:-.}"
PATH="$PWD/${VENV:-.venv-gpu}/bin:$PATH"
export PATH RAY_USAGE_STATS_ENABLED=0

nodes=$SLURM_JOB_NUM_NODES
gpus=${SLURM_GPUS_ON_NODE:?ask for GPUs with --gpus-per-node}
parallel=${TENSOR_PARALLEL:-1}
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
ip=$(srun --nodes=1 --ntasks=1 -w "$head" hostname --ip-address | awk '{print $1}')
port=$((20000 + SLURM_JOB_ID % 20000)) # jobs that share a node do not share a cluster

# --block: srun ends with the job, and Ray with it. `ray stop` would end other users' clusters of ours, too.
srun --nodes=1 --ntasks=1 -w "$head" --overlap \
  ray start --head --node-ip-address="$ip" --port="$port" --num-gpus="$gpus" --include-dashboard=false --block &
sleep 15
if [ "$nodes" -gt 1 ]; then
  srun --nodes=$((nodes - 1)) --ntasks=$((nodes - 1)) --ntasks-per-node=1 --exclude="$head" --overlap \
    ray start --address="$ip:$port" --num-gpus="$gpus" --block &
fi
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT

export RAY_ADDRESS="$ip:$port" # what `auto` finds
python - "$((nodes * gpus))" <<'PY' # until every GPU has been counted
import sys, time, ray
ray.init(address="auto", log_to_driver=False)
wanted, end = int(sys.argv[1]), time.monotonic() + 300
while (found := int(ray.cluster_resources().get("GPU", 0))) < wanted:
    if time.monotonic() > end:
        raise SystemExit(f"slurm_openrlhf: {found} of {wanted} GPUs after 5 minutes; see ray start's output above")
    time.sleep(2)
PY

tomprm compare "$config" --out "$out" \
  --set openrlhf.address=auto --set "openrlhf.nodes=$nodes" --set "openrlhf.gpus_per_node=$gpus" \
  --set "openrlhf.engines=$((nodes * gpus / parallel))" --set "openrlhf.tensor_parallel=$parallel" "$@"
