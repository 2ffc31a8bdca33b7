#!/usr/bin/env bash
# Brings an image to an ECS service, and back to what ran before when the new tasks do not become healthy. ECS' circuit
# breaker rolls back by itself; this waits for its word, and does it where the breaker says nothing in time.
#
#   ecs.sh CLUSTER SERVICE IMAGE
set -euo pipefail
cluster=${1:?a cluster} service=${2:?a service} image=${3:?an image}
: "${AWS_REGION:?}"

# What the service is meant to run; ECS changes it when it goes back by itself.
running() {
  aws ecs describe-services --cluster "$cluster" --services "$service" \
    --query 'services[0].taskDefinition' --output text
}
stable() { aws ecs wait services-stable --cluster "$cluster" --services "$service"; }

before=$(running)
# What AWS adds when it tells a definition, it does not take back.
definition=$(aws ecs describe-task-definition --task-definition "$before" --query taskDefinition --output json |
  jq --arg image "$image" '.containerDefinitions[0].image = $image
    | {family, taskRoleArn, executionRoleArn, networkMode, containerDefinitions, volumes, placementConstraints,
       requiresCompatibilities, cpu, memory, runtimePlatform, ephemeralStorage}
    | with_entries(select(.value != null))')
after=$(aws ecs register-task-definition --cli-input-json "$definition" \
  --query taskDefinition.taskDefinitionArn --output text)
echo "$service: from ${before##*/} to ${after##*/}"
aws ecs update-service --cluster "$cluster" --service "$service" --task-definition "$after" >/dev/null

if ! stable; then
  echo "$service is not stable with ${after##*/}: back to ${before##*/}" >&2
  aws ecs update-service --cluster "$cluster" --service "$service" --task-definition "$before" >/dev/null
  stable
  exit 1
fi
now=$(running)
if [[ $now != "$after" ]]; then
  echo "ECS went back to ${now##*/} by itself" >&2
  exit 1
fi
echo "$service runs ${after##*/}"
