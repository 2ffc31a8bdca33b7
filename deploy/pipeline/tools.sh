#!/usr/bin/env bash
# Brings the signer and the scanner into a folder: cosign by a sum written here, Grype by the signature of those who made it.
#
#   tools.sh FOLDER
set -euo pipefail
folder=${1:?a folder}
cosign_version=v3.0.6
cosign_sum=c956e5dfcac53d52bcf058360d579472f0c1d2d9b69f55209e256fe7783f4c74
grype_version=0.110.0

# Not by sha256sum's own --check: busybox has another one.
is() { [[ $(sha256sum "$2" | cut -d' ' -f1) == "$1" ]] || { echo "$2 is not what was asked for" >&2; exit 1; }; }
fetch() { curl --fail --silent --show-error --location --retry 3 --proto '=https' --output "$2" "$1"; }

mkdir -p "$folder"
cd "$folder"
fetch "https://github.com/sigstore/cosign/releases/download/$cosign_version/cosign-linux-amd64" cosign
is "$cosign_sum" cosign
chmod +x cosign

release=https://github.com/anchore/grype/releases/download/v$grype_version
archive=grype_${grype_version}_linux_amd64.tar.gz
sums=grype_${grype_version}_checksums.txt
for file in "$archive" "$sums" "$sums.pem" "$sums.sig"; do fetch "$release/$file" "$file"; done
./cosign verify-blob "$sums" --certificate "$sums.pem" --signature "$sums.sig" \
  --certificate-identity-regexp '^https://github\.com/anchore/grype/\.github/workflows/' \
  --certificate-oidc-issuer https://token.actions.githubusercontent.com
is "$(awk -v name="$archive" '$2 == name { print $1 }' "$sums")" "$archive"
tar -xzf "$archive" grype
