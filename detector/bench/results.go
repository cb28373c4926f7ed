package bench

import "fmt"

// Results is everything that the report shows.
type Results struct {
	Plan    Plan
	Years   float64 // series-years of the outage-free test
	Events  int
	Rows    []Summary // Outcry at the shipped bar, then the peers
	Million Summary   // Outcry at the bar of a million series
	Curves  []Curve
	Robust  Robustness
}

// Curve is how a detector does at several thresholds.
type Curve struct {
	Name   string
	Points []Point
}

// Point is one of them. Delay is the median of the strong ones, in minutes.
type Point struct{ False, Recall, Delay float64 }

// Robustness are the rows on what may go wrong. Rates are of false outages.
type Robustness struct {
	Contaminated      Share // recall
	Cold              Rate  // in the first four weeks
	ClockChange       Rate  // in the two weeks after one
	Listened, Silence Rate  // without, and with a week in which nobody listened
	OneReporter       int   // outages from a thousand reports of one reporter
	MillionFalse      int   // false outages of a million series in a day
	MillionSeries     int
}

// results turns sums into rows.
func (g *gathered) results(peers []Peer) *Results {
	r := &Results{Robust: g.robust}
	ours := Curve{Name: "Outcry"}
	for i, bar := range bars {
		row := Summarize(fmt.Sprintf("Outcry, bar %g", bar), g.null[i], g.findings[i])
		switch i {
		case shipped:
			row.Name = "Outcry"
			row.Precision = Share{row.Recall.Part, row.Recall.Part + g.judged.False}
			row.Mixed = g.judged.Mixed
			r.Rows, r.Years, r.Events = append(r.Rows, row), row.False.Years, len(g.findings[i])
		case len(bars) - 1:
			row.Name = "Outcry, bar of a million series"
			r.Million = row
		}
		ours.Points = append(ours.Points, Point{row.False.Value(), row.Recall.Value(), row.Strong[0]})
	}
	r.Curves = append(r.Curves, ours)
	for i, peer := range peers {
		r.addPeer(peer, &g.peers[i])
	}
	return r
}

// rates are the false alarms a series-year at which a peer's curve is drawn.
var rates = [...]float64{0.2, 0.1, 0.05, allowed, 0.005, 0.002} //nolint:gochecknoglobals // a constant table

func (r *Results) addPeer(peer Peer, sums *peerSums) {
	sortDown(sums.tuning)
	sortDown(sums.null)
	curve := Curve{Name: peer.Name}
	for _, wanted := range rates {
		at := threshold(sums.tuning, int(wanted*sums.tuningYears))
		falseAlarms := Rate{alarms(sums.null, at), sums.nullYrs}
		var findings []Finding
		wrong := 0
		for _, h := range sums.heard {
			findings = append(findings, h.findings(at)...)
			wrong += alarms(h.blocks, at)
		}
		row := Summarize(peer.Name, falseAlarms, findings)
		row.Precision = Share{row.Recall.Part, row.Recall.Part + wrong}
		curve.Points = append(curve.Points, Point{falseAlarms.Value(), row.Recall.Value(), row.Strong[0]})
		if wanted == allowed {
			r.Rows = append(r.Rows, row)
		}
	}
	r.Curves = append(r.Curves, curve)
}
