{{/* What the objects are called. */}}
{{- define "plumb.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* By which pods are selected: takes the root and a component. */}}
{{- define "plumb.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of an object. */}}
{{- define "plumb.labels" -}}
{{ include "plumb.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: plumb
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}

{{/* An image: takes the root and registry, repository, tag and digest. */}}
{{- define "plumb.image" -}}
{{- $registry := .root.Values.global.imageRegistryOverride | default .image.registry -}}
{{- if .image.digest -}}
{{- printf "%s/%s@%s" $registry .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s/%s:%s" $registry .image.repository (.image.tag | default .root.Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/*
The rights of a component, which are those of rbac/: with the release's names in place of those of the files, which are those
of a release called plumb in the namespace plumb-system.
*/}}
{{- define "plumb.rights" -}}
{{- $name := printf "%s-%s" (include "plumb.fullname" .root) .component -}}
{{- .root.Files.Get (printf "rbac/%s.yaml" .component) | replace "plumb-system" .root.Release.Namespace | replace (printf "plumb-%s" .component) $name -}}
{{- end -}}

{{/* Variables by which the API server is found, where it is not by its Service. */}}
{{- define "plumb.apiServer" -}}
{{- with .Values.apiServer.host -}}
- {name: KUBERNETES_SERVICE_HOST, value: {{ . | quote }}}
- {name: KUBERNETES_SERVICE_PORT, value: {{ $.Values.apiServer.port | quote }}}
{{- end -}}
{{- end -}}
