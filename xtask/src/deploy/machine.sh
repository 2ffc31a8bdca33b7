# Makes a machine and tells the story on it: machine.sh FOLDER PACKAGE STORY
root=$1/root package=$2 story=$3
# Version 2 of the control groups, which stands in a folder of its own beside the first.
groups=/sys/fs/cgroup
if [ -d $groups/unified ]; then groups=$groups/unified; fi
group=$groups/comporta-machine.$$
guard= memory= segment=
put_away() {
    if [ -n "$guard" ]; then
        # Whatever runs in it ends with its first process, and its group can go once all are gone.
        kill -9 $(pgrep -P "$guard") "$guard" 2>/dev/null || true
        wait "$guard" 2>/dev/null || true
    fi
    for _ in $(seq 20); do
        find $group -depth -type d -exec rmdir {} + 2>/dev/null || true
        [ -d $group ] || break
        sleep 0.1
    done
    if [ -n "$segment" ]; then ipcrm --shmem-id "$segment" 2>/dev/null || true; fi
    rm -rf "$root" $memory
}
trap put_away EXIT

echo "-- a Debian with systemd"
mmdebstrap --quiet --variant=apt --include=systemd,dbus,nginx-light,curl,adduser,openssl,iproute2,procps \
    bookworm "$root.tar"
mkdir "$root"
tar --extract --file "$root.tar" --directory "$root"
rm "$root.tar"
cp "$package" "$root/root/comporta.deb"
cp "$story" "$root/root/story.sh"
# What is the kernel's, or the story's own, to start.
for unit in systemd-networkd systemd-resolved systemd-udevd systemd-timesyncd systemd-logind nginx; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit.service"
done

# As a container's first process, it lets go of this machine: its files, processes, network, control groups and devices. Of
# /dev it gets what every program needs and no more, because the shared memory of this machine's servers is below it, and
# systemd removes what belongs to a user of the number that its service has.
cat > "$root/root/start.sh" <<END
set -e
mount --make-rprivate /
mount --bind $root $root
cd $root
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
cp --archive /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty dev
mkdir dev/pts dev/shm dev/mqueue
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t mqueue mqueue dev/mqueue
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ip link set lo up
mkdir -p old
pivot_root . old
umount -l /old
# The clock, the modules and the power are the kernel's.
container=podman exec setpriv --bounding-set=-sys_time,-sys_module,-sys_boot,-sys_rawio,-syslog \
    /lib/systemd/systemd --system --show-status=no
END
mkdir $group
setsid bash -c "echo \$\$ > $group/cgroup.procs && exec unshare --mount --pid --fork --uts --ipc --net --cgroup --kill-child \
    bash '$root/root/start.sh'" &
guard=$!
inside() { nsenter --target "$(pgrep -P "$guard")" --mount --pid --uts --ipc --net --cgroup --root --wd -- \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root "$@"; }
for _ in $(seq 60); do
    sleep 1
    kill -0 "$guard"
    case $(inside systemctl is-system-running 2>/dev/null) in running|degraded) break ;; esac
done
inside systemctl is-system-running

# Shared memory of both kinds that stands on this machine under the number of the service's user.
inside dpkg --install /root/comporta.deb >/dev/null
user=$(inside id --user comporta) shared=$(inside id --group comporta)
memory=$(mktemp /dev/shm/comporta-machine.XXXXXX)
echo untouched > "$memory"
chown "$user:$shared" "$memory"
segment=$(setpriv --reuid "$user" --regid "$shared" --clear-groups ipcmk --shmem 1 | sed 's/.*: //')

inside bash -eu /root/story.sh

test "$(cat "$memory")" = untouched
ipcs --shmems --id "$segment" >/dev/null
test -z "$(inside ls /dev/shm)"
echo "ok: shared memory of user $user of this machine is as it was"
