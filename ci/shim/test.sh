#!/usr/bin/env bash
# Runs the test of the C layer (test.c) on both MPIs, built with the address and
# undefined-behaviour sanitizers, and then under valgrind's memcheck. Reports of
# the MPI libraries on themselves are left out (ours.awk); any other fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
ci/install-valgrind.sh

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
names=$(basename -s .c ci/shim/test.c mpi/cgo/*.c | paste -sd'|')
for mpi in openmpi:ompi mpich:mpich; do
	pc=${mpi#*:} mpi=${mpi%:*}
	read -ra flags < <(pkg-config --cflags --libs "$pc")
	build=("${CC:-gcc}" -g -O1 -Wall -std=gnu11 -pthread -Ici/shim -Impi/cgo ci/shim/test.c mpi/cgo/*.c)
	"${build[@]}" -fno-inline -o "$dir/plain-$mpi" "${flags[@]}"
	"${build[@]}" -fsanitize=address,undefined -fno-sanitize-recover=all -o "$dir/asan-$mpi" "${flags[@]}"
	mpirun=$(ci/mpi.sh launcher "$mpi")
	for ranks in 1 2 3; do
		# The libraries leak, and their plugins come after the sanitizer.
		ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 timeout 60 "$mpirun" -n "$ranks" "$dir/asan-$mpi" || failed=1
	done

	suppressions=()
	for file in /usr/share/openmpi/openmpi-valgrind.supp; do
		[[ $mpi == openmpi && -e $file ]] && suppressions+=("--suppressions=$file")
	done
	timeout 300 "$mpirun" -n 2 valgrind -q --leak-check=full --num-callers=40 "${suppressions[@]}" \
		--log-file="$dir/$mpi.%p" "$dir/plain-$mpi" 2>/dev/null || failed=1
	ours=$(awk -v names="$names" -f ci/shim/ours.awk "$dir/$mpi".*)
	if [[ -n $ours ]]; then
		failed=1
		printf 'memcheck on %s:\n%s\n' "$mpi" "$ours"
	else
		echo "memcheck on $mpi: nothing of ours"
	fi
done
exit "$failed"
