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
for package; do
	go test -c -vet=off -tags openmpi -o "$dir/test" "./$package"
	# In a job of their own: what go test starts shows nothing of what tests have
	# written that pass. The tests read files of their package.
	if ! (cd "$package" && timeout 120 "$mpirun" -n 2 "$dir/test" -test.short) >"$dir/out" 2>&1; then
		failed=1
		cat "$dir/out"
	elif grep -A 20 -E 'mpi: Finalize.* not freed|still allocated' "$dir/out"; then
		failed=1
	else
		echo "ok    $package"
	fi
done
exit "$failed"
