package match

import (
	"slices"
	"strings"

	"github.com/outcryhq/outcry/pkg/catalog"
	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

// country finds where a complaint comes from: the post's place, a place in the
// text, a service of one country, the profile.
func (m *Matcher) country(v *Verdict, p Post, s *scratch) {
	if code, ok := place.Normalize(p.Place); ok && code != outage.UnknownCountry {
		v.Country, v.CountryFrom = code, outage.FromPost
		return
	}
	if m.gazetteer != nil {
		if code, ok := m.gazetteer.Text(s.withoutNames(p.Text)); ok {
			v.Country, v.CountryFrom = code, outage.FromText
			return
		}
	}
	if i := slices.IndexFunc(m.services, func(s catalog.Service) bool { return s.Slug == v.Service }); len(m.services[i].Countries) == 1 {
		v.Country, v.CountryFrom = m.services[i].Countries[0], outage.FromService
		return
	}
	if m.gazetteer != nil && p.Profile != "" {
		if code, ok := m.gazetteer.Profile(p.Profile); ok {
			v.Country, v.CountryFrom = code, outage.FromProfile
		}
	}
}

// withoutNames is the text without names that are places as well, such as Orange.
func (s *scratch) withoutNames(raw string) string {
	raw = raw[:min(len(raw), maxBytes)]
	var cut strings.Builder
	kept := 0
	for i, w := range s.text.words {
		named := slices.ContainsFunc(s.names, func(n hit) bool {
			return n.start <= w.at && w.at < n.end && n.doubtful
		})
		if !named || int(w.raw) < kept {
			continue
		}
		end := len(raw)
		if i+1 < len(s.text.words) {
			end = int(s.text.words[i+1].raw)
		}
		if end > len(raw) || int(w.raw) > end {
			return raw // it was put together anew, and the positions are others
		}
		cut.WriteString(raw[kept:w.raw])
		cut.WriteByte(' ')
		kept = end
	}
	cut.WriteString(raw[kept:])
	return cut.String()
}

// pick chooses between services of one name, such as the O2 of several countries:
// by where the post comes from, then by its language.
func (m *Matcher) pick(services []int32, p Post, language string) *catalog.Service {
	if len(services) == 1 {
		return &m.services[services[0]]
	}
	for _, where := range m.hints(p, language) {
		for _, i := range services {
			if slices.Contains(m.services[i].Countries, where) {
				return &m.services[i]
			}
		}
	}
	return &m.services[services[0]]
}

// hints are countries from which a post may come, the surest first.
func (m *Matcher) hints(p Post, language string) []string {
	var codes []string
	if code, ok := place.Normalize(p.Place); ok {
		codes = append(codes, code)
	}
	if m.gazetteer != nil {
		if code, ok := m.gazetteer.Text(p.Text); ok {
			codes = append(codes, code)
		}
		if code, ok := m.gazetteer.Profile(p.Profile); ok && p.Profile != "" {
			codes = append(codes, code)
		}
	}
	said, _, _ := strings.Cut(p.Language, "-")
	for _, language := range []string{language, strings.ToLower(said)} {
		codes = append(codes, strings.Fields(homes[language])...)
	}
	return codes
}

// homes are the countries of a language, most speakers first. They choose
// between services of one name, and never say where a post comes from.
var homes = map[string]string{ //nolint:gochecknoglobals // a constant table
	"en": "GB US CA AU NZ IE IN ZA SG PH NG KE", "id": "ID", "ms": "MY SG BN", "nl": "NL BE", "de": "DE AT CH",
	"fr": "FR BE CH CA LU SN CI MA", "es": "ES MX AR CO CL PE EC VE UY CR", "pt": "BR PT", "it": "IT CH", "tr": "TR", "ar": "SA AE EG KW QA JO MA",
	"hi": "IN", "ja": "JP", "ko": "KR", "ru": "RU KZ BY UA", "pl": "PL", "vi": "VN", "th": "TH", "uk": "UA", "cs": "CZ", "sv": "SE", "tl": "PH",
}
