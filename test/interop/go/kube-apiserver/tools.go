//go:build tools

// Keeps the API server of Kubernetes in this module: its own replaces its staging modules by folders.
package tools

import _ "k8s.io/kubernetes/cmd/kube-apiserver"
