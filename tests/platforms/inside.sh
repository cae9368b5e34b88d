#!/usr/bin/env bash
# Runs a command in a machine that is a folder (machine.sh starts it, in namespaces of its own for mounts and processes).
#
#   inside.sh FOLDER USER DIRECTORY TOOLCHAIN COMMAND...
#
# What is mounted here nobody else sees, and it goes when the command ends, with every process that the command left. So
# the folder can be removed at any time: never is anything of this machine mounted in it.
set -euo pipefail

root=$1 user=$2 directory=$3 toolchain=$4
shift 4

mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
for device in null zero full random urandom tty; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
for stream in 0:stdin 1:stdout 2:stderr; do
  ln -s "/proc/self/fd/${stream%:*}" "$root/dev/${stream#*:}"
done
# The distribution's own Rust comes first, where it is new enough to have been installed.
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
if [ ! -e "$root/usr/bin/rustc" ]; then
  mkdir -p "$root/opt/rust"
  mount --bind "$toolchain" "$root/opt/rust"
  mount -o remount,bind,ro "$root/opt/rust"
  path=/opt/rust/bin:$path
fi
home=/root
[ "$user" = root ] || home=/home/$user
# Not by exec: as the first of its processes this shell collects those that lost their parent.
code=0
chroot --userspec="$user:$user" "$root" /usr/bin/env -i HOME="$home" USER="$user" PATH="$path" LANG=C.UTF-8 TERM=dumb \
  DEBIAN_FRONTEND=noninteractive /bin/sh -c 'cd "$0" && "$@"' "$directory" "$@" || code=$?
exit "$code"
