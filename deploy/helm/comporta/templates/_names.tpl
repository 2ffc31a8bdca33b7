{{/* What everything of this release is called, and by what it is found. */}}
{{- define "comporta.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "comporta.labels" -}}
{{ include "comporta.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "comporta.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "comporta.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end }}

{{/* The program beside PostgreSQL's: the same tag with -backup behind it, as the pipeline pushes it. */}}
{{- define "comporta.backup.image" -}}
{{- $own := .Values.backup.image -}}
{{- $tag := printf "%s-backup" (.Values.image.tag | default .Chart.AppVersion) -}}
{{ printf "%s:%s" ($own.repository | default .Values.image.repository) ($own.tag | default $tag) }}
{{- end }}

{{/* The Secret with the environment; empty where there is none. */}}
{{- define "comporta.secret" -}}
{{- if .Values.secret.existing -}}
{{- .Values.secret.existing -}}
{{- else if or .Values.externalSecrets.enabled .Values.secret.values -}}
{{- include "comporta.fullname" . -}}
{{- end -}}
{{- end }}

{{/*
Every deployment that is not left out, with its defaults, as JSON: {name: {...}}. `gateway` says whether it has the public
listener, `services` which services it has for gateways elsewhere.
*/}}
{{- define "comporta.deployments" -}}
{{- $all := dict -}}
{{- range $name, $own := .Values.deployments -}}
{{- if $own -}}
{{- $gateway := has "gateway" $own.roles -}}
{{- $services := list -}}
{{- range $gateway | ternary list $own.roles -}}
{{- if has . (list "ledger" "boletos" "catalogue" "partners") -}}
{{- $services = append $services . -}}
{{- end -}}
{{- end -}}
{{- $known := dict "gateway" $gateway "services" $services -}}
{{- $_ := set $all $name (mergeOverwrite (deepCopy $.Values.deploymentDefaults) (deepCopy $own) $known) -}}
{{- end -}}
{{- end -}}
{{- $all | toJson -}}
{{- end }}
