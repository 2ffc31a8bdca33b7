#!/usr/bin/env bash
# Whether an image was signed by our key; nothing that was not is deployed. SIGNATURE_KEY and AWS_REGION in the environment.
#
#   verify.sh REPOSITORY@DIGEST
set -euo pipefail
image=${1:?an image}
: "${SIGNATURE_KEY:?}" "${AWS_REGION:?}"
[[ $image == *@sha256:* ]] || { echo "$image has no digest: a tag says less" >&2; exit 2; }
aws ecr get-login-password |
  cosign login "${image%%/*}" --username AWS --password-stdin
cosign verify --key "$SIGNATURE_KEY" --insecure-ignore-tlog=true --new-bundle-format=false "$image" >/dev/null
echo "$image is signed by $SIGNATURE_KEY"
