#!/usr/bin/env bash
# Installs what ci/slurm/cluster.sh needs on Debian and Ubuntu: Slurm's daemons
# and commands, with the plugins by which srun starts ranks of Open MPI (PMIx)
# and MPICH (PMI2), and munge. Does nothing, quickly, when all is there.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ci/apt.sh

# The daemons lie in /usr/sbin, which is not in everybody's PATH.
PATH=$PATH:/usr/sbin:/sbin

usable() {
	local name
	for name in munged slurmctld slurmd sbatch srun scontrol; do
		command -v "$name" >/dev/null || return 1
	done
}

usable && exit 0
has_apt || die "Slurm's slurmctld and slurmd are missing, and only Debian's and Ubuntu's packages are known here: install Slurm and munge"

sudo=()
[[ $(id -u) == 0 ]] || sudo=(sudo)
# slurm-wlm-basic-plugins, which these need, holds mpi/pmix and mpi/pmi2.
packages=(slurmctld slurmd slurm-client munge) new=()
for pkg in "${packages[@]}"; do
	installed "$pkg" || new+=("$pkg")
done

# The packages would start services and have them start at boot. Nobody asked
# for that: the cluster of ci/slurm runs its own.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
	printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
	"${sudo[@]}" chmod +x "$policy"
	trap '"${sudo[@]}" rm -f "$policy"' EXIT
fi
install_packages "${packages[@]}"
if [[ -d /run/systemd/system ]]; then
	for service in munge slurmctld slurmd; do
		[[ " ${new[*]-} " != *" $service "* ]] || "${sudo[@]}" systemctl -q disable "$service" >&2
	done
fi
usable || die "Slurm is installed, but not all of its programs are in PATH"
