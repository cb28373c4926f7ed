package detector

import (
	"context"

	"github.com/outcryhq/outcry/detector/detect"
	"github.com/outcryhq/outcry/pkg/baseline"
	"github.com/outcryhq/outcry/pkg/live"
)

// lend gives a function a detector, under whatever lock it needs.
type lend func(func(*detect.Detector))

// shareCountries tells each of the detectors what the other 63 partitions know
// of the countries' habits: those of this process by asking, the rest from
// their saved baselines.
func (r *Runner) shareCountries(ctx context.Context, mine map[int]lend) error {
	known := make([]baseline.Countries, live.Partitions)
	for p := range known {
		if use, ok := mine[p]; ok {
			use(func(d *detect.Detector) { known[p] = d.Countries() })
			continue
		}
		saved, err := r.recall(ctx, p)
		if err != nil {
			return err
		}
		known[p] = saved.Countries()
	}
	others := mergeOthers(known)
	for p, use := range mine {
		use(func(d *detect.Detector) { d.ShareCountries(others[p]) })
	}
	return nil
}

// mergeOthers returns, for each element, all the others merged: what lies
// before it joined with what lies after it, so that the work is linear.
func mergeOthers(known []baseline.Countries) []baseline.Countries {
	others := make([]baseline.Countries, len(known))
	var before baseline.Countries
	for i := range known {
		others[i].Merge(before)
		before.Merge(known[i])
	}
	var after baseline.Countries
	for i := len(known) - 1; i >= 0; i-- {
		others[i].Merge(after)
		after.Merge(known[i])
	}
	return others
}
