package place

import (
	_ "embed"
	"fmt"

	"github.com/outcryhq/outcry/pkg/place/internal/gazette"
)

//go:embed data/names.gazette
var embeddedNames []byte

const (
	// maxProfile and maxText bound what is looked at of a profile's location and of a post, in bytes.
	maxProfile, maxText = 256, 4096
	// maxWords bounds how many words a name may have.
	maxWords = 6
	// maxHits bounds how many places of one text are weighed.
	maxHits = 16
)

// Gazetteer finds the country that a text is about by the names of places in it. It would rather find none than guess.
// It is immutable, so it may be used from many goroutines at once.
type Gazetteer struct {
	table *gazette.Table
	codes codes
}

// OpenGazetteer reads the embedded names. An error means that the program was built with a damaged file.
func OpenGazetteer() (*Gazetteer, error) {
	table, err := gazette.Decode(embeddedNames)
	if err != nil {
		return nil, fmt.Errorf("open the gazetteer: %w", err)
	}
	return &Gazetteer{table: table, codes: newCodes(table)}, nil
}

// kind says what names a place.
type kind uint8

const (
	aCity   kind = iota
	aRegion      // a state, a country, a code or a flag: what a city's name can be told apart by
)

// hit is a place found in a text.
type hit struct {
	gazette.Candidates
	kind kind
	// alone says that the place counts without another that agrees with it.
	alone bool
	// at and end are the words it takes, for posts.
	at, end int
}

// hits are the places found in a text, in their order, without garbage.
type hits struct {
	list [maxHits]hit
	size int
}

func (h *hits) add(found hit) {
	if h.size < maxHits {
		h.list[h.size] = found
		h.size++
	}
}

// country returns the one country that all hits may be in, if one of them means it or tells the others apart.
//
// Two cities of different countries name none, though smaller cities of their names may share one: "Paris, Berlin" is
// not Texas. A state or a country beside them may say so: "Paris, Texas" is.
func (h *hits) country() uint8 {
	if h.size == 0 {
		return 0
	}
	common := h.list[0].Countries
	var winner, teller uint8 // what any of them means, and what those that are no cities mean
	winners, told, alone, torn := 0, false, false, false
	for i := range h.list[:h.size] {
		found := &h.list[i]
		common = common.And(&found.Countries)
		alone = alone || found.alone
		if found.kind == aRegion {
			told = true
			torn = torn || teller != 0 && found.Winner != 0 && found.Winner != teller
			teller = max(teller, found.Winner)
		}
		if found.Winner != 0 && found.Winner != winner {
			winner = found.Winner
			winners++
		}
	}
	switch {
	case !alone && (h.size < 2 || !told):
		return 0
	case winners == 1 && common.Has(winner):
		return winner
	case teller != 0 && !torn && common.Has(teller):
		return teller
	case told && common.Len() == 1:
		return common.First()
	default:
		return 0
	}
}

// answer turns a country's number into what callers get.
func (g *Gazetteer) answer(country uint8) (string, bool) {
	code := g.table.Code(country)
	return code, code != ""
}

// clip returns at most size bytes of text, without half a character at the end.
func clip(text string, size int) string {
	if len(text) <= size {
		return text
	}
	for size > 0 && text[size]&0xc0 == 0x80 {
		size--
	}
	return text[:size]
}
