#!/usr/bin/env bash
# Brings an image to the cluster by the chart, and back to the release before when pods do not become ready or the API does
# not answer. VALUES in the environment names this region's values (deploy/cloudformation/kubernetes/values.yaml), and what
# goes over them, by commas. A region that waits has no pods that could be asked: there the word `waiting` stands for the URL.
#
#   eks.sh CLUSTER TAG URL
set -euo pipefail
cluster=${1:?a cluster} tag=${2:?a tag} url=${3:?the address of the API}
: "${AWS_REGION:?}" "${VALUES:?a file}"
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
chart=$root/deploy/helm/comporta
helm=(helm --namespace comporta)

aws eks update-kubeconfig --name "$cluster" --alias "$cluster" >/dev/null
before=$("${helm[@]}" history comporta --max 100 --output json 2>/dev/null |
  jq -r '[.[] | select(.status == "deployed")][-1].revision // empty' || true)

back() {
  if [[ -z $before ]]; then
    echo "$1; there is no release before it" >&2
  else
    echo "$1: back to release $before" >&2
    "${helm[@]}" rollback comporta "$before" --wait --timeout 10m
  fi
  exit 1
}

"${helm[@]}" upgrade --install comporta "$chart" --values "$chart/values-eks.yaml" --values "$VALUES" \
  --set-string "image.tag=$tag" --wait --timeout 15m --history-max 20 || back "$tag does not become ready"
[[ $url == waiting ]] || curl --fail --silent --show-error --retry 10 --retry-delay 3 --retry-all-errors --max-time 10 \
  --output /dev/null "$url/.well-known/jwks.json" || back "$url does not answer"
"${helm[@]}" history comporta --max 2
