package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/outcryhq/outcry/detector/scenario"
	"github.com/outcryhq/outcry/pkg/countcsv"
)

// tweet is a post of a dump.
type tweet struct {
	at             time.Time
	id, author     int
	text, lang     string
	place, profile string
	repost         bool
}

// line is the tweet as the v1.1 API sent it, but for most of what no one reads.
func (p tweet) line() string {
	text := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(p.text)
	extra := ""
	if p.place != "" {
		extra = fmt.Sprintf(`,"place":{"id":"99cdab25eddd6bce","place_type":"country","country_code":%q,"bounding_box":{"type":"Polygon","coordinates":[[[4.7,52.2],[4.7,52.4]]]}}`, p.place)
	}
	if p.repost {
		extra += fmt.Sprintf(`,"retweeted_status":{"id_str":"1","text":%s,"user":{"id_str":"2","location":"London"}}`, quoted(text))
	}
	return fmt.Sprintf(`{"created_at":%q,"id":%d,"id_str":"%d","text":%s,"source":"\u003ca href=\"http:\/\/twitter.com\/\"\u003eTwitter\u003c\/a\u003e",`+
		`"truncated":false,"user":{"id":%d,"id_str":"%d","screen_name":"u%d","location":%s,"verified":false,"lang":null},`+
		`"geo":null,"retweet_count":0,"entities":{"hashtags":[],"urls":[],"user_mentions":[]},"lang":%q,"timestamp_ms":"%d"%s}`,
		p.at.Format(time.RubyDate), p.id, p.id, quoted(text), p.author, p.author, p.author, quoted(p.profile), p.lang, p.at.UnixMilli(), extra)
}

func quoted(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// land is where a complaint comes from: the languages that are written there,
// and how its people fill in their profiles.
type land struct {
	languages []string
	profiles  []string
}

var lands = map[string]land{
	"BE": {[]string{"nl", "fr"}, []string{"Antwerpen, België", "Bruxelles, Belgique", "Gent, Belgium"}},
	"BR": {[]string{"pt"}, []string{"São Paulo, Brasil", "Brasil", "Recife, Brazil"}},
	"DE": {[]string{"de"}, []string{"Hamburg, Deutschland", "München, Germany", "Deutschland"}},
	"ES": {[]string{"es"}, []string{"Madrid, España", "España", "Sevilla, Spain"}},
	"FR": {[]string{"fr"}, []string{"Lyon, France", "France", "Marseille, France"}},
	"GB": {[]string{"en"}, []string{"London, UK", "England", "Leeds, United Kingdom", "Scotland"}},
	"ID": {[]string{"id"}, []string{"Jakarta, Indonesia", "Bandung, Indonesia", "Indonesia"}},
	"IN": {[]string{"en"}, []string{"Mumbai, India", "New Delhi, India", "India"}},
	"MY": {[]string{"ms", "en"}, []string{"Kuala Lumpur, Malaysia", "Johor, Malaysia", "Malaysia"}},
	"NL": {[]string{"nl"}, []string{"Amsterdam", "Rotterdam, Nederland", "Utrecht, The Netherlands"}},
	"SG": {[]string{"en"}, []string{"Singapore", "Singapura"}},
	"US": {[]string{"en"}, []string{"Chicago, IL, USA", "Texas, USA", "New York, USA"}},
}

// saidOfAService are complaints; %s is the service, by name or account.
var saidOfAService = map[string][]string{
	"de": {"%s ist down", "%s geht nicht", "%s funktioniert nicht mehr", "Störung bei %s?"},
	"en": {"%s is down", "%s not working", "is %s down for anyone else?", "%s is down again, messages not sending", "why is %s not working??"},
	"es": {"%s no funciona", "se cayó %s", "%s caído otra vez"},
	"fr": {"%s ne marche plus", "%s est en panne", "panne %s ?", "%s ne fonctionne pas"},
	"id": {"%s down", "%s error nih", "%s gangguan ya?", "%s ga bisa dibuka"},
	"ms": {"%s down ke?", "%s tak boleh buka", "%s down lagi"},
	"nl": {"%s ligt eruit", "storing bij %s?", "%s doet het niet", "ligt %s eruit?", "%s werkt niet meer"},
	"pt": {"%s caiu", "%s fora do ar", "%s não funciona"},
}

// chatter is what is said all day, in six languages: it names services, or sounds
// as if something failed, or both, and complains of none.
var chatter = map[string][]string{
	"de": {"Guten Morgen zusammen ☀️", "schreib mir einfach auf WhatsApp", "heute Abend Netflix und Pizza", "das Wetter ist heute total schön"},
	"en": {"good morning everyone", "she is so down to earth", "add me on Instagram", "new video on YouTube tonight", "I love this song on Spotify", "coffee &amp; cake <3", "going down town later"},
	"es": {"buenos días a todos", "te escribo por WhatsApp luego", "viendo una serie en Netflix", "qué bonito día"},
	"fr": {"bonjour tout le monde", "envoie-moi un message sur WhatsApp", "ce soir c'est pizza", "quelle belle journée"},
	"id": {"selamat pagi semua", "pohon tumbang di jalan depan", "nanti aku chat lewat WhatsApp ya", "lagi nonton film"},
	"nl": {"Ajax ligt eruit in de beker", "goedemorgen allemaal", "stuur me even een appje", "wat een mooi weer vandaag"},
}

// dump makes posts from a seed.
type dump struct {
	random *rand.Rand
	posts  []tweet
	number int // of the next post and account
}

func newDump(seed uint64) *dump {
	return &dump{random: rand.New(rand.NewPCG(seed, 4)), number: 1000}
}

func pick[T any](d *dump, from []T) T { return from[d.random.IntN(len(from))] }

func (d *dump) add(p tweet) tweet {
	d.number++
	p.id = d.number
	if p.author == 0 {
		p.author = d.number
	}
	d.posts = append(d.posts, p)
	return p
}

// complain adds one complaint in the minute.
func (d *dump) complain(minute time.Time, service, country string) tweet {
	land := lands[country]
	lang := pick(d, land.languages)
	p := tweet{at: minute.Add(time.Duration(d.random.IntN(60000)) * time.Millisecond), lang: lang}
	p.text = fmt.Sprintf(pick(d, saidOfAService[lang]), service)
	if d.random.IntN(2) == 0 {
		p.place = country
	} else {
		p.profile = pick(d, land.profiles)
	}
	return d.add(p)
}

// names are what the scenario's services are called; the others have ended.
var names = map[string]string{
	"facebook": "Facebook", "gmail": "Gmail", "instagram": "Instagram", "netflix": "Netflix",
	"spotify": "Spotify", "telegram": "Telegram", "whatsapp": "WhatsApp", "youtube": "YouTube",
}

// background complains at the rates of the scenario, among chatter.
func (d *dump) background(chatterEach time.Duration) {
	for _, row := range scenario.Background(1) {
		if name := names[row.Series.Service]; name != "" {
			for range row.Reports {
				d.complain(row.Start, name, row.Series.Country)
			}
		}
	}
	languages := make([]string, 0, len(chatter))
	for lang := range chatter {
		languages = append(languages, lang)
	}
	slices.Sort(languages)
	for at := scenario.Start; at.Before(scenario.End); at = at.Add(chatterEach) {
		lang := pick(d, languages)
		d.add(tweet{at: at, lang: lang, text: pick(d, chatter[lang]), profile: pick(d, lands["GB"].profiles)})
	}
}

// outage adds the hour's complaints, half of them to accounts. Some are said
// twice, some reposted: neither counts.
func (d *dump) outage(rows []countcsv.Row) {
	said := []string{"WhatsApp", "whatsapp", "@WhatsApp", "@jankoum", "#whatsapp"}
	for _, row := range rows {
		for range row.Reports {
			p := d.complain(row.Start, pick(d, said), row.Series.Country)
			switch d.random.IntN(10) {
			case 0:
				p.at = p.at.Add(4 * time.Minute)
				d.add(p)
			case 1, 2:
				d.add(tweet{at: p.at.Add(time.Minute), lang: p.lang, text: "RT @u1: " + p.text, place: p.place, profile: p.profile, repost: true})
			}
		}
	}
}

// write writes the posts of a time in about their order, with what else is in a dump.
func (d *dump) write(w io.Writer, from, to time.Time) error {
	slices.SortStableFunc(d.posts, func(a, b tweet) int { return a.at.Compare(b.at) })
	begin, _ := slices.BinarySearchFunc(d.posts, from, func(p tweet, t time.Time) int { return p.at.Compare(t) })
	end, _ := slices.BinarySearchFunc(d.posts, to, func(p tweet, t time.Time) int { return p.at.Compare(t) })
	posts := slices.Clone(d.posts[begin:end])
	for i := range posts { // a little out of order, by some posts and by minutes at most
		if j := i + d.random.IntN(20); j < len(posts) && posts[j].at.Sub(posts[i].at) < 2*time.Minute {
			posts[i], posts[j] = posts[j], posts[i]
		}
	}
	for i, p := range posts {
		text := p.line() + "\r\n"
		switch i % 1000 {
		case 100:
			text += "\r\n"
		case 200:
			text += `{"delete":{"status":{"id":1,"id_str":"1","user_id":2,"user_id_str":"2"},"timestamp_ms":"1509696300123"}}` + "\n"
		case 300:
			text += `{"limit":{"track":5,"timestamp_ms":"1509696300123"}}` + "\n"
		case 400:
			text += text[:len(text)/2] + "\n" // cut off
		}
		if _, err := io.WriteString(w, text); err != nil {
			return err
		}
	}
	return nil
}
