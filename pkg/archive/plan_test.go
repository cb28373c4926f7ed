package archive_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
)

// TestSQLiteChoosesAPageFromAnIndexAlone holds for every combination of filters:
// none reads the bodies of outages that are not on the page.
func TestSQLiteChoosesAPageFromAnIndexAlone(t *testing.T) {
	t.Parallel()
	a := openSQLite(t, filepath.Join(t.TempDir(), "archive.db"))
	parts := []func(f *archive.OutageFilter){
		func(f *archive.OutageFilter) { f.Service = "whatsapp" },
		func(f *archive.OutageFilter) { f.Services = []string{"whatsapp", "signal"} },
		func(f *archive.OutageFilter) { f.Country = "NL" },
		func(f *archive.OutageFilter) { f.State = outage.Ended },
		func(f *archive.OutageFilter) { f.State = outage.Ongoing },
		func(f *archive.OutageFilter) { f.Since, f.Until = noon, noon.Add(time.Hour) },
		func(f *archive.OutageFilter) { f.MinReports = 5 },
		func(f *archive.OutageFilter) { f.MinDuration, f.Now = time.Hour, noon },
		func(f *archive.OutageFilter) {
			f.Cursor = archive.CursorBehind(outage.Outage{ID: outage.DeriveID("o"), StartedAt: noon})
		},
	}
	for mask := range 1 << len(parts) {
		var filter archive.OutageFilter
		for i, add := range parts {
			if mask>>i&1 == 1 {
				add(&filter)
			}
		}
		lines, err := a.PlanSQLite(t.Context(), filter)
		require.NoError(t, err)
		plan := strings.Join(lines, "\n")
		require.Contains(t, plan, "USING COVERING INDEX", plan)
		require.Contains(t, plan, "SEARCH o USING PRIMARY KEY (id=?)", plan)
	}
}
