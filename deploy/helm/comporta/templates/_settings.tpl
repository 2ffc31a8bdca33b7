{{/*
What comporta.yaml says in one deployment: what the chart knows, then the settings for all, then its own. Services that run
in other deployments are the gateway's upstreams there. Called with (root, deployment).
*/}}
{{- define "comporta.settings" -}}
{{- $root := .root -}}
{{- $own := .deployment -}}
{{- $settings := dict "roles" $own.roles "migrate_on_start" (not $root.Values.migrations.job) -}}
{{- if $own.gateway -}}
{{- $upstreams := dict -}}
{{- range $name, $other := include "comporta.deployments" $root | fromJson -}}
{{- $url := printf "http://%s-%s:8082" (include "comporta.fullname" $root) $name -}}
{{- $health := dict "path" "/healthz" "every" "2s" -}}
{{- $upstream := dict "targets" (list (dict "url" $url)) "principal" true "health" $health -}}
{{- range $other.services -}}
{{- if not (has . $own.roles) -}}
{{- $_ := set $upstreams . $upstream -}}
{{- if eq . "partners" -}}
{{- $_ := set $upstreams "identity" $upstream -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $upstreams -}}
{{- $_ := set $settings "upstreams" $upstreams -}}
{{- end -}}
{{- end -}}
{{- mergeOverwrite $settings (deepCopy $root.Values.settings) (deepCopy $own.settings) | toYaml -}}
{{- end }}
