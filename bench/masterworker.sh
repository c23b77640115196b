#!/usr/bin/env bash
# Times examples/masterworker and its twin in Python alternately, on Open MPI,
# for which Debian's mpi4py is built:
#
#   bench/masterworker.sh                    7 pairs on 2 ranks and on 4
#   PAIRS=3 RANKS=2 bench/masterworker.sh -iterations 1
#
# Flags are passed on to both programs. A time is that of all iterations on the
# slowest rank. With fewer cores than ranks they share, politely, in both.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go build -tags openmpi -o "$tmp/masterworker" ./examples/masterworker
mpirun=${MPIRUN:-$(command -v mpirun.openmpi || echo mpirun)}
if ((EUID == 0)); then
	export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi

# seconds RANKS PROGRAM...: what the program says that it took.
seconds() {
	local ranks=$1 place=(--bind-to core)
	shift
	if ((ranks > $(nproc))); then
		place=(--bind-to none --oversubscribe --mca mpi_yield_when_idle 1)
	fi
	# $mpirun may have words of its own.
	# shellcheck disable=SC2086
	$mpirun "${place[@]}" -n "$ranks" "$@" -time | sed -n 's/^time = \(.*\) s$/\1/p'
}

# best and median of the numbers in a file, one on each line.
best() { sort -n "$1" | head -n 1; }
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print (v[int((NR + 1) / 2)] + v[int((NR + 2) / 2)]) / 2 }'; }

for ranks in ${RANKS:-2 4}; do
	for ((pair = 1; pair <= ${PAIRS:-7}; pair++)); do
		seconds "$ranks" "$tmp/masterworker" "$@" >>"$tmp/go$ranks"
		seconds "$ranks" /usr/bin/python3 examples/masterworker/masterworker.py "$@" >>"$tmp/py$ranks"
		echo "$ranks ranks, pair $pair: go $(tail -n 1 "$tmp/go$ranks") s, mpi4py $(tail -n 1 "$tmp/py$ranks") s"
	done
	for s in best median; do
		awk -v go="$($s "$tmp/go$ranks")" -v py="$($s "$tmp/py$ranks")" -v s="$s" -v ranks="$ranks" \
			'BEGIN { printf "%d ranks, %s: go %.3f s, mpi4py %.3f s, go/mpi4py %.2f\n", ranks, s, go, py, go / py }'
	done
done
