#!/usr/bin/env bash
# Runs a Slurm cluster of one node in a folder of its own, for tests: a real
# munged, slurmctld and slurmd, as the user who calls it, beside any other Slurm
# of the machine. The node has more CPUs than the machine has.
#
#   ci/slurm/cluster.sh start DIR    DIR must be new or empty; then set SLURM_CONF=DIR/slurm.conf
#   ci/slurm/cluster.sh stop DIR     end all jobs and daemons, and remove DIR
#
# DIR must be short (there are sockets in it), and no folder above it may be
# writable for others unless sticky, as /tmp is: munge checks that.
#
# CPUS sets how many CPUs the node has: by default 8, or twice the machine's.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

say() { echo "slurm cluster: $*" >&2; }

# until_true SECONDS COMMAND...: waits for the command to succeed.
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.2
	done
}

free_port() {
	local port
	while :; do
		port=$((10000 + RANDOM % 20000))
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	echo "$port"
}

config() {
	local host user cpus
	host=$(hostname -s) user=$(id -un) cpus=$(($(nproc) * 2))
	cat <<-EOF
		ClusterName=mpi4go
		SlurmctldHost=$host(127.0.0.1)
		SlurmctldPort=$(free_port)
		SlurmdPort=$(free_port)
		SlurmUser=$user
		SlurmdUser=$user
		AuthType=auth/munge
		# A requeued job waits until its old credentials have expired.
		AuthInfo=socket=$dir/munge.sock,cred_expire=5
		CredType=cred/munge
		StateSaveLocation=$dir/state
		SlurmdSpoolDir=$dir/spool
		SlurmctldPidFile=$dir/slurmctld.pid
		SlurmdPidFile=$dir/slurmd.pid
		SlurmctldLogFile=$dir/slurmctld.log
		SlurmdLogFile=$dir/slurmd.log
		# Nothing that needs control groups, which containers seldom give away.
		ProctrackType=proctrack/linuxproc
		TaskPlugin=task/affinity
		JobAcctGatherType=jobacct_gather/none
		AccountingStorageType=accounting_storage/none
		MpiDefault=none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_CPU
		# Believe the number of CPUs below, whatever the machine has.
		SlurmdParameters=config_overrides
		ReturnToService=2
		# Seconds from SIGTERM to SIGKILL, and between looks at the queue.
		KillWait=5
		SchedulerParameters=sched_interval=2,batch_sched_delay=0
		NodeName=$host NodeAddr=127.0.0.1 CPUs=${CPUS:-$((cpus > 8 ? cpus : 8))} State=UNKNOWN
		PartitionName=test Nodes=$host Default=YES MaxTime=60 State=UP
	EOF
}

node_is_idle() { [[ $(sinfo -h -o %T 2>/dev/null) == idle ]]; }

start() {
	mkdir -p "$dir"
	[[ -z $(ls -A "$dir") ]] || { say "$dir is not empty"; return 1; }
	trap 'say "it does not start"; tail -n 20 "$dir"/*.log >&2; stop' EXIT
	chmod 755 "$dir" # munge's socket is for everybody
	mkdir -m 700 "$dir/state" "$dir/spool"
	config >"$dir/slurm.conf"
	echo "PMIxCliTmpDirBase=$dir/spool" >"$dir/mpi.conf"
	(umask 077 && head -c 128 /dev/urandom >"$dir/munge.key")
	munged --key-file="$dir/munge.key" --socket="$dir/munge.sock" --pid-file="$dir/munged.pid" \
		--log-file="$dir/munged.log" --seed-file="$dir/munge.seed" --num-threads=2
	slurmctld -c
	slurmd -c
	until_true 60 node_is_idle
	trap - EXIT
}

# ours: processes of the cluster's jobs: what slurmd sets tells them.
ours() {
	local env
	for env in /proc/[0-9]*/environ; do
		if grep -qzxF "SLURM_CONF=$SLURM_CONF" "$env" && grep -qz '^SLURM_JOB_ID=' "$env"; then
			env=${env#/proc/}
			echo "${env%/environ}"
		fi 2>/dev/null
	done
}

nothing_queued() { [[ -z $(squeue -h 2>/dev/null) ]]; }
# gone PID: ended, even where the system's init never reaps its orphans.
gone() { ! grep -q '^State:[[:space:]]*[^ZX]' "/proc/$1/status" 2>/dev/null; }

stop() {
	local name pid left
	[[ -e $dir/slurm.conf ]] || { say "there is no cluster in $dir"; return 1; }
	scancel --user="$(id -un)" 2>/dev/null || true
	until_true 30 nothing_queued || true
	for name in slurmd slurmctld munged; do
		pid=$(cat "$dir/$name.pid" 2>/dev/null) || continue
		kill "$pid" 2>/dev/null || continue
		until_true 15 gone "$pid" || kill -KILL "$pid"
	done
	# What no daemon was there to end.
	left=$(ours)
	# shellcheck disable=SC2086 # the ids are words
	[[ -z $left ]] || kill -KILL $left 2>/dev/null || true
	rm -rf "$dir"
}

case ${1-}:${2-} in
start:?* | stop:?*)
	dir=$(realpath -m "$2")
	export SLURM_CONF=$dir/slurm.conf
	"$1"
	;;
*)
	sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
	exit 2
	;;
esac
