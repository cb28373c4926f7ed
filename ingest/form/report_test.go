package form_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/outcryhq/outcry/ingest"
	"github.com/outcryhq/outcry/ingest/form"
	"github.com/outcryhq/outcry/pkg/live"
	"github.com/outcryhq/outcry/pkg/outage"
)

// nothing limits nothing and records nothing.
type nothing struct{}

func (nothing) Submit(context.Context, outage.Report) (live.Result, error) {
	return live.Result{}, outage.ErrUnavailable
}

func (nothing) Allow(netip.Addr, uint32, string) error { return nil }

// browser is a person's browser: it keeps its cookie.
type browser struct {
	w      *world
	from   string
	cookie string
}

func (w *world) browser(from string) *browser { return &browser{w: w, from: from} }

func (b *browser) do(a ask) shown {
	b.w.tb.Helper()
	a = a.by(b.from)
	if b.cookie != "" {
		a = a.with("Cookie", "other=1; "+b.cookie)
	}
	before := len(*b.w.pages)
	answer := b.w.send(a)
	require.Len(b.w.tb, *b.w.pages, before+1)
	for _, cookie := range answer.Result().Cookies() { //nolint:bodyclose // a recorder's
		b.cookie = cookie.Name + "=" + cookie.Value
	}
	require.Equal(b.w.tb, "no-store", answer.Header().Get("Cache-Control"))
	require.Equal(b.w.tb, "same-origin", answer.Header().Get("Referrer-Policy"))
	page := (*b.w.pages)[before]
	require.Equal(b.w.tb, "report", page.name)
	return page
}

func (b *browser) open(query string) shown {
	b.w.tb.Helper()
	return b.do(ask{method: http.MethodGet, path: "/report" + query})
}

func (b *browser) fill(page shown, pairs ...string) shown {
	b.w.tb.Helper()
	fields := url.Values{"stamp": {page.page.Stamp}, "website": {""}}
	for i := 0; i < len(pairs); i += 2 {
		fields.Set(pairs[i], pairs[i+1])
	}
	return b.do(post("/report", "application/x-www-form-urlencoded", fields.Encode()))
}

func TestAPersonReportsByThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := w.browser("192.0.2.7")
	page := b.open("?service=whatsapp")
	require.Equal(t, http.StatusOK, page.status)
	require.Equal(t, form.Message{Key: "report.title_of", Args: []any{"WhatsApp"}}, page.page.Title)
	require.Equal(t, "WhatsApp", page.page.ServiceName)
	require.Equal(t, []form.Option{
		{Value: "kpn", Label: "KPN"},
		{Value: "telegram", Label: "Telegram"},
		{Value: "whatsapp", Label: "WhatsApp", Selected: true},
	}, page.page.Services)
	require.Equal(t, form.Option{Value: "calls", Label: "Calls fail"}, page.page.Problems[1])
	require.Greater(t, len(page.page.Countries), 200)
	require.Equal(t, "website", page.page.Honeypot)
	require.NotEmpty(t, page.page.Stamp)
	require.NotEmpty(t, b.cookie)

	w.wait(3 * time.Second)
	done := b.fill(page, "service", "whatsapp", "problem", "calls", "country", "BE")
	require.Equal(t, http.StatusOK, done.status)
	require.Equal(t, &form.Done{Service: "whatsapp", ServiceName: "WhatsApp", Country: "BE", Counted: true}, done.page.Done)
	report := w.recorder.last(t)
	require.Equal(t, outage.SourceForm, report.Source)
	require.Equal(t, "BE", report.Country)
	require.False(t, report.Seat.IsZero(), "the browser's token was used")

	again := b.fill(page, "service", "whatsapp", "problem", "calls", "country", "BE")
	require.Equal(t, done.page.Done, again.page.Done, "a double click is one report")
	fresh := b.open("")
	w.wait(3 * time.Second)
	later := b.fill(fresh, "service", "WhatsApp ") // typed by name
	require.False(t, later.page.Done.Counted)
	require.Equal(t, "report.duplicate", later.page.Done.Reason.Key)
}

func TestTheCookie(t *testing.T) {
	t.Parallel()
	for base, secure := range map[string]bool{"https://outcry.example": true, "http://localhost:8080": false, "": false} {
		w := newWorld(t, func(s *setting) { s.form.BaseURL = base })
		answer := w.send(ask{method: http.MethodGet, path: "/report", from: "192.0.2.7"})
		cookies := answer.Result().Cookies() //nolint:bodyclose // a recorder's
		require.Len(t, cookies, 1)
		require.True(t, cookies[0].HttpOnly)
		require.Equal(t, secure, cookies[0].Secure, base)
		require.Equal(t, http.SameSiteLaxMode, cookies[0].SameSite)
		require.Equal(t, "/", cookies[0].Path)
		require.Equal(t, 48*60*60, cookies[0].MaxAge)

		again := w.send(ask{method: http.MethodGet, path: "/report", from: "192.0.2.7"}.
			with("Cookie", cookies[0].Name+"="+cookies[0].Value))
		require.Empty(t, again.Header().Values("Set-Cookie"), "it has one")
		w.wait(24 * time.Hour)
		again = w.send(ask{method: http.MethodGet, path: "/report", from: "192.0.2.7"}.
			with("Cookie", cookies[0].Name+"="+cookies[0].Value))
		require.NotEmpty(t, again.Header().Values("Set-Cookie"), "renewed on the next day")
	}
}

func TestFiveBrowsersCountBehindOneAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for n := range 8 {
		b := w.browser("192.0.2.7")
		page := b.open("")
		w.wait(3 * time.Second)
		done := b.fill(page, "service", "whatsapp").page.Done
		require.Equal(t, n < outage.SeatsPerAddress, done.Counted, n)
	}
	forged := w.browser("192.0.2.7")
	forged.cookie = "outcry=" + strings.Repeat("A", 43)
	page := form.Page{Stamp: w.browser("192.0.2.9").open("").page.Stamp}
	w.wait(3 * time.Second)
	forged.fill(shown{page: page}, "service", "telegram")
	require.True(t, w.recorder.last(t).Seat.IsZero(), "a forged token is none")
}

func TestWhatFillsTheHoneypotIsThankedAndDropped(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, time.Minute} {
		w := newWorld(t, nil)
		b := w.browser("192.0.2.7")
		page := b.open("")
		w.wait(after)
		done := b.fill(page, "service", "whatsapp", "country", "NL", "website", "https://spam.example")
		require.Equal(t, http.StatusOK, done.status)
		require.Equal(t, &form.Done{Service: "whatsapp", ServiceName: "WhatsApp", Country: "NL", Counted: true},
			done.page.Done)
		require.Empty(t, w.recorder.all())
		require.Equal(t, 1, w.refused(outage.SourceForm, ingest.DroppedHoneypot))
	}
}

func TestOneQuickTapOnAChosenServiceCounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := w.browser("192.0.2.7")
	page := b.open("?service=whatsapp")
	w.wait(400 * time.Millisecond)
	require.True(t, b.fill(page, "service", "whatsapp").page.Done.Counted)
	require.Len(t, w.recorder.all(), 1)
}

func TestWhoIsTooQuickToTellIsAskedToPressOnceMore(t *testing.T) {
	t.Parallel()
	for name, stamp := range map[string]func(page shown) string{
		"too quick":       func(page shown) string { return page.page.Stamp },
		"without a stamp": func(shown) string { return "" },
	} {
		w := newWorld(t, nil)
		b := w.browser("192.0.2.7")
		page := b.open("?service=whatsapp")
		again := b.fill(page, "service", "whatsapp", "problem", "calls", "country", "NL", "stamp", stamp(page))
		require.Equal(t, http.StatusBadRequest, again.status, name)
		require.Nil(t, again.page.Done, "nobody is thanked for what is not counted")
		require.Contains(t, []string{"report.no_stamp", "report.old_stamp", "report.too_quick"}, again.page.Error.Key, name)
		require.Equal(t, []string{"whatsapp", "calls", "NL"}, []string{again.page.Service, again.page.Problem, again.page.Country})
		require.Equal(t, page.page.Stamp, again.page.Stamp, "its age counts from the first page; the clock stands still here")
		require.Empty(t, w.recorder.all(), name)
		require.Equal(t, 1, w.refused(outage.SourceForm, ingest.RefusedQuick), name)

		w.wait(400 * time.Millisecond)
		require.True(t, b.fill(again, "service", "whatsapp").page.Done.Counted, name)
		require.Len(t, w.recorder.all(), 1, name)
	}
}

func TestAPageOfAnotherSiteGetsOurOwnPage(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]string{"a form": "application/x-www-form-urlencoded", "text": "text/plain"} {
		w := newWorld(t, nil)
		b := w.browser("192.0.2.7")
		page := b.open("")
		cookie := b.cookie
		w.wait(time.Minute)
		foreign := post("/report", kind, "service=whatsapp&stamp="+page.page.Stamp).
			with("Origin", "https://other.example").with("Sec-Fetch-Site", "cross-site")
		answer := w.send(foreign)
		require.Empty(t, answer.Header().Values("Set-Cookie"), "the browser sent none because the request is another site's, and has one")
		refused := b.do(foreign)
		require.Equal(t, http.StatusForbidden, refused.status, name)
		require.Equal(t, "report.foreign", refused.page.Error.Key, name)
		require.Nil(t, refused.page.Done, name)
		require.Empty(t, w.recorder.all(), name)
		require.Equal(t, 2, w.refused(outage.SourceForm, ingest.RefusedForeign), name)

		w.wait(time.Second)
		b.cookie = cookie
		require.True(t, b.fill(refused, "service", "whatsapp").page.Done.Counted, "the person means it")
	}
}

func TestOurOwnPageIsNotForeign(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		base    string
		headers []string
		own     bool
	}{
		{"", nil, true},
		{"", []string{"Sec-Fetch-Site", "same-origin"}, true},
		{"", []string{"Sec-Fetch-Site", "same-origin", "Origin", "null"}, true},
		{"", []string{"Sec-Fetch-Site", "none"}, true},
		{"", []string{"Origin", "http://example.com"}, true},
		{"", []string{"Origin", "HTTPS://Example.com"}, true},
		{"https://outcry.example", []string{"Origin", "https://outcry.example"}, true},
		{"https://outcry.example", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://outcry.example"}, true},
		{"", []string{"Sec-Fetch-Site", "same-site"}, false},
		{"", []string{"Origin", "null"}, false},
		{"", []string{"Origin", "http://example.com.evil.example"}, false},
		{"https://outcry.example", []string{"Origin", "http://example.com"}, true}, // by another name than the base URL's
		{"https://outcry.example", []string{"Origin", "http://other.example"}, false},
		{"https://outcry.example", []string{"Origin", "http://outcry.example"}, false},
	} {
		w := newWorld(t, func(s *setting) { s.form.BaseURL = c.base })
		b := w.browser("192.0.2.7")
		page := b.open("")
		w.wait(time.Minute)
		a := post("/report", "application/x-www-form-urlencoded", "service=whatsapp&stamp="+page.page.Stamp)
		for i := 0; i < len(c.headers); i += 2 {
			a = a.with(c.headers[i], c.headers[i+1])
		}
		b.do(a)
		require.Equal(t, c.own, len(w.recorder.all()) == 1, fmt.Sprint(c))
	}
}

func TestASlipIsShownWithWhatWasTyped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := w.browser("192.0.2.7")
	page := b.open("")
	w.wait(3 * time.Second)
	slip := b.fill(page, "service", "watsapp", "country", "be", "problem", "calls")
	require.Equal(t, http.StatusNotFound, slip.status)
	require.Equal(t, "service", slip.page.Field)
	require.Equal(t, "report.unknown_service", slip.page.Error.Key)
	require.Equal(t, []form.Option{{Value: "whatsapp", Label: "WhatsApp"}}, slip.page.Suggestions)
	require.Equal(t, "watsapp", slip.page.Service)
	require.Equal(t, "be", slip.page.Country)
	require.Equal(t, "calls", slip.page.Problem)
	require.Contains(t, slip.page.Countries, form.Option{Value: "BE", Label: "Belgium", Selected: true})
	require.Equal(t, page.page.Stamp, slip.page.Stamp)
	require.Nil(t, slip.page.Done)

	require.True(t, b.fill(slip, "service", "whatsapp").page.Done.Counted, "corrected at once")

	for _, bad := range [][2]string{{"country", "UK"}, {"problem", "tv"}, {"service", ""}} {
		slip = b.fill(page, "service", "whatsapp", bad[0], bad[1])
		require.Equal(t, http.StatusBadRequest, slip.status)
		require.Equal(t, bad[0], slip.page.Field)
		require.Contains(t, []string{"report.name_it", "report.choose_problem", "report.choose_country"}, slip.page.Error.Key)
	}
	long := b.fill(page, "service", strings.Repeat("<script>", 100))
	require.Equal(t, http.StatusBadRequest, long.status)
	require.LessOrEqual(t, len(long.page.Service), 100)
	long = b.open("?service=" + strings.Repeat("x", 1000))
	require.LessOrEqual(t, len(long.page.Service), 100)
}

func TestAPageThatWasOpenForTooLongAsksOnceMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := w.browser("192.0.2.7")
	page := b.open("")
	w.wait(72 * time.Hour)
	old := b.fill(page, "service", "whatsapp")
	require.Equal(t, http.StatusBadRequest, old.status)
	require.Equal(t, "stamp", old.page.Field)
	require.NotEqual(t, page.page.Stamp, old.page.Stamp)
	w.wait(3 * time.Second)
	require.True(t, b.fill(old, "service", "whatsapp").page.Done.Counted)
}

func TestASecondReportFromAnOldPageIsNotTakenForADoubleClick(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := w.browser("192.0.2.7")
	page := b.open("")
	w.wait(3 * time.Second)
	require.True(t, b.fill(page, "service", "whatsapp").page.Done.Counted)
	first := w.recorder.last(t).ID
	w.wait(70 * time.Minute)
	require.True(t, b.fill(page, "service", "whatsapp").page.Done.Counted)
	require.NotEqual(t, first, w.recorder.last(t).ID)
}

func TestThePageSaysWhenItCannotRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, impatient)
	b := w.browser("192.0.2.7")
	page := b.open("")
	w.wait(3 * time.Second)
	w.recorder.fail(outage.ErrUnavailable)
	sorry := b.fill(page, "service", "whatsapp")
	require.Equal(t, http.StatusServiceUnavailable, sorry.status)
	require.Equal(t, "report.not_recorded", sorry.page.Error.Key)
	require.Equal(t, "whatsapp", sorry.page.Service)
	require.Equal(t, page.page.Stamp, sorry.page.Stamp, "sending it again is the same report")
}

func TestThePageWantsAForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	b := w.browser("192.0.2.7")
	unread := b.do(post("/report", "application/json", `{}`))
	require.Equal(t, http.StatusUnsupportedMediaType, unread.status)
	require.Equal(t, form.Message{Key: "report.as_is", Args: []any{"Want a body of the type application/x-www-form-urlencoded."}}, unread.page.Error)
	require.Equal(t, http.StatusRequestEntityTooLarge,
		b.do(post("/report", "application/x-www-form-urlencoded", strings.Repeat("a", 20<<10))).status)
	require.Equal(t, http.StatusBadRequest, b.do(post("/report", "application/x-www-form-urlencoded", "service=%zz")).status)
}
