package archivetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

var appendTests = map[string]func(*testing.T, Opener){ //nolint:gochecknoglobals // a constant table
	"a report is kept as it was logged":                    keepsReports,
	"only counted reports count":                           countsCounted,
	"a report is counted in the minute of its observation": countsByObservation,
	"the same entries again change nothing":                appendsOnce,
	"overlapping chunks in any order count once":           appendsOnceInAnyOrder,
	"positions of an earlier clock do not lose entries":    positionsBackward,
	"many writers lose and double nothing":                 manyWriters,
	"text that no database takes is stored all the same":   strangeText,
	"the position appended last is known":                  positions,
	"an entry that cannot be stored is refused whole":      damaged,
}

func keepsReports(t *testing.T, opener Opener) {
	a := open(t, opener)
	full := report("full", "whatsapp", "NL", noon)
	full.Seat, full.Ref, full.Source, full.CountryFrom = outage.Hash{1, 2, 3}, "post/1", outage.SourceTwitter, outage.FromPost
	full.ReceivedAt = noon.Add(1500 * time.Millisecond)
	bare := report("bare", "signal", outage.UnknownCountry, noon)
	bare.Origin, bare.Network, bare.Digest, bare.Problem, bare.CountryFrom = outage.Hash{}, 0, 0, "", outage.FromNothing
	late := report("late", "signal", "DE", noon.Add(-time.Hour))
	late.Outcome, late.ReceivedAt = outage.TooOld, noon
	add(t, a, full)
	add(t, a, bare, late)
	want := map[outage.ID]outage.Logged{full.ID: full, bare.ID: bare, late.ID: late}
	require.Equal(t, want, stored(t, a, noon.Add(time.Minute)))
}

func countsCounted(t *testing.T, opener Opener) {
	a := open(t, opener)
	list := reports(5, "r", "whatsapp", "NL", noon)
	list[1].Outcome, list[2].Outcome = outage.Duplicate, outage.TooOld
	add(t, a, list...)
	require.Equal(t, map[int]int{0: 3}, counts(t, a, "whatsapp", "NL", time.Minute))
	require.Equal(t, map[int]int{0: 3}, counts(t, a, "whatsapp", "NL", 15*time.Minute))
	require.Len(t, stored(t, a, noon), 5)
}

func countsByObservation(t *testing.T, opener Opener) {
	a := open(t, opener)
	late := report("late", "whatsapp", "NL", noon.Add(-time.Millisecond))
	late.ReceivedAt = noon.Add(10 * time.Minute)
	add(t, a, late, report("now", "whatsapp", "NL", noon.Add(59*time.Second)))
	require.Equal(t, map[int]int{-1: 1, 0: 1}, counts(t, a, "whatsapp", "NL", time.Minute))
	require.Equal(t, map[int]int{-15: 1, 0: 1}, counts(t, a, "whatsapp", "NL", 15*time.Minute))
}

func appendsOnce(t *testing.T, opener Opener) {
	a := open(t, opener)
	first := entry("1", reports(3, "a", "whatsapp", "NL", noon)...)
	second := entry("2", reports(2, "b", "whatsapp", "NL", noon)...)
	second.Coverage = []live.Coverage{{Source: outage.SourceForm, Minute: noon}}
	second.Changes = []outage.Change{change("o", "whatsapp", noon, 3, 1, "NL")}
	for range 3 {
		require.NoError(t, a.Append(t.Context(), []live.Entry{first, second, first}))
		require.NoError(t, a.Append(t.Context(), []live.Entry{second}))
	}
	require.Equal(t, map[int]int{0: 5}, counts(t, a, "whatsapp", "*", time.Minute))
	require.Equal(t, map[int]int{0: 5}, counts(t, a, "whatsapp", "*", time.Hour))
	require.Len(t, stored(t, a, noon), 5)
	require.NoError(t, a.Append(t.Context(), nil))
}

// randomLog is a log of some partitions, with outages that go through revisions.
func randomLog(random *rand.Rand, n int) []live.Entry {
	services, countries := []string{"whatsapp", "signal", "telegram"}, []string{"NL", "DE", "ZZ"}
	outcomes := []outage.Outcome{outage.Counted, outage.Counted, outage.Counted, outage.Duplicate, outage.TooOld}
	log := make([]live.Entry, n)
	for i := range log {
		service := services[random.IntN(len(services))]
		e := live.Entry{Partition: live.Partition(service), Epoch: "e1", Position: fmt.Sprintf("%d-0", i)}
		for range random.IntN(6) {
			r := report(fmt.Sprint("r", random.Uint64()), service, countries[random.IntN(len(countries))], noon.Add(time.Duration(random.IntN(3600))*time.Second))
			r.Outcome = outcomes[random.IntN(len(outcomes))]
			e.Reports = append(e.Reports, r)
		}
		if random.IntN(3) == 0 {
			minute := noon.Add(time.Duration(random.IntN(60)) * time.Minute)
			e.Coverage = append(e.Coverage, live.Coverage{Source: outage.SourceAPI, Minute: minute})
		}
		if random.IntN(3) == 0 {
			c := change(service, service, noon, uint64(i/10), uint64(i), countries[:1+random.IntN(3)]...)
			if i > n*9/10 {
				c = ended(c, noon.Add(time.Hour), true)
			}
			e.Changes = append(e.Changes, c)
		}
		log[i] = e
	}
	return log
}

// state is everything that a log leaves behind.
type state struct {
	Reports  map[outage.ID]outage.Logged
	Minutes  map[string]map[int]int
	Quarters map[string]map[int]int
	Covered  []bool
	Outages  []outage.Outage
}

func stateOf(t *testing.T, opener Opener, log [][]live.Entry) state {
	t.Helper()
	a := open(t, opener)
	for _, chunk := range log {
		require.NoError(t, a.Append(t.Context(), chunk))
	}
	s := state{Reports: stored(t, a, noon.Add(time.Hour)), Minutes: map[string]map[int]int{}, Quarters: map[string]map[int]int{}}
	for _, service := range []string{"whatsapp", "signal", "telegram"} {
		for _, country := range []string{"NL", "DE", "ZZ", "*"} {
			s.Minutes[service+country] = counts(t, a, service, country, time.Minute)
			s.Quarters[service+country] = counts(t, a, service, country, 15*time.Minute)
		}
	}
	covered, err := a.Coverage(t.Context(), noon, noon.Add(time.Hour))
	require.NoError(t, err)
	for m := range 60 {
		s.Covered = append(s.Covered, covered.At(noon.Add(time.Duration(m)*time.Minute)))
	}
	s.Outages = allOutages(t, a)
	return s
}

// appendsOnceInAnyOrder compares random overlapping chunks with the model:
// every entry once. Outages come in order within each replay of the log, as
// they do from a log; final ones are the last of their service.
func appendsOnceInAnyOrder(t *testing.T, opener Opener) {
	random := rand.New(rand.NewPCG(7, 11)) //nolint:gosec // a seeded test
	log := randomLog(random, 120)
	var chunks [][]live.Entry
	for at := 0; at < len(log); {
		from := max(0, at-random.IntN(20))
		to := min(len(log), at+1+random.IntN(20))
		chunks = append(chunks, log[from:to])
		at = to
	}
	chunks = append(chunks, log[30:90], log[:50], log)

	got := stateOf(t, opener, chunks)

	wantReports := map[outage.ID]outage.Logged{}
	wantMinutes := map[string]map[int]int{}
	wantOutages := map[outage.ID]outage.Change{}
	covered := make([]bool, 60)
	for _, e := range log {
		for _, r := range e.Reports {
			wantReports[r.ID] = r
			if r.Outcome == outage.Counted {
				for _, country := range []string{r.Country, "*"} {
					key := r.Service + country
					if wantMinutes[key] == nil {
						wantMinutes[key] = map[int]int{}
					}
					wantMinutes[key][int(r.ObservedAt.Truncate(time.Minute).Sub(noon)/time.Minute)]++
				}
			}
		}
		for _, c := range e.Coverage {
			covered[int(c.Minute.Sub(noon)/time.Minute)] = true
		}
		for _, c := range e.Changes {
			if old := wantOutages[c.Outage.ID]; !old.Outage.Final && (old.Outage.ID.IsZero() || c.Supersedes(old)) {
				wantOutages[c.Outage.ID] = c
			}
		}
	}
	require.Equal(t, wantReports, got.Reports)
	require.Equal(t, wantMinutes, got.Minutes)
	for key, minutes := range wantMinutes {
		quarters := map[int]int{}
		for m, n := range minutes {
			quarters[m/15*15] += n
		}
		require.Equal(t, quarters, got.Quarters[key], key)
	}
	require.Equal(t, covered, got.Covered)
	require.Len(t, got.Outages, len(wantOutages))
	for _, o := range got.Outages {
		require.Equal(t, wantOutages[o.ID].Outage, o)
	}
}

func positionsBackward(t *testing.T, opener Opener) {
	a := open(t, opener)
	late := entry("1772625600000-0", report("before the wipe", "whatsapp", "NL", noon))
	early := entry("1772625500000-0", report("after the wipe", "whatsapp", "NL", noon))
	require.NoError(t, a.Append(t.Context(), []live.Entry{late}))
	require.NoError(t, a.Append(t.Context(), []live.Entry{early}))
	require.Equal(t, map[int]int{0: 2}, counts(t, a, "whatsapp", "NL", time.Minute))
}

func manyWriters(t *testing.T, opener Opener) {
	a, b := open(t, opener), open(t, opener)
	var writers sync.WaitGroup
	for w := range 8 {
		writers.Go(func() {
			archive := a
			if w%2 == 1 {
				archive = b
			}
			for i := range 12 {
				// Half of the reports are everybody's, and services come in another order for each.
				var log []live.Entry
				for s := range 6 {
					service := fmt.Sprint("service-", (s*(w+1)+w)%7)
					own := report(fmt.Sprint("own", w, i, s), service, "NL", noon)
					shared := report(fmt.Sprint("shared", i, service), service, "NL", noon)
					log = append(log, entry("1", own, shared))
				}
				if err := archive.Append(t.Context(), log); err != nil {
					t.Errorf("append: %v", err)
				}
			}
		})
	}
	writers.Wait()
	own, shared := 8*12*6, map[string]bool{}
	for w := range 8 {
		for s := range 6 {
			for i := range 12 {
				shared[fmt.Sprint(i, (s*(w+1)+w)%7)] = true
			}
		}
	}
	total := 0
	for s := range 7 {
		minutes := counts(t, a, fmt.Sprint("service-", s), "*", time.Minute)
		require.Equal(t, minutes, counts(t, a, fmt.Sprint("service-", s), "*", time.Hour))
		total += minutes[0]
	}
	require.Equal(t, own+len(shared), total)
}

func strangeText(t *testing.T, opener Opener) {
	a := open(t, opener)
	r := report("strange", "whatsapp", "NL", noon)
	r.Ref, r.Problem = "post\x00\xff", "'; DROP TABLE reports; --"
	add(t, a, r)
	got := stored(t, a, noon)[r.ID]
	require.Equal(t, "post\uFFFD", got.Ref)
	require.Equal(t, r.Problem, got.Problem)
}

func positions(t *testing.T, opener Opener) {
	a := open(t, opener)
	first := entry("7-1", report("r", "whatsapp", "NL", noon))
	first.Changes = []outage.Change{change("o", "whatsapp", noon, 9, 1, "NL")}
	second := live.Entry{Partition: first.Partition, Epoch: "e2", Position: "7-2", Changes: []outage.Change{change("o", "whatsapp", noon, 8, 5, "NL")}}
	require.NoError(t, a.Append(t.Context(), []live.Entry{first}))
	require.NoError(t, a.Append(t.Context(), []live.Entry{second}))
	got, err := a.Positions(t.Context())
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.Equal(t, "e2", got[0].Epoch)
	require.Equal(t, "7-2", got[0].Position)
	require.Equal(t, uint64(9), got[0].Fence)
}

func damaged(t *testing.T, opener Opener) {
	a := open(t, opener)
	good := entry("1", report("r", "whatsapp", "NL", noon))
	for _, bad := range []live.Entry{
		{Partition: 3, Damaged: errors.New("truncated")},
		{Partition: live.Partitions},
		{Partition: -1},
		entry("2", report("timeless", "whatsapp", "NL", time.Time{})), entry("2", report("far", "whatsapp", "NL", noon.AddDate(2500, 0, 0))),
	} {
		require.ErrorIs(t, a.Append(t.Context(), []live.Entry{good, bad}), outage.ErrInvalid)
	}
	require.Empty(t, counts(t, a, "whatsapp", "NL", time.Minute))
}
