#!/usr/bin/env bash
# Builds two images, the program and the program beside PostgreSQL's for backups; scans them, pushes them and signs them, with
# the list of what is in them. The tag is the commit and the run, so that whoever sees a tag finds both; the second's has
# -backup behind it. Run again after a failure, it goes on from where it failed. REPOSITORY, SIGNATURE_KEY and AWS_REGION in
# the environment; cosign and grype on the path (tools.sh).
#
#   image.sh COMMIT RUN        the last line is REPOSITORY@DIGEST of the program
set -euo pipefail
commit=${1:?a commit} run=${2:?a run}
: "${REPOSITORY:?}" "${SIGNATURE_KEY:?}" "${AWS_REGION:?}"
tag=$commit-$run
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -1)
list=comporta.cdx.json
# The key is in KMS and the registry is ours: no public log is told.
signed=(--key "$SIGNATURE_KEY" --new-bundle-format=false)
private=(--yes "${signed[@]}" --use-signing-config=false --tlog-upload=false)
public=("${signed[@]}" --insecure-ignore-tlog=true)

# Builds an image and pushes it: push TAG ARGUMENTS...
push() {
  local image=$REPOSITORY:$1
  docker build --platform linux/amd64 --file "$root/deploy/docker/Dockerfile" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$commit" --tag "$image" "${@:2}" "$root"
  # What has a mending and was not mended stops here, before anybody could pull it.
  grype "docker:$image" --fail-on high --only-fixed
  docker push "$image"
}

# Signs an image, and its list: sign REPOSITORY@DIGEST
sign() {
  cosign verify "${public[@]}" "$1" >/dev/null || cosign sign "${private[@]}" "$1"
  cosign verify-attestation "${public[@]}" --type cyclonedx "$1" >/dev/null ||
    cosign attest "${private[@]}" --type cyclonedx --predicate "$list" "$1"
}

# Sees to it that an image is there, pushed and signed: there TAG ARGUMENTS...
there() {
  if "$here/pushed.sh" "$REPOSITORY" "$1" >/dev/null; then
    echo "$REPOSITORY:$1 is there already"
    docker pull --platform linux/amd64 "$REPOSITORY:$1"
  else
    push "$@"
  fi
  local holder digest
  holder=$(docker create "$REPOSITORY:$1")
  docker cp "$holder:/usr/local/share/sbom/$list" "$list"
  docker rm "$holder"
  digest=$("$here/pushed.sh" "$REPOSITORY" "$1")
  sign "$REPOSITORY@$digest"
}

{
  aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
  there "$tag-backup" --target backup
  there "$tag"
} >&2
digest=$("$here/pushed.sh" "$REPOSITORY" "$tag")
echo "$REPOSITORY@$digest"
