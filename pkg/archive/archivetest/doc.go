// Package archivetest is the suite that both databases of the archive pass.
// Each test opens an empty archive of its own, so that all run in parallel.
package archivetest

import (
	"context"
	"testing"

	"github.com/outcryhq/outcry/pkg/archive"
)

// Opener opens an archive in a place of its own, empty at first, and opens the
// same place again when it is called again. The test closes what it opens.
type Opener func(ctx context.Context) (*archive.Archive, error)

// Run holds archives to their contract. place gives each test a new place.
func Run(t *testing.T, place func(testing.TB) Opener) {
	groups := []map[string]func(*testing.T, Opener){
		appendTests, outageTests, remarkTests, recordTests, countTests, importTests, snapshotTests, keepingTests, sourceTests, failureTests,
	}
	for _, group := range groups {
		for name, test := range group {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				test(t, place(t))
			})
		}
	}
}
