#!/usr/bin/env bash
# Installs what make test-interop needs besides both MPIs on Debian and Ubuntu:
# a Fortran compiler, and mpi4py for /usr/bin/python3, which is built for Open
# MPI there. Does nothing, quickly, when all is there.
set -euo pipefail

say() { echo "install-interop: $*" >&2; }
die() { say "$@"; exit 1; }

# compiles MPI: mpifort and the modules that go with it are there.
compiles() {
	local dir code=0
	dir=$(mktemp -d)
	printf 'use mpi\nend\n' >"$dir/a.f90"
	(cd "$dir" && "mpifort.$1" a.f90 || mpifort a.f90) &>/dev/null || code=1
	rm -rf "$dir"
	return "$code"
}
# mpi4py must not start MPI: outside a launcher that may fail.
has_mpi4py() {
	/usr/bin/python3 -c 'import mpi4py
mpi4py.rc.initialize = False
from mpi4py import MPI
assert MPI.Get_library_version().startswith("Open MPI")' 2>/dev/null
}
usable() { compiles openmpi && compiles mpich && has_mpi4py; }

usable && exit 0
command -v apt-get >/dev/null && command -v dpkg-query >/dev/null ||
	die "only Debian's and Ubuntu's packages are known here: install a Fortran compiler, and mpi4py for Open MPI"
sudo=()
if [[ $(id -u) != 0 ]]; then
	command -v sudo >/dev/null || die "not root and no sudo here; as root: apt-get install gfortran python3-mpi4py"
	sudo=(sudo)
fi
say "installing gfortran and python3-mpi4py"
apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
"${apt[@]}" update >&2
"${apt[@]}" install --no-install-recommends gfortran python3-mpi4py </dev/null >&2
usable || die "gfortran and mpi4py are installed, but no Fortran program compiles or mpi4py does not load: try mpifort by hand"
