#!/bin/bash
# Boots a root file system with its own systemd as PID 1, in namespaces of its own.
#   boot.sh TREE [FOLDER...]     FOLDER: a folder of this machine, seen inside at the same place, read-only
# Each line "boot" on stdin starts the system (again) and is answered with "PID number" (of its first process,
# as this machine counts) or with "FAILED". When stdin ends, for whatever reason, all of it is killed.
# What was written inside lay on a tmpfs of this script's own mount namespace and is gone with it; TREE is
# never written to.
set -eu
self=$(realpath "$0")

# No name for the clock, modules, raw devices and the kernel's log: these belong to the whole machine.
forbidden=-sys_time,-sys_module,-sys_rawio,-syslog,-mac_admin,-mac_override

first_process() {
    local tree=$1 base=$2
    shift 2
    trap 'echo FAILED' EXIT
    read -r pid _ </proc/self/stat
    root=$base/root
    ip link set lo up
    hostname box
    mount -t overlay overlay -o "lowerdir=$tree,upperdir=$base/up,workdir=$base/work" "$root"
    mount -t proc proc "$root/proc"
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,bind,ro "$root/proc/sys"
    if [ -e "$root/proc/sysrq-trigger" ]; then
        mount --bind /dev/null "$root/proc/sysrq-trigger"
    fi
    mount -t sysfs -o ro sys "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    devices "$root"
    for folder in "$@"; do
        show "$root" "$folder"
    done
    mkdir -p "$root/old"
    cd "$root"
    pivot_root . old
    umount -l old
    echo "PID $pid"
    exec setpriv --bounding-set=$forbidden env -i container=fastcompanion PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        /sbin/init --log-target=console --log-level=notice --show-status=0 >&2
}

devices() {
    mount -t tmpfs -o mode=755 tmpfs "$1/dev"
    for name in null zero full random urandom tty; do
        touch "$1/dev/$name"
        mount --bind "/dev/$name" "$1/dev/$name"
    done
    mkdir "$1/dev/pts" "$1/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$1/dev/pts"
    mount -t tmpfs -o mode=1777 tmpfs "$1/dev/shm"
    ln -s pts/ptmx "$1/dev/ptmx"
    ln -s /proc/self/fd "$1/dev/fd"
}

# Everyone inside may pass the folders above: a checkout often lies in a private home.
show() {
    mkdir -p "$1$2"
    above=$(dirname "$2")
    while [ "$above" != / ]; do
        chmod go+x "$1$above"
        above=$(dirname "$above")
    done
    mount --bind "$2" "$1$2"
    mount -o remount,bind,ro "$1$2"
}

supervise() {
    # Nobody's checkout lies in /boot, and only this script sees that it is hidden.
    base=/boot tree=$1
    shift
    mount -t tmpfs -o mode=755 box $base
    mkdir $base/up $base/work $base/root $base/cgroup
    mount -t cgroup2 cgroup2 $base/cgroup
    above=$base/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
    sweep
    group=$above/fastcompanion-box-$$
    mkdir "$group"
    trap 'exit 1' INT TERM HUP
    trap end EXIT
    while read -r word; do
        if [ "$word" = boot ]; then
            (
                echo $BASHPID >"$group/cgroup.procs"
                exec setpriv --pdeathsig KILL unshare --mount --propagation private --pid --fork --kill-child \
                    --uts --ipc --net --cgroup "$self" --first "$tree" "$base" "$@"
            ) </dev/null &
        fi
    done
}

end() {
    trap - EXIT
    kill_group "$group"
    wait
    remove_group "$group"
}

kill_group() {
    if [ -e "$1/cgroup.kill" ]; then
        echo 1 >"$1/cgroup.kill"
    else
        find "$1" -name cgroup.procs -exec cat {} + | xargs --no-run-if-empty kill -9 2>/dev/null || true
    fi
}

remove_group() {
    for _ in $(seq 100); do
        find "$1" -depth -type d -exec rmdir {} \; 2>/dev/null || true
        if [ ! -d "$1" ]; then return; fi
        sleep 0.05
    done
    echo "could not remove the control group $1" >&2
}

# What boxes left whose script was killed without a chance to tidy up.
sweep() {
    for group in "$above"/fastcompanion-box-*; do
        if [ -d "$group" ] && [ ! -d "/proc/${group##*-}" ]; then
            kill_group "$group"
            remove_group "$group"
        fi
    done
}

case $1 in
--first)
    shift
    first_process "$@"
    ;;
--supervise)
    shift
    supervise "$@"
    ;;
*) exec unshare --mount --propagation private "$self" --supervise "$@" ;;
esac
