#!/usr/bin/env bash
# Makes this machine able to compile Fortran programs with both MPIs: installs
# gfortran on Debian and Ubuntu, for make test-interop. Does nothing, quickly,
# when it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ci/apt.sh

# compiles MPI: its mpifort is there, and the modules that go with it.
compiles() {
	local dir code=0
	dir=$(mktemp -d)
	printf 'use mpi\nend\n' >"$dir/a.f90"
	(cd "$dir" && { "mpifort.$1" a.f90 || mpifort a.f90; }) &>/dev/null || code=1
	rm -rf "$dir"
	return "$code"
}
usable() { compiles openmpi && compiles mpich; }

usable && exit 0
has_apt || die "only Debian's and Ubuntu's packages are known here: install gfortran, and the Fortran half of both MPIs"
ci/install-mpi.sh
install_packages gfortran
usable || die "gfortran is installed, but no program compiles with it: try mpifort.openmpi and mpifort.mpich by hand"
