package mastodon

import (
	"slices"
	"strings"
	"unicode"

	"github.com/outcryhq/outcry/ingest/social"
)

const (
	longestPlace = 256
	mostFields   = 16 // Mastodon has four, and larger instances some more
)

// placeNames are what people call the field of their profile that says where
// they are, in lower case.
//
//nolint:gochecknoglobals // a constant table
var placeNames = strings.Fields(`
	location locations located based based-in city country home hometown place region town where where-i-live lives-in living-in i-live-in from
	ort wohnort standort stadt land heimat lebt-in wohnhaft
	lieu localisation ville pays région où habite
	ubicación ubicacion lugar ciudad país pais localización localizacion vivo-en desde donde dónde
	localização localizacao localidade cidade onde moro-em
	luogo località localita città citta posizione paese dove residenza
	locatie plaats woonplaats stad woont-in
	plats stad ort bor-i var hemort sted bosted bor bopæl
	sijainti paikka kotipaikka kaupunki asuinpaikka
	lokalizacja miejscowość miejsce miasto kraj skąd lokalita místo město země odkud
	hely lakhely város település locație loc oraș lokacija grad mesto mjesto
	konum şehir yer ülke
	место город откуда страна местоположение локация місто країна звідки розташування
	τοποθεσία πόλη
	lokasi kota tempat domisili negara asal
	vị-trí nơi-ở thành-phố đến-từ
	場所 所在地 居住地 在住 住んでいる所 出身 出身地 地点 位置 所在 城市 地區 地区 坐标 座標 위치 지역 사는곳 거주지
	ที่อยู่ ตำแหน่ง จังหวัด ประเทศ
	الموقع المدينة المكان الدولة البلد مكان مدينة
	स्थान शहर देश जगह
	מיקום עיר
	kokapena ubicació ciutat lloc
	📍 🏠 🌍 🌎 🌏 🗺
`)

// placeOf is where an account says that it is: its note is no location, but a
// field that is named for one is. Several are joined.
func placeOf(fields []field) string {
	var places []string
	for _, f := range fields[:min(len(fields), mostFields)] {
		if len(f.Name) <= longestPlace && isPlaceName(f.Name) {
			if place := strings.Join(strings.Fields(plain(social.Bounded(f.Value, longestHTML))), " "); place != "" {
				places = append(places, place)
			}
		}
	}
	return social.Bounded(strings.Join(places, ", "), longestPlace)
}

func isPlaceName(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "\ufe0f", ""))
	words := strings.FieldsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r)
	})
	if len(words) == 0 {
		return slices.Contains(placeNames, strings.TrimSpace(name)) // a picture of a pin
	}
	return slices.Contains(placeNames, strings.Join(words, "-"))
}
