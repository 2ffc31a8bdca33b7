#!/usr/bin/env bash
# What the changelog says of one version; fails where it says nothing.
#
#   notes.sh VERSION
set -euo pipefail
version=${1:?a version}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
awk -v version="$version" '
  /^## / { told = index($2, version) == 1 && length($2) == length(version); found = found || told; next }
  told { print }
  END { exit !found }
' "$root/CHANGELOG.md" || { echo "CHANGELOG.md has no section \"## $version\"" >&2; exit 1; }
