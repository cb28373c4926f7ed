package chart_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/api/chart"
)

var update = flag.Bool("update", false, "write the golden drawings anew")

var morning = time.Date(2017, 11, 3, 7, 0, 0, 0, time.UTC)

func words() chart.Words {
	return chart.Words{
		PerMinute: "reports a minute", Usual: "usual", Outage: "outage", Unheard: "nobody listened",
		Busiest: func(n int) string { return fmt.Sprintf("busiest of %d minutes", n) },
		Mean:    func(n int) string { return fmt.Sprintf("mean of %d minutes", n) },
		Number:  strconv.Itoa,
		Clock:   func(t time.Time) string { return t.Format("15:04") },
		Date:    func(t time.Time) string { return t.Format("2 Jan 2006") },
	}
}

// hours is an outage of an hour and a half within four hours, by the minute.
func hours() chart.Chart {
	c := chart.Chart{
		Title: "WhatsApp", Subtitle: "3 November 2017, 08:00 to 09:30 UTC", Source: "outcry.example",
		Description: "Reports a minute", From: morning, Step: time.Minute, Words: words(),
		Shaded: []chart.Span{{From: morning.Add(time.Hour), To: morning.Add(150 * time.Minute)}},
	}
	for m := range 240 {
		n := float64(m % 7 / 5)
		if m >= 60 && m < 150 {
			n += math.Round(500*math.Sin(float64(m-60)/90*math.Pi)) + float64(m*37%41)
		}
		if m >= 190 && m < 210 {
			n = math.NaN()
		}
		c.Reports, c.Usual = append(c.Reports, n), append(c.Usual, 3+float64(m/60))
	}
	return c
}

func artist(t testing.TB) *chart.Artist {
	t.Helper()
	a, err := chart.New()
	require.NoError(t, err)
	return a
}

// requireXML requires well-formed XML without anything that runs or loads.
func requireXML(t testing.TB, drawing []byte) (texts []string) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(drawing))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return texts
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			require.Contains(t, []string{"svg", "title", "desc", "style", "rect", "path", "text"}, token.Name.Local)
			for _, attr := range token.Attr {
				require.False(t, strings.HasPrefix(attr.Name.Local, "on") || attr.Name.Local == "href" || attr.Name.Local == "style", attr.Name.Local)
			}
		case xml.CharData:
			texts = append(texts, string(token))
		}
	}
}

func TestDrawingsAreAsTheyWere(t *testing.T) {
	t.Parallel()
	few := chart.Chart{
		Title: "Signal", From: morning, Step: 15 * time.Minute, Words: words(), Note: "too few to tell",
		Reports: []float64{0, 0, 1, 0, 0, math.NaN(), math.NaN(), 0}, Usual: []float64{.1, .1, .1, .1},
	}
	for name, c := range map[string]chart.Chart{"outage": hours(), "few": few, "nothing": {Words: words()}} {
		got := artist(t).SVG(c, chart.Wide)
		requireXML(t, got)
		path := filepath.Join("testdata", name+".svg")
		if *update {
			require.NoError(t, os.WriteFile(path, got, 0o600))
		}
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), name)
	}
}

func TestTheAxisBeginsAtZeroAndIsAbsolute(t *testing.T) {
	t.Parallel()
	a, c := artist(t), hours()
	own := requireXML(t, a.SVG(c, chart.Wide))
	require.Contains(t, own, "0")
	require.Contains(t, own, "600", "above the busiest minute")
	c.Top = 1800
	require.Contains(t, requireXML(t, a.SVG(c, chart.Wide)), "2000", "that of the chart beside it")
	quiet := c
	quiet.Top, quiet.Usual = 0, nil
	quiet.Reports = []float64{0, 1, 0}
	texts := requireXML(t, a.SVG(quiet, chart.Wide))
	require.Contains(t, texts, "5", "one report is no mountain")
	require.NotContains(t, texts, "usual")
}

func TestChartsShareAScale(t *testing.T) {
	t.Parallel()
	small, large := hours(), hours()
	for i := range small.Reports {
		small.Reports[i] /= 20
	}
	require.InDelta(t, 537, large.Highest(), 5)
	small.Top = large.Highest()
	numbers := func(c chart.Chart) []string {
		return regexp.MustCompile(`text-anchor="end">[0-9]+<`).FindAllString(string(artist(t).SVG(c, chart.Wide)), -1)
	}
	require.Equal(t, numbers(large), numbers(small))
}

// TestLongOutagesKeepTheirPeak puts one busy minute anywhere in a month.
func TestLongOutagesKeepTheirPeak(t *testing.T) {
	t.Parallel()
	a := artist(t)
	for _, at := range []int{0, 1, 7777, 30*24*60 - 1} {
		c := chart.Chart{Title: "x", From: morning, Step: time.Minute, Words: words(), Reports: make([]float64, 30*24*60)}
		c.Reports[at] = 700
		drawing := a.SVG(c, chart.Wide)
		require.Less(t, len(drawing), 60_000)
		texts := strings.Join(requireXML(t, drawing), "|")
		require.Contains(t, texts, "busiest of", "it says so")
		top := regexp.MustCompile(`V8[34][.0-9]*[HV]`)
		require.Regexp(t, top, string(drawing), "minute %d reaches up", at)
	}
}

func TestTextsAreEscaped(t *testing.T) {
	t.Parallel()
	c := hours()
	hostile := "</title><script>alert(1)</script>&\"'\x00\x1b[31m\u202e\ufffe\xff " + strings.Repeat("long ", 500)
	c.Title, c.Subtitle, c.Description, c.Source, c.Note = hostile, hostile, hostile, hostile, hostile
	drawing := artist(t).SVG(c, chart.Narrow)
	texts := requireXML(t, drawing)
	require.True(t, strings.HasPrefix(texts[0], "</title><script>alert(1)</script>&\"'[31m"), "%q", texts[0])
	require.Less(t, len(drawing), 30_000)
}

func TestPolicyAllowsTheStyleAlone(t *testing.T) {
	t.Parallel()
	drawing := string(artist(t).SVG(hours(), chart.Wide))
	style := drawing[strings.Index(drawing, "<style>")+len("<style>") : strings.Index(drawing, "</style>")]
	sum := sha256.Sum256([]byte(style))
	require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'", chart.Policy())
}

func TestPNGIsASocialCard(t *testing.T) {
	t.Parallel()
	a := artist(t)
	drawing, err := a.PNG(hours(), chart.Card, 2)
	require.NoError(t, err)
	require.Less(t, len(drawing), 150_000)
	picture, err := png.Decode(bytes.NewReader(drawing))
	require.NoError(t, err)
	require.Equal(t, 1200, picture.Bounds().Dx())
	require.Equal(t, 630, picture.Bounds().Dy())
	again, err := a.PNG(hours(), chart.Card, 2)
	require.NoError(t, err)
	require.Equal(t, drawing, again)
	quiet := hours()
	clear(quiet.Reports)
	other, err := a.PNG(quiet, chart.Card, 2)
	require.NoError(t, err)
	require.NotEqual(t, drawing, other, "what was reported is seen")
}

func FuzzDraw(f *testing.F) {
	f.Add("WhatsApp", "note", int64(1509692400), int64(60), []byte{1, 2, 250, 255, 3}, 5.0, uint16(3))
	f.Add("<&>\x00", "", int64(-62135596800), int64(0), []byte{}, math.Inf(1), uint16(0))
	f.Add("\u202e", "\xff", int64(253402300799), int64(1<<40), []byte{255, 255}, math.NaN(), uint16(60000))
	f.Fuzz(func(t *testing.T, title, note string, from, step int64, raw []byte, top float64, repeat uint16) {
		c := chart.Chart{
			Title: title, Subtitle: note, Source: title, Note: note, Description: note, Words: words(), Top: top,
			From: time.Unix(from%(1<<37), 0), Step: time.Duration(step % int64(time.Hour)),
		}
		for i, b := range bytes.Repeat(raw, 1+int(repeat)/(len(raw)+1)) {
			x := math.Exp(float64(b)) - 2 // to beyond what is drawn
			if b == 255 {
				x = math.NaN()
			}
			c.Reports = append(c.Reports, x)
			if i%3 > 0 {
				c.Usual = append(c.Usual, x/2)
			}
		}
		c.Shaded = []chart.Span{{From: c.From.Add(-time.Hour), To: c.From.Add(c.Step * 3)}, {From: c.From, To: c.From.Add(-c.Step)}}
		a := artist(t)
		for _, size := range []chart.Size{chart.Wide, chart.Narrow, chart.Card} {
			drawing := a.SVG(c, size)
			require.Less(t, len(drawing), 200_000)
			requireXML(t, drawing)
			require.NotContains(t, string(drawing), "NaN")
			require.NotContains(t, string(drawing), "Inf")
		}
		drawing, err := a.PNG(c, chart.Card, 1)
		require.NoError(t, err)
		_, err = png.Decode(bytes.NewReader(drawing))
		require.NoError(t, err)
	})
}

func BenchmarkSVG(b *testing.B) {
	a, c := artist(b), hours()
	for b.Loop() {
		a.SVG(c, chart.Wide)
	}
}

func BenchmarkPNG(b *testing.B) {
	a, c := artist(b), hours()
	for b.Loop() {
		if _, err := a.PNG(c, chart.Card, 2); err != nil {
			b.Fatal(err)
		}
	}
}
