# Sourced by the scripts that install packages of Debian and Ubuntu.

say() { echo "$(basename "$0" .sh): $*" >&2; }
die() { say "$@"; exit 1; }

has_apt() { command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# install_packages PACKAGE...: installs those that are missing, with sudo if need be.
install_packages() {
	local sudo=() missing=() pkg
	for pkg in "$@"; do
		installed "$pkg" || [[ " ${missing[*]-} " == *" $pkg "* ]] || missing+=("$pkg")
	done
	((${#missing[@]})) || return 0
	if [[ $(id -u) != 0 ]]; then
		command -v sudo >/dev/null ||
			die "not root and no sudo here; as root: apt-get install ${missing[*]}"
		sudo=(sudo)
	fi
	say "installing ${missing[*]}"
	# env, because sudo drops the variable; a patient lock, because fresh
	# machines update themselves; no recommends, because we need none.
	local apt=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
	"${apt[@]}" update >&2
	"${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null >&2
}
