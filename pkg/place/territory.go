package place

import (
	"sort"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/outcryhq/outcry/pkg/outage"
)

// Unknown is the code of a place that is not known.
const Unknown = outage.UnknownCountry

// assigned are the officially assigned codes of ISO 3166-1 alpha-2, sorted, two
// letters each.
const assigned = "ADAEAFAGAIALAMAOAQARASATAUAWAXAZ" +
	"BABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZ" +
	"CACCCDCFCGCHCICKCLCMCNCOCRCUCVCWCXCYCZ" +
	"DEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFR" +
	"GAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGY" +
	"HKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJP" +
	"KEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLY" +
	"MAMCMDMEMFMGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZ" +
	"NANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQA" +
	"RERORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZ" +
	"TCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZ" +
	"VAVCVEVGVIVNVUWFWSYEYTZAZMZW"

// Valid reports whether code is an officially assigned ISO 3166-1 alpha-2 code
// in capitals, or ZZ. The code of all countries together, "*", is not one.
func Valid(code string) bool {
	return code == Unknown || len(code) == 2 && find(code[0], code[1]) >= 0
}

// find returns where in assigned a code begins, or -1.
func find(first, second byte) int {
	at := 2 * sort.Search(len(assigned)/2, func(i int) bool {
		a, b := assigned[2*i], assigned[2*i+1]
		return a > first || a == first && b >= second
	})
	if at < len(assigned) && assigned[at] == first && assigned[at+1] == second {
		return at
	}
	return -1
}

// Normalize makes a code that a person or a program typed valid: it takes away
// the spaces around it and capitalises it. It reports whether the result is valid.
func Normalize(code string) (string, bool) {
	code = strings.TrimSpace(code)
	if len(code) != 2 {
		return "", false // before ToUpper, which copies, and turns ſs into SS
	}
	code = strings.ToUpper(code)
	if !Valid(code) {
		return "", false
	}
	return code, true
}

// Name returns the English name of a country, "Unknown" for ZZ, and the code
// itself if it is not valid.
func Name(code string) string {
	if !Valid(code) {
		return code
	}
	if name := renamed(code); name != "" {
		return name
	}
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return display.English.Regions().Name(region)
}

// renamed returns the names that are shorter than, or newer than, those of the
// Unicode data that x/text carries (CLDR 32).
func renamed(code string) string {
	switch code {
	case Unknown:
		return "Unknown"
	case "CV":
		return "Cabo Verde"
	case "HK":
		return "Hong Kong"
	case "MK":
		return "North Macedonia"
	case "MM":
		return "Myanmar"
	case "MO":
		return "Macao"
	case "PS":
		return "Palestine"
	case "SZ":
		return "Eswatini"
	case "TR":
		return "Türkiye"
	default:
		return ""
	}
}

// Codes returns the assigned codes in the order of their English names, for a
// list to choose from. The slice is the caller's; ZZ is not in it.
func Codes() []string {
	names := make(map[string]string, len(assigned)/2)
	codes := make([]string, 0, len(assigned)/2)
	for i := 0; i < len(assigned); i += 2 {
		code := assigned[i : i+2]
		codes = append(codes, code)
		names[code] = Name(code)
	}
	order := collate.New(language.English)
	sort.Slice(codes, func(i, j int) bool {
		return order.CompareString(names[codes[i]], names[codes[j]]) < 0
	})
	return codes
}
