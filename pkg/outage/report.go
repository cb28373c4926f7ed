package outage

import (
	"encoding/base64"
	"fmt"
	"time"
)

// Source says where a report came from.
type Source string

// The sources that there are.
const (
	SourceForm     Source = "form"
	SourceAPI      Source = "api"
	SourceTwitter  Source = "twitter"
	SourceBluesky  Source = "bluesky"
	SourceMastodon Source = "mastodon"
	SourceReplay   Source = "replay" // imported counts
)

// Sources lists every source, for closed sets such as metric labels.
var Sources = []Source{SourceForm, SourceAPI, SourceTwitter, SourceBluesky, SourceMastodon, SourceReplay} //nolint:gochecknoglobals // a constant table

// CountryFrom says how the country of a report was found.
type CountryFrom string

// The ways to a country, most trusted first.
const (
	FromChoice  CountryFrom = "choice"  // the reporter said so
	FromPost    CountryFrom = "post"    // the place attached to a post
	FromText    CountryFrom = "text"    // a place named in the text
	FromService CountryFrom = "service" // the service exists in one country only
	FromAddress CountryFrom = "address" // the network address
	FromProfile CountryFrom = "profile" // the author's profile
	FromNothing CountryFrom = "nothing" // unknown: the country is ZZ
)

const (
	// AllCountries is the country of a series that sums a service's countries.
	AllCountries = "*"
	// UnknownCountry is the country of a report that could not be placed.
	UnknownCountry = "ZZ"
)

// Series names the distinct reporters per minute of one service in one country.
type Series struct {
	Service string `json:"service"`
	Country string `json:"country"` // ISO 3166-1 alpha-2, ZZ, or *
}

// String gives "service/country".
func (s Series) String() string { return s.Service + "/" + s.Country }

// Hash is a truncated keyed hash: all that is kept of a person, a network
// address or an account. The zero Hash means that there is none.
type Hash [12]byte

// IsZero reports whether there is no hash.
func (h Hash) IsZero() bool { return h == Hash{} }

// String gives the 16-character unpadded base64url form.
func (h Hash) String() string { return base64.RawURLEncoding.EncodeToString(h[:]) }

// ParseHash reads what String gives.
func ParseHash(s string) (Hash, error) {
	var h Hash
	if base64.RawURLEncoding.DecodedLen(len(s)) != len(h) {
		return h, fmt.Errorf("%w: a hash has 16 characters", ErrInvalid)
	}
	if _, err := base64.RawURLEncoding.Decode(h[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("%w: a hash is base64url: %w", ErrInvalid, err)
	}
	return h, nil
}

// Identity is who reports, as far as Outcry knows.
type Identity struct {
	// ID is the report's id under this identity's key: derived where the
	// request can be told apart (a post, an Idempotency-Key), else random.
	ID ID
	// Reporter is one person. It counts once per service in 60 minutes.
	Reporter Hash
	// Seat, if set, is the address that several reporters with tokens share:
	// at most SeatsPerAddress of them count per service in 60 minutes.
	Seat Hash
}

// SeatsPerAddress is how many reporters with a browser's token count behind
// one address, per service, in any 60 minutes.
const SeatsPerAddress = 5

// Report is one person's statement that one service fails for them.
type Report struct {
	Identity
	// Previous, if set, is the same person under yesterday's key. In the hour
	// after the key changed both are checked, so that nobody counts twice.
	Previous *Identity

	Service     string
	Country     string
	CountryFrom CountryFrom
	Source      Source
	Ref         string // the source's own reference, for deletions; "" for none
	Problem     string // the problem kind's slug; "" when not said
	Origin      Hash   // what makes two reporters independent; see the design
	Network     uint32 // AS number; 0 unknown

	// Digest fingerprints what was asked. Another request under the same id
	// with another digest is a conflict. 0 is never compared.
	Digest uint32

	ObservedAt time.Time // when it was said
	ReceivedAt time.Time // when Outcry heard it
}

// Outcome says what became of a report that was recorded.
type Outcome string

// The outcomes.
const (
	Counted   Outcome = "counted"
	Duplicate Outcome = "duplicate" // the reporter, or the address's last seat, had been counted
	TooOld    Outcome = "too_old"   // observed more than 15 minutes before it arrived
)

// Receipt is the answer to a report. Recording the same id again within 60
// minutes returns the first receipt.
type Receipt struct {
	ID      ID
	Service string
	Country string
	Outcome Outcome
}

// Logged is a report with its outcome, on its way to the archive.
type Logged struct {
	Report
	Outcome Outcome
}
