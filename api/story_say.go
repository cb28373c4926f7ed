package api

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/outage"
)

// teller says in a language what was heard, and not more than is known.
type teller struct {
	*web.Language
	now  time.Time
	name func(slug string) string
}

func (a *API) teller(tag string) teller {
	return teller{Language: a.pages.In(tag), now: a.now(), name: frontView{a: a}.name}
}

// text says a value as the language does; what cannot be said is nothing.
func (t teller) text(value any) string {
	text, err := t.Text(value)
	if err != nil {
		return ""
	}
	return text
}

// when is a time with its date.
func (t teller) when(at time.Time) string { return t.text(at.UTC()) }

// sentence may be quoted: when, of what, where, and how many.
func (t teller) sentence(s story) string {
	o := s.Outage
	said := t.spell(o) + t.T("outage.peak", o.Peak.ReportsPerMinute, web.Usual(usualPerMinute(o)))
	if pause := calm(o, t.now); pause >= time.Minute {
		said += " " + t.T("outage.pause", pause)
	}
	if o.State == outage.Ongoing {
		said += " " + t.T("outage.goes_on", t.when(t.now.Truncate(time.Minute)))
	}
	switch {
	case s.standing.Retracted:
		said += " " + t.T("outage.was_retracted")
	case s.standing.MergedInto != nil:
		said += " " + t.T("outage.was_merged")
	}
	return said
}

// spell says when and where people reported what.
func (t teller) spell(o outage.Outage) string {
	name, where := t.name(o.Service), t.where(o)
	if o.State == outage.Ongoing || o.EndedAt == nil {
		return t.T("outage.since", t.when(o.StartedAt), name, where)
	}
	from, to := o.StartedAt.UTC(), o.EndedAt.UTC()
	if t.Date(from) == t.Date(to) {
		clock := strings.TrimSuffix(t.Clock(from), " UTC")
		return t.T("outage.between", clock, t.Clock(to), web.Day(from), name, where)
	}
	return t.T("outage.between_days", t.when(from), t.when(to), name, where)
}

// where says in which countries an outage was felt, the one hit hardest first.
func (t teller) where(o outage.Outage) string {
	var known []string
	unknown := false
	for _, impact := range byWeight(o.Impacts) {
		switch impact.Country {
		case outage.AllCountries:
			return t.T("outage.everywhere")
		case outage.UnknownCountry:
			unknown = true
		default:
			known = append(known, impact.Country)
		}
	}
	switch {
	case len(known) == 0:
		return t.T("outage.nowhere")
	case len(known) <= namedCountries && unknown:
		return t.T("outage.in_and_elsewhere", web.Countries(known))
	case len(known) <= namedCountries:
		return t.T("outage.in", web.Countries(known))
	case unknown:
		return t.T("outage.in_many_and_elsewhere", len(known), web.Country(known[0]))
	default:
		return t.T("outage.in_many", len(known), web.Country(known[0]))
	}
}

// roughly says where an outage was felt, in few words.
func (t teller) roughly(o outage.Outage) string {
	known := 0
	for _, impact := range o.Impacts {
		if impact.Country != outage.UnknownCountry && impact.Country != outage.AllCountries {
			known++
		}
	}
	if known > namedCountries {
		return t.T("outage.in_n", known)
	}
	return t.where(o)
}

// namedCountries is up to how many countries a sentence names.
const namedCountries = 3

// title is a headline: of what, and where.
func (t teller) title(s story) string {
	title := t.T("outage.title", t.name(s.Service), t.roughly(s.Outage))
	if s.standing.Retracted {
		return t.T("outage.retracted_title", title)
	}
	return title
}

// period says when an outage was.
func (t teller) period(o outage.Outage) string {
	if o.EndedAt == nil {
		return t.T("outage.period_since", t.when(o.StartedAt))
	}
	from, to := o.StartedAt.UTC(), o.EndedAt.UTC()
	clock := strings.TrimSuffix(t.Clock(from), " UTC")
	if t.Date(from) == t.Date(to) {
		return t.T("outage.period", t.Date(from)+", "+clock, t.Clock(to))
	}
	return t.T("outage.period", t.Date(from)+", "+clock, t.when(to))
}

// run says one time of an impact, with a date only where it is not that of the day.
func (t teller) run(run outage.Interval, ongoing bool, day time.Time) string {
	from := web.Moment{At: run.StartedAt, Now: day}
	if ongoing {
		return t.T("outage.run_since", t.Short(from))
	}
	return t.T("outage.run", t.Short(from), t.Short(web.Moment{At: run.EndedAt, Now: run.StartedAt}))
}

// evidence explains what made the detector decide, in the words of outcry explain.
func (t teller) evidence(o outage.Outage, impact outage.Impact) []string {
	e := impact.Evidence
	if e.WindowMinutes < 1 || e.Reporters < 1 {
		return nil
	}
	said := []string{t.T("outage.heard", e.Reporters, e.WindowMinutes, t.amount(e.Expected), t.amount(e.Tolerated))}
	if e.Origins > 0 {
		said = append(said, t.T("outage.origins", t.T("outage.origins_n", e.Origins), t.T("outage.networks_n", e.Networks), t.T("outage.sources_n", e.Sources)))
	}
	said = append(said, t.T("outage.chance", t.oneIn(e.Score), t.amount(e.Score), t.amount(e.Bar)))
	if late := impact.DetectedAt.Sub(impact.StartedAt); late >= time.Minute {
		said = append(said, t.T("outage.detected_after", t.when(impact.DetectedAt), late))
	} else {
		said = append(said, t.T("outage.detected", t.when(impact.DetectedAt)))
	}
	if e.LevelPerMinute > 0 {
		said = append(said, t.T("outage.level", t.amount(e.LevelPerMinute)))
	}
	if len(impact.Intervals) > 0 {
		said = append(said, t.T("outage.came_back", len(impact.Intervals)))
	}
	if o.Superseded != nil && impact.Country == outage.AllCountries {
		said = append(said, t.T("outage.superseded"))
	}
	return said
}

// amount gives a figure with the digits that a reader wants.
func (t teller) amount(x float64) string {
	const small = .1
	if x > 0 && x < small {
		return "< " + t.Decimal(small)
	}
	return t.Decimal(x)
}

// oneIn says how many times one must look for something so rare to be seen
// once by chance: e to the power of nats.
func (t teller) oneIn(nats float64) string {
	const plain = 16 // e^16 is about nine million
	if math.IsNaN(nats) || nats < 0 {
		return "1"
	}
	if nats < plain {
		n := math.Exp(nats)
		digits := math.Pow(10, math.Floor(math.Log10(n))-1)
		return t.Num(int(math.Round(n/digits) * digits))
	}
	power := strconv.Itoa(int(min(nats, math.MaxInt32) / math.Ln10))
	return "10" + strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹").Replace(power)
}
