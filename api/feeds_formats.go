package api

import (
	"encoding/xml"
	"time"
)

// Atom, RFC 4287.

type atomFeed struct {
	XMLName   xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang      string      `xml:"xml:lang,attr"`
	ID        string      `xml:"id"`
	Title     string      `xml:"title"`
	Subtitle  string      `xml:"subtitle"`
	Updated   string      `xml:"updated"`
	Author    atomPerson  `xml:"author"`
	Generator string      `xml:"generator"`
	Links     []atomLink  `xml:"link"`
	Entries   []atomEntry `xml:"entry"`
}

type atomPerson struct {
	Name string `xml:"name"`
	URI  string `xml:"uri,omitempty"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID         string         `xml:"id"`
	Title      string         `xml:"title"`
	Published  string         `xml:"published"`
	Updated    string         `xml:"updated"`
	Links      []atomLink     `xml:"link"`
	Categories []atomCategory `xml:"category"`
	Summary    string         `xml:"summary"`
	Content    atomText       `xml:"content"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

const (
	typeHTML = "text/html"
	typeAtom = "application/atom+xml"
)

func (f feed) atom() atomFeed {
	written := atomFeed{
		Lang: f.lang, ID: f.self, Title: f.title, Subtitle: f.subtitle, Updated: f.updated.Format(time.RFC3339),
		Author: atomPerson{Name: "Outcry"}, Generator: "Outcry",
		Links: []atomLink{{"self", typeAtom, f.self}, {"alternate", typeHTML, f.page}},
	}
	for _, e := range f.entries {
		entry := atomEntry{
			ID: e.id, Title: e.title, Published: e.published.Format(time.RFC3339), Updated: e.updated.Format(time.RFC3339),
			Links: []atomLink{{"alternate", typeHTML, e.page}}, Categories: []atomCategory{{e.service}},
			Summary: e.summary, Content: atomText{"html", e.html()},
		}
		for _, country := range e.countries {
			entry.Categories = append(entry.Categories, atomCategory{country})
		}
		written.Entries = append(written.Entries, entry)
	}
	return written
}

// JSON Feed, version 1.1 (https://www.jsonfeed.org/version/1.1/).

type jsonFeed struct {
	Version     string       `json:"version"`
	Title       string       `json:"title"`
	HomePage    string       `json:"home_page_url"`
	FeedURL     string       `json:"feed_url"`
	Description string       `json:"description"`
	Language    string       `json:"language"`
	Authors     []jsonAuthor `json:"authors"`
	Items       []jsonItem   `json:"items"`
}

type jsonAuthor struct {
	Name string `json:"name"`
}

type jsonItem struct {
	ID        string   `json:"id"`
	URL       string   `json:"url"`
	Title     string   `json:"title"`
	HTML      string   `json:"content_html"`
	Text      string   `json:"content_text"`
	Summary   string   `json:"summary"`
	Image     string   `json:"image"`
	Published string   `json:"date_published"`
	Modified  string   `json:"date_modified"`
	Tags      []string `json:"tags"`
}

func (f feed) json() jsonFeed {
	written := jsonFeed{
		Version: "https://jsonfeed.org/version/1.1", Title: f.title, HomePage: f.page, FeedURL: f.self,
		Description: f.subtitle, Language: f.lang, Authors: []jsonAuthor{{"Outcry"}}, Items: []jsonItem{},
	}
	for _, e := range f.entries {
		written.Items = append(written.Items, jsonItem{
			ID: e.id, URL: e.page, Title: e.title, HTML: e.html(), Text: e.text(), Summary: e.summary, Image: e.picture,
			Published: e.published.Format(time.RFC3339), Modified: e.updated.Format(time.RFC3339),
			Tags: append([]string{e.service}, e.countries...),
		})
	}
	return written
}
