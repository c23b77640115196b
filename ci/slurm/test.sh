#!/usr/bin/env bash
# Submits every script of examples/slurm to a Slurm of its own (cluster.sh),
# waits for its end, and checks what it wrote; and that nothing of the cluster is
# left at the end. The programs are those in bin/openmpi and bin/mpich; make
# test-slurm builds them first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# More ranks than cores: let Open MPI start them, and give up the core while
# they wait. It refuses to start as root without the others.
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMPI_MCA_mpi_yield_when_idle=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# sbatch passes the environment on: nothing of a job around this one.
unset "${!SLURM@}" "${!SBATCH@}" "${!SALLOC@}" "${!PMI@}"

dir=$(mktemp -d /tmp/mpi4go-slurm.XXXXXX)
chmod 755 "$dir"
cluster=$dir/cluster

# left: processes that belong to the cluster, which know it by their variables or
# arguments. Those that have ended and wait for init to notice have none.
left() {
	local file pid
	for file in $(grep -lsF -- "$cluster" /proc/[0-9]*/environ /proc/[0-9]*/cmdline); do
		pid=${file#/proc/} pid=${pid%/*}
		# What comes from a name is the search itself, which has ended.
		[[ ! -e /proc/$pid ]] || echo "$pid $(cat "/proc/$pid/comm" 2>/dev/null)"
	done | sort -u
}

finish() {
	local code=$? end
	[[ ! -e $cluster ]] || ci/slurm/cluster.sh stop "$cluster" || code=1
	unset SLURM_CONF
	end=$((SECONDS + 10))
	until [[ -z $(left) ]]; do
		((SECONDS < end)) || { code=1; echo "FAIL  processes of the cluster are left: $(left | paste -sd ,)" >&2; break; }
		sleep 0.2
	done
	rm -rf "$dir"
	exit "$code"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP
ci/slurm/cluster.sh start "$cluster"
export SLURM_CONF=$cluster/slurm.conf

rm -f bin/{openmpi,mpich}/chorus.slurm # written when they have run
failed=0
declare -A jobs outputs

# submit NAME SCRIPT SBATCH-ARGUMENT...: PROG, MPI and MPIRUN say what to run.
submit() {
	jobs[$1]=$(sbatch --parsable --output="$dir/$1-%a.out" "${@:3}" "examples/slurm/$2.sbatch")
}

# states NAME: one line for each task of the job.
states() { scontrol show job "${jobs[$1]}" | sed -n 's/^ *JobState=\([A-Z_]*\).*/\1/p'; }

wrong() {
	failed=1
	echo "FAIL  $1: $2; what it wrote:" >&2
	sed 's/^/    | /' "$dir/$1"-*.out >&2 || true
}

# ended NAME SECONDS: waits for the job, which must complete in that time.
ended() {
	local end=$((SECONDS + $2)) state
	while state=$(states "$1") && grep -qE 'PENDING|CONFIGURING|RUNNING|SIGNALING|COMPLETING|REQUEUE' <<<"$state"; do
		if ((SECONDS >= end)); then
			wrong "$1" "is not over after $2 s"
			scontrol show job "${jobs[$1]}" >&2
			return
		fi
		sleep 0.5
	done
	[[ $(sort -u <<<"$state") == COMPLETED ]] || wrong "$1" "ended as $(echo $state)"
}

# wrote NAME COUNT REGEX: so many lines of the job's output are like that.
wrote() {
	local n
	n=$(cat "$dir/$1"-*.out | grep -cE -- "$3") || true
	[[ $n == "$2" ]] || wrong "$1" "$n lines are like '$3', not $2"
}

# Alone on the node, so that its cores are the first: the machine has no more.
# With one core for both ranks this shows little, but it runs.
cores=$(($(nproc) / 2 > 0 ? $(nproc) / 2 : 1))
for mpi in openmpi:pmix mpich:pmi2; do
	name=hybrid-${mpi%:*}
	PROG=bin/${mpi%:*}/hybrid MPI=${mpi#*:} submit "$name" hybrid --cpus-per-task="$cores"
	ended "$name" 60
	wrote "$name" 2 "^rank [01]: CPUs [-,0-9]+, $cores goroutines$"
	wrote "$name" 1 '^pi = 3\.14159265'
	shared=$(sed -n 's/^rank [01]: CPUs \([-,0-9]*\), .*/\1/p' "$dir/$name"-*.out | tr , '\n' |
		while IFS=- read -r first last; do seq "$first" "${last:-$first}"; done | sort | uniq -d | paste -sd ,)
	[[ -z $shared ]] || (($(nproc) < 2)) || wrong "$name" "both ranks run on CPU $shared"
	echo "done  $name ($SECONDS s)"
done

# The checkpoints take longest: they wait for Slurm's signal, which comes some 10
# to 40 s after the start, and for their next turn.
export STEPS=900
for mpi in openmpi:pmix mpich:pmi2; do
	PROG=$PWD/bin/${mpi%:*}/checkpoint MPI=${mpi#*:} submit "checkpoint-${mpi%:*}" checkpoint \
		--chdir="$dir" --ntasks=2 --time=1 --signal=USR1@50
done
submit pmix srun-pmix
submit pmi2 srun-pmi2
# The program that also runs on several hosts, beside other languages, and on many
# ranks.
PROG=bin/openmpi/chorus submit chorus-openmpi srun-pmix
PROG=bin/mpich/chorus submit chorus-mpich srun-pmi2
for mpi in openmpi mpich; do
	PROG=bin/$mpi/hello MPIRUN=mpirun.$mpi submit "mpirun-$mpi" mpirun
done
submit array-openmpi array
PROG=bin/mpich/pi MPI=pmi2 submit array-mpich array
# Without the right PMI each rank would be alone, and says so.
jobs[alone]=$(sbatch --parsable --output="$dir/alone-%a.out" --ntasks=2 --wrap '! srun --mpi=none bin/mpich/hello')

for name in pmix pmi2 mpirun-openmpi mpirun-mpich; do
	ended "$name" 120
	for rank in 0 1 2 3; do
		wrote "$name" 1 "^hello from rank $rank of 4 on "
	done
done
for mpi in openmpi mpich; do
	ended "chorus-$mpi" 120
	for rank in 0 1 2 3; do
		wrote "chorus-$mpi" 1 "^go $rank: all right$"
	done
done
wrote pmix 1 '^MPI library: Open MPI'
wrote pmi2 1 '^MPI library: MPICH'
for name in array-openmpi array-mpich; do
	ended "$name" 120
	wrote "$name" 3 '^pi    = 3\.1415926.* terms on 2 ranks, reduce\)$'
	for terms in 1000000 2000000 4000000; do
		wrote "$name" 1 "\($terms terms"
	done
done
ended alone 120
wrote alone 1 '^mpi: Init: srun started 2 ranks .* under srun, choose the library.s PMI with --mpi'
for mpi in openmpi mpich; do
	name=checkpoint-$mpi
	ended "$name" 240
	# Stopped, requeued and continued, once or more, to what it would have been
	# without.
	stops=$(grep -c '^stopped at step' "$dir/$name"-*.out) || true
	((stops > 0)) || wrong "$name" "was never stopped"
	wrote "$name" "$stops" '^requeued after run'
	wrote "$name" "$stops" '^going on at step'
	pi=$("mpirun.$mpi" -n 2 "bin/$mpi/checkpoint" -steps "$STEPS" -pace 0 -file "$dir/$mpi.json" | grep '^pi is')
	wrote "$name" 1 "^$pi$"
done
[[ -z $(ls "$dir"/checkpoint-*.json 2>/dev/null) ]] || wrong checkpoint "a checkpoint is left"

((failed)) && exit 1
for mpi in openmpi mpich; do
	sha256sum "bin/$mpi/chorus" | tee "bin/$mpi/chorus.slurm"
done
echo "ok    ${!jobs[*]} ($SECONDS s)"
