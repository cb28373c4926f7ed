package web

import (
	"embed"
	"errors"
	"fmt"
	"html"
	"html/template"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/outcryhq/outcry/pkg/outage"
	"github.com/outcryhq/outcry/pkg/place"
)

// The languages of the pages, as in the attribute lang.
const (
	English    = "en"
	Indonesian = "id"
)

//go:embed messages
var messageFiles embed.FS

// Text is a sentence that Go chooses and a page says in its reader's language.
// What Args may be, Language.Text says.
type Text struct {
	Key  string
	Args []any
}

// Say makes a Text. The zero Text says nothing.
func Say(key string, args ...any) Text { return Text{Key: key, Args: args} }

// Message returns the key and the arguments.
func (t Text) Message() (key string, args []any) { return t.Key, t.Args }

// message is what can be said: a Text, or the like of a package that does not
// import this one.
type message interface {
	Message() (key string, args []any)
}

// Kinds of arguments that are said in a way of their own.
type (
	// Country is a country's code, said by its name.
	Country string
	// Within is a country's code, said by its name as in a sentence: "the Netherlands".
	Within string
	// Countries are codes, said as a list of at most MaxNames names, and how many more there are.
	Countries []string
	// Usual is a count that would be usual: "fewer than 1", "3".
	Usual float64
	// Brief is Usual where there is little room: "< 1".
	Brief float64
	// Day is a time of which only the date is said.
	Day time.Time
)

// Language says things in one language. It may be used from many goroutines.
type Language struct {
	tag      string
	messages map[string]string
	english  map[string]string // to know whether a label is the catalog's own
	months   [12]string
	// thousands and decimal separate digits, clock hours from minutes.
	thousands, decimal, clock string
	names                     display.Namer // of countries; nil for place.Name
	sorted                    []string      // the codes of all countries in the order of their names
}

// loadLanguages reads the messages of all languages.
func loadLanguages() (map[string]*Language, error) {
	english, err := loadMessages(English)
	if err != nil {
		return nil, err
	}
	indonesian, err := loadMessages(Indonesian)
	if err != nil {
		return nil, err
	}
	languages := map[string]*Language{
		English: {
			tag: English, messages: english, english: english, thousands: ",", decimal: ".", clock: ":",
			months: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		},
		Indonesian: {
			tag: Indonesian, messages: indonesian, english: english, thousands: ".", decimal: ",", clock: ".",
			months: [12]string{"Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"},
			names:  display.Regions(language.Indonesian),
		},
	}
	for _, spoken := range languages {
		spoken.sorted = place.Codes()
		if spoken.names != nil {
			order := collate.New(language.Make(spoken.tag))
			slices.SortStableFunc(spoken.sorted, func(a, b string) int {
				return order.CompareString(spoken.Country(a), spoken.Country(b))
			})
		}
	}
	return languages, nil
}

// AllCountries lists the codes of all countries in the order of their names. It
// is shared and must not be changed.
func (l *Language) AllCountries() []string { return l.sorted }

func loadMessages(tag string) (map[string]string, error) {
	raw, err := messageFiles.ReadFile("messages/" + tag + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("read messages: %w", err)
	}
	messages := map[string]string{}
	if err := yaml.UnmarshalWithOptions(raw, &messages, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("messages of %s: %w", tag, err)
	}
	return messages, nil
}

// Tag returns the language as in the attribute lang: "en", "id".
func (l *Language) Tag() string { return l.tag }

// T says a message. A key that does not exist is said as it is.
func (l *Language) T(key string, args ...any) string {
	text, err := l.say(key, args)
	if err != nil {
		return key
	}
	return text
}

// say fills the message's placeholders {0}, {1}… A message that depends on its
// first number is written as two, "key.one" and "key.other".
func (l *Language) say(key string, args []any) (string, error) {
	return l.fill(key, args, l.Text)
}

func (l *Language) fill(key string, args []any, text func(any) (string, error)) (string, error) {
	if key == "" {
		return "", nil
	}
	pattern, ok := l.messages[key]
	if !ok {
		if pattern, ok = l.messages[key+"."+l.plural(args)]; !ok {
			return "", fmt.Errorf("there is no message %q", key)
		}
	}
	var b strings.Builder
	for {
		at := strings.IndexByte(pattern, '{')
		if at < 0 || at+2 >= len(pattern) || pattern[at+2] != '}' {
			b.WriteString(pattern)
			return b.String(), nil
		}
		b.WriteString(pattern[:at])
		n := int(pattern[at+1]) - '0'
		if n < 0 || n >= len(args) {
			return "", fmt.Errorf("message %q: there is no argument {%c}", key, pattern[at+1])
		}
		said, err := text(args[n])
		if err != nil {
			return "", fmt.Errorf("message %q: %w", key, err)
		}
		b.WriteString(said)
		pattern = pattern[at+3:]
	}
}

// plural chooses the form by the first number. Indonesian has one form.
func (l *Language) plural(args []any) string {
	for _, arg := range args {
		if n, ok := arg.(int); ok {
			if n == 1 && l.tag == English {
				return "one"
			}
			break
		}
	}
	return "other"
}

// Text says a value: a message (Text), a string as it is, a number, a
// time.Duration, a time.Time with date and time of day, a Moment, a Day, a
// Country, Within, Countries, a Usual or a Brief, or a pointer to one.
func (l *Language) Text(value any) (string, error) {
	switch v := direct(value).(type) {
	case message:
		key, args := v.Message()
		return l.say(key, args)
	case string:
		return v, nil
	case template.HTML:
		return "", errors.New("HTML is not text")
	case int:
		return l.Num(v), nil
	case float64:
		return l.Decimal(v), nil
	case time.Duration:
		return l.Span(v), nil
	case time.Time:
		return l.Date(v) + l.T("time.join") + l.Clock(v), nil
	case Day:
		return l.Date(time.Time(v)), nil
	case Moment:
		return l.Moment(v), nil
	case Country:
		return l.Country(string(v)), nil
	case Within:
		return l.Within(string(v)), nil
	case Countries:
		return l.countries(v), nil
	case Usual:
		return l.usual(float64(v), "usual.under_one"), nil
	case Brief:
		return l.usual(float64(v), "usual.brief"), nil
	default:
		return "", fmt.Errorf("cannot say a %T", value)
	}
}

// direct returns what a pointer points to, and anything else as it is.
func direct(value any) any {
	if v := reflect.ValueOf(value); v.Kind() == reflect.Pointer && !v.IsNil() {
		return v.Elem().Interface()
	}
	return value
}

// markup is Text as HTML, with times that programs and the script can read.
func (l *Language) markup(value any) (string, error) {
	switch v := direct(value).(type) {
	case Moment:
		return string(l.element(v, l.Moment(v))), nil
	case message:
		key, args := v.Message()
		return l.fill(key, args, l.markup)
	default:
		text, err := l.Text(value)
		return html.EscapeString(text), err
	}
}

// element is a time in HTML.
func (l *Language) element(m Moment, text string) template.HTML {
	//nolint:gosec // both are escaped here
	return template.HTML(`<time datetime="` + html.EscapeString(m.ISO()) + `">` + html.EscapeString(text) + `</time>`)
}

// Num groups a number's digits: "10,412", "10.412".
func (l *Language) Num(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	b.WriteString(sign)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(l.thousands)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

// Decimal gives a number with one digit behind the point, if it is small and has one.
func (l *Language) Decimal(x float64) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return "–"
	}
	if math.Abs(x) >= 100 || x == math.Trunc(x) {
		return l.Num(int(math.Round(max(min(x, math.MaxInt32), math.MinInt32))))
	}
	whole, part, _ := strings.Cut(strconv.FormatFloat(x, 'f', 1, 64), ".")
	if part == "0" {
		return whole
	}
	return whole + l.decimal + part
}

func (l *Language) usual(x float64, few string) string {
	if x < 1 || math.IsNaN(x) {
		return l.T(few)
	}
	return l.Num(int(math.Round(min(x, math.MaxInt32))))
}

// Clock gives the time of day in UTC, and says so: "14:05 UTC", "14.05 UTC".
func (l *Language) Clock(t time.Time) string { return l.hour(t) + " UTC" }

func (l *Language) hour(t time.Time) string {
	return strings.Replace(t.UTC().Format("15:04"), ":", l.clock, 1)
}

// Date gives a day: "12 Mar 2026".
func (l *Language) Date(t time.Time) string {
	t = t.UTC()
	return l.day(t) + " " + strconv.Itoa(t.Year())
}

func (l *Language) day(t time.Time) string {
	return strconv.Itoa(t.Day()) + " " + l.months[t.Month()-1]
}

// Moment gives the time of day, with the date unless it is today's: "08:00 UTC",
// "2 Nov, 08:00 UTC".
func (l *Language) Moment(m Moment) string {
	day := l.near(m)
	if day == "" {
		return l.T("time.today", l.Clock(m.At))
	}
	return day + l.T("time.join") + l.Clock(m.At)
}

// Short is Moment without the zone, for where it is said once for many.
func (l *Language) Short(m Moment) string {
	day := l.near(m)
	if day == "" {
		return l.hour(m.At)
	}
	return day + ", " + l.hour(m.At)
}

// near gives the date as far as it is not today's.
func (l *Language) near(m Moment) string {
	at, now := m.At.UTC(), m.Now.UTC()
	switch {
	case at.Year() != now.Year():
		return l.Date(at)
	case at.YearDay() != now.YearDay():
		return l.day(at)
	default:
		return ""
	}
}

// Ago gives how long ago a moment was: "just now", "2 h 5 min ago".
func (l *Language) Ago(m Moment) string {
	d := m.Now.Sub(m.At)
	if d < time.Minute {
		return l.T("time.now")
	}
	return l.T("time.ago", d)
}

// Span gives a duration in its two largest units, rounded down: "2 h 5 min".
func (l *Language) Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return l.T("span.short")
	case d < time.Hour:
		return l.T("span.minutes", int(d/time.Minute))
	case d < day && d%time.Hour < time.Minute:
		return l.T("span.hours", int(d/time.Hour))
	case d < day:
		return l.T("span.both", int(d/time.Hour), int(d%time.Hour/time.Minute))
	default:
		return l.T("span.days", int(d/day))
	}
}

// Country gives a country's name; "*" is all countries together.
func (l *Language) Country(code string) string {
	switch code {
	case outage.AllCountries:
		return l.T("country.all")
	case outage.UnknownCountry:
		return l.T("country.unknown")
	}
	if l.names == nil || !place.Valid(code) {
		return place.Name(code)
	}
	if name, ok := l.messages["country."+code]; ok {
		return name
	}
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return l.names.Name(region)
}

// articled are the countries whose English names have an article in a sentence.
const articled = " AE BS CF CG CD DO GB GM KM MH MV NL PH SB US VA "

// Within gives a country's name as it stands in a sentence.
func (l *Language) Within(code string) string {
	name := l.Country(code)
	if l.tag == English && len(code) == 2 && strings.Contains(articled, " "+code+" ") {
		return "the " + name
	}
	return name
}

// countries lists names: "Indonesia, Malaysia and 3 more".
func (l *Language) countries(codes []string) string {
	var listed []string
	for _, code := range codes[:min(len(codes), MaxNames)] {
		listed = append(listed, l.Country(code))
	}
	if more := len(codes) - len(listed); more > 0 {
		listed = append(listed, l.T("list.more", more))
	}
	return l.List(listed)
}

// List joins words: "a, b and c".
func (l *Language) List(words []string) string {
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	case 2:
		return l.T("list.two", words[0], words[1])
	default:
		return l.T("list.last", strings.Join(words[:n-1], ", "), words[n-1])
	}
}

// Label translates the catalog's name of something, such as a kind of problem.
// Where an operator has named it otherwise, that name stays.
func (l *Language) Label(what, slug, label string) string {
	key := what + "." + slug
	if text, ok := l.messages[key]; ok && l.english[key] == label {
		return text
	}
	return label
}

// Category gives the name of a kind of services; an operator's own is said by its slug.
func (l *Language) Category(slug string) string {
	if name, ok := l.messages["category."+slug]; ok {
		return name
	}
	return slug
}
