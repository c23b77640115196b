#!/usr/bin/env bash
# Runs tests on 2 ranks of Open MPI, and looks at what is left at the end: nothing
# in the list of our debug mode, which has what the program has made, and nothing
# in the library's own, which has what our C layer has.
#
#   ci/leaks.sh PACKAGE...
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mpirun=$(ci/mpi.sh launcher openmpi)
export MPI4GO_DEBUG=leaks OMPI_MCA_mpi_show_handle_leaks=1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
left='mpi: Finalize.* not freed|still allocated'

# A program that leaves a communicator must be found out by both lists, or the
# search below finds nothing whatever is left. (The library's has a communicator that
# is in use, as by a receive, and others not.)
go build -tags openmpi -o "$dir/prog" ./mpi/internal/e2e/prog
timeout 60 "$mpirun" -n 2 "$dir/prog" left-in-use >"$dir/out" 2>&1
IFS='|' read -ra lists <<<"$left"
for list in "${lists[@]}"; do
	if ! grep -qE "$list" "$dir/out"; then
		echo "nothing says \"$list\" of a program that leaves a communicator behind:" >&2
		cat "$dir/out" >&2
		exit 1
	fi
done

for package; do
	go test -c -vet=off -tags openmpi -o "$dir/test" "./$package"
	# In a job of their own: what go test starts shows nothing of what tests have
	# written that pass. The tests read files of their package.
	if ! (cd "$package" && timeout 120 "$mpirun" -n 2 "$dir/test" -test.short) >"$dir/out" 2>&1; then
		failed=1
		cat "$dir/out"
	elif grep -A 20 -E "$left" "$dir/out"; then
		failed=1
	else
		echo "ok    $package"
	fi
done
exit "$failed"
