#!/bin/sh
# Stands in for docker, grype and cosign, by whichever name it is called: what is pushed goes to moto, which refuses a tag
# that is there; the first signature fails; what is signed already is not signed again.
name=${0##*/}
echo "$name $1" >> "$STATE/calls"
for last; do :; done
note=$STATE/$(printf '%s' "$last" | tr -c 'a-z0-9\n' -)
case "$name $1" in
"docker login") cat > /dev/null ;;
"docker push")
    manifest='{"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "config": {"mediaType": "application/vnd.docker.container.image.v1+json", "size": 1, "digest": "sha256:'$last'"}, "layers": []}'
    "$AWS" ecr put-image --repository-name comporta --image-tag "${last##*:}" --image-manifest "$manifest" > /dev/null
    ;;
"docker create") echo holder ;;
"docker cp") : > "$last" ;;
"cosign verify") test -e "$note-signed" ;;
"cosign verify-attestation") test -e "$note-attested" ;;
"cosign sign") mkdir "$STATE/failed-once" 2>/dev/null && exit 1; ! test -e "$note-signed" && : > "$note-signed" ;;
"cosign attest") ! test -e "$note-attested" && : > "$note-attested" ;;
esac
