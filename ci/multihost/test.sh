#!/usr/bin/env bash
# Runs jobs over 3 hosts that are joined by TCP, on both MPIs, in a minute: a look at
# where the ranks are, ranks that end at different times, tests of package mpi, the
# benchmarks of latency and bandwidth; and pulls a host's cable in the middle of a
# job, which must end with a report. The programs are those in bin, bin/openmpi and
# bin/mpich; make test-multihost builds them first.
#
#   ci/multihost/test.sh
#   ci/multihost/hosts.sh run 3 ci/multihost/test.sh PART MPI ARGUMENT...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
hosts=ci/multihost/hosts.sh

# The tests of package mpi that say most about a network: messages of all types,
# sizes and modes, the collectives in all their forms, and what is built on them.
# With several ranks on a host some messages go through its memory: a few suffice.
most='EveryTypeTravels|Sizes|ShorterMessage|Wildcards|Probe|Mprobe|Order|Truncation|ReadyMode|SendrecvReplace|Isendrecv'
most+='|Moves|MovesOfEveryRootAndLength|Reductions|CollectivesInFlight|PersistentCollectives|Cart|DistGraph|Neighbourhood|IntercommCollectives'
few='EveryTypeTravels|Wildcards|Moves|Split|SplitType'

# Each part has hosts of its own: what one leaves behind never meets the next.
if ((!$#)); then
	failed=0 code=0
	$hosts run 1 true || code=$?
	if ((code == 77)); then
		echo "SKIPPED: NOTHING WAS TESTED ON SEVERAL HOSTS, because this machine forbids to make them" >&2
		exit 0
	fi
	((code == 0)) || exit "$code"

	# Bash takes no signal while it runs a command, but while it waits for one.
	trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
	trap 'exit 1' INT TERM HUP
	start() { $hosts run 3 ci/multihost/test.sh "$@" & }
	part() {
		start "$@"
		wait $! || failed=1
	}
	for mpi in openmpi mpich; do
		part places "$mpi"
		part late "$mpi"
		part tests "$mpi" 3 h1:1,h2:1,h3:1 "$most"
		part tests "$mpi" 5 h1:2,h2:2,h3:1 "$few"
		part bench "$mpi"
	done
	# These two have little to do but to wait. Open MPI's launcher notices by
	# itself, and names the host.
	start lost openmpi "on node h3"
	lost=$!
	# MPICH's does not, and leaves it to the watchdog, which names the rank.
	part lost mpich "rank 0 of 3 on h1: waits in Sendrecv from rank 2" -genv MPI4GO_WATCHDOG 5s,20s
	wait "$lost" || failed=1
	exit "$failed"
fi
[[ -n ${MULTIHOST-} ]] || { echo "a part needs hosts: ci/multihost/hosts.sh run 3 $0 $*" >&2; exit 1; }

# How the launchers reach other hosts: Open MPI 4, Open MPI 5, MPICH.
export OMPI_MCA_plm_rsh_agent=$PWD/ci/multihost/rsh PRTE_MCA_plm_ssh_agent=$PWD/ci/multihost/rsh
export HYDRA_LAUNCHER=rsh HYDRA_LAUNCHER_EXEC=$PWD/ci/multihost/rsh
# The hosts share few cores: give up the core while waiting, and do not bind, or
# the first ranks of all hosts would sit on the first core.
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# The hosts share a kernel, by which UCX would take them for one.
export UCX_TLS=tcp,self
# A host that is lost is noticed within 25 s of silence, not after 8 minutes.
export OMPI_MCA_oob_tcp_keepalive_time=10 OMPI_MCA_oob_tcp_keepalive_intvl=5 OMPI_MCA_oob_tcp_keepalive_probes=3
# Nothing of a job around this one.
unset "${!SLURM@}" "${!PMI@}" MPIRUN

# Seconds within which a job must end that has lost a host.
within=60

out=$(mktemp)
failed=0
trap 'rm -f "$out"' EXIT

wrong() {
	failed=1
	echo "FAIL  $name: $*; it wrote:" >&2
	sed 's/^/    | /' "$out" >&2
}

# mpirun MPI HOSTS: the launcher's command, for hosts such as h1:2,h2:1.
mpirun() {
	case $1 in
	openmpi) echo "$(ci/mpi.sh launcher openmpi) --host $2" ;;
	mpich) echo "$(ci/mpi.sh launcher mpich) -hosts $2" ;;
	esac
}

# pids NAME|NAME...: the processes of these names, on whatever host.
pids() { grep -lxE "$1" /proc/[0-9]*/comm 2>/dev/null | cut -d/ -f3; }

# job SECONDS COMMAND...: runs it with its output in $out; returns its exit code.
# When the time is up, the ranks first write what their goroutines do.
job() {
	local limit=$1 asks code=0
	shift
	{ sleep "$limit" && pids 'hello|late|mpi\.test|go-.*|circle' | xargs -r kill -QUIT; } &
	asks=$!
	timeout --kill-after=5 $((limit + 5)) "$@" >"$out" 2>&1 </dev/null || code=$?
	kill "$asks" 2>/dev/null || true
	return "$code"
}

# count TEXT: how often it stands in the output. Lines of ranks may be mixed up.
count() { grep -oF -- "$1" "$out" | wc -l; }

passed() { echo "ok    $name ($((SECONDS - began)) s)"; }

# begin NAME: the name of what comes next, and its time.
begin() { name=$1 began=$SECONDS; }

# Every rank is where it should be.
places() {
	local rank code=0
	begin "$1: places of 5 ranks"
	job 60 $(mpirun "$1" h1:2,h2:2,h3:1) -n 5 "bin/$1/hello" || code=$?
	((code == 0)) || { wrong "exit code $code"; return; }
	for rank in 0:h1 1:h1 2:h2 3:h2 4:h3; do
		(($(count "rank ${rank%:*} of 5 on ${rank#*:}") == 1)) || { wrong "rank ${rank%:*} is not on ${rank#*:}"; return; }
	done
	passed
}

# A rank comes to the end when the others have been there for a while.
late() {
	local code=0
	begin "$1: 5 ranks that end one after the other"
	job 60 $(mpirun "$1" h1:2,h2:2,h3:1) -n 5 "bin/$1/late" || code=$?
	((code == 0)) || { wrong "exit code $code"; return; }
	passed
}

# tests MPI RANKS HOSTS REGEXP: each rank passes these tests.
tests() {
	local code=0
	begin "$1: tests on $2 ranks"
	job 100 $(mpirun "$1" "$3") -n "$2" "bin/$1/mpi.test" -test.short -test.run "^Test($4)\$" || code=$?
	((code == 0)) || { wrong "exit code $code"; return; }
	(($(count PASS) == $2)) || { wrong "$(count PASS) of $2 ranks passed"; return; }
	passed
}

# bench MPI: the Go program and its twins between two hosts; what they send goes
# over the wire.
bench() {
	local before after code=0
	begin "$1: benchmarks between two hosts"
	before=$($hosts traffic h1)
	GOPROXY=off MPIRUN=$(mpirun "$1" h1:1,h2:1) job 170 bin/driver -mpi="$1" -bench=latency,bandwidth \
		-sizes=8,64K,1M -pairs=1 -min-time=0.05 || code=$?
	after=$($hosts traffic h1)
	((code == 0)) || { wrong "exit code $code"; return; }
	grep -E '^ *(size|8 B|64 KiB|1 MiB) |^(latency|bandwidth) in ' "$out"
	((after - before > 20 << 20)) || { wrong "only $((after - before)) bytes went over the wire"; return; }
	passed
}

# running: there are processes of a job.
running() { [[ -n $(pids 'circle|orted|hydra_pmi_proxy' || true) ]]; }

# lost MPI TEXT [FLAG...]: the cable of h3, which has rank 2, is pulled in the
# middle of a job. The job must end in time, with a code that is not 0 and with
# the text in what it wrote, and leave no process behind, not on h3 either.
lost() {
	local code=0 pid at ended
	begin "$1: a host is lost"
	job $((within + 60)) $(mpirun "$1" h1:1,h2:1,h3:1) -n 3 "${@:3}" "bin/$1/circle" &
	pid=$!
	# What the ranks write comes by way of the launcher, which so knows that they run.
	until (($(count " runs") == 3)); do
		kill -0 "$pid" 2>/dev/null || { wrong "it ended by itself"; return; }
		sleep 0.1
	done
	# By now what the daemons wrote has been acknowledged. Until then TCP would repeat
	# it for 15 minutes, and send no keepalives.
	sleep 1
	$hosts down h3
	at=$SECONDS
	wait "$pid" || code=$?
	ended=$((SECONDS - at))
	while running && ((SECONDS - at <= within)); do
		sleep 0.2
	done
	((code != 0)) || { wrong "exit code 0"; return; }
	((ended <= within)) || { wrong "it ended $ended s after the host was lost, not within $within s"; return; }
	(($(count "$2") > 0)) || { wrong "no word of '$2'"; return; }
	! running || { wrong "a rank or daemon was still there after $within s"; return; }
	printf '%s\n      %s\n      exit code %d after %d s, the last process gone after %d s\n' "$(passed)" \
		"$(grep -m 1 -F -- "$2" "$out")" "$code" "$ended" $((SECONDS - at))
}

"$@"
exit "$failed"
