package place

import (
	"strings"

	"github.com/outcryhq/outcry/pkg/place/internal/gazette"
)

// states are codes of parts of countries that people write after a city. Those of two letters of which a country has
// the same stand for either.
const states = "US AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC," +
	"CA ON BC AB QC MB SK NS NB NL PE NT YT NU,AU NSW VIC QLD WA SA TAS ACT NT," +
	"BR AC AL AP AM BA CE DF ES GO MA MT MS MG PA PB PR PE PI RJ RN RS RO RR SC SP SE TO," +
	"IN AP TN TS KA MH UP WB KL GJ MP RJ HR PB BR JH OD,GB UK,IT MI RM NA TO"

// words are codes that are words or abbreviations as well: after a place that is not known they say nothing.
const wordCodes = " AD AI AL AM AR AS AT BA BB BE BI BY CD CE CO CV DE DM DO ES FM GO HI HM HR ID IM IN IO IS IT LA LS MA MD ME MI ML MO MP MR MS MY NA NO OK OM OR PA PC PG PI PM PR PS RO SC SE SI SO TM TO TV UP VA VC VG VI "

// codes are the countries that codes of two and three capitals may mean.
type codes map[string]gazette.Candidates

func newCodes(table *gazette.Table) codes {
	c := codes{}
	add := func(code string, country uint8) {
		candidates := c[code]
		candidates.Countries.Add(country)
		candidates.Winner = 0
		if candidates.Countries.Len() == 1 {
			candidates.Winner = country
		}
		c[code] = candidates
	}
	for i := 0; i < len(assigned); i += 2 {
		add(assigned[i:i+2], table.Number(assigned[i:i+2]))
	}
	for line := range strings.SplitSeq(states, ",") {
		country := table.Number(line[:2])
		for code := range strings.FieldsSeq(line[3:]) {
			add(code, country)
		}
	}
	return c
}

// find returns what a word in capitals may mean as a code.
func (c codes) find(word string) (gazette.Candidates, bool) {
	if len(word) < 2 || len(word) > 3 {
		return gazette.Candidates{}, false
	}
	candidates, ok := c[word]
	return candidates, ok
}

// clearCode reports whether a code means one country beside a place that is not known.
func clearCode(word string, candidates *gazette.Candidates) bool {
	return candidates.Winner != 0 && !strings.Contains(wordCodes, " "+word+" ")
}

// flagAt reads a flag emoji at the start of text: its country's code and its length in bytes.
func flagAt(text string) (code string, size int) {
	const letter = "\xf0\x9f\x87" // then a byte from a6 (A) to bf (Z)
	if len(text) >= 8 && text[:3] == letter && text[4:7] == letter && text[3] >= 0xa6 && text[3] <= 0xbf && text[7] >= 0xa6 && text[7] <= 0xbf {
		at := find(text[3]-0xa6+'A', text[7]-0xa6+'A')
		if at < 0 {
			return "", 8
		}
		return assigned[at : at+2], 8
	}
	// England, Scotland and Wales: a black flag, tags for gb and the nation, the end.
	const britain = "\U0001F3F4\U000E0067\U000E0062"
	if strings.HasPrefix(text, britain) {
		size = len(britain)
		for strings.HasPrefix(text[size:], "\xf3\xa0\x81") && len(text) >= size+4 {
			size += 4
		}
		return "GB", size
	}
	return "", 0
}
