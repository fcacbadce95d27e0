//go:build tools

// Keeps the command of Kyverno in this module: its own replaces a dependency, so that it cannot be installed by name.
package tools

import _ "github.com/kyverno/kyverno/cmd/cli/kubectl-kyverno"
