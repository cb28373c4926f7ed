package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/outcryhq/outcry"

// listed is what go list says of a package.
type listed struct {
	ImportPath   string
	Name         string
	Deps         []string // of the package itself, near and far
	TestImports  []string
	XTestImports []string
}

// all returns what the package and its tests import; of the tests, directly.
func (l listed) all() []string { return slices.Concat(l.Deps, l.TestImports, l.XTestImports) }

// in reports whether the import path is of, or below, a folder of the module.
func in(path, folder string) bool {
	return path == module+"/"+folder || strings.HasPrefix(path, module+"/"+folder+"/")
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Name,Deps,TestImports,XTestImports", "./...").Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		require.NoError(t, err, string(failed.Stderr))
	}
	require.NoError(t, err)
	var packages []listed
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var l listed
		err := decoder.Decode(&l)
		if errors.Is(err, io.EOF) {
			return packages
		}
		require.NoError(t, err)
		packages = append(packages, l)
	}
}

// The architecture in one test: roles meet in pkg and know nothing of each
// other, pkg knows no role, and the vocabulary knows nobody.
func TestImportRules(t *testing.T) {
	t.Parallel()
	roles := []string{"ingest", "detector", "api"}
	packages := listPackages(t)
	seen := map[string]bool{}
	for _, l := range packages {
		require.NotContains(t, []string{"util", "utils", "common", "types", "models"}, l.Name,
			"%s: a package is named for what it holds", l.ImportPath)
		for _, folder := range append(roles, "pkg") {
			if !in(l.ImportPath, folder) {
				continue
			}
			seen[folder] = true
			for _, other := range roles {
				if other == folder {
					continue
				}
				for _, path := range l.all() {
					require.False(t, in(path, other), "%s imports %s: roles meet in pkg", l.ImportPath, path)
				}
			}
		}
		if l.ImportPath == module+"/pkg/outage" {
			seen["vocabulary"] = true
			for _, path := range l.Deps {
				first, _, _ := strings.Cut(path, "/")
				require.NotContains(t, first, ".", "pkg/outage imports %s: it depends on the standard library alone", path)
			}
		}
		if l.ImportPath != module {
			require.NotContains(t, l.all(), module, "%s imports the root package", l.ImportPath)
		}
	}
	for _, folder := range append(roles, "pkg", "vocabulary") {
		require.True(t, seen[folder], "no package of %s was looked at", folder)
	}
}
