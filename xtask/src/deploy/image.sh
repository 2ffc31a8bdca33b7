# Builds the images and runs them: image.sh FOLDER PROGRAM CARGO_CYCLONEDX
folder=$1 program=$2 cyclonedx=$3
# Its errors are told all the same; what it logs is that no systemd is here to ask about health by the clock.
podman() { command podman --root "$folder/images" --runroot "$folder/run" --runtime runc --log-level fatal "$@"; }
buildah() { command buildah --root "$folder/images" --runroot "$folder/run" --log-level error "$@"; }
# PostgreSQL's programs refuse root.
postgres() { (cd / && runuser -u postgres -- "$(echo /usr/lib/postgresql/*/bin | cut -d' ' -f1)/$1" "${@:2}"); }
put_away() {
    podman rm --force --time 0 trial >/dev/null 2>&1 || true
    test -z "${server:-}" || postgres pg_ctl --pgdata "$server/data" --mode immediate stop >/dev/null 2>&1 || true
    test -z "${server:-}" || rm -rf "$server"
    umount "$folder/images/overlay" 2>/dev/null || true
    rm -rf "$folder"
}
trap put_away EXIT

echo "-- bases of Debian's packages, where the Dockerfile names images that a registry has"
mmdebstrap --quiet --variant=essential --include=gcc,libc6-dev bookworm "$folder/rust.tar"
mmdebstrap --quiet --variant=extract --include=base-files,ca-certificates,libc6,libgcc-s1,tzdata bookworm "$folder/base.tar"
podman import --quiet "$folder/base.tar" localhost/base:trial
podman import --quiet "$folder/rust.tar" localhost/gcc:trial
mmdebstrap --quiet --variant=essential --include=ca-certificates,postgresql-client bookworm "$folder/postgres.tar"
podman import --quiet "$folder/postgres.tar" localhost/postgres:trial
rm "$folder"/*.tar

# The compiler is this machine's, and what would take long was done: the rest of the Dockerfile is as it stands.
mkdir "$folder/given"
cp "$program" "$folder/given/comporta"
strip "$folder/given/comporta"
cp "$cyclonedx" "$folder/given/cargo-cyclonedx"
cat > "$folder/given/cargo" <<END
#!/bin/sh
case \$1 in
build) mkdir -p target/dist && cp /given/comporta target/dist/ ;;
install) ;;
*) exec $(rustup which cargo) "\$@" ;;
esac
END
chmod +x "$folder/given/cargo"
toolchain=$(dirname "$(rustup which cargo)")
printf 'FROM localhost/gcc:trial\nENV PATH=/given:%s:/usr/bin:/bin CARGO_HOME=/cargo\n' "$toolchain" > "$folder/Builder"
buildah bud --quiet --tag localhost/rust:trial --file "$folder/Builder" "$folder/given"

echo "-- the Dockerfile"
home=$(dirname "$(dirname "$toolchain")")
build() {
    buildah bud --quiet --format docker --isolation chroot --layers=false --network host \
        --volume "$folder/given:/given:ro" --volume "$home:$home:ro" \
        --volume "${CARGO_HOME:-$HOME/.cargo}/registry:/cargo/registry" \
        --build-arg RUST=localhost/rust:trial --build-arg BASE=localhost/base:trial \
        --build-arg POSTGRES=localhost/postgres:trial --file deploy/docker/Dockerfile "$@" .
}
build --tag localhost/comporta:trial
podman image inspect localhost/comporta:trial --format 'size {{.Size}} bytes, user {{.User}}'

echo "-- run with a root that is read only, without capabilities, as nobody"
# Ports of its own, because the network is this machine's; limits that any machine allows.
bounded() {
    podman run --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges \
        --network host --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 "$@"
}
bounded --detach --name trial \
    --env COMPORTA_LISTEN=127.0.0.1:28080 --env COMPORTA_PRIVATE_LISTEN=127.0.0.1:28081 localhost/comporta:trial >/dev/null
for _ in $(seq 60); do podman healthcheck run trial >/dev/null 2>&1 && break; sleep 1; done
podman healthcheck run trial
podman cp trial:/var/lib/comporta/first-run.json "$folder/first-run.json"
key=$(sed -n 's/.*"api_key": "\(.*\)".*/\1/p' "$folder/first-run.json")
test "$(curl --silent http://127.0.0.1:28080/livros --header "x-api-key: $key")" = '[]'
pid=$(podman inspect trial --format '{{.State.Pid}}')
grep --quiet '^Uid:.65532.65532.65532.65532$' "/proc/$pid/status"
grep --quiet '^CapBnd:.0000000000000000$' "/proc/$pid/status"
grep --quiet '^NoNewPrivs:.1$' "/proc/$pid/status"
podman cp trial:/usr/local/share/sbom/comporta.cdx.json "$folder/sbom.json"
echo "the bill of materials lists $(grep --count '"purl"' "$folder/sbom.json") components"
podman stop --time 75 trial >/dev/null
test "$(podman inspect trial --format '{{.State.ExitCode}}')" = 0
echo "well, answered, ended with 0"

echo "-- backups of a PostgreSQL whose owner is no superuser, by the image for that"
build --target backup --tag localhost/comporta:backup
server=$(runuser -u postgres -- mktemp --directory)
postgres initdb --pgdata "$server/data" --auth trust >/dev/null
postgres pg_ctl --pgdata "$server/data" --log "$server/log" --wait start --options \
    "-c port=28432 -c listen_addresses=127.0.0.1 -c unix_socket_directories=$server" >/dev/null
postgres psql --quiet --host "$server" --port 28432 --command "CREATE ROLE master LOGIN CREATEDB CREATEROLE"
postgres createdb --host "$server" --port 28432 --owner master comporta
postgres psql --quiet --host "$server" --port 28432 --username master --set password=word --file - comporta \
    < deploy/cloudformation/roles.sql
install --directory --owner 65532 --group 65532 "$folder/backups"
for act in migrate "backup create" "backup verify" "backup prune" "backup restore --overwrite"; do
    # shellcheck disable=SC2086 # words of a command
    bounded --rm --volume "$folder/backups:/backups" --env COMPORTA_BACKUP__TO=/backups \
        --env COMPORTA_SECURITY__PEPPER=pepper-of-a-trial-and-no-more-than-that \
        --env COMPORTA_DATABASE__URL=postgres://comporta_program:word@127.0.0.1:28432/comporta \
        localhost/comporta:backup $act > "$folder/said" 2>&1 || { cat "$folder/said"; exit 1; }
    echo "$act: well"
done
