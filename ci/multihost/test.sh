#!/usr/bin/env bash
# Runs jobs over 3 hosts that are joined by TCP, on both MPIs, in two minutes: a look
# at where the ranks are, ranks that end at different times, the tests of ours that
# call MPI, some benchmarks; and pulls a host's cable in the middle of a job, which must
# end with a report. Afterwards the machine must be as it was, also when a signal
# ends all this. The programs are those in bin, bin/openmpi and bin/mpich; make
# test-multihost builds them first.
#
#   ci/multihost/test.sh
#   ci/multihost/test.sh endless MPI     one job until a signal comes
#   ci/multihost/hosts.sh run 3 ci/multihost/test.sh PART MPI ARGUMENT...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
hosts=ci/multihost/hosts.sh

# All tests and examples of these packages run over the network, but for a few.
packages=(mpi datatype op mpi/object mpi/pool mpi/mpimat)
# It counts the ranks of its own host.
left_out='Uniform'
# These look at arguments, at memory, and at what Go makes of many goroutines, which
# is the same over a network, and take seconds where more ranks spin than there
# are cores.
left_out+='|BadInput|WrongShapes|MakeSlice|CollectorRuns|TenThousandGoroutines|TenThousandRequests|Idle|CommLeak|WindowsAndGarbage'
left_out+='|PointToPointAllocatesNothing|WatchedAllocatesNothing|CollectivesAllocateNothing|PersistentAllocatesNothing'
# Open MPI 4.1 by itself makes no windows over TCP: MPI_Win_create answers MPI_ERR_WIN,
# in C too. By UCX it does.
windows=$(sed -n 's/^func Test\(\w*\)(.*/\1/p' mpi/win_test.go mpi/winalloc_test.go | paste -sd '|')
windows+='|WinCreate|FetchAndOp'
# With several ranks on a host some messages go through its memory: a few suffice.
few='EveryTypeTravels|Wildcards|Moves|Split|SplitType'

# Each part has hosts of its own: what one leaves behind never meets the next.
if [[ -z ${MULTIHOST-} ]]; then
	PATH=$PATH:/usr/sbin:/sbin
	# Marks the processes of this run, by the variable of it that hosts.sh passes on.
	mark=${MULTIHOST_RUN:-$$}
	# Bash takes no signal while it runs a command, but while it waits for one.
	trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
	trap 'exit 1' INT TERM HUP
	start() { MULTIHOST_RUN=$mark $hosts run 3 ci/multihost/test.sh "$@" & }
	part() {
		start "$@"
		wait $! || failed=1
	}
	failed=0
	if (($#)); then
		part "$@"
		exit "$failed"
	fi

	code=0
	$hosts run 1 true || code=$?
	if ((code == 77)); then
		echo "SKIPPED: NOTHING WAS TESTED ON SEVERAL HOSTS, because this machine forbids to make them" >&2
		# Users may be forbidden to, but for root, as in CI, it means that nothing is tested.
		[[ $(id -u) != 0 ]] || exit 1
		exit 0
	fi
	((code == 0)) || exit "$code"

	# A name in the lists that no test has any more would go unnoticed.
	names=$(for package in "${packages[@]}"; do "bin/openmpi/${package##*/}.test" -test.list .; done)
	for name in ${left_out//|/ } ${windows//|/ } ${few//|/ }; do
		grep -qxE "(Test|Example)$name" <<<"$names" || { echo "FAIL  there is no test of the name $name" >&2; exit 1; }
	done

	# machine shows all that a run could leave behind: interfaces, namespaces with a
	# name, mounts, the names of hosts, processes.
	machine() {
		ip -o link | cut -d : -f 2
		ip netns list
		cat /proc/self/mounts /etc/hosts
		{ grep -lszxF "MULTIHOST_RUN=$mark" /proc/[0-9]*/environ || true; } | while IFS=/ read -r _ _ pid _; do
			echo "process $pid $(cat "/proc/$pid/comm" 2>/dev/null)"
		done
	}
	before=$(machine)
	# unchanged AFTER: the machine is as it was, but for seconds that the kernel takes.
	unchanged() {
		local now end=$((SECONDS + 10))
		until now=$(machine) && [[ $now == "$before" ]]; do
			((SECONDS < end)) || { failed=1; echo "FAIL  the machine after $1:" >&2; diff <(echo "$before") <(echo "$now") >&2; return; }
			sleep 0.2
		done
		echo "ok    nothing is left after $1"
	}

	rm -f bin/{openmpi,mpich}/chorus.multihost # written when they have run
	# These two have little to do but to wait, so that all but the benchmarks runs
	# beside them. Open MPI's launcher notices by itself, and names the host. MPICH's
	# does not, and leaves it to the watchdog, which names the rank.
	start lost openmpi "on node h3"
	lost=$!
	start lost mpich "rank 0 of 3 on h1: waits in Sendrecv from rank 2" -genv MPI4GO_WATCHDOG 5s,20s
	lost+=" $!"
	for mpi in openmpi mpich; do
		part places "$mpi"
		part chorus "$mpi"
		part late "$mpi"
		skip=$left_out
		[[ $mpi != openmpi ]] || skip+="|$windows"
		part tests "$mpi" 3 h1:1,h2:1,h3:1 -test.skip "$skip" "${packages[@]}"
		part tests "$mpi" 5 h1:2,h2:2,h3:1 -test.run "$few" mpi
	done
	for pid in $lost; do
		wait "$pid" || failed=1
	done
	part bench openmpi
	part bench mpich
	unchanged "all that"

	out=$(mktemp)
	for mpi in openmpi mpich; do
		MULTIHOST_RUN=$mark ci/multihost/test.sh endless "$mpi" >"$out" 2>&1 &
		until (($(grep -o ' runs' "$out" | wc -l) == 3)); do
			kill -0 $! 2>/dev/null || { failed=1; echo "FAIL  $mpi: the endless job ended:" >&2; cat "$out" >&2; break; }
			sleep 0.1
		done
		kill -TERM $! 2>/dev/null || true
		! wait $! || { failed=1; echo "FAIL  $mpi: SIGTERM to the script, exit code 0" >&2; }
		unchanged "SIGTERM in the middle of a job of $mpi"
	done
	rm -f "$out"

	((!failed)) || exit 1
	for mpi in openmpi mpich; do
		sha256sum "bin/$mpi/chorus" | tee "bin/$mpi/chorus.multihost"
	done
	exit
fi

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
	{ sleep "$limit" && pids 'hello|chorus|late|.*\.test|go-.*|circle' | xargs -r kill -QUIT; } &
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

# chorus MPI: what the ranks of a job in several languages do, and what runs under
# Slurm and on many ranks, too.
chorus() {
	local rank code=0
	begin "$1: chorus of 5 ranks"
	job 60 $(mpirun "$1" h1:2,h2:2,h3:1) -n 5 "bin/$1/chorus" || code=$?
	((code == 0)) || { wrong "exit code $code"; return; }
	for rank in 0 1 2 3 4; do
		(($(count "go $rank: all right") == 1)) || { wrong "no word of rank $rank"; return; }
	done
	passed
}

# endless MPI: a job that somebody else ends.
endless() { $(mpirun "$1" h1:1,h2:1,h3:1) -n 3 "bin/$1/circle"; }

# A rank comes to the end when the others have been there for a while.
late() {
	local code=0
	begin "$1: 5 ranks that end one after the other"
	job 60 $(mpirun "$1" h1:2,h2:2,h3:1) -n 5 "bin/$1/late" || code=$?
	((code == 0)) || { wrong "exit code $code"; return; }
	passed
}

# tests MPI RANKS HOSTS -test.run|-test.skip NAME|NAME... PACKAGE...: each rank passes
# these tests. They run in the folder of their package, whose files some of them read.
tests() {
	local package code run
	run="$(mpirun "$1" "$3") -n $2 $PWD/bin/$1"
	for package in "${@:6}"; do
		code=0
		begin "$1: tests of $package on $2 ranks"
		(cd "$package" && job 100 $run/"${package##*/}.test" -test.short "$4" "^(Test|Example)($5)\$") || code=$?
		((code == 0)) || { wrong "exit code $code"; continue; }
		(($(count PASS) == $2)) || { wrong "$(count PASS) of $2 ranks passed"; continue; }
		passed
	done
}

# bench MPI: the Go program and its twins, 2 ranks on two hosts and 4 on all three;
# what they send goes over the wire.
bench() {
	local before after code=0
	begin "$1: benchmarks"
	before=$($hosts traffic h1)
	GOPROXY=off MPIRUN=$(mpirun "$1" h1:1,h2:1,h3:2) job 170 bin/driver -mpi="$1" \
		-bench=latency,bandwidth,object,allreduce-4 -sizes=8,64K,1M -pairs=1 -min-time=0.05 || code=$?
	after=$($hosts traffic h1)
	((code == 0)) || { wrong "exit code $code"; return; }
	grep -E '^ *(size|[0-9]+ (B|KiB|MiB)) | ranks, ' "$out"
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
