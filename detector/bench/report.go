package bench

import (
	"fmt"
	"io"
	"strings"
)

// Report writes the results as Markdown.
func (r *Results) Report(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, `# How well outages are detected

    make bench-detection

wrote this page and its pictures. The work is simulated (package detector/bench/sim says how):
%d outages of services in ten countries each, and %.0f outage-free series-years. In brackets are 95 %% intervals:
Wilson's for shares, Garwood's for rates. Every peer has the threshold at which it raises at most %s false
alarms a series-year on other outage-free worlds; Outcry runs as it is shipped.

`, r.Events, r.Years, thousandths(allowed))
	r.table(&b)
	r.timing(&b)
	r.robustness(&b)
	b.WriteString(`## The peers

`)
	for _, peer := range Peers() {
		fmt.Fprintf(&b, "- **%s**: %s\n", peer.Name, peer.About)
	}
	b.WriteString(`
Outages that rise for half an hour or more (slow leaks) and those of five minutes (short spikes) are part of the
recall. *Strong* ones reach two a minute and eight times the usual, and are not slow leaks; one that
was missed counts as never. *Big fast* ones also reach 20 a minute within two minutes. An alarm comes at the end of a minute of counts,
so "within 1 minute" means by its first. A service's alarms within six hours are one. Precision is the outages found, out of these and the false alarms between them.
`)
	fmt.Fprintf(&b, `
False alarms are counted on %d outage-free worlds of half a year for Outcry, on the first %d of them for the peers, and on the first %d for
Outcry's row for a million series. Outcry's bar and its baseline were chosen on worlds of other seeds (decision 0008).
`, r.Plan.Null, min(r.Plan.Tuning, r.Plan.Null), r.Plan.Robust)
	return write(out, b.String())
}

func write(out io.Writer, text string) error {
	if _, err := io.WriteString(out, text); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (r *Results) table(b *strings.Builder) {
	b.WriteString(`| detector | false alarms a series-year | recall | recall, peak < 2/min | strong ones: delay p50/p90, min | big fast ones: within 1 min | within 2 min | slow leaks | short spikes | precision |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
`)
	for i, row := range r.Rows {
		name := row.Name
		if i == 0 {
			name = "**" + name + "**"
		}
		r.row(b, name, row)
		if i == 0 {
			million := r.Million
			r.row(b, million.Name, million)
		}
	}
	b.WriteString("\n![Recall against false alarms](detection-recall.svg)\n\n![Delay against false alarms](detection-delay.svg)\n\n")
}

func (r *Results) row(b *strings.Builder, name string, row Summary) {
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s/%s | %s | %s | %s | %s | %s |\n", name, row.False, row.Recall, row.Small,
		minutesText(row.Strong[0]), minutesText(row.Strong[1]), row.Fast[0], row.Fast[1], row.Leaks, row.Spikes, row.Precision)
}

func (r *Results) timing(b *strings.Builder) {
	ours := r.Rows[0]
	fmt.Fprintf(b, `## What only outages have

| Outcry | |
| --- | --- |
| outages noticed in several countries that are one outage object | %s |
| outage objects that mix two outages | %d |
| countries of those outages, of at least .5 a minute and three times the usual, that are told | %s |
| onset: error p50/p90, min | %s/%s |
| `+"`ended_at`"+`: error p50/p90, min | %s/%s |
| `+"`closed_at`"+` after `+"`ended_at`"+`, p50, min | %s |
| flaps: outages told in several pieces | %s |

`, ours.Grouped, ours.Mixed, ours.Countries, minutesText(ours.Onset[0]), minutesText(ours.Onset[1]), minutesText(ours.End[0]), minutesText(ours.End[1]),
		minutesText(ours.Closed), ours.Flaps)
}

func (r *Results) robustness(b *strings.Builder) {
	ours, x := r.Rows[0], r.Robust
	fmt.Fprintf(b, `## What may go wrong

| | as it is | then |
| --- | --- | --- |
| a tenth of each history is outages that nobody labelled: recall | %s | %s |
| a cold start, without any history, its first four weeks: false outages a series-year | %s | %s |
| one reporter, a thousand times within an hour: outages | | %d |
| clock changes: false outages within two weeks of one | | %d in %.0f such series-years |
| a week in which nobody listened, in %.0f series-years: false outages | %d | %d |
`, ours.Recall, x.Contaminated, ours.False, x.Cold, x.OneReporter, x.ClockChange.Events, x.ClockChange.Years, x.Listened.Years, x.Listened.Events, x.Silence.Events)
	if x.MillionSeries > 0 {
		fmt.Fprintf(b, "| %d series of an installation of a million, for a day without an outage: false outages | | %d |\n", x.MillionSeries, x.MillionFalse)
	}
	b.WriteString("\n")
}
