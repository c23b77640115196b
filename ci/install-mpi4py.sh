#!/usr/bin/env bash
# Makes this machine able to run the benchmarks' mpi4py twins: installs numpy
# and mpi4py for /usr/bin/python3 on Debian and Ubuntu, where mpi4py is built
# for Open MPI, or says elsewhere what to install. Does nothing, quickly, when
# they are there. Only the benchmarks need them, and do without if need be.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ci/apt.sh

# library prints the version of the MPI library that mpi4py is built for. It
# does not initialise MPI, which can hang or fail outside a launcher.
library() {
	/usr/bin/python3 -c 'import numpy, mpi4py
mpi4py.rc.initialize = False
from mpi4py import MPI
print(MPI.Get_library_version().rstrip("\0"))'
}
usable() { [[ $(library 2>/dev/null) == "Open MPI"* ]]; }

# advise says what to type on a system whose packages we do not install.
advise() {
	local ids=""
	[[ ! -r /etc/os-release ]] || ids=$(. /etc/os-release && echo "${ID-} ${ID_LIKE-}")
	say "not usable yet: mpi4py for Open MPI in /usr/bin/python3; to get it on this system:"
	case " $ids " in
	*" fedora "* | *" rhel "* | *" centos "*)
		say "  dnf install python3-mpi4py-openmpi python3-numpy && module load mpi/openmpi-x86_64"
		;;
	*" arch "*) say "  pacman -S python-mpi4py python-numpy" ;;
	*) say "  with Open MPI's mpicc in PATH: /usr/bin/python3 -m pip install numpy mpi4py" ;;
	esac
}

if usable; then
	exit 0
fi
if has_apt; then
	ci/install-mpi.sh openmpi
	install_packages python3-mpi4py python3-numpy
	if ! usable; then
		library >/dev/null || true # for what it says
		die "mpi4py is installed, but does not load, or is not built for Open MPI"
	fi
	exit 0
fi
advise
exit 1
