#!/usr/bin/env bash
# Answers questions about the MPI libraries of this machine. An MPI is called
# by its build tag: openmpi, mpich, or mpi_env for whatever mpicc stands for.
#
#   ci/mpi.sh usable NAME     exit 0 if a C program builds and can be launched
#   ci/mpi.sh launcher NAME   print the absolute path of its mpirun
#   ci/mpi.sh pick            print the first usable of openmpi, mpich, mpi_env
#
# Debian installs both MPIs side by side as mpirun.openmpi and mpirun.mpich and
# lets plain mpirun be either; elsewhere there is only mpirun, whose --version
# tells which one it is.
set -euo pipefail

launcher() {
	local names says path name
	case $1 in
	openmpi) names="mpirun.openmpi mpirun" says="Open MPI|OpenRTE|prterun" ;;
	mpich) names="mpirun.mpich mpiexec.hydra mpirun" says="HYDRA|MPICH" ;;
	mpi_env) names="mpirun mpiexec" says="." ;;
	*) echo "ci/mpi.sh: unknown MPI '$1' (openmpi, mpich or mpi_env)" >&2; exit 2 ;;
	esac
	for name in $names; do
		path=$(command -v "$name") || continue
		# Captured, not piped: under pipefail a grep that stops reading early
		# would make a matching --version look like a failure.
		if [[ $("$path" --version 2>&1 || true) =~ $says ]]; then
			echo "$path"
			return
		fi
	done
	return 1
}

# compiles NAME: the header, the library and the compiler are there and fit.
compiles() {
	local source='#include <mpi.h>
int main(void) { return MPI_Finalize(); }' flags pc
	case $1 in
	mpi_env)
		command -v mpicc >/dev/null || return 1
		mpicc -x c - -o /dev/null <<<"$source" 2>/dev/null
		return
		;;
	openmpi) pc=ompi ;;
	mpich) pc=mpich ;;
	esac
	command -v pkg-config >/dev/null || return 1
	flags=$(pkg-config --cflags --libs "$pc" 2>/dev/null) || return 1
	# shellcheck disable=SC2086 # the flags are words
	"${CC:-gcc}" -x c - -o /dev/null $flags <<<"$source" 2>/dev/null
}

usable() { launcher "$1" >/dev/null && compiles "$1"; }

case ${1-} in
usable) usable "$2" ;;
launcher)
	launcher "$2" || { echo "ci/mpi.sh: no mpirun of $2 in PATH" >&2; exit 1; }
	;;
pick)
	for mpi in openmpi mpich mpi_env; do
		if usable "$mpi"; then
			echo "$mpi"
			exit
		fi
	done
	echo "ci/mpi.sh: no usable MPI: run ci/install-mpi.sh" >&2
	exit 1
	;;
*)
	sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
	exit 2
	;;
esac
