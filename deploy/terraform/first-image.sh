#!/bin/sh
# Builds the image from this working tree and pushes it, unless the registry has it already. Run by the first apply; needs
# Docker and the AWS CLI, signed in as whoever applies.
set -eu
: "${AWS_REGION:?}" "${REPOSITORY:?the registry and the repository}" "${TAG:?}"
root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)

if "$root/deploy/pipeline/pushed.sh" "$REPOSITORY" "$TAG" >/dev/null; then
  echo "$REPOSITORY:$TAG is there already"
  exit 0
fi
aws ecr get-login-password | docker login --username AWS --password-stdin "${REPOSITORY%%/*}"
docker build --platform linux/amd64 --file "$root/deploy/docker/Dockerfile" --tag "$REPOSITORY:$TAG" "$root"
docker push "$REPOSITORY:$TAG"
