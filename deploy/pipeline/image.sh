#!/usr/bin/env bash
# Builds the image, scans it, pushes it and signs it, with the list of what is in it. The tag is the commit and the run, so
# that whoever sees a tag finds both. REPOSITORY, SIGNATURE_KEY and AWS_REGION in the environment; cosign and grype on the
# path (tools.sh).
#
#   image.sh COMMIT RUN        the last line is REPOSITORY@DIGEST
set -euo pipefail
commit=${1:?a commit} run=${2:?a run}
: "${REPOSITORY:?}" "${SIGNATURE_KEY:?}" "${AWS_REGION:?}"
tag=$commit-$run
image=$REPOSITORY:$tag
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/Cargo.toml" | head -1)

{
  docker build --platform linux/amd64 --file "$root/deploy/docker/Dockerfile" \
    --build-arg "VERSION=$version" --build-arg "REVISION=$commit" --tag "$image" "$root"

  # What has a mending and was not mended stops here, before anybody could pull it.
  grype "docker:$image" --fail-on high --only-fixed

  holder=$(docker create "$image")
  docker cp "$holder:/usr/local/share/sbom/comporta.cdx.json" comporta.cdx.json
  docker rm "$holder"

  aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
  docker push "$image"
} >&2
digest=$(aws ecr describe-images --repository-name "${REPOSITORY#*/}" --image-ids "imageTag=$tag" \
  --query 'imageDetails[0].imageDigest' --output text)
# The key is in KMS and the registry is ours: no public log is told.
private=(--yes --key "$SIGNATURE_KEY" --use-signing-config=false --tlog-upload=false --new-bundle-format=false)
{
  cosign sign "${private[@]}" "$REPOSITORY@$digest"
  cosign attest "${private[@]}" --type cyclonedx --predicate comporta.cdx.json "$REPOSITORY@$digest"
} >&2
echo "$REPOSITORY@$digest"
