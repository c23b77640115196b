#!/usr/bin/env bash
# Installs valgrind on Debian and Ubuntu, for make test-shim and make profile. Does
# nothing, quickly, when it is there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. ci/apt.sh

command -v valgrind >/dev/null && exit 0
has_apt || die "valgrind is missing, and only Debian's and Ubuntu's packages are known here"
install_packages valgrind
