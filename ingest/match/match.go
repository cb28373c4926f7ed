// Package match decides whether a post complains that a service is down, about
// which service, and in which country.
package match

import "github.com/outcryhq/outcry/pkg/outage"

// Post is what is known of a post.
type Post struct {
	Text string // plain
	// Language is a BCP 47 tag, Place a country (ISO 3166-1 alpha-2), Profile the free
	// text of the author's location; each may be "".
	Language, Place, Profile string
	Repost                   bool
}

// Verdict says what a post is, and why.
type Verdict struct {
	Complaint   bool
	Service     string // slug; "" if none was found
	Country     string // ISO 3166-1 alpha-2, or ZZ
	CountryFrom outage.CountryFrom
	Language    string // of the lexicon that matched; "" if none did
	Phrase      string // of the lexicon, never of the post; or "model"
	Reason      string // why not; one of Reasons; "" for a complaint
}

// Gazetteer finds countries in text.
type Gazetteer interface {
	// Profile reads the location of a profile.
	Profile(text string) (country string, ok bool)
	// Text looks for a place that a post names.
	Text(text string) (country string, ok bool)
}
