package api

import (
	"cmp"
	"slices"
	"time"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

// frontView turns what is known into what the front page shows.
type frontView struct {
	picture
	a *API
}

func (v frontView) moment(t time.Time) web.Moment { return web.Moment{At: t, Now: v.now} }

// asOf is when a page was made. It names the minute: a page in which nothing
// else has changed within it is the same page.
func (v frontView) asOf() web.Moment { return v.moment(v.now.UTC().Truncate(time.Minute)) }

// name is the name of a service; recorded counts may have services that the
// catalog has not.
func (v frontView) name(slug string) string {
	if service, ok := v.a.catalog.Service(slug); ok {
		return service.Name
	}
	return slug
}

// card shows an ongoing outage: the countries that it hits hardest first.
func (v frontView) card(o outage.Outage) web.Outage {
	card := web.Outage{
		ID: o.ID.String(), Slug: o.Service, Name: v.name(o.Service),
		Since: v.moment(o.StartedAt), Reports: o.Reports,
		Peak: o.Peak.ReportsPerMinute, PeakAt: v.moment(o.Peak.At),
		Usual: web.Usual(usualDuring(o, v.now)), PeakUsual: web.Usual(usualPerMinute(o)), Recent: -1,
	}
	impacts := byWeight(o.Impacts)
	if len(impacts) == 1 { // its figures are those of the whole
		card.Where = codes(impacts)
		return card
	}
	for i, impact := range impacts {
		if i == web.MaxCountries {
			card.More = codes(impacts[i:])
			break
		}
		line := web.Impact{
			Country: impact.Country, Since: v.moment(impact.StartedAt),
			Peak: impact.Peak.ReportsPerMinute, Usual: web.Brief(impact.BaselinePerMinute),
		}
		if impact.EndedAt != nil {
			until := v.moment(*impact.EndedAt)
			line.Until = &until
		}
		card.Countries = append(card.Countries, line)
	}
	return card
}

// byWeight sorts a copy: what goes on before what is over, then by peak.
func byWeight(impacts []outage.Impact) []outage.Impact {
	impacts = slices.Clone(impacts)
	slices.SortStableFunc(impacts, func(a, b outage.Impact) int {
		return cmp.Or(
			cmp.Compare(b.State, a.State), // "ongoing" sorts behind "ended"
			cmp.Compare(b.Peak.ReportsPerMinute, a.Peak.ReportsPerMinute),
			cmp.Compare(a.Country, b.Country))
	})
	return impacts
}

func (v frontView) ended(o outage.Outage) web.Ended {
	end := o.StartedAt
	if o.EndedAt != nil {
		end = *o.EndedAt
	}
	return web.Ended{
		ID: o.ID.String(), Slug: o.Service, Name: v.name(o.Service), Where: codes(byWeight(o.Impacts)),
		From: v.moment(o.StartedAt), Lasted: end.Sub(o.StartedAt),
		Peak: o.Peak.ReportsPerMinute, Usual: web.Usual(usualPerMinute(o)),
	}
}

// usualPerMinute is how many reports a minute are usual where an outage is felt,
// as it was when that was noticed.
func usualPerMinute(o outage.Outage) float64 {
	var sum float64
	for _, impact := range o.Impacts {
		sum += impact.BaselinePerMinute
	}
	return sum
}

// usualDuring is how many reports would have been usual in the times that an
// outage's reports are counted in.
func usualDuring(o outage.Outage, now time.Time) float64 {
	var sum float64
	for _, impact := range o.Impacts {
		end := now
		if impact.EndedAt != nil {
			end = *impact.EndedAt
		}
		lasted := end.Sub(impact.StartedAt)
		for _, run := range impact.Intervals {
			lasted += run.EndedAt.Sub(run.StartedAt)
		}
		sum += impact.BaselinePerMinute * max(lasted, 0).Minutes()
	}
	return sum
}

// possible lists the services that look unusual, each once, with their strongest
// spike. Those that have an outage already are left out.
func (v frontView) possible() (rows []web.Possible, more int) {
	places := map[string][]string{}
	var strongest []outage.Spike
	for _, spike := range v.spikes {
		trouble := v.byService[spike.Service]
		if _, heeded := trouble.spikes[spike.Country]; trouble.ongoing != nil || !heeded {
			continue
		}
		if _, seen := places[spike.Service]; !seen {
			strongest = append(strongest, spike)
		}
		places[spike.Service] = append(places[spike.Service], spike.Country)
	}
	for i, spike := range strongest {
		if i == web.MaxPossible {
			return rows, len(strongest) - i
		}
		window := widest(spike.Windows)
		rows = append(rows, web.Possible{
			Slug: spike.Service, Name: v.name(spike.Service), Where: whereOf(spike, places[spike.Service]),
			Since: v.moment(spike.Since), Reports: window.Reports, Minutes: window.Minutes,
			Usual: web.Usual(window.Expected),
		})
	}
	return rows, 0
}

// whereOf names the country of a service's strongest spike, whose figures are
// shown, and counts the others.
func whereOf(spike outage.Spike, all []string) web.Text {
	others := len(all) - 1
	if slices.Contains(all, outage.AllCountries) && spike.Country != outage.AllCountries {
		others--
	}
	if others == 0 || spike.Country == outage.AllCountries {
		return web.Say("where.only", web.Country(spike.Country))
	}
	return web.Say("where.and_more", web.Country(spike.Country), others)
}

// widest returns the window of a quarter of an hour, or the last one below it.
func widest(windows []outage.WindowCount) outage.WindowCount {
	var best outage.WindowCount
	for _, w := range windows {
		if w.Minutes > best.Minutes && w.Minutes <= 15 {
			best = w
		}
	}
	return best
}

func codes(impacts []outage.Impact) []string {
	codes := make([]string, len(impacts))
	for i, impact := range impacts {
		codes[i] = impact.Country
	}
	return codes
}

// ongoing returns the outages that go on and count, the highest peaks first.
func (p picture) ongoing() []outage.Outage {
	var found []outage.Outage
	for _, trouble := range p.byService {
		if trouble.ongoing != nil {
			found = append(found, *trouble.ongoing)
		}
	}
	slices.SortFunc(found, newestFirst)
	slices.SortStableFunc(found, func(a, b outage.Outage) int {
		return cmp.Compare(b.Peak.ReportsPerMinute, a.Peak.ReportsPerMinute)
	})
	return found
}

// categories counts the services of each kind, and those that fail.
func (v frontView) categories(ongoing []outage.Outage) []web.Category {
	failing := map[string]bool{}
	for _, o := range ongoing {
		failing[o.Service] = true
	}
	at := map[string]int{}
	var list []web.Category
	for _, service := range v.a.catalog.Services() {
		i, seen := at[service.Category]
		if !seen {
			i = len(list)
			at[service.Category] = i
			list = append(list, web.Category{Slug: service.Category})
		}
		list[i].Services++
		if failing[service.Slug] {
			list[i].Trouble++
		}
	}
	slices.SortFunc(list, func(a, b web.Category) int {
		return cmp.Or(cmp.Compare(b.Services, a.Services), cmp.Compare(a.Slug, b.Slug))
	})
	return list
}

// worldMap counts the services that fail in each country.
func (v frontView) worldMap(ongoing []outage.Outage) web.Map {
	outages := map[string]int{}
	for _, o := range ongoing {
		for _, impact := range o.Impacts {
			if impact.State == outage.Ongoing && place.Valid(impact.Country) && impact.Country != outage.UnknownCountry {
				outages[impact.Country]++
			}
		}
	}
	return web.NewMap(outages)
}
