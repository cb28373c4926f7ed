package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// present is what the live state says at one moment.
type present struct {
	at       time.Time       // when it was read
	outages  []outage.Outage // open and recent, newest first
	spikes   []outage.Spike  // strongest first
	watched  bool            // every partition has a detector that publishes what it sees
	watching int             // how many have

	byService map[string]troubles
}

// troubles is what is abnormal in one service.
type troubles struct {
	ongoing *outage.Outage
	spikes  map[string]outage.Spike // by country, "*" included
}

// readPresent reads the live state whole.
func (a *API) readPresent(ctx context.Context) (present, error) {
	began := a.now()
	var changes []outage.Change
	var views []live.View
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		changes, err = a.live.Outages(ctx)
		return err
	})
	group.Go(func() (err error) {
		views, err = a.live.Views(ctx)
		return err
	})
	if err := group.Wait(); err != nil {
		return present{}, fmt.Errorf("read live state: %w", err)
	}
	a.seenAt(began)
	read := newPresent(changes, views, a.standings(ctx))
	read.at = began
	return read, nil
}

func newPresent(changes []outage.Change, views []live.View, known standings) present {
	p := present{
		watched: len(views) >= live.Partitions, watching: len(views),
		byService: map[string]troubles{},
	}
	newest := make(map[outage.ID]outage.Change, len(changes))
	for _, change := range changes {
		if old, ok := newest[change.Outage.ID]; !ok || change.Supersedes(old) {
			newest[change.Outage.ID] = change
		}
	}
	for _, change := range newest {
		p.outages = append(p.outages, change.Outage)
	}
	slices.SortFunc(p.outages, newestFirst)
	disowned := map[string]*outage.Outage{} // what an operator has retracted, or made part of another
	for i := range p.outages {
		o := &p.outages[i]
		if o.State != outage.Ongoing {
			continue
		}
		if !known.of[o.ID].Counts() {
			disowned[o.Service] = o
		} else {
			t := p.of(o.Service)
			if t.ongoing == nil {
				t.ongoing = o
			}
			p.byService[o.Service] = t
		}
	}
	for _, view := range views {
		p.spikes = append(p.spikes, view.Spikes...)
	}
	slices.SortFunc(p.spikes, strongestFirst)
	for _, spike := range p.spikes {
		if o := disowned[spike.Service]; o != nil && (spike.Country == outage.AllCountries || touches(*o, spike.Country)) {
			continue // it is known what to think of it
		}
		t := p.of(spike.Service)
		t.spikes[spike.Country] = spike
		p.byService[spike.Service] = t
	}
	return p
}

func (p present) of(service string) troubles {
	t, ok := p.byService[service]
	if !ok {
		t.spikes = map[string]outage.Spike{}
	}
	return t
}

// newestFirst is the order of the archive: by (started_at, id), falling.
func newestFirst(a, b outage.Outage) int {
	return cmp.Or(b.StartedAt.Compare(a.StartedAt), slices.Compare(b.ID[:], a.ID[:]))
}

func strongestFirst(a, b outage.Spike) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Country, b.Country))
}

// status says what is known of a series; known says that enough has been heard
// and listened to for its silence to mean something.
func (p present) status(s outage.Series, known bool) outage.Status {
	t := p.byService[s.Service]
	if s.Country == outage.AllCountries && t.ongoing != nil {
		return outage.StatusProblem
	}
	if impact := t.impact(s.Country); impact != nil && impact.State == outage.Ongoing {
		return outage.StatusProblem
	}
	status := outage.StatusUnknown
	if known {
		status = outage.StatusOK
	}
	for country, spike := range t.spikes {
		if country == s.Country || s.Country == outage.AllCountries {
			status = worse(status, spike.Status)
		}
	}
	return status
}

// impact returns the ongoing outage's part in a country, nil if it has none there.
func (t troubles) impact(country string) *outage.Impact {
	if t.ongoing == nil {
		return nil
	}
	for i := range t.ongoing.Impacts {
		if t.ongoing.Impacts[i].Country == country {
			return &t.ongoing.Impacts[i]
		}
	}
	return nil
}

// countries lists the countries with trouble, by code; "*" is not one.
func (t troubles) countries() []string {
	var codes []string
	if t.ongoing != nil {
		for _, impact := range t.ongoing.Impacts {
			if impact.State == outage.Ongoing {
				codes = append(codes, impact.Country)
			}
		}
	}
	for code := range t.spikes {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	codes = slices.Compact(codes)
	return slices.DeleteFunc(codes, func(code string) bool { return code == outage.AllCountries })
}

// worse returns the graver of two statuses.
func worse(a, b outage.Status) outage.Status {
	for _, status := range []outage.Status{outage.StatusProblem, outage.StatusPossible, outage.StatusOK} {
		if a == status || b == status {
			return status
		}
	}
	return outage.StatusUnknown
}
