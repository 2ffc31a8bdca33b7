{{/* What pods of every kind have in common: nobody's rights, nothing writable, no word of the cluster. */}}
{{- define "comporta.pod" -}}
serviceAccountName: {{ include "comporta.fullname" . }}
{{ include "comporta.pod.rights" . }}
{{- end }}

{{- define "comporta.pod.rights" -}}
automountServiceAccountToken: false
# Kubernetes would tell of services in variables such as COMPORTA_PORT, and the program knows no such setting.
enableServiceLinks: false
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "comporta.container" -}}
image: {{ include "comporta.image" . }}
{{ include "comporta.container.rights" . }}
{{- end }}

{{- define "comporta.container.rights" -}}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- with include "comporta.secret" . }}
envFrom:
  - secretRef: {name: {{ . }}}
{{- end }}
{{- end }}

{{/* Over zones and machines, each version by itself, so that a roll-out is even in the end. Called with (root, name). */}}
{{- define "comporta.spread" -}}
{{- $root := .root }}
{{- $name := .name }}
{{- range $key, $unsatisfiable := dict "topology.kubernetes.io/zone" .root.Values.spread.zones "kubernetes.io/hostname" .root.Values.spread.machines }}
- topologyKey: {{ $key }}
  maxSkew: 1
  whenUnsatisfiable: {{ $unsatisfiable }}
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels:
      {{- include "comporta.selector" $root | nindent 6 }}
      app.kubernetes.io/component: {{ $name }}
{{- end }}
{{- end }}
