#!/usr/bin/env bash
# Makes hosts out of one machine, for tests: h1, h2 ... are network namespaces
# with a host name and an address each, joined by a bridge. They share the cores
# and the file system.
#
#   ci/multihost/hosts.sh run N COMMAND...    makes N hosts, runs the command on h1
#   ci/multihost/hosts.sh on HOST COMMAND...  runs a command on a host
#   ci/multihost/hosts.sh down HOST           pulls its cable; up puts it back
#   ci/multihost/hosts.sh traffic HOST        prints how many bytes it has sent
#
# All but run are for the command that run runs. Everything is made in namespaces
# of its own (network, mounts, processes), of which the machine sees nothing, and
# which the kernel takes down with the first process in them: whatever happens,
# nothing is left.
#
# It takes root, or a kernel that lets users have namespaces. Where the machine
# forbids them, run exits with 77.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
self=$(realpath "${BASH_SOURCE[0]}")

die() { echo "hosts.sh: $*" >&2; exit 1; }

# run N COMMAND...: goes on as make, in new namespaces.
run() {
	local name pid code=0 says new=(unshare --net --mount --pid --fork --kill-child --mount-proc)
	for name in ip unshare nsenter mount; do
		command -v "$name" >/dev/null ||
			die "there is no '$name': install util-linux and iproute2 (Debian: apt-get install iproute2)"
	done
	[[ $(id -u) == 0 ]] || new+=(--user --map-root-user)
	says=$(LC_ALL=C "${new[@]}" sh -c 'ip link add br0 type bridge && ip link add h0 type veth peer name eth0' 2>&1) ||
		case $says in
		*"not permitted"* | *"ermission denied"* | *"No space left"*) # the last is a limit of namespaces, such as 0
			echo "hosts.sh: this machine forbids $(id -un) to make the network namespaces that hosts are made of: run it as root," \
				"in a container with --privileged. It says: $says" >&2
			exit 77
			;;
		*) die "this machine cannot make network namespaces, a bridge and cables (veth), which hosts are made of. It says: $says" ;;
		esac
	# unshare takes no SIGTERM. When it is killed, so is all that it started.
	"${new[@]}" "$self" make "$@" <&0 &
	pid=$!
	trap '{ kill -KILL $pid; wait $pid; } 2>/dev/null || true' EXIT
	trap 'exit 1' INT TERM HUP
	wait "$pid" || code=$?
	trap - EXIT
	exit "$code"
}

# The first process in the namespaces; hosts is their names and processes. It has
# no exec at its end, because it must take in orphans.
make() {
	local n=$1 i
	shift
	# A file over /etc/hosts, on a file system that goes when nothing uses it.
	mount -t tmpfs tmpfs /mnt
	echo "127.0.0.1 localhost" >/mnt/hosts
	for ((i = 1; i <= n; i++)); do
		echo "10.77.0.$i h$i" >>/mnt/hosts
	done
	mount --bind /mnt/hosts /etc/hosts
	umount --lazy /mnt
	# What programs leave in their temporary folder goes likewise.
	mount -t tmpfs tmpfs /dev/shm

	ip link add br0 type bridge
	ip link set br0 up
	export MULTIHOST=
	for ((i = 1; i <= n; i++)); do
		unshare --net --uts --mount "$self" host "h$i" &
		until [[ $(</proc/$!/comm) == sleep ]]; do
			sleep 0.02
		done
		MULTIHOST+=" h$i:$!"
		ip link add "h$i" type veth peer name eth0 netns "$!"
		ip link set "h$i" master br0 up
		on "h$i" ip address add "10.77.0.$i/24" dev eth0
		on "h$i" ip link set eth0 up
	done
	on h1 "$@"
}

# A host is the namespaces of this process, which waits for ever as soon as they
# are ready.
host() {
	hostname "$1"
	mount -t sysfs sysfs /sys # shows this host's interfaces, which libraries look up there
	ip link set lo up
	exec sleep infinity
}

on() {
	local host=$1 pid
	shift
	[[ " ${MULTIHOST-} " =~ " $host:"([0-9]+) ]] || die "there is no host $host"
	nsenter --target "${BASH_REMATCH[1]}" --net --uts --mount env TMPDIR=/dev/shm sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
}

case ${1-}:${2-} in
run:?* | make:?* | host:?* | on:?*) "$@" ;;
# The cable ends at the bridge, which is on none of the hosts.
down:?* | up:?*) nsenter --target 1 --net ip link set "$2" "$1" ;;
traffic:?*) on "$2" cat /sys/class/net/eth0/statistics/tx_bytes ;;
*)
	sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2
	exit 2
	;;
esac
