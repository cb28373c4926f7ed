package api

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/gin-gonic/gin"

	"github.com/outcryhq/outcry/api/web"
	"github.com/outcryhq/outcry/pkg/archive"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
	"github.com/outcryhq/outcry/pkg/problem"
)

const (
	// feedEntries is how many outages a feed has, the newest.
	feedEntries = 50
	// keepFeed is how long a feed may be kept.
	keepFeed = time.Minute
)

// feed is a list of outages before it is written in one of the formats. Its texts
// have no characters that XML cannot hold.
type feed struct {
	title, subtitle, lang string
	self, page            string // absolute
	updated               time.Time
	entries               []feedEntry
}

type feedEntry struct {
	id, title, summary, page, picture string
	said                              []string // what was said of it afterwards
	published, updated                time.Time
	service                           string
	countries                         []string
}

// mountFeeds adds the feeds of all outages, of each service and of each country.
func (a *API) mountFeeds(router gin.IRouter) {
	for path, answer := range map[string]gin.HandlerFunc{
		"/feeds/outages":              a.feedOfAll,
		"/services/:service/outages":  a.feedOfService,
		"/countries/:country/outages": a.feedOfCountry,
	} {
		router.GET(path+".atom", answer)
		router.GET(path+".json", answer)
	}
}

func (a *API) feedOfAll(c *gin.Context) {
	a.feed(c, archive.OutageFilter{}, "/", func(t teller) string { return t.T("feed.title") })
}

func (a *API) feedOfService(c *gin.Context) {
	service, err := a.service(c.Param("service"))
	if err != nil {
		problem.Write(c, err)
		return
	}
	a.feed(c, archive.OutageFilter{Service: service.Slug}, "/services/"+service.Slug, func(t teller) string {
		return t.T("feed.title_of", service.Name)
	})
}

func (a *API) feedOfCountry(c *gin.Context) {
	code, ok := place.Normalize(c.Param("country"))
	if !ok {
		problem.Write(c, problem.New(outage.ErrNotFound, "there is no country with this code; expected an ISO 3166-1 alpha-2 code such as ID"))
		return
	}
	a.feed(c, archive.OutageFilter{Country: code}, "/countries/"+code, func(t teller) string {
		return t.T("feed.title_in", web.Country(code))
	})
}

// feed answers with the newest outages. Its language is part of its address, as
// programs fetch it.
func (a *API) feed(c *gin.Context, filter archive.OutageFilter, page string, title func(teller) string) {
	q := queryOf(c, "lang")
	t := a.teller(oneOf(q, "lang", web.English, web.Indonesian))
	if q.err != nil {
		problem.Write(c, q.err)
		return
	}
	filter.Limit = feedEntries
	list, err := a.outages(c.Request.Context(), outageQuery{OutageFilter: filter})
	if err != nil {
		problem.Write(c, err)
		return
	}
	f := feed{
		title: legible(title(t)), subtitle: legible(t.T("feed.subtitle")), lang: t.Tag(),
		self: a.origin(c) + c.Request.URL.EscapedPath(), page: a.origin(c) + page, updated: t.now.UTC().Truncate(24 * time.Hour),
	}
	if t.Tag() != web.English {
		f.self += "?lang=" + t.Tag()
	}
	if !list.Complete {
		f.subtitle += " " + legible(t.T("feed.incomplete"))
	}
	for _, s := range a.withRemarks(c.Request.Context(), list.Outages) {
		f.entries = append(f.entries, t.entry(a.origin(c), s))
	}
	if len(f.entries) > 0 {
		f.updated = slices.MaxFunc(f.entries, func(a, b feedEntry) int { return a.updated.Compare(b.updated) }).updated
	}
	body, mediaType, err := f.write(strings.HasSuffix(c.FullPath(), ".json"))
	if err != nil {
		problem.Write(c, err)
		return
	}
	respond(c, keepFeed, mediaType, body)
}

// entry is an outage in a feed. What changes with every minute of an outage that
// goes on is not in it: readers would be told again and again.
func (t teller) entry(origin string, s story) feedEntry {
	page := origin + "/outages/" + s.ID.String()
	e := feedEntry{
		id: "urn:uuid:" + s.ID.String(), title: legible(t.title(s)), page: page, picture: page + "/chart.png",
		published: s.DetectedAt.UTC(), updated: s.changed(), service: legible(t.name(s.Service)),
	}
	if t.Tag() != web.English {
		e.picture += "?lang=" + t.Tag()
	}
	if s.State == outage.Ongoing {
		e.summary = legible(t.spell(s.Outage) + ".")
	} else {
		e.summary = legible(t.sentence(s))
	}
	for _, r := range s.remarks {
		e.said = append(e.said, legible(t.remarked(s, r)))
	}
	for _, impact := range s.Impacts {
		if impact.Country != outage.AllCountries && impact.Country != outage.UnknownCountry {
			e.countries = append(e.countries, impact.Country)
		}
	}
	return e
}

// remarked says a remark in one text.
func (t teller) remarked(s story, r outage.Remark) string {
	var said string
	switch r.Kind {
	case outage.Acknowledgement:
		ack := t.acknowledgement(s, r)
		said = ack.Head + ", " + ack.After + ": " + r.Text
	case outage.Retraction:
		said = t.T("outage.retracted") + ". " + t.T("outage.reason", t.when(r.At), r.Text)
	case outage.Merge:
		said = t.T("outage.merged") + ". " + t.T("outage.reason", t.when(r.At), r.Text)
	case outage.Note:
		said = t.T("outage.note", t.when(r.At)) + ": " + r.Text
	}
	if r.Link != "" {
		said += " (" + r.Link + ")"
	}
	return said
}

// legible drops what XML 1.0 cannot hold, and white space that is not one space.
func legible(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}

// html is the entry for readers that show more than text.
func (e feedEntry) html() string {
	var b strings.Builder
	for _, text := range append([]string{e.summary}, e.said...) {
		b.WriteString("<p>" + template.HTMLEscapeString(text) + "</p>")
	}
	b.WriteString(`<p><a href="` + template.HTMLEscapeString(e.page) + `"><img src="` + template.HTMLEscapeString(e.picture) +
		`" alt="` + template.HTMLEscapeString(e.summary) + `" width="600" height="315"></a></p>`)
	return b.String()
}

func (e feedEntry) text() string { return strings.Join(append([]string{e.summary}, e.said...), "\n\n") }

// write encodes the feed.
func (f feed) write(asJSON bool) (body []byte, mediaType string, err error) {
	if asJSON {
		body, err = json.Marshal(f.json())
		if err != nil {
			return nil, "", fmt.Errorf("encode feed: %w", err)
		}
		return append(body, '\n'), "application/feed+json; charset=utf-8", nil
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(f.atom()); err != nil {
		return nil, "", fmt.Errorf("encode feed: %w", err)
	}
	b.WriteByte('\n')
	return b.Bytes(), "application/atom+xml; charset=utf-8", nil
}
