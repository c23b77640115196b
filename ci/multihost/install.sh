#!/usr/bin/env bash
# Installs what ci/multihost/hosts.sh needs on Debian and Ubuntu, where it is
# missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. ci/apt.sh
PATH=$PATH:/usr/sbin:/sbin

usable() { command -v ip >/dev/null && command -v unshare >/dev/null && command -v nsenter >/dev/null; }

if ! usable; then
	has_apt || die "only Debian's and Ubuntu's packages are known here: install iproute2 and util-linux"
	install_packages iproute2 util-linux
fi
