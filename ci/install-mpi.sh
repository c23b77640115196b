#!/usr/bin/env bash
# Makes this machine able to build and run mpi4go: checks Go, then installs the
# MPI libraries that are missing on Debian and Ubuntu, or says elsewhere which
# packages or modules to load. Does nothing, quickly, when all is there.
#
#   ci/install-mpi.sh            both Open MPI and MPICH
#   ci/install-mpi.sh openmpi    only Open MPI
#   ci/install-mpi.sh mpich      only MPICH
#   ci/install-mpi.sh any        whatever usable MPI there is; else Open MPI
#
# Fails when none of what was asked for is usable in the end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ci/apt.sh

# The version that go.mod asks for; since Go 1.21 the go command fetches that
# by itself unless GOTOOLCHAIN=local, so ask it which Go it would really use.
check_go() {
	local want have
	want=$(sed -n 's/^go \([0-9]*\.[0-9]*\).*/\1/p' go.mod)
	command -v go >/dev/null ||
		die "there is no go in PATH: install Go $want or newer from https://go.dev/dl/"
	have=$(go env GOVERSION 2>/dev/null) || have=$(go version | cut -d' ' -f3)
	have=${have#go}
	[[ $(printf '%s\n' "$want" "$have" | sort -V | head -n1) == "$want" ]] ||
		die "Go $have is too old: install Go $want or newer from https://go.dev/dl/"
	[[ $(go env CGO_ENABLED) != 0 || -z $(command -v "${CC:-gcc}") ]] ||
		die "CGO_ENABLED is 0: mpi4go needs cgo; unset CGO_ENABLED or set it to 1"
}

packages_of() {
	case $1 in
	openmpi) echo openmpi-bin libopenmpi-dev ;;
	mpich) echo mpich libmpich-dev ;;
	esac
}

# advise says what to type on a system whose packages we do not install.
advise() {
	local ids="" want=" $* "
	if [[ $(uname -s) == Darwin ]]; then
		ids=macos
	elif [[ -r /etc/os-release ]]; then
		ids=$(. /etc/os-release && echo "${ID-} ${ID_LIKE-}")
	fi
	for_mpi() { [[ $want != *" $1 "* ]] || say "  $2"; }
	say "not usable yet: $*; to get it on this system:"
	if type module &>/dev/null || [[ -n ${LMOD_CMD-}${MODULESHOME-} ]]; then
		say "  this looks like a cluster: see 'module avail', then for instance"
		for_mpi openmpi "module load gcc openmpi"
		for_mpi mpich "module load gcc mpich    (or cray-mpich, mvapich2, impi)"
		say "  where pkg-config does not know the library: CC=\$(command -v mpicc) go build -tags mpi_env ./..."
		return
	fi
	case " $ids " in
	*" fedora "* | *" rhel "* | *" centos "*)
		for_mpi openmpi "dnf install gcc pkgconf openmpi-devel && module load mpi/openmpi-x86_64"
		for_mpi mpich "dnf install gcc pkgconf mpich-devel && module load mpi/mpich-x86_64"
		say "  log in again first if 'module' is unknown; load one MPI at a time"
		;;
	*" arch "*)
		for_mpi openmpi "pacman -S gcc pkgconf openmpi"
		for_mpi mpich "pacman -S gcc pkgconf mpich    (from the AUR where the repositories lack it)"
		;;
	*" macos "*)
		for_mpi openmpi "brew install pkgconf open-mpi"
		for_mpi mpich "brew install pkgconf mpich"
		say "  Homebrew links one of the two at a time"
		;;
	*)
		say "  install Open MPI 4.1 or newer or MPICH 4.0 or newer with its headers, a C compiler and pkg-config,"
		say "  so that mpirun is in PATH and 'pkg-config --libs ompi' or 'pkg-config --libs mpich' answers"
		;;
	esac
}

case ${1-both} in
both) wanted=(openmpi mpich) ;;
openmpi | mpich) wanted=("$1") ;;
any) wanted=(openmpi) ;;
*) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2 ;;
esac

check_go
if [[ ${1-} == any ]] && ci/mpi.sh pick >/dev/null 2>&1; then
	exit 0
fi
missing=()
for mpi in "${wanted[@]}"; do
	ci/mpi.sh usable "$mpi" || missing+=("$mpi")
done
((${#missing[@]})) || exit 0

if has_apt; then
	packages=(pkg-config gcc libc6-dev)
	for mpi in "${missing[@]}"; do
		# shellcheck disable=SC2207 # the packages are words
		packages+=($(packages_of "$mpi"))
	done
	install_packages "${packages[@]}"
	for mpi in "${missing[@]}"; do
		ci/mpi.sh usable "$mpi" ||
			die "$mpi is installed, but no program builds with it: try mpicc and mpirun by hand"
	done
	exit 0
fi
advise "${missing[@]}"
# Of two, one will do: its half of the targets works.
((${#missing[@]} < ${#wanted[@]}))
