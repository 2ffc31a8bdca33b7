#!/bin/sh
# The digest of what a registry has under a tag; fails if it has nothing there. What was pushed once cannot be pushed again:
# tags do not change.
#
#   pushed.sh REPOSITORY TAG
set -eu
repository=${1:?a repository} tag=${2:?a tag}
if said=$(aws ecr describe-images --repository-name "${repository#*/}" --image-ids "imageTag=$tag" \
  --query 'imageDetails[0].imageDigest' --output text 2>&1); then
  echo "$said"
  exit
fi
case $said in *ImageNotFoundException*) exit 1 ;; esac
echo "$said" >&2
exit 2
