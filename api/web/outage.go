package web

import (
	"html/template"
	"net/url"
	"strconv"
	"time"

	"github.com/outcryhq/outcry/pkg/outage"
)

// The pages of single outages. Their texts are said already, since most of them
// are also said elsewhere: in feeds, pictures and citations.
const (
	PageOutage = "outage"       // takes an OutagePage
	PageEmbed  = "outage_embed" // takes an OutagePage
)

// OutagePage is what the pages "outage" and "outage_embed" are rendered with.
type OutagePage struct {
	Title string
	// Lang is the reader's, for the addresses of pictures.
	Lang string
	// Minute is the one that a page shows of an outage that goes on, in minutes
	// since 1970: its pictures change with it. 0 for a picture that stays.
	Minute int64
	// Base begins absolute addresses, such as "https://outcry.example".
	Base             string
	ID, Slug, Name   string
	State            outage.State
	Final, Counts    bool
	Banners          []Banner
	Notes            []string
	Sentence, Period string
	Lasted           time.Duration
	Reports, Peak    int
	PeakAt           Moment
	Usual            Usual
	Rows             []OutageRow
	Company, Remarks []Remark
	Before           []Before
	BeforeAway       bool
	Cite             Citation
	Frame            string // HTML to paste
	BadgeCode        string // HTML to paste
	// Structured is the page for search engines (schema.org, JSON-LD).
	Structured any
}

// Self is the page's own address, for citing and sharing.
func (p OutagePage) Self() string { return p.Base + "/outages/" + p.ID }

// Chart is the address of a chart of the whole outage in the reader's language.
func (p OutagePage) Chart(kind string) template.URL {
	return template.URL(p.chart(kind)) //nolint:gosec // an id and words of ours
}

func (p OutagePage) chart(kind string) string {
	query := url.Values{}
	if kind == "narrow" {
		query.Set("size", kind)
		kind = "svg"
	}
	if p.Lang != English {
		query.Set("lang", p.Lang)
	}
	if p.Minute != 0 && kind == "svg" {
		query.Set("minute", strconv.FormatInt(p.Minute, 10))
	}
	address := "/outages/" + p.ID + "/chart." + kind
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	return address
}

// Card is the absolute address of the picture for social networks.
func (p OutagePage) Card() string { return p.Base + p.chart("png") }

// Banner says that an outage does not count as it stands.
type Banner struct {
	Title, Text, Reason string
	Link, LinkText      string // "" for none
}

// OutageRow is an impact.
type OutageRow struct {
	Country string // code
	Runs    []string
	Reports int
	Peak    int
	PeakAt  string
	Usual   Brief
	// Chart is the address of its chart, on the scale of all; "" where there is one only.
	Chart    template.URL
	Evidence []string
}

// Remark is something that was said of an outage afterwards.
type Remark struct {
	Head  string
	After string // how long after the first reports, "" for notes
	Texts []string
	Link  string
}

// Before is an earlier outage.
type Before struct {
	ID, Text string
}

// Citation is how to cite an outage.
type Citation struct {
	Plain, BibTeX, CSL string
}
