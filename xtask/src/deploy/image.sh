# Builds the image and runs it: image.sh FOLDER PROGRAM CARGO_CYCLONEDX
folder=$1 program=$2 cyclonedx=$3
# Its errors are told all the same; what it logs is that no systemd is here to ask about health by the clock.
podman() { command podman --root "$folder/images" --runroot "$folder/run" --runtime runc --log-level fatal "$@"; }
buildah() { command buildah --root "$folder/images" --runroot "$folder/run" --log-level error "$@"; }
put_away() {
    podman rm --force --time 0 trial >/dev/null 2>&1 || true
    umount "$folder/images/overlay" 2>/dev/null || true
    rm -rf "$folder"
}
trap put_away EXIT

echo "-- bases of Debian's packages, where the Dockerfile names images that a registry has"
mmdebstrap --quiet --variant=essential --include=gcc,libc6-dev bookworm "$folder/rust.tar"
mmdebstrap --quiet --variant=extract --include=base-files,ca-certificates,libc6,libgcc-s1,tzdata bookworm "$folder/base.tar"
podman import --quiet "$folder/base.tar" localhost/base:trial
podman import --quiet "$folder/rust.tar" localhost/gcc:trial
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
buildah bud --quiet --format docker --isolation chroot --layers=false --network host \
    --volume "$folder/given:/given:ro" --volume "$home:$home:ro" \
    --volume "${CARGO_HOME:-$HOME/.cargo}/registry:/cargo/registry" \
    --build-arg RUST=localhost/rust:trial --build-arg BASE=localhost/base:trial \
    --file deploy/docker/Dockerfile --tag localhost/comporta:trial .
podman image inspect localhost/comporta:trial --format 'size {{.Size}} bytes, user {{.User}}'

echo "-- run with a root that is read only, without capabilities, as nobody"
# Ports of its own, because the network is this machine's; limits that any machine allows.
podman run --detach --name trial --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges \
    --network host --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
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
