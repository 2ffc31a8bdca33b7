#!/usr/bin/env bash
# Whether images were signed by our key; nothing that was not is deployed. SIGNATURE_KEY and AWS_REGION in the environment.
#
#   verify.sh REPOSITORY@DIGEST [TAG]        with a tag, what that repository has under it too
set -euo pipefail
image=${1:?an image}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${SIGNATURE_KEY:?}" "${AWS_REGION:?}"
[[ $image == *@sha256:* ]] || { echo "$image has no digest: a tag says less" >&2; exit 2; }
aws ecr get-login-password |
  cosign login "${image%%/*}" --username AWS --password-stdin
images=("$image")
if [[ -n ${2:-} ]]; then
  digest=$("$here/pushed.sh" "${image%@*}" "$2")
  images+=("${image%@*}@$digest")
fi
for image in "${images[@]}"; do
  cosign verify --key "$SIGNATURE_KEY" --insecure-ignore-tlog=true --new-bundle-format=false "$image" >/dev/null
  echo "$image is signed by $SIGNATURE_KEY"
done
